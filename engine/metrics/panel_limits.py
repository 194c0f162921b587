"""Intervals of the panel's numbers over events: the series is cut into one zone per event, zones are drawn anew.

Only numbers that are ratios of sums over zones get one; areas such as VUS get theirs over seeds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.metrics.arrays import counts_before, hits_in, runs
from engine.metrics.bootstrap import Limits, limits, resampled_sums
from engine.metrics.timing import DAY_S, widened

if TYPE_CHECKING:
    from engine.metrics.arrays import FloatArray, IntArray

FEWEST_EVENTS = 2


def event_limits(
    truth: IntArray, alarms: IntArray, period_s: float, tolerance_rows: int = 0, seed: int = 0
) -> dict[str, Limits]:
    """Return the 95 % bootstrap interval over events of every number that has one; nothing below two events."""
    events = runs(truth)
    if len(events) < FEWEST_EVENTS:
        return {}
    units = _zone_counts(truth, alarms, events, tolerance_rows)
    with np.errstate(divide="ignore", invalid="ignore"):
        return {name: limits(values) for name, values in _statistics(resampled_sums(units, seed), period_s).items()}


def _zone_counts(truth: IntArray, alarms: IntArray, events: IntArray, tolerance_rows: int) -> FloatArray:
    """Return float64 (n_events, 10): one event, tp, alarmed, true, rows, found, delay, runs, right and false runs."""
    borders = np.concatenate([[0], (events[:-1, 1] + events[1:, 0] + 1) // 2, [len(truth)]])
    found = runs(alarms)
    zone = np.searchsorted(borders, found[:, 0], side="right") - 1
    right = hits_in(found, truth) > 0
    false = hits_in(found, widened(truth, events, tolerance_rows)) == 0
    before, rows = counts_before(alarms), np.flatnonzero(alarms)
    caught = hits_in(events, alarms) > 0
    first = np.append(rows, 0)[np.minimum(before[events[:, 0]], len(rows))]
    columns = [
        np.ones(len(events)),
        *(np.diff(counts_before(part)[borders]) for part in (truth & alarms, alarms, truth)),
        np.diff(borders),
        caught,
        np.where(caught, first - events[:, 0], 0),
        *(np.bincount(zone, weights=w, minlength=len(events)) for w in (np.ones(len(found)), right, false)),
    ]
    return np.stack(columns, axis=1).astype(np.float64)


def _statistics(sums: FloatArray, period_s: float) -> dict[str, FloatArray]:
    events, tp, alarmed, true, rows, found, delay, n_runs, right, false = sums.T
    event_recall, event_precision = found / events, right / n_runs
    days = period_s / DAY_S
    return {
        "precision": tp / alarmed,
        "recall": tp / true,
        "f1": 2 * tp / (alarmed + true),
        "event_recall": event_recall,
        "event_precision": event_precision,
        "event_f1": 2 * event_recall * event_precision / (event_recall + event_precision),
        "delay_mean_s": delay / found * period_s,
        "alarms_per_day": n_runs / (rows * days),
        "false_alarms_per_day": false / ((rows - true) * days),
    }
