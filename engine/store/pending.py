"""Rows that wait for the next commit, bounded, with every row accounted for.

accepted = stored + waiting + lost. Rows wait at most a second while the disk works; when it does not (full, gone),
they are kept up to the bound, then the oldest are given up and counted, and the stream goes on.
"""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.records import Block

if TYPE_CHECKING:
    from engine.records import FloatArray


@dataclass(frozen=True)
class Chunk:
    """Readings of one frame with their scores, ready to be stored.

    Parameters
    ----------
    scores
        By detector, float64 (n_ticks, n_machines); NaN = not scored. Stored rounded to 0.001.
    """

    run: int
    plant: str
    block: Block
    scores: dict[str, FloatArray]

    @property
    def rows(self) -> int:
        return len(self.block) * self.block.n_machines


def present_chunks(run: int, plant: str, block: Block, scores: dict[str, FloatArray]) -> list[Chunk]:
    """Return what was said in a block: a tick at which a machine said nothing is no row of it."""
    there = np.asarray(~np.isnan(block.values).all(axis=2))
    if there.all():  # the usual case, in one piece
        return [Chunk(run, plant, block, scores)]
    found = []
    for at, machine in enumerate(block.machines):
        ticks = np.flatnonzero(there[:, at])
        if len(ticks):
            mine = {name: values[ticks, at : at + 1] for name, values in scores.items()}
            part = block.values[ticks, at : at + 1], block.status[ticks, at : at + 1]
            found.append(Chunk(run, plant, Block(block.times_us[ticks], *part, (machine,), block.sensors), mine))
    return found


class PendingRows:
    """A bounded first-in-first-out store of chunks.

    Parameters
    ----------
    most_rows
        Rows kept in memory at most; 400,000 rows of ten columns are about 32 MB.
    """

    def __init__(self, most_rows: int = 400_000) -> None:
        self.most_rows = most_rows
        self._lock = threading.Lock()
        self._chunks: deque[Chunk] = deque()
        self._in_flight = 0
        self._waiting = 0
        self.accepted = 0
        self.stored = 0
        self.lost = 0

    @property
    def waiting(self) -> int:
        """How many accepted rows are not on disk yet, those being written among them."""
        return self._waiting + self._in_flight

    def add(self, chunk: Chunk) -> None:
        """Accept a chunk; the oldest chunks are given up when the bound is passed."""
        with self._lock:
            self._chunks.append(chunk)
            self.accepted += chunk.rows
            self._waiting += chunk.rows
            self._give_up_oldest()

    def accept(self, rows: int) -> None:
        """Count rows whose sender waits for the commit; they never stand in this queue."""
        with self._lock:
            self.accepted += rows
            self._in_flight += rows

    def settle_accepted(self, rows: int, written: bool) -> None:
        """Say what became of such rows; those not written were refused, so they were never accepted."""
        with self._lock:
            self._in_flight -= rows
            if written:
                self.stored += rows
            else:
                self.accepted -= rows

    def take(self) -> list[Chunk]:
        """Return all waiting chunks; they count as in flight until `settle`."""
        with self._lock:
            chunks = list(self._chunks)
            self._chunks.clear()
            self._in_flight += self._waiting
            self._waiting = 0
            return chunks

    def settle(self, chunks: list[Chunk], written: bool) -> None:
        """Say what became of taken chunks; those not written go back to the front of the queue."""
        rows = sum(chunk.rows for chunk in chunks)
        with self._lock:
            self._in_flight -= rows
            if written:
                self.stored += rows
                return
            self._chunks.extendleft(reversed(chunks))
            self._waiting += rows
            self._give_up_oldest()

    def _give_up_oldest(self) -> None:
        while self._waiting + self._in_flight > self.most_rows and len(self._chunks) > 1:
            gone = self._chunks.popleft().rows
            self._waiting -= gone
            self.lost += gone
