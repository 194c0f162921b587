"""A lane delivers batches in order on its own thread: try, wait, try again, spool, and drain the spool first."""

from __future__ import annotations

import itertools
import random
import threading
import time
from dataclasses import dataclass
from typing import Any, Protocol

from engine.streams.backoff import Backoff
from engine.streams.counts import SinkCounts
from engine.streams.posting import Answer
from engine.streams.queues import BoundedQueue
from engine.streams.spool import Spool

Row = dict[str, Any]


class Courier(Protocol):
    """Carries one batch to the other side."""

    def post(self, rows: list[Row], key: str) -> Answer:
        """Send and say what became of it."""
        ...

    def close(self) -> None:
        """Release the connection."""
        ...


@dataclass(frozen=True)
class LaneOptions:
    """See the parameters of the same names in `sinks/http.py`."""

    batch_size: int = 100
    queue_rows: int = 5000
    linger_s: float = 0.1
    tries: int = 3
    first_wait_s: float = 0.1
    most_wait_s: float = 5.0


class Lane:
    """One thread, one connection, one spool.

    While batches wait in the spool, new ones go behind them, so the order holds; the oldest is tried again and again.
    """

    def __init__(self, key: str, courier: Courier, spool: Spool | None, options: LaneOptions) -> None:
        self._key, self._courier, self._spool, self._options = key, courier, spool, options
        self._numbers = itertools.count()
        self._queue: BoundedQueue[list[Row]] = BoundedQueue(options.queue_rows)
        self._backoff = Backoff(options.first_wait_s, options.most_wait_s, random.Random(key))
        self._lock = threading.Lock()
        recovered = spool.recovered_rows if spool is not None else 0
        self._counts = SinkCounts(recovered=recovered, spooled=recovered)
        self._next_try = 0.0
        self._stop_at: float | None = None
        self._gave_up = threading.Event()
        self.last_problem = self.last_note = ""
        self._thread = threading.Thread(target=self._run, name=f"faultlab-lane-{key}", daemon=True)
        self._thread.start()

    @property
    def counts(self) -> SinkCounts:
        """A copy of the counters at one moment."""
        with self._lock:
            counts = SinkCounts(**vars(self._counts))
        counts.blocked_s = self._queue.counters.blocked_s
        return counts

    def put(self, rows: list[Row]) -> None:
        """Take rows; waits while the queue is full."""
        self._count(accepted=len(rows))
        if not self._queue.put(rows):
            self._count(lost=len(rows))

    def finish(self, until: float) -> None:
        """Take no more rows; stop delivering at `until` (monotonic seconds) and spool the rest."""
        self._stop_at = until
        self._queue.close()

    def join_until(self, until: float) -> None:
        """Wait for the lane to end; one request may still be under way, so a little longer than `until`."""
        self._thread.join(max(0.1, until - time.monotonic()))
        self._gave_up.set()
        self._courier.close()
        self._thread.join(1.0)

    def _count(self, **changes: int) -> None:
        with self._lock:
            for name, change in changes.items():
                setattr(self._counts, name, getattr(self._counts, name) + change)

    def _run(self) -> None:
        while not self._queue.closed:
            batch = self._gather()
            if self._spool is not None and len(self._spool):
                if batch:
                    self._put_aside(batch, self._new_key())
                self._drain_one()
            elif batch:
                self._deliver(batch, self._new_key())
        self._finish_spool()
        self._courier.close()

    def _new_key(self) -> str:
        return f"{self._key}-{next(self._numbers)}"

    def _gather(self) -> list[Row]:
        """Return up to a batch of rows, waiting for more at most `linger_s` once there are some."""
        spooled = self._spool is not None and len(self._spool) > 0
        first = self._queue.take(self._until_next_try() if spooled else 0.25)
        if first is None:
            return []
        rows, until = list(first), time.monotonic() + self._options.linger_s
        while len(rows) < self._options.batch_size:
            more = self._queue.take(max(0.0, until - time.monotonic()))
            if more is None:
                break
            rows += more
        return rows

    def _until_next_try(self) -> float:
        return min(0.25, max(0.001, self._next_try - time.monotonic()))

    @property
    def _time_is_up(self) -> bool:
        return self._gave_up.is_set() or (self._stop_at is not None and time.monotonic() >= self._stop_at)

    def _deliver(self, rows: list[Row], key: str) -> None:
        for at in range(0, len(rows), self._options.batch_size):
            part = rows[at : at + self._options.batch_size]
            part_key = key if at == 0 else self._new_key()
            if self._spool is not None and len(self._spool):
                self._put_aside(part, part_key)
            else:
                self._deliver_batch(part, part_key)

    def _deliver_batch(self, rows: list[Row], key: str) -> None:
        tried = 0
        while not self._time_is_up:
            answer = self._courier.post(rows, key)
            tried += 1
            if self._settled(answer, len(rows)):
                return
            wait = self._backoff.next_s()
            self._next_try = time.monotonic() + wait
            if tried >= self._options.tries:
                break
            self._count(retries=1)
            self._gave_up.wait(wait)
        self._put_aside(rows, key)

    def _settled(self, answer: Answer, rows: int, *, from_spool: bool = False) -> bool:
        if answer.problem and answer.done:
            self.last_note = answer.problem
        elif answer.problem:
            self.last_problem = answer.problem
        if answer.again:
            return False
        self._backoff.reset()
        self._count(**{"delivered" if answer.done else "lost": rows, "spooled": -rows if from_spool else 0})
        return True

    def _put_aside(self, rows: list[Row], key: str) -> None:
        kept = self._spool is not None and self._spool.append({"key": key, "rows": rows}, len(rows))
        self._count(**{"spooled" if kept else "lost": len(rows)})

    def _drain_one(self) -> None:
        if self._spool is None or time.monotonic() < self._next_try:
            return
        batch = self._spool.first()
        answer = self._courier.post(batch["rows"], batch["key"])
        if self._settled(answer, len(batch["rows"]), from_spool=True):
            self._spool.drop_first()
            self._next_try = 0.0
        else:
            self._count(retries=1)
            self._next_try = time.monotonic() + self._backoff.next_s()

    def _finish_spool(self) -> None:
        if self._spool is None:
            return
        while len(self._spool) and not self._time_is_up:
            self._drain_one()
            self._gave_up.wait(0.0 if self._next_try == 0.0 else min(self._until_next_try(), 0.25))
        self._spool.close()
