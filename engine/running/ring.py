"""The last readings and scores in memory, bounded in time and in bytes, written by one thread and read by any."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

import numpy as np

from engine.records import SECOND_US, Block

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.records import FloatArray

START_TICKS = 1024


class Ring:
    """Keeps the newest ticks.

    Parameters
    ----------
    machines, sensors
        Names along the axes of every block.
    keep_s
        Plant time kept at most.
    most_bytes
        Memory for readings and scores at most; at high rates it ends before `keep_s` is reached.
    """

    def __init__(
        self,
        machines: tuple[str, ...],
        sensors: tuple[str, ...],
        keep_s: float = 4 * 3600.0,
        most_bytes: int = 64 << 20,
    ) -> None:
        self.machines, self.sensors = machines, sensors
        self.keep_us = round(keep_s * SECOND_US)
        per_tick = 8 + len(machines) * (8 * (len(sensors) + 8) + 1)  # room for eight detectors
        self.most_ticks = max(64, most_bytes // per_tick)
        self._lock = threading.Lock()
        self.clear()

    def clear(self) -> None:
        """Forget everything."""
        with self._lock:
            self._start = self._stop = 0
            self._scores: dict[str, FloatArray] = {}
            self._allocate(min(START_TICKS, self.most_ticks))

    def __len__(self) -> int:
        return self._stop - self._start

    def append(self, block: Block, scores: Mapping[str, FloatArray]) -> None:
        """Add ticks at the end; the oldest leave."""
        block, cut = (
            (block, 0)
            if len(block) <= self.most_ticks
            else (block.ticks(-self.most_ticks, len(block)), len(block) - self.most_ticks)
        )
        n = len(block)
        if n == 0:
            return
        with self._lock:
            self._make_room(n)
            part = slice(self._stop, self._stop + n)
            self._times[part], self._values[part], self._status[part] = block.times_us, block.values, block.status
            for name, values in scores.items():
                if name not in self._scores:
                    self._scores[name] = np.full((len(self._times), len(self.machines)), np.nan)
                self._scores[name][part] = values[cut:]
            for name in self._scores.keys() - scores.keys():
                self._scores[name][part] = np.nan
            self._stop += n
            self._start = max(self._start, self._stop - self.most_ticks)
            oldest = self._times[self._stop - 1] - self.keep_us
            self._start += int(np.searchsorted(self._times[self._start : self._stop], oldest, side="left"))

    def recent(self, seconds: float) -> tuple[Block, dict[str, FloatArray]]:
        """Return copies of the ticks of the last seconds of plant time, and their scores by detector."""
        with self._lock:
            first = self._start
            if self._stop > self._start:
                oldest = self._times[self._stop - 1] - round(seconds * SECOND_US)
                first += int(np.searchsorted(self._times[self._start : self._stop], oldest, side="right"))
            return self._copy(first)

    def last(self, ticks: int) -> tuple[Block, dict[str, FloatArray]]:
        """Return copies of the newest ticks, and their scores by detector."""
        with self._lock:
            return self._copy(max(self._start, self._stop - ticks))

    def _copy(self, first: int) -> tuple[Block, dict[str, FloatArray]]:
        part = slice(first, self._stop)
        arrays = self._times[part].copy(), self._values[part].copy(), self._status[part].copy()
        scores = {name: values[part].copy() for name, values in self._scores.items()}
        return Block(*arrays, self.machines, self.sensors), scores

    def keep_scores(self, name: str, scores: FloatArray) -> None:
        """Give a detector that came later its scores of the newest ticks, (n_ticks, n_machines)."""
        with self._lock:
            kept = self._scores.setdefault(name, np.full((len(self._times), len(self.machines)), np.nan))
            n = min(len(scores), self._stop - self._start)
            kept[self._stop - n : self._stop] = scores[len(scores) - n :]

    def forget_scores(self, name: str) -> None:
        """Drop the scores of a detector that was taken away."""
        with self._lock:
            self._scores.pop(name, None)

    def _make_room(self, n: int) -> None:
        """Move the kept ticks to the front when the arrays' end is reached; double the arrays while they may grow."""
        if self._stop + n <= len(self._times):
            return
        kept = slice(self._start, self._stop)
        old = self._times[kept], self._values[kept], self._status[kept]
        old_scores = {name: values[kept] for name, values in self._scores.items()}
        n_kept = self._stop - self._start
        wanted = min(max(2 * (n_kept + n), START_TICKS), 2 * self.most_ticks)
        if wanted > len(self._times):
            self._allocate(wanted)
            self._scores = {name: np.full((wanted, len(self.machines)), np.nan) for name in old_scores}
        else:
            old = old[0].copy(), old[1].copy(), old[2].copy()
            old_scores = {name: values.copy() for name, values in old_scores.items()}
        self._times[:n_kept], self._values[:n_kept], self._status[:n_kept] = old
        for name, values in old_scores.items():
            self._scores[name][:n_kept] = values
        self._start, self._stop = 0, n_kept

    def _allocate(self, ticks: int) -> None:
        self._times = np.zeros(ticks, np.int64)
        self._values = np.zeros((ticks, len(self.machines), len(self.sensors)))
        self._status = np.zeros((ticks, len(self.machines)), np.uint8)
