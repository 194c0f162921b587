"""The panel's delays and alarm load, in the units and names that lessons and marks use."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.metrics.arrays import counts_before, runs
from engine.metrics.numbers import Number, numbers_of, undefined_numbers
from engine.metrics.timing import DAY_S, alarm_load, timing

if TYPE_CHECKING:
    from engine.metrics.arrays import FloatArray, IntArray

TIMING_NAMES = {
    "event_recall": "event_recall",
    "event_precision": "event_precision",
    "event_f1": "event_f1",
    "delay_mean_s": "mean_delay_s",
    "edge_delay_mean_s": "edge_mean_delay_s",
    "earliness": "mean_earliness",
    "false_alarms_per_day": "false_alarms_per_normal_day",
}


def timing_numbers(truth: IntArray, alarms: IntArray, period_s: float, tolerance_rows: int) -> dict[str, Number]:
    """Return event scores, delays and false alarms per normal day of 0/1 rows (n,)."""
    measured = timing(truth, alarms, period_s, tolerance_rows)
    return {**numbers_of(measured, TIMING_NAMES), **delay_numbers(found_delays_s(truth, alarms, period_s).tolist())}


def delay_numbers(delays_s: list[float]) -> dict[str, Number]:
    """Return median and 90 % delay in minutes over the found events."""
    if not delays_s:
        return undefined_numbers(("delay_p50_minutes", "delay_p90_minutes"), "no event was detected")
    told = {"delay": "level, found events"}
    p50, p90 = np.quantile(np.array(delays_s) / 60, [0.5, 0.9])
    return {
        "delay_p50_minutes": Number("delay_p50_minutes", float(p50), parameters=told),
        "delay_p90_minutes": Number("delay_p90_minutes", float(p90), parameters=told),
    }


def found_delays_s(truth: IntArray, alarms: IntArray, period_s: float) -> FloatArray:
    """Return float64 (n_found,): the level delay of every detected event in seconds."""
    events, rows = runs(truth), np.flatnonzero(alarms)
    before = counts_before(alarms)
    found = events[before[events[:, 1] + 1] > before[events[:, 0]]]
    late = rows[before[found[:, 0]]] - found[:, 0]
    return (late * float(period_s)).astype(np.float64)


def load_numbers(alarms: IntArray, period_s: float) -> dict[str, Number]:
    """Return alarms per day, worst ten minutes, flood share and alarm minutes per day of 0/1 rows (n,)."""
    names = ("alarms_per_day", "alarms_10min_max", "flood_share", "alarm_minutes_per_day")
    if not len(alarms):
        return undefined_numbers(names, "there are no rows")
    span_s = len(alarms) * period_s
    measured = alarm_load(runs(alarms)[:, 0] * period_s, span_s)
    minutes = float(alarms.sum()) * period_s / 60 * DAY_S / span_s
    return {
        **numbers_of(measured, {name: name for name in names[:3]}),
        "alarm_minutes_per_day": Number("alarm_minutes_per_day", minutes, parameters={"period_s": period_s}),
    }
