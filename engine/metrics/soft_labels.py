"""Soft labels beside events, summed per threshold for many widths at once.

A normal row at distance k from an event weighs √(1 − k/w) for every width w with ⌊w/2⌋ ≥ k. Rows that feel one event
only are counted by (threshold, k), so that all widths together are one small matrix product; rows that feel several
events need the cap at 1 and are added one by one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.metrics.arrays import runs

if TYPE_CHECKING:
    from engine.metrics.arrays import FloatArray, IntArray

# Bounds memory for very wide windows.
WIDTHS_AT_ONCE = 256


@dataclass(frozen=True)
class Buffers:
    """Normal rows near events, as (row, distance) pairs sorted by row.

    Parameters
    ----------
    rows, distances
        Of the pairs whose row feels exactly one event: int64 (k,).
    shared_rows, shared_distances
        Of the pairs whose row feels several: int64 (s,), ascending rows.
    """

    rows: IntArray
    distances: IntArray
    shared_rows: IntArray
    shared_distances: IntArray
    reach: int

    def soft_sums(self, bins: IntArray, n_bins: int, widths: IntArray) -> FloatArray:
        """Return float64 (n_widths, n_bins): the soft labels of alarmed normal rows at each threshold."""
        cells = bins[self.rows] * (self.reach + 1) + self.distances
        counts = np.bincount(cells, minlength=(n_bins + 1) * (self.reach + 1)).reshape(-1, self.reach + 1)
        per_bin = counts[:n_bins].T.astype(np.float64)
        parts = np.array_split(widths, 1 + len(widths) // WIDTHS_AT_ONCE)
        sums = np.concatenate([_weights(part, self.reach) @ per_bin for part in parts])
        if len(self.shared_rows):
            sums += self._shared_sums(bins, n_bins, widths)
        return np.cumsum(sums, axis=1)

    def _shared_sums(self, bins: IntArray, n_bins: int, widths: IntArray) -> FloatArray:
        starts = np.flatnonzero(np.diff(self.shared_rows, prepend=-1))
        where = bins[self.shared_rows[starts]]
        sums = np.empty((len(widths), n_bins))
        for i, width in enumerate(widths):
            weights = _weights(np.array([width]), self.reach)[0]
            soft = np.minimum(np.add.reduceat(weights[self.shared_distances], starts), 1.0)
            sums[i] = np.bincount(where, weights=soft, minlength=n_bins)[:n_bins]
        return sums

    def total(self, width: int) -> float:
        """Return the sum of the soft labels of all normal rows at one width."""
        everywhere = np.zeros(1 + max([-1, *self.rows[-1:], *self.shared_rows[-1:]]), np.int64)
        return float(self.soft_sums(everywhere, 1, np.array([width]))[0, 0])


def buffers(truth: IntArray, reach: int) -> Buffers:
    """Return the normal rows within `reach` rows before or after any event, with every distance they feel."""
    events, n = runs(truth), len(truth)
    reach = min(reach, n)
    steps = np.arange(1, reach + 1)
    rows = np.concatenate([(events[:, 1:] + steps).ravel(), (events[:, :1] - steps).ravel()])
    distances = np.tile(steps, 2 * len(events))
    inside = (rows >= 0) & (rows < n)
    inside[inside] = truth[rows[inside]] == 0
    rows, distances = rows[inside], distances[inside]
    order = np.argsort(rows, kind="stable")
    rows, distances = rows[order], distances[order]
    alone = np.ones(len(rows), bool)
    same = rows[1:] == rows[:-1]
    alone[1:] &= ~same
    alone[:-1] &= ~same
    return Buffers(rows[alone], distances[alone], rows[~alone], distances[~alone], reach)


def _weights(widths: IntArray, reach: int) -> FloatArray:
    """Return float64 (n_widths, reach + 1): √(1 − k/w) for 1 ≤ k ≤ ⌊w/2⌋, else 0."""
    k = np.arange(reach + 1)
    w = np.maximum(widths, 1)[:, None]
    return np.where((k >= 1) & (k <= widths[:, None] // 2), np.sqrt(np.maximum(1 - k / w, 0.0)), 0.0)
