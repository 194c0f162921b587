"""PATE: proximity-aware evaluation; alarms shortly before or after an event earn part of a true positive.

A constant score earns 0.5 to 0.6 because the curve starts at (recall 0, precision 1): a pitfall.

References
----------
Ghorbani, R., Reinders, M. J. T., Tax, D. M. J. (2024). PATE: proximity-aware time series anomaly evaluation. KDD.
"""

from __future__ import annotations

from itertools import product
from typing import TYPE_CHECKING

import numpy as np

from engine.metrics.arrays import Measured, as_pair, ratio, rows_in, runs, undefined
from engine.metrics.pate_misses import misses
from engine.metrics.sweep import Sweep, bins_of, grows_to

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from engine.metrics.arrays import FloatArray, IntArray

THRESHOLDS = 250
# The reference drops a point whose recall fell; in exact arithmetic equal recalls stay, so rounding must not drop them.
SAME_RECALL = 1e-12


def pate(
    swept: Sweep, e_buffer: int = 100, d_buffer: int = 100, num_splits: int = 1, *, big_data: bool = True
) -> Measured:
    """Return PATE: the mean over buffer pairs of the area under the proximity-weighted precision-recall curve.

    Parameters
    ----------
    e_buffer, d_buffer
        Largest early (before) and delayed (after) buffer in rows.
    num_splits
        Each buffer takes the whole numbers of linspace(0, buffer, num_splits + 1).
    big_data
        Use 250 percentiles of the distinct scores as thresholds instead of all.
    """
    parameters = {"e_buffer": e_buffer, "d_buffer": d_buffer, "num_splits": num_splits, "big_data": big_data}
    if not swept.positives:
        return undefined(("pate",), "there are no true rows").with_(**parameters)
    thresholds = _thresholds(swept, big_data)
    bins = bins_of(swept.scores, thresholds)
    areas = [
        _area(tp, alarms, fn)
        for tp, alarms, fn in _counts(swept.truth, bins, len(thresholds), e_buffer, d_buffer, num_splits)
    ]
    return Measured({"pate": float(np.mean(areas))}, parameters=parameters)


def pate_f1(
    truth: ArrayLike, alarms: ArrayLike, e_buffer: int = 100, d_buffer: int = 100, num_splits: int = 1
) -> Measured:
    """Return PATE-F1: the F1 of proximity-weighted counts of 0/1 alarms, mean over buffer pairs."""
    parameters = {"e_buffer": e_buffer, "d_buffer": d_buffer, "num_splits": num_splits}
    true, alarmed = as_pair(truth, alarms)
    if not true.any():
        return undefined(("pate_f1",), "there are no true rows").with_(**parameters)
    scores = []
    for tp, count, fn in _counts(true, 1 - alarmed, 1, e_buffer, d_buffer, num_splits):
        precision, recall = ratio(tp[0], count[0]), ratio(tp[0], tp[0] + fn[0])
        scores.append(ratio(2 * precision * recall, precision + recall))
    return Measured({"pate_f1": float(np.mean(scores))}, parameters=parameters)


def _thresholds(swept: Sweep, big_data: bool) -> FloatArray:
    """Return the thresholds from high to low: distinct scores at which the true-positive count is about to change.

    The first and last always stay.
    """
    changes = np.diff(swept.hits) != 0
    kept = np.ones(len(swept.thresholds), bool)
    kept[1:-1] = changes[:-1] | changes[1:]
    distinct = swept.thresholds[kept]
    if not big_data:
        return distinct
    percents: FloatArray = np.percentile(distinct, np.linspace(100, 0, THRESHOLDS))
    return percents


def _counts(
    truth: IntArray, bins: IntArray, n_bins: int, e_buffer: int, d_buffer: int, num_splits: int
) -> list[tuple[FloatArray, FloatArray, FloatArray]]:
    """Return true positives, alarms and false negatives (n_bins,) for every pair of buffers.

    Every alarmed row splits into TP w and FP 1 − w, so FP = alarms − TP; missed rows do not depend on the buffers.
    """
    events = runs(truth)
    alarms = grows_to(bins, n_bins)
    missed = misses(events, bins, n_bins)
    inside = grows_to(bins[truth > 0], n_bins)
    pairs = product(_splits(e_buffer, num_splits), _splits(d_buffer, num_splits))
    return [(inside + _buffer_credit(events, bins, n_bins, e, d), alarms, missed) for e, d in pairs]


def _splits(buffer: int, num_splits: int) -> list[int]:
    return [int(size) for size in np.linspace(0, buffer, num_splits + 1)]


def _buffer_credit(events: IntArray, bins: IntArray, n_bins: int, e: int, d: int) -> FloatArray:
    """Return float64 (n_bins,): the true positives earned in the buffers before and after the events.

    The weight falls with the mean distance to the event's rows, from near 1 beside the event to 0 at the far end.
    A row before the event earns only once the event itself holds an alarm.
    """
    n = len(bins)
    starts, ends = events[:, 0], events[:, 1]
    centres = (starts + ends) / 2
    post_end = np.minimum(ends + d, np.append(starts[1:] - 1, n - 1))
    pre_start = np.maximum(np.maximum(starts - e, 0), np.concatenate([[0], post_end[:-1] + 1]))
    event, rows = rows_in(ends + 1, post_end)
    after = 1 - (rows - centres[event]) / (post_end - centres)[event]
    credit = grows_to(bins[rows], n_bins, after)
    event, rows = rows_in(pre_start, starts - 1)
    before = 1 - (centres[event] - rows) / (centres - pre_start)[event]
    found = _first_bins(events, bins, n_bins)
    return credit + grows_to(np.maximum(bins[rows], found[event]), n_bins, before)


def _first_bins(events: IntArray, bins: IntArray, n_bins: int) -> IntArray:
    slices = np.stack([events[:, 0], events[:, 1] + 1], axis=1).ravel()
    first: IntArray = np.minimum.reduceat(np.append(bins, n_bins), slices)[::2]
    return first


def _area(tp: FloatArray, alarms: FloatArray, fn: FloatArray) -> float:
    """Return the trapezoid area from (0, 1) through the points whose recall is not below the last kept one."""
    recall = np.divide(tp, tp + fn, out=np.zeros_like(tp), where=tp + fn > 0)
    precision = np.divide(tp, alarms, out=np.zeros_like(tp), where=alarms > 0)
    # "Not below the last kept" is "not below any before": a dropped point is below a kept one.
    kept = recall >= np.maximum.accumulate(recall) - SAME_RECALL
    x, y = np.append(0.0, recall[kept]), np.append(1.0, precision[kept])
    return float(np.sum(np.diff(x) * (y[1:] + y[:-1]) / 2))
