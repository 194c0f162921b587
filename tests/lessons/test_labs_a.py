"""The kinds of experiments of lessons 3 to 9 are deterministic, keep to their metrics, and obey extreme settings."""

from __future__ import annotations

from typing import Any

import pytest

from lessons.labs.base import Outcome, lab_kind
from lessons.spec import METRICS

SMALL = {"machines": ["MACHINE_001"], "rate_hz": 0.01, "days": 2, "history_hours": 48}
JUMP = {"fault": "drift", "sensors": ["pressure"], "shape": "sudden", "count": 2, "minutes": 60, "values": {"size": 20}}
SETTINGS: dict[str, dict[str, Any]] = {
    "run_length": {"chart": "cusum", "memory": 0.3, "corrected": True},
    "conditional": {"plant": SMALL, "sensor": "pressure", "inject": [JUMP], "condition": "hour and load"},
    "relation": {"plant": SMALL},
    "cloud": {"shape": "group", "detector": "isolation_forest"},
    "picks": {"gap": "lof", "together": "mahalanobis", "group": "ecod", "contamination": 4},
    "arrivals": {"outage_at_s": 60},
    "moving": {"plant": SMALL, "stop_every_h": 20, "sensor": "pressure", "inject": [JUMP], "swap": 20},
    "base_rate": {},
    "desk": {"plant": SMALL, "inject": [JUMP]},
}


def run(kind: str, seed: int = 7, **changes: Any) -> Outcome:
    """Return what the kind gives with its small settings and some changes."""
    lab = lab_kind(kind)
    return lab.run(lab.Settings.model_validate(SETTINGS[kind] | changes), seed)


@pytest.mark.parametrize("kind", SETTINGS)
def test_the_same_seed_gives_the_same_outcome(kind: str) -> None:
    assert run(kind) == run(kind)


@pytest.mark.parametrize("kind", SETTINGS)
def test_a_kind_gives_the_metrics_that_it_declares_and_no_others(kind: str) -> None:
    """A lesson is checked against the declared list, so the list must be true."""
    lab = lab_kind(kind)

    assert set(run(kind).metrics) == set(lab.metrics)
    assert set(lab.metrics) <= set(METRICS)
    assert lab.rows(lab.Settings.model_validate(SETTINGS[kind])) >= 0


@pytest.mark.parametrize("kind", SETTINGS)
def test_every_lane_has_as_many_values_as_places(kind: str) -> None:
    for lane in run(kind).lanes:
        assert len(lane.x) == len(lane.y) > 0


def test_a_higher_limit_makes_a_chart_quieter_and_slower() -> None:
    low, high = run("run_length", chart="ewma", memory=0, ewma_limit=2), run("run_length", chart="ewma", memory=0)

    assert low.metrics["arl0"] < high.metrics["arl0"]
    assert low.metrics["arl1"] < high.metrics["arl1"]


def test_a_run_that_is_cut_is_said_to_be_cut() -> None:
    assert "cut at" in run("run_length", chart="shewhart", shewhart_limit=6).notes[0]


def test_a_limit_out_of_reach_is_silent_and_blind() -> None:
    metrics = run("conditional", limit=50).metrics

    assert metrics["alarms"] == 0
    assert metrics["event_recall"] == 0
    assert metrics["event_precision"] is None


@pytest.mark.parametrize("condition", ["hour", "load", "hour and load", "context stage"])
def test_every_context_leaves_less_than_none(condition: str) -> None:
    assert run("conditional", condition=condition).metrics["sd"] < run("conditional", condition="nothing").metrics["sd"]


def test_without_correlation_the_ellipse_is_a_circle() -> None:
    assert run("relation", across=3, up=4, correlation=0.0).metrics["mahalanobis"] == pytest.approx(5.0)


def test_more_contamination_means_more_alarms_and_the_same_ranking() -> None:
    little, much = run("cloud", contamination=1).metrics, run("cloud", contamination=20).metrics

    assert much["alarm_share"] > little["alarm_share"]
    assert much["roc_auc"] == little["roc_auc"]


def test_a_watermark_that_waits_for_the_slowest_row_loses_nothing() -> None:
    metrics = run("arrivals", outage_at_s=0, disorder_s=20, wait_s=20).metrics

    assert metrics["late_loss_share"] == 0
    assert metrics["wrong_windows"] == 0


def test_a_watermark_that_does_not_wait_loses_rows_and_is_quick() -> None:
    eager, patient = run("arrivals", wait_s=0).metrics, run("arrivals", wait_s=30).metrics

    assert eager["late_loss_share"] > patient["late_loss_share"]
    assert eager["result_lag_seconds"] < patient["result_lag_seconds"]


def test_no_row_is_lost_on_the_way() -> None:
    """Late rows are late, not lost: the pipeline of this lesson delivers everything."""
    assert run("arrivals", outage_of="all").metrics["lost"] == 0


def test_a_baseline_that_follows_at_once_sees_nothing() -> None:
    metrics = run("moving", follow_h=0.05, hold_off_minutes=60).metrics

    assert metrics["event_recall"] == 0


def test_the_log_and_a_hold_off_keep_the_hour_after_a_stop_quiet() -> None:
    blind = run("moving", inject=[], use_log=False, limit=3, follow_h=500).metrics
    told = run("moving", inject=[], use_log=True, limit=3, follow_h=500, hold_off_minutes=90).metrics

    assert told["alarms_after_stop"] == 0
    assert blind["alarms_after_stop"] >= told["alarms_after_stop"]


def test_a_detector_without_false_alarms_is_always_right() -> None:
    assert run("base_rate", false_percent=0).metrics["true_alarm_share"] == 1


def test_each_cure_of_a_chattering_alarm_lowers_the_load() -> None:
    plain = run("desk").metrics["alarms"]

    assert plain > 20
    for cure in ({"deadband": 0.2}, {"on_delay_s": 600}, {"off_delay_s": 1800}):
        assert run("desk", **cure).metrics["alarms"] < plain


def test_a_deadband_as_wide_as_the_day_leaves_at_most_one_alarm() -> None:
    """The alarm that never clears cannot announce the next fault."""
    assert run("desk", deadband=5.0).metrics["alarms"] <= 1
