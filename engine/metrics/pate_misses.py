"""PATE's false negatives at every threshold: late rows of an event that was found early weigh less."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from engine.metrics.arrays import FloatArray, IntArray

CELLS_AT_ONCE = 2_000_000


def misses(events: IntArray, bins: IntArray, n_bins: int) -> FloatArray:
    """Return float64 (n_bins,): the weighted missed rows of all events at each threshold.

    An event changes only at the bins of its own rows, so each event is worked out at those and its changes are
    added up afterwards: Σ L·min(L, n_bins) cells instead of n·n_bins.
    """
    changes = np.zeros(n_bins + 1)
    for first, last in events:
        own = bins[first : last + 1]
        steps = np.unique(own)
        changes[0] += len(own)
        steps = steps[steps < n_bins]
        missed = np.concatenate([_missed(own, part) for part in _parts(steps, len(own))]) if len(steps) else steps
        changes[steps] += np.diff(missed, prepend=float(len(own)))
    return np.cumsum(changes[:n_bins])


def _parts(steps: IntArray, length: int) -> list[IntArray]:
    return np.array_split(steps, 1 + len(steps) * length // CELLS_AT_ONCE)


def _missed(own: IntArray, steps: IntArray) -> FloatArray:
    """Return float64 (n_steps,): the weighted missed rows of one event at thresholds that alarm at least one row.

    With D the length of its first alarm run and rows counted from the event's start: a missed row q weighs 1 up to
    q = D, later 1 − Σ_{y=0..D}(q − y) / Σ_{y in event}(last − y).
    """
    length = len(own)
    rows = np.arange(length)
    alarmed = own[None, :] <= steps[:, None]
    first = np.argmax(alarmed, axis=1)
    run_on = alarmed | (rows[None, :] < first[:, None])
    stop = np.where(run_on.all(axis=1), length, np.argmin(run_on, axis=1))
    run = (stop - first).astype(np.float64)
    late = ~alarmed & (rows[None, :] > run[:, None])
    count = late.sum(axis=1)
    far = late @ rows.astype(np.float64)
    everything = length * (length - 1) / 2
    forgiven = (run + 1) * far - count * run * (run + 1) / 2
    missed: FloatArray = (length - alarmed.sum(axis=1)) - forgiven / max(everything, 1.0)
    return missed
