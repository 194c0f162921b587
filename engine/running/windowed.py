"""Window statistics of the running plant: tumbling windows of a minute, written to the store in batches.

The runner's thread only hands over blocks; a thread of its own computes. When it cannot keep up the oldest ticks are
given up and counted, so that the plant never waits for its statistics.
"""

from __future__ import annotations

import logging
import threading
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.errors import LabError
from engine.records import SECOND_US, Block
from engine.streams.queues import DROP_OLDEST, BoundedQueue
from engine.streams.windows.assigners import Tumbling
from engine.streams.windows.columns import FIGURES, window_columns

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.running.frames import Frame
    from engine.store.store import Store

    Columns = dict[str, Any]

log = logging.getLogger(__name__)
WINDOW_S = 60
MOST_TICKS = 60_000  # that wait; at ×10,000 six seconds of work
BATCH_ROWS = 20_000
WAIT_S = 0.5


class WindowBook:
    """Collects the runner's frames and stores the statistics of each window once it is over.

    Parameters
    ----------
    run_of
        Number of the run that readings belong to; asked on the runner's thread with each frame.
    window_s
        Size of the tumbling windows, seconds of plant time.
    """

    def __init__(self, store: Store, run_of: Callable[[], int], window_s: int = WINDOW_S) -> None:
        self.store, self.run_of = store, run_of
        self.windows = Tumbling(window_s * SECOND_US)
        self.queue: BoundedQueue[_Piece] = BoundedQueue(MOST_TICKS, DROP_OLDEST)
        self.stored = 0
        self.problem = ""
        self._run: int | None = None
        self._span: tuple[int, int] | None = None
        self._open: list[Block] = []
        self._rows: list[Columns] = []
        self._stop = threading.Event()
        self._thread: threading.Thread | None = None

    def on_frame(self, frame: Frame) -> None:
        """Take the frame's ticks; runs on the runner's thread and only puts them in the queue."""
        if len(frame.block):
            self.queue.put(_Piece(self.run_of(), frame.block))

    def start(self) -> None:
        """Begin to compute beside the runner."""
        self._thread = threading.Thread(target=self._work, name="faultlab-windows", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """Compute what waits, write it and end. The window that is still open is left out: it is not over."""
        self._stop.set()
        self.queue.close()
        if self._thread is not None:
            self._thread.join(10)
        self._work_or_say()

    def figures(self) -> dict[str, Any]:
        """Return windows' rows stored, ticks given up because of overload, and the last problem."""
        return {"rows": self.stored, "ticks_skipped": self.queue.counters.dropped, "problem": self.problem}

    def work_once(self) -> int:
        """Compute and store everything that waits; returns rows stored."""
        before = self.stored
        while (piece := self.queue.take()) is not None:
            self._take(piece)
            if sum(len(rows["run"]) for rows in self._rows) >= BATCH_ROWS:
                self._write()
        self._write()
        return self.stored - before

    def _work(self) -> None:
        while not self._stop.wait(WAIT_S):
            self._work_or_say()

    def _work_or_say(self) -> None:
        try:
            self.work_once()
        except LabError as problem:  # the disk takes nothing; the runner says so too
            self.problem = str(problem)
            self._rows.clear()
        except Exception:  # readings of one span that cannot be worked on must not end all that follow
            log.exception("statistics of some windows failed and are left out")
            self.problem = "Statistics of some windows failed and are left out; the log has the details."
            self._rows.clear()
            self._open, self._span = [], None

    def _take(self, piece: _Piece) -> None:
        block = piece.block
        if piece.run != self._run:
            self._run, self._span, self._open = piece.run, None, []
        first = 0
        while first < len(block):
            span = self.windows.assign(int(block.times_us[first]))[0]
            if span != self._span:
                self._close()
                self._span = span
            end = int(np.searchsorted(block.times_us, span[1]))
            self._open.append(block.ticks(first, end))
            first = end

    def _close(self) -> None:
        """Turn the window that is over into rows."""
        if self._span is None or not self._open:
            return
        times = np.concatenate([one.times_us for one in self._open])
        values = np.concatenate([one.values for one in self._open])
        machines, sensors = self._open[0].machines, self._open[0].sensors
        self._open = []
        columns = window_columns(times, values.reshape(len(times), -1))
        some = np.flatnonzero(columns["count"])
        self._rows.append(
            {
                "run": np.full(len(some), self._run, np.uint32),
                "machine": np.repeat(np.array(machines, dtype=object), len(sensors))[some],
                "sensor": np.tile(np.array(sensors, dtype=object), len(machines))[some],
                "start_us": np.full(len(some), self._span[0], np.int64),
                "end_us": np.full(len(some), self._span[1], np.int64),
                "ticks": columns["count"][some].astype(np.uint32),
                **{name: columns[name][some] for name in FIGURES},
            }
        )

    def _write(self) -> None:
        if not self._rows:
            return
        rows, self._rows = self._rows, []
        self.stored += self.store.add_window_stats(
            {name: np.concatenate([one[name] for one in rows]) for name in rows[0]}
        )
        self.problem = ""


class _Piece:
    """Ticks of one run, as long as their block."""

    def __init__(self, run: int, block: Block) -> None:
        self.run, self.block = run, block

    def __len__(self) -> int:
        return len(self.block)
