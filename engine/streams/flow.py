"""A running stream: source → queue → sink, on two threads, with the books kept."""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING

from engine.errors import LabError
from engine.streams.ledger import Ledger
from engine.streams.pacing import deadlines
from engine.streams.queues import BoundedQueue

if TYPE_CHECKING:
    from engine.streams.rows import Rows
    from engine.streams.sinks.base import Sink
    from engine.streams.sources.plant import PlantSource

log = logging.getLogger(__name__)
MOST_UNPACED_TICKS = 4096  # ticks in a block when nothing waits; the plant works out each change once a block
FRAME_S = 0.1  # ticks closer together than this travel in one block
IDLE_S = 0.25  # how often an idle sink is asked to flush


@dataclass
class Flow:
    """Moves rows from the plant to a sink until the duration is over or `stop` is called.

    Parameters
    ----------
    rate
        Ticks per second of wall time.
    paced
        False = as fast as the sink takes the rows.
    close_s
        How long the sink may take to deliver what is in flight at the end.
    """

    source: PlantSource
    sink: Sink
    queue: BoundedQueue[Rows]
    rate: float = 1.0
    paced: bool = True
    close_s: float = 10.0
    clock: Callable[[], float] = time.monotonic

    def __post_init__(self) -> None:
        self._stop = threading.Event()
        self.problem: Exception | None = None
        self._produced = 0

    def stop(self) -> None:
        """Ask the stream to end; what is under way is delivered, spooled or counted."""
        self._stop.set()

    def run(self) -> Ledger:
        """Run until the end and return the books.

        Raises
        ------
        LabError
            What made the sink fail in a way that a person can mend.
        """
        carrier = threading.Thread(target=self._carry, name="faultlab-sink", daemon=True)
        carrier.start()
        try:
            for ticks in self._ticks():
                rows = self.source.next_rows(ticks)
                self._produced += len(rows)
                self.queue.put(rows)
        finally:
            self.queue.close()
            carrier.join()
            self._try(lambda: self.sink.close(self.close_s))
        if self.problem is not None:
            raise self.problem
        return self.books()

    def books(self) -> Ledger:
        """Return the books at this moment."""
        queue, sink = self.queue.counters, self.sink.counts
        return Ledger(
            produced=self._produced,
            delivered=sink.delivered,
            queued=queue.waiting + max(0, sink.in_flight) + max(0, queue.taken - sink.accepted),
            spooled=sink.spooled,
            dropped=queue.dropped + queue.refused,
            lost=sink.lost,
            recovered=sink.recovered,
        )

    def _ticks(self) -> Iterator[int]:
        return self._paced_ticks() if self.paced else self._unpaced_ticks()

    def _unpaced_ticks(self) -> Iterator[int]:
        fitting = self.queue.capacity // (2 * len(self.source.machine_names))
        while not self._stop.is_set() and not self.source.finished:
            yield max(1, min(MOST_UNPACED_TICKS, fitting))

    def _paced_ticks(self) -> Iterator[int]:
        together = max(1, int(self.rate * FRAME_S))
        total = self.source.ticks
        frames = -(-total // together) if total else None
        for _ in deadlines(self.rate / together, frames, self._stop, self.clock):
            yield together

    def _carry(self) -> None:
        while not self.queue.closed:
            rows = self.queue.take(IDLE_S)
            if not self._try(partial(self.sink.write, rows) if rows is not None else self.sink.flush):
                return
            if getattr(self.sink, "reader_gone", False):
                self._fail(None)
                return

    def _try(self, work: Callable[[], None]) -> bool:
        """Let the sink do something; whatever goes wrong ends the stream, which would else wait for it for ever."""
        try:
            work()
        except OSError as problem:
            self._fail(LabError(f"The sink cannot write ({problem}); free some space or choose another place."))
        except Exception as problem:
            self._fail(problem)
        else:
            return True
        return False

    def _fail(self, problem: Exception | None) -> None:
        self.problem = self.problem or problem
        self._stop.set()
        self.queue.close()
