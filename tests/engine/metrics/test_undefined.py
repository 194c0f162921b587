"""Where there is neither an event nor an alarm there is nothing to judge: None with a reason, never 0.0."""

from __future__ import annotations

import numpy as np
import pytest

from engine.metrics.adjusted import best_pa_k_f1, pa_k, pa_k_auc
from engine.metrics.affiliation import affiliation
from engine.metrics.eventwise import best_composite_f1, composite_f1, segment_f1
from engine.metrics.pate import pate, pate_f1
from engine.metrics.pointwise import best_f1, point
from engine.metrics.ranges import range_pr
from engine.metrics.ranking import ranking
from engine.metrics.sweep import sweep
from engine.metrics.timing import timing
from engine.metrics.volume import r_auc, vus

NOBODY = np.zeros(50, int)
COUNTS = {"tp", "fp", "fn", "tn", "events", "detected", "missed", "alarm_runs", "false_alarm_runs", "edge_detected",
          "adjusted_positives", "individual_precision", "individual_recall"}  # fmt: skip
RATES = {"fpr", "false_alarms_per_day", "false_alarms_per_normal_day", "false_points_per_day"}  # 0 of some time is 0
OF_ALARMS = {
    "point": point,
    "segment_f1": segment_f1,
    "composite_f1": composite_f1,
    "range_pr": range_pr,
    "affiliation": affiliation,
    "pa_k": lambda truth, alarms: pa_k(truth, alarms, 0),
    "pa_k_auc": pa_k_auc,
    "pate_f1": lambda truth, alarms: pate_f1(truth, alarms, 5, 5),
    "timing": lambda truth, alarms: timing(truth, alarms, 60.0),
}
OF_SCORES = {
    "ranking": ranking,
    "best_f1": best_f1,
    "best_composite_f1": best_composite_f1,
    "best_pa_k_f1": lambda swept: best_pa_k_f1(swept, 0),
    "vus": lambda swept: vus(swept, 5),
    "r_auc": lambda swept: r_auc(swept, 5),
    "pate": lambda swept: pate(swept, 5, 5),
}


@pytest.mark.parametrize("name", OF_ALARMS)
def test_without_event_and_alarm_every_score_is_undefined_with_its_reason(name: str):
    measured = OF_ALARMS[name](NOBODY, NOBODY)

    scores = {key: value for key, value in measured.values.items() if key not in COUNTS | RATES}
    assert scores
    assert set(scores.values()) == {None}, scores
    assert all(measured.reasons.get(key) for key in scores)


@pytest.mark.parametrize("name", OF_SCORES)
def test_without_an_event_every_score_of_a_ranking_is_undefined_with_its_reason(name: str):
    measured = OF_SCORES[name](sweep(NOBODY, np.linspace(0, 1, 50)))

    assert set(measured.values.values()) == {None}, measured.values
    assert all(measured.reasons.get(key) for key in measured.values)


@pytest.mark.parametrize(("truth", "alarms"), [([0, 1, 0], [0, 0, 0]), ([0, 0, 0], [0, 1, 0])])
def test_with_one_of_them_the_f1_is_zero(truth: list[int], alarms: list[int]):
    assert segment_f1(truth, alarms)["f1"] == 0.0
    assert point(truth, alarms)["f1"] == 0.0
