"""Prices, run to failure, scheduled maintenance, and operators who cannot look at everything."""

from __future__ import annotations

import numpy as np
import pytest

from engine.economics import Attention, Prices, alarm_cost, attention_curve, run_to_failure, scheduled_maintenance
from engine.metrics.intervals import match_intervals
from engine.records import DAY_US, HOUR_US, Label, TruthEvent

PRICES = Prices(
    miss=1000,
    false_alarm=10,
    delay_per_hour=20,
    inspection=50,
    downtime_per_hour=100,
    planned_hours=1,
    unplanned_hours=5,
)


def event(start_h: float, end_h: float, machine: str = "M1") -> TruthEvent:
    start = int(start_h * HOUR_US)
    return TruthEvent(machine, "leak", (), 1.0, start, start, int(end_h * HOUR_US))


def label(start_h: float, end_h: float, machine: str = "M1") -> Label:
    return Label(machine, int(start_h * HOUR_US), int(end_h * HOUR_US))


TRUTH = [event(2, 6), event(10, 12)]
ALARMS = [label(3, 6), label(20, 21)]


def test_the_cost_is_the_sum_counted_by_hand():
    """Found after an hour: visit 50, standstill 100, delay 20. Missed: 1000 + 500. False: 10 + 50."""
    cost = alarm_cost(TRUTH, ALARMS, match_intervals(TRUTH, ALARMS), DAY_US, PRICES)

    assert cost.parts == {
        "misses": 1000,
        "unplanned_downtime": 500,
        "planned_downtime": 100,
        "delay": 20,
        "inspections": 100,
        "false_alarms": 10,
    }
    assert cost.per_day == cost.total == 1730
    assert cost.effective_recall == 0.5
    assert cost.parameters["miss"] == 1000


def test_run_to_failure_loses_every_event():
    assert run_to_failure(match_intervals(TRUTH, []), DAY_US, PRICES).per_day == 3000


def test_a_scheduled_visit_repairs_the_fault_that_it_meets():
    """Every 5 hours: 5, 10, 15 and 20 o'clock; 5 meets the first event after 3 h, 10 the second at once."""
    cost = scheduled_maintenance(TRUTH, ["M1", "M2"], 0, DAY_US, 5.0, PRICES)

    assert cost.effective_recall == 1.0
    assert cost.parts["misses"] == 0
    assert cost.parts["delay"] == 60
    assert cost.parts["inspections"] == 4 * 2 * 50


def test_faults_between_two_visits_run_to_failure():
    cost = scheduled_maintenance(TRUTH, ["M1"], 0, DAY_US, 13.0, PRICES)

    assert cost.parts["misses"] == 2000


def test_the_chance_of_a_look_falls_with_the_alarm_rate_and_is_half_at_one_alarm_per_handling_time():
    curve = attention_curve(Attention(handling_s=120), [0, 30, 60, 600])

    assert curve[0] == 1.0
    assert curve[1] == pytest.approx(0.5)
    assert np.all(np.diff(curve) < 0)


def test_a_lone_alarm_is_looked_at_and_the_last_of_a_flood_hardly():
    looks = Attention(handling_s=120).looks([0.0, *np.arange(10_000, 10_500, 10)])

    assert looks[0] == 1.0
    assert looks[-1] == pytest.approx(1 / (1 + 49 * 120 / 600))


def test_the_order_of_the_alarms_does_not_matter():
    starts = np.array([50.0, 0.0, 700.0, 20.0])

    assert Attention().looks(starts).tolist() == Attention().looks(np.sort(starts))[[2, 0, 3, 1]].tolist()


def test_people_answer_as_often_as_alarms_were_right_when_trust_is_full():
    assert Attention(trust=1.0).looks([0.0], event_precision=0.25).tolist() == [0.25]


def test_the_curve_and_the_sums_heed_the_same_trust():
    """The page draws the curve beside the sums: both must know how often the alarms were right."""
    doubting = Attention(handling_s=120, trust=0.5)
    flood = [label(10 + k, 10.5 + k, "M2") for k in range(3)]

    cost = alarm_cost(TRUTH, [*flood, label(2, 3)], match_intervals(TRUTH, [*flood, label(2, 3)]), DAY_US, PRICES)

    assert cost.event_precision == 0.25
    assert attention_curve(doubting, [0.0], cost.event_precision).tolist() == [0.625]
    assert doubting.looks([0.0], cost.event_precision).tolist() == [0.625]


def test_overlooked_alarms_become_misses():
    flood = [*(label(10 + k / 360, 10 + k / 360 + 0.001, "M2") for k in range(60)), label(10.1, 12)]

    fresh = alarm_cost(TRUTH, flood, match_intervals(TRUTH, flood), DAY_US, PRICES)
    tired = alarm_cost(TRUTH, flood, match_intervals(TRUTH, flood), DAY_US, PRICES, Attention())

    assert tired.parts["misses"] > fresh.parts["misses"]
    assert tired.effective_recall < fresh.effective_recall
    assert tired.parameters["attention_handling_s"] == 120.0


def test_several_alarms_in_one_event_raise_the_chance_that_one_is_seen():
    alarms = [label(2, 3), label(4, 5)]
    half = Attention(trust=1.0)

    one = alarm_cost(TRUTH[:1], alarms[:1], match_intervals(TRUTH[:1], alarms[:1]), DAY_US, PRICES, half)
    two = alarm_cost(TRUTH[:1], alarms, match_intervals(TRUTH[:1], alarms), DAY_US, PRICES, half)

    assert one.effective_recall == 1.0
    assert two.effective_recall == pytest.approx(1 - 0.5**2)


def test_an_empty_span_has_no_cost_per_day():
    assert run_to_failure(match_intervals([], []), 0, PRICES).per_day is None
    with pytest.raises(ValueError, match="interval_h must be positive"):
        scheduled_maintenance([], [], 0, DAY_US, 0.0)
