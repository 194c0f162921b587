"""Every metric for one detector or submission on rows of one machine, with baselines and intervals.

`panel` judges 0/1 rows and scores; `engine.metrics.event_panel` judges intervals of a whole plant.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from engine.metrics.arrays import InputError, as_labels, as_pair, as_scores
from engine.metrics.baselines import SIGMAS, random_alarms, three_sigma_scores
from engine.metrics.numbers import Number, Panel, in_order, mean_numbers, over_seeds
from engine.metrics.panel_limits import event_limits
from engine.metrics.panel_rows import ALARM_NAMES, SCORE_NAMES, Settings, measured_rows

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from engine.metrics.arrays import FloatArray, IntArray

__all__ = ["ALARM_NAMES", "SCORE_NAMES", "Number", "Panel", "Settings", "over_seeds", "panel"]

RANDOM_DRAWS = 3


def panel(
    truth: ArrayLike,
    alarms: ArrayLike | None = None,
    scores: ArrayLike | None = None,
    *,
    threshold: float | None = None,
    readings: ArrayLike | None = None,
    settings: Settings | None = None,
    baselines: bool = True,
) -> Panel:
    """Return all metrics of alarms and scores against truth, with baselines, skill and intervals over events.

    Parameters
    ----------
    truth, alarms
        0/1 rows (n,); alarms may be left out when `threshold` says what scores alarm.
    scores
        (n,), finite, higher = stranger; without them score metrics are undefined, with their reason.
    threshold
        Alarm = score ≥ threshold, used when no alarms are given.
    readings
        (n,) or (n, n_sensors), for the three-sigma baseline and the window rule.

    Raises
    ------
    InputError
        When labels are not 0/1, scores are not finite (with row numbers), or lengths differ.
    """
    labels = as_labels(truth, "truth")
    values = None if scores is None else as_scores(scores, n=len(labels))
    alarmed = _alarms_of(labels, alarms, values, threshold)
    table = None if readings is None else np.asarray(readings, np.float64)
    chosen = (settings or Settings()).with_window(table)
    numbers = measured_rows(labels, alarmed, values, chosen)
    if alarmed is not None:
        numbers |= _with_limits(numbers, labels, alarmed, chosen)
    made, missing = _baselines(labels, alarmed, values, table, chosen) if baselines else ({}, {})
    return Panel(in_order(numbers), made, missing)


def _with_limits(
    numbers: dict[str, Number], labels: IntArray, alarmed: IntArray, chosen: Settings
) -> dict[str, Number]:
    """Return the numbers that have an interval over events, with it."""
    limits = event_limits(labels, alarmed, chosen.period_s, chosen.tolerance_rows, chosen.seed)
    return {
        name: replace(numbers[name], limits=found, limits_over="events")
        for name, found in limits.items()
        if found is not None and numbers[name].value is not None
    }


def _alarms_of(
    labels: IntArray, alarms: ArrayLike | None, scores: FloatArray | None, threshold: float | None
) -> IntArray | None:
    if alarms is not None:
        return as_pair(labels, alarms)[1]
    if scores is None:
        raise InputError("Give alarms or scores; there is nothing to judge.")
    return None if threshold is None else (scores >= threshold).astype(np.int64)


def _baselines(
    labels: IntArray, alarmed: IntArray | None, scores: FloatArray | None, readings: FloatArray | None, chosen: Settings
) -> tuple[dict[str, dict[str, Number]], dict[str, str]]:
    n = len(labels)

    def of(rows: IntArray, values: FloatArray) -> dict[str, Number]:
        return measured_rows(labels, None if alarmed is None else rows, None if scores is None else values, chosen)

    rng = np.random.default_rng(chosen.seed)
    count = np.zeros(n, np.int64) if alarmed is None else alarmed
    made = {
        "nothing": of(np.zeros(n, np.int64), np.zeros(n)),
        "everything": of(np.ones(n, np.int64), np.ones(n)),
        "random": mean_numbers([of(random_alarms(count, rng), rng.random(n)) for _ in range(RANDOM_DRAWS)], "draws"),
    }
    if readings is None:
        return made, {"three_sigma": "no readings were given"}
    sigma = three_sigma_scores(readings)
    return {**made, "three_sigma": of((sigma >= SIGMAS).astype(np.int64), sigma)}, {}
