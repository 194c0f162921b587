"""A bounded queue with a policy for when it is full, in which every row is accounted for.

At every moment: put = taken + dropped + refused + waiting (in rows). `tests/engine/streams/test_queues.py` holds
this against random operations.
"""

from __future__ import annotations

import threading
import time
from collections import deque
from collections.abc import Callable, Sized
from dataclasses import asdict, dataclass
from typing import Generic, TypeVar

from engine.errors import ParameterError

BLOCK, DROP_OLDEST, DROP_NEWEST, SAMPLE = "block", "drop_oldest", "drop_newest", "sample"
POLICIES = (BLOCK, DROP_OLDEST, DROP_NEWEST, SAMPLE)

T = TypeVar("T", bound=Sized)


@dataclass
class QueueCounters:
    """Rows that entered and left a queue. `refused`: the producer waited and gave up (policy block)."""

    put: int = 0
    taken: int = 0
    dropped: int = 0
    refused: int = 0
    waiting: int = 0
    most_waiting: int = 0
    blocked_s: float = 0.0

    @property
    def balanced(self) -> bool:
        """Whether every row is accounted for."""
        return self.put == self.taken + self.dropped + self.refused + self.waiting


class BoundedQueue(Generic[T]):
    """Hands batches of rows from one thread to another; capacity and counters are in rows.

    Parameters
    ----------
    capacity
        Most rows that wait; a batch larger than that is taken when the queue is empty.
    policy
        `block` makes the producer wait (backpressure), `drop_oldest` and `drop_newest` lose rows at one end, `sample`
        keeps every `keep_every`-th batch once the queue is half full and drops the newest when it is full.
    clock
        Seconds, for the time a producer was blocked.
    """

    def __init__(
        self,
        capacity: int,
        policy: str = BLOCK,
        *,
        keep_every: int = 10,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if policy not in POLICIES:
            raise ParameterError(f"policy must be one of: {', '.join(POLICIES)}, got {policy!r}.")
        if capacity <= 0:
            raise ParameterError(f"capacity must be positive, got {capacity!r}.")
        self.capacity, self.policy, self.keep_every = capacity, policy, keep_every
        self._clock = clock
        self._batches: deque[T] = deque()
        self._changed = threading.Condition()
        self._counters = QueueCounters()
        self._seen_while_full = 0
        self._closed = False

    def put(self, batch: T, timeout_s: float | None = None) -> bool:
        """Hand over a batch; False when it was dropped or refused.

        With policy `block` this waits up to `timeout_s` (None = for ever) for room.
        """
        with self._changed:
            counters = self._counters
            counters.put += len(batch)
            if self.policy == BLOCK and not self._wait_for_room(len(batch), timeout_s):
                counters.refused += len(batch)
                return False
            if not self._admitted(batch):
                counters.dropped += len(batch)
                return False
            self._batches.append(batch)
            counters.waiting += len(batch)
            counters.most_waiting = max(counters.most_waiting, counters.waiting)
            self._changed.notify_all()
            return True

    def take(self, timeout_s: float | None = 0.0) -> T | None:
        """Return the oldest batch; None when none came within `timeout_s` or the queue is closed and empty."""
        with self._changed:
            if not self._batches and timeout_s != 0.0:
                self._changed.wait_for(lambda: bool(self._batches) or self._closed, timeout_s)
            if not self._batches:
                return None
            batch = self._batches.popleft()
            self._counters.waiting -= len(batch)
            self._counters.taken += len(batch)
            self._changed.notify_all()
            return batch

    def peek(self) -> list[T]:
        """Return what waits, oldest first, without taking it."""
        with self._changed:
            return list(self._batches)

    def close(self) -> None:
        """Refuse further batches and wake who waits; what is queued can still be taken."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    @property
    def closed(self) -> bool:
        """Whether no more batches come and none is left."""
        with self._changed:
            return self._closed and not self._batches

    @property
    def counters(self) -> QueueCounters:
        """A copy of the counters at one moment."""
        with self._changed:
            return QueueCounters(**asdict(self._counters))

    def _has_room(self, rows: int) -> bool:
        return not self._batches or self._counters.waiting + rows <= self.capacity

    def _wait_for_room(self, rows: int, timeout_s: float | None) -> bool:
        if self._closed:
            return False
        if self._has_room(rows):
            return True
        started = self._clock()
        self._changed.wait_for(lambda: self._closed or self._has_room(rows), timeout_s)
        self._counters.blocked_s += self._clock() - started
        return self._has_room(rows) and not self._closed

    def _admitted(self, batch: T) -> bool:
        if self._closed:
            return False
        if self.policy == DROP_OLDEST:
            self._make_room(len(batch))
            return True
        if self.policy == SAMPLE and self._counters.waiting * 2 >= self.capacity:
            self._seen_while_full += 1
            return self._has_room(len(batch)) and self._seen_while_full % self.keep_every == 0
        return self._has_room(len(batch))

    def _make_room(self, rows: int) -> None:
        while not self._has_room(rows):
            lost = len(self._batches.popleft())
            self._counters.waiting -= lost
            self._counters.dropped += lost
