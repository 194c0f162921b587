"""How late, how often, how loud: delays, false alarms per day, alarm load. Our own definitions; no reference exists.

Level delay: from the start of the event to its first alarmed row, 0 when an alarm is already on. Edge delay counts
only alarm runs that start inside the event.

References
----------
ANSI/ISA-18.2-2016 and EEMUA 191 (alarm load: at most 10 alarms in 10 minutes for one operator; more is a flood).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from engine.metrics.arrays import Measured, as_pair, f_score, hits_in, runs

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from engine.metrics.arrays import IntArray

DAY_S = 86_400.0
FLOOD_ALARMS, FLOOD_SPAN_S = 10, 600.0
NO_EVENTS, NO_ALARMS = "there are no events", "there are no alarms"


def timing(truth: ArrayLike, alarms: ArrayLike, period_s: float, tolerance_rows: int = 0) -> Measured:
    """Return delays (s), earliness, counts of events and false alarm runs, and false alarms per day.

    Parameters
    ----------
    truth, alarms
        0/1 rows (n,), one every `period_s` seconds.
    tolerance_rows
        A run that meets an event widened by so many rows on both sides is not false.
    """
    true, alarmed = as_pair(truth, alarms)
    events, found = runs(true), runs(alarmed)
    values: dict[str, Any] = {"events": len(events), "alarm_runs": len(found)}
    reasons: dict[str, str] = {}
    _add_delays(values, reasons, events, alarmed, found, period_s)
    _add_event_scores(values, reasons, events, found, true)
    _add_false_alarms(values, reasons, true, alarmed, widened(true, events, tolerance_rows), period_s)
    return Measured(values, reasons, {"period_s": period_s, "tolerance_rows": tolerance_rows})


def widened(true: IntArray, events: IntArray, rows: int) -> IntArray:
    """Return 0/1 rows (n,): within `rows` rows of an event."""
    if not rows:
        return true
    steps = np.zeros(len(true) + 1, np.int64)
    np.add.at(steps, np.maximum(events[:, 0] - rows, 0), 1)
    np.add.at(steps, np.minimum(events[:, 1] + rows + 1, len(true)), -1)
    return (np.cumsum(steps[:-1]) > 0).astype(np.int64)


def _add_delays(
    values: dict[str, Any],
    reasons: dict[str, str],
    events: IntArray,
    alarmed: IntArray,
    found: IntArray,
    period_s: float,
) -> None:
    level = _first_in(events, np.flatnonzero(alarmed)) * period_s
    edge = _first_in(events, found[:, 0]) * period_s
    lengths = (events[:, 1] - events[:, 0] + 1) * period_s
    hit, edge_hit = np.isfinite(level), np.isfinite(edge)
    values["detected"], values["missed"] = int(hit.sum()), int((~hit).sum())
    for name, fold in (("mean_delay_s", np.mean), ("median_delay_s", np.median), ("max_delay_s", np.max)):
        values[name] = float(fold(level[hit])) if hit.any() else None
    values["edge_detected"] = int(edge_hit.sum())
    values["edge_mean_delay_s"] = float(edge[edge_hit].mean()) if edge_hit.any() else None
    earliness = np.where(hit, 1 - np.where(hit, level, 0.0) / lengths, 0.0)
    values["mean_earliness"] = float(earliness.mean()) if len(events) else None
    nothing = "no event was detected" if len(events) else NO_EVENTS
    reasons |= {k: nothing for k in ("mean_delay_s", "median_delay_s", "max_delay_s") if values[k] is None}
    if values["edge_mean_delay_s"] is None:
        reasons["edge_mean_delay_s"] = "no alarm starts inside an event" if len(events) else NO_EVENTS
    if values["mean_earliness"] is None:
        reasons["mean_earliness"] = NO_EVENTS


def _first_in(events: IntArray, rows: IntArray) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Return float64 (n_events,): rows from the event's start to the first of `rows` inside it; inf = none."""
    at = np.searchsorted(rows, events[:, 0])
    first = np.append(rows.astype(np.float64), np.inf)[at]
    return np.where(first <= events[:, 1], first - events[:, 0], np.inf)


def _add_event_scores(
    values: dict[str, Any], reasons: dict[str, str], events: IntArray, found: IntArray, true: IntArray
) -> None:
    precision = float((hits_in(found, true) > 0).mean()) if len(found) else None
    recall = values["detected"] / len(events) if len(events) else None
    values["event_precision"], values["event_recall"] = precision, recall
    values["event_f1"] = None if precision is None or recall is None else f_score(precision, recall)
    if precision is None:
        reasons["event_precision"] = reasons["event_f1"] = NO_ALARMS
    if recall is None:
        reasons["event_recall"] = reasons["event_f1"] = NO_EVENTS


def _add_false_alarms(
    values: dict[str, Any],
    reasons: dict[str, str],
    true: IntArray,
    alarmed: IntArray,
    widened: IntArray,
    period_s: float,
) -> None:
    false = int((hits_in(runs(alarmed), widened) == 0).sum())
    days, normal_days = len(true) * period_s / DAY_S, (len(true) - int(true.sum())) * period_s / DAY_S
    values["false_alarm_runs"] = false
    values["false_alarms_per_day"] = false / days if days else None
    values["false_alarms_per_normal_day"] = false / normal_days if normal_days else None
    values["false_points_per_day"] = int((alarmed * (1 - true)).sum()) / days if days else None
    for name in ("false_alarms_per_day", "false_points_per_day"):
        if values[name] is None:
            reasons[name] = "there are no rows"
    if values["false_alarms_per_normal_day"] is None:
        reasons["false_alarms_per_normal_day"] = "there are no normal rows"


def alarm_load(starts_s: ArrayLike, span_s: float) -> Measured:
    """Return alarms per day, the most alarms in any ten minutes, and the share of alarms that come in floods.

    Parameters
    ----------
    starts_s
        When each alarm starts, in seconds (k,), any order.
    span_s
        Length of the judged time in seconds.
    """
    starts = np.sort(np.asarray(starts_s, np.float64))
    if span_s <= 0:
        raise ValueError(f"span_s must be positive, got {span_s!r}.")
    first = np.searchsorted(starts, starts - FLOOD_SPAN_S, side="right")
    in_span = np.arange(1, len(starts) + 1) - first
    flood = np.zeros(len(starts) + 1, np.int64)
    over = np.flatnonzero(in_span > FLOOD_ALARMS)
    np.add.at(flood, first[over], 1)
    np.add.at(flood, over + 1, -1)
    share = float((np.cumsum(flood[:-1]) > 0).mean()) if len(starts) else None
    values = {
        "alarms": len(starts),
        "alarms_per_day": len(starts) * DAY_S / span_s,
        "alarms_10min_max": int(in_span.max()) if len(starts) else 0,
        "flood_share": share,
    }
    reasons = {} if share is not None else {"flood_share": NO_ALARMS}
    return Measured(values, reasons, {"flood_alarms": FLOOD_ALARMS, "flood_span_s": FLOOD_SPAN_S})
