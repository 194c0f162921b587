"""PATE's false negatives at every threshold: late rows of an event that was found early weigh less."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from engine.metrics.arrays import FloatArray, IntArray

CELLS_AT_ONCE = 2_000_000


def misses(events: IntArray, bins: IntArray, n_bins: int) -> FloatArray:
    """Return float64 (n_bins,): the weighted missed rows of all events at each threshold.

    An event changes only at the bins of its own rows, so each event is worked out at those (events of one length
    together) and its changes are added up afterwards: Σ L·min(L, n_bins) cells instead of n·n_bins.
    """
    lengths = events[:, 1] - events[:, 0] + 1
    changes = np.zeros(n_bins + 1)
    changes[0] = lengths.sum()
    for length in np.unique(lengths):
        starts = events[lengths == length, 0]
        cells = len(starts) * int(length) * min(int(length), n_bins)
        for some in np.array_split(starts, 1 + cells // CELLS_AT_ONCE):
            steps, fewer = _changes(bins[some[:, None] + np.arange(length)], n_bins)
            changes += np.bincount(steps.ravel(), weights=fewer.ravel(), minlength=n_bins + 1)
    return np.cumsum(changes[:n_bins])


def _changes(own: IntArray, n_bins: int) -> tuple[IntArray, FloatArray]:
    """Return the bins (n_events, s) at which events of one length change, and by how much they change there."""
    n_events, length = own.shape
    if not n_events:
        return np.zeros((0, 0), np.int64), np.zeros((0, 0))
    steps = np.sort(own, axis=1) if length <= n_bins else np.tile(np.arange(n_bins), (n_events, 1))
    parts = np.array_split(steps, 1 + own.size * steps.shape[1] // CELLS_AT_ONCE, axis=1)
    missed = np.concatenate([_missed(own, part) for part in parts], axis=1)
    return steps, np.diff(missed, axis=1, prepend=float(length))


def _missed(own: IntArray, steps: IntArray) -> FloatArray:
    """Return float64 (n_events, s): the weighted missed rows of events of one length, own bins (n_events, length).

    With D the length of the first alarm run and rows counted from the event's start: a missed row q weighs 1 up to
    q = D, later 1 − Σ_{y=0..D}(q − y) / Σ_{y in event}(last − y).
    """
    length = own.shape[1]
    rows = np.arange(length)
    alarmed = own[:, None, :] <= steps[:, :, None]
    first = np.argmax(alarmed, axis=2)
    run_on = alarmed | (rows < first[..., None])
    stop = np.where(run_on.all(axis=2), length, np.argmin(run_on, axis=2))
    run = (stop - first).astype(np.float64)
    late = ~alarmed & (rows > run[..., None])
    count, far = late.sum(axis=2), late @ rows.astype(np.float64)
    everything = length * (length - 1) / 2
    forgiven = (run + 1) * far - count * run * (run + 1) / 2
    missed: FloatArray = (length - alarmed.sum(axis=2)) - forgiven / max(everything, 1.0)
    # Without any alarm there is no first run; the event misses all its rows.
    return np.where(alarmed.any(axis=2), missed, float(length))
