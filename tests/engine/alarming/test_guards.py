"""Silence by design, lowest priorities, and priorities that rise while an alarm stands."""

import numpy as np

from engine.alarming.guards import Guards, Suppression
from engine.alarming.marks import marks_of
from engine.alarms import AlarmDesk
from engine.records import SECOND_US
from tests.engine.test_alarms import RULES, SENSORS, block_of_scores


def processed(desk, scores, values=None, cut=1000):
    """Process scores of one detector in pieces of `cut` ticks; returns (what, second, priority) of each change."""
    block, scores = block_of_scores(scores, values)
    found = []
    for first in range(0, len(block), cut):
        part = block.ticks(first, first + cut)
        found += desk.process(part, {"ewma": scores[first : first + cut]}, {"ewma": 1.0})
    return [(change.what, change.at_us // SECOND_US, change.alarm.priority) for change in found]


def test_a_silenced_machine_raises_nothing_that_anybody_hears():
    desk = AlarmDesk(RULES, guards=Guards((Suppression("runs in", machine="M1"),)))

    found = processed(desk, [0.0] * 5 + [2.0] * 10 + [0.0] * 20)

    assert [what for what, *_ in found] == ["suppressed", "cleared"]
    assert desk.suppressed == 1


def test_another_machine_is_heard():
    desk = AlarmDesk(RULES, guards=Guards((Suppression("runs in", machine="M2"),)))

    assert [what for what, *_ in processed(desk, [2.0] * 10)] == ["raised"]


def test_a_detectors_alarms_have_at_least_its_priority():
    desk = AlarmDesk(RULES, marks_of(SENSORS), Guards(least={"ewma": "warning"}))

    assert [priority for *_, priority in processed(desk, [2.0] * 5)] == ["warning"]


def test_an_alarm_escalates_at_the_reading_that_reaches_a_higher_mark():
    """Whoever asked for critical alarms only must hear of it, and no later for larger blocks."""
    values = np.broadcast_to(np.array([70.0, 85.0]), (40, 1, 2)).copy()
    values[10:, 0, 0], values[20:, 0, 0] = 91.0, 96.0
    expected = [("raised", 1, "notice"), ("escalated", 10, "warning"), ("escalated", 20, "critical")]

    for cut in (1, 7, 1000):
        assert processed(AlarmDesk(RULES, marks_of(SENSORS)), [2.0] * 40, values, cut) == expected


def test_a_machine_may_have_marks_of_its_own():
    lower = SENSORS[0].__class__(**{**vars(SENSORS[0]), "warning": 65.0})
    guards = Guards(marks={"M1": marks_of((lower, SENSORS[1]))})

    found = processed(AlarmDesk(RULES, marks_of(SENSORS), guards), [2.0] * 5)

    assert [priority for *_, priority in found] == ["warning"]
