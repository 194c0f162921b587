"""The panel of a whole plant, in event time and machine by machine."""

from __future__ import annotations

import numpy as np
import pytest

from engine.economics import Attention, Prices
from engine.metrics.event_panel import Rules, Span, covered_us, event_panel, random_labels, three_sigma_labels
from engine.metrics.intervals import Zone
from engine.records import DAY_US, HOUR_US, MINUTE_US, Label, TruthEvent, block_of

DAY = Span(("M1", "M2"), 0, DAY_US)


def event(start_h: float, end_h: float, machine: str = "M1", seen_h: float | None = None, fault: str = "leak"):
    start, end = int(start_h * HOUR_US), int(end_h * HOUR_US)
    return TruthEvent(machine, fault, (), 1.0, start, start if seen_h is None else int(seen_h * HOUR_US), end)


def label(start_h: float, end_h: float, machine: str = "M1", fault: str = "", confidence: float | None = None):
    return Label(machine, int(start_h * HOUR_US), int(end_h * HOUR_US), fault, confidence)


TRUTH = [event(2, 4), event(10, 12, "M2"), event(20, 22)]


def test_the_numbers_are_those_counted_by_hand():
    labels = [
        label(2.5, 4, fault="leak", confidence=0.9),
        label(10, 12, "M2", "stuck", 0.6),
        label(15, 16, "M2", "x", 0.5),
    ]

    found = event_panel(TRUTH, labels, DAY)

    assert found["event_recall"] == pytest.approx(2 / 3)
    assert found["event_precision"] == pytest.approx(2 / 3)
    assert found["tiou_mean"] == pytest.approx((0.75 + 1) / 2)
    assert found["type_accuracy"] == 0.5
    assert found["delay_mean_s"] == 900.0
    assert found["delay_p50_minutes"] == 15.0
    assert found["delay_p90_minutes"] == pytest.approx(27.0)
    assert found["false_alarms_per_day"] == pytest.approx(1 / (2 - 6 / 24))
    assert found["alarms_per_day"] == 3.0
    assert found["alarm_minutes_per_day"] == pytest.approx(270.0)
    assert found["alarms_10min_max"] == 1
    assert found["brier"] == pytest.approx((0.01 + 0.16 + 0.25) / 3)


def test_a_silent_detector_costs_the_failures_and_avoids_nothing():
    found = event_panel(TRUTH, [], DAY, Rules(prices=Prices(miss=1000, unplanned_hours=2, downtime_per_hour=100)))

    assert found["cost_per_day"] == 3 * 1200
    assert found["cost_avoided_per_day"] == 0.0
    assert found["event_precision"] is None
    assert found.numbers["delay_mean_s"].reason == "no event was found"


def test_baselines_are_beside_every_number_and_painting_the_day_finds_one_event_per_machine():
    found = event_panel(TRUTH, [label(2, 4)], DAY)

    assert found.baseline("nothing", "event_recall") == 0.0
    assert found.baseline("everything", "event_recall") == pytest.approx(2 / 3)
    assert found.baseline("random", "alarms_per_day") == 1.0
    assert found.missing == {"three_sigma": "no readings were given"}


def test_three_sigma_marks_the_ticks_that_leave_the_first_days():
    rng = np.random.default_rng(0)
    values = rng.uniform(-1, 1, size=(1440, 2, 1))
    values[600:720, 1, 0] += 20
    block = block_of(np.arange(1440, dtype=np.int64) * MINUTE_US, values, machines=("M1", "M2"))

    assert three_sigma_labels(block) == [Label("M2", 10 * HOUR_US, 12 * HOUR_US)]
    found = event_panel(TRUTH, [], DAY, readings=block)
    assert found.baseline("three_sigma", "event_recall") == pytest.approx(1 / 3)


def test_zones_and_tolerance_are_those_of_the_match():
    rules = Rules(zones=(Zone("M1", 0, 6 * HOUR_US, "maintenance"),))

    found = event_panel(TRUTH, [label(1, 2)], DAY, rules)

    assert found["event_recall"] == 0.0
    assert found["false_alarms_per_day"] == 0.0
    assert found["event_precision"] is None


def test_attention_makes_a_flood_of_alarms_cost_more():
    flood = [label(2 + k / 120, 2 + k / 120 + 0.005) for k in range(100)]

    tired = event_panel(TRUTH, flood, DAY, Rules(attention=Attention()), baselines=False)
    fresh = event_panel(TRUTH, flood, DAY, baselines=False)

    assert tired["cost_per_day"] >= fresh["cost_per_day"]


def test_random_labels_stay_inside_the_span_with_their_lengths():
    labels = [label(0, 1), label(3, 3.5), label(0, 48)]

    moved = random_labels(labels, DAY, np.random.default_rng(1))

    assert [x.end_us - x.start_us for x in moved] == [HOUR_US, HOUR_US // 2, DAY_US]
    assert all(x.start_us >= 0 and x.end_us <= DAY_US and x.machine in DAY.machines for x in moved)


def test_nothing_against_nothing_is_undefined_with_reasons():
    found = event_panel([], [], DAY)

    assert found["event_recall"] is None
    assert all((n.value is None) == bool(n.reason) for n in found.numbers.values())


def test_covered_time_counts_overlaps_once():
    assert covered_us([(0, 10), (5, 20), (30, 40)], Span((), 2, 35)) == 23
