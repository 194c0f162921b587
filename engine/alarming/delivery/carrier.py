"""One delivery at work: a bounded queue, a thread, and a spool on disk while the receiver is away."""

from __future__ import annotations

import logging
import threading
import time
from collections import deque
from collections.abc import Callable
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from engine.streams.backoff import Backoff
from engine.streams.spool import Spool

if TYPE_CHECKING:
    from pathlib import Path

    from engine.alarming.delivery.channels import Channel

log = logging.getLogger(__name__)
MOST_WAITING = 2000
SPOOL_BYTES = 16 << 20


@dataclass
class Counts:
    """Messages by where they ended up: accepted + recovered = delivered + refused + lost + spooled + waiting.

    Parameters
    ----------
    recovered
        Found in the spool of an earlier process.
    refused
        The receiver will never take them (an answer such as 404).
    lost
        The queue or the spool was full.
    retries
        Tries that failed and were repeated later.
    """

    accepted: int = 0
    recovered: int = 0
    delivered: int = 0
    refused: int = 0
    lost: int = 0
    spooled: int = 0
    waiting: int = 0
    retries: int = 0


class Carrier:
    """Takes messages without ever blocking and brings them in order, at least once.

    Parameters
    ----------
    channel
        The way out; used by this carrier's thread only.
    spool
        File for what cannot be delivered now.
    backoff
        Waits between tries.
    """

    def __init__(
        self,
        name: str,
        channel: Channel,
        spool: Path,
        backoff: Backoff | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.name, self.problem = name, ""
        self._channel, self._clock = channel, clock
        self._backoff = backoff or Backoff(0.5, 60.0)
        self._spool = Spool(spool, SPOOL_BYTES)
        self._counts = Counts(recovered=self._spool.recovered_rows)
        self._queue: deque[dict[str, Any]] = deque()
        self._ready = threading.Condition()
        self._busy, self._next_try = 0, 0.0
        self._closing: float | None = None
        self._thread = threading.Thread(target=self._run, name=f"faultlab-alarms-{name}", daemon=True)
        self._thread.start()

    def offer(self, message: dict[str, Any]) -> None:
        """Take a message; returns at once. A full queue gives up its oldest message, which is counted as lost."""
        with self._ready:
            self._counts.accepted += 1
            if len(self._queue) >= MOST_WAITING:
                self._queue.popleft()
                self._counts.lost += 1
            self._queue.append(message)
            self._ready.notify()

    @property
    def counts(self) -> Counts:
        """Where messages are."""
        with self._ready:
            found = Counts(**asdict(self._counts))
            found.spooled, found.waiting = self._spool.rows, len(self._queue) + self._busy
            return found

    def close(self, timeout_s: float = 2.0) -> None:
        """Try once more what waits, keep the rest on disk for the next start, and end the thread."""
        with self._ready:
            self._closing = self._clock() + timeout_s
            self._ready.notify()
        self._thread.join(timeout_s + 15.0)

    def _run(self) -> None:
        while True:
            batch = self._next_batch()
            if batch is None:
                break
            try:
                self._bring(batch)
            except Exception:
                log.exception("delivery %s failed on %d messages; it goes on", self.name, len(batch))
                self._count("lost", len(batch))
            finally:
                self._busy = 0
        self._channel.close()
        self._spool.close()

    def _next_batch(self) -> list[dict[str, Any]] | None:
        """Wait for messages or for the next try; [] = try the spool, None = the end."""
        with self._ready:
            while not self._queue:
                if self._closing is not None:
                    return None
                if not len(self._spool):
                    self._ready.wait(5.0)
                    continue
                wait = self._next_try - self._clock()
                if wait <= 0:
                    return []
                self._ready.wait(wait)
            batch = [self._queue.popleft() for _ in range(min(len(self._queue), self._channel.most))]
            self._busy = len(batch)
            return batch

    def _bring(self, batch: list[dict[str, Any]]) -> None:
        """Deliver in order: what is in the spool goes first, and while it must wait, so must the new."""
        if len(self._spool) or self._clock() < self._next_try:
            self._put_aside(batch)
            self._replay()
            return
        answer = self._channel.deliver(batch)
        if answer.done:
            self._done(len(batch))
        elif answer.again:
            self._failed(answer.problem)
            self._put_aside(batch)
        else:
            self._refuse(len(batch), answer.problem)

    def _replay(self) -> None:
        while len(self._spool) and self._clock() >= self._next_try and not self._late:
            batch = self._spool.first()
            answer = self._channel.deliver(batch)
            if not answer.done and answer.again:
                self._failed(answer.problem)
                return
            self._spool.drop_first()
            if answer.done:
                self._done(len(batch))
            else:
                self._refuse(len(batch), answer.problem)

    @property
    def _late(self) -> bool:
        return self._closing is not None and self._clock() > self._closing

    def _put_aside(self, batch: list[dict[str, Any]]) -> None:
        if batch and not self._spool.append(batch, len(batch)):
            self._count("lost", len(batch))
        self._busy = 0

    def _done(self, messages: int) -> None:
        self._backoff.reset()
        self.problem = ""
        self._busy = 0
        self._count("delivered", messages)

    def _failed(self, problem: str) -> None:
        self.problem = problem
        self._next_try = self._clock() + self._backoff.next_s()
        self._count("retries", 1)

    def _refuse(self, messages: int, problem: str) -> None:
        self.problem = problem
        self._busy = 0
        self._count("refused", messages)
        log.warning("delivery %s: %d messages are refused for good: %s", self.name, messages, problem)

    def _count(self, what: str, by: int) -> None:
        with self._ready:
            setattr(self._counts, what, getattr(self._counts, what) + by)
