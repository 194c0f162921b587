"""The alarm desk: one event, one alarm, with the life cycle of ISA-18.2."""

import random
from types import SimpleNamespace

import numpy as np
import pytest

from engine.alarming.marks import marks_of
from engine.alarms import AlarmDesk, AlarmRules
from engine.errors import LabError
from engine.records import MAINTENANCE, SECOND_US, Block

RULES = AlarmRules(hysteresis=0.1, confirm=2, on_delay_s=0.0, off_delay_s=10.0, hold_off_s=60.0)
SENSORS = (
    SimpleNamespace(name="temperature", normal=(60.0, 85.0), warning=90.0, critical=95.0, low_side=False),
    SimpleNamespace(name="oil_level", normal=(75.0, 95.0), warning=None, critical=60.0, low_side=True),
)


def block_of_scores(scores, values=None, status=None, first=0):
    """Return one-second ticks for scores (n_ticks,) or (n_ticks, n_machines)."""
    scores = np.asarray(scores, np.float64)
    scores = scores[:, None] if scores.ndim == 1 else scores
    n_ticks, n_machines = scores.shape
    normal = np.broadcast_to(np.array([70.0, 85.0]), (n_ticks, n_machines, 2)).copy()
    times = (first + np.arange(n_ticks, dtype=np.int64)) * SECOND_US
    machines = tuple(f"M{i + 1}" for i in range(n_machines))
    calm = np.zeros((n_ticks, n_machines), np.uint8)
    names = ("temperature", "oil_level")
    block = Block(times, normal if values is None else values, calm if status is None else status, machines, names)
    return block, scores


def run(desk, scores, **kwargs):
    """Process scores of one detector with threshold 1; returns what changed."""
    block, scores = block_of_scores(scores, **kwargs)
    return desk.process(block, {"ewma": scores}, {"ewma": 1.0})


def test_a_single_fault_gives_one_alarm():
    desk = AlarmDesk(RULES)

    changes = run(desk, [0.0] * 5 + [2.0] * 30 + [0.0] * 30)

    assert [change.what for change in changes] == ["raised", "cleared"]
    alarm = changes[-1].alarm
    assert tuple(at // SECOND_US for at in (alarm.onset_us, alarm.start_us, alarm.end_us)) == (5, 6, 35)
    assert (alarm.state, alarm.peak) == ("cleared", 2.0)


def test_one_reading_above_the_threshold_is_no_alarm():
    assert run(AlarmDesk(RULES), [0.0, 5.0, 0.0, 0.0, 5.0, 0.0]) == ()


def test_a_chattering_signal_becomes_one_alarm():
    """1,769 crossings of the threshold within the hold-off of each other are one event."""
    desk = AlarmDesk(RULES)
    scores = np.tile([1.5, 1.5, 0.5], 1769)
    assert int(((scores[1:] >= 1) & (scores[:-1] < 1)).sum()) + 1 == 1769

    changes = run(desk, scores)

    assert [change.what for change in changes] == ["raised"]
    assert len(desk.standing) == 1


def test_what_comes_back_within_the_hold_off_reopens_the_same_alarm():
    desk = AlarmDesk(RULES)

    changes = run(desk, [2.0] * 5 + [0.0] * 30 + [3.0] * 5 + [0.0] * 200 + [2.0] * 5)

    assert [change.what for change in changes] == ["raised", "cleared", "reopened", "cleared", "raised"]
    assert [change.alarm.number for change in changes] == [1, 1, 1, 1, 2]
    assert (changes[3].alarm.reopened, changes[3].alarm.peak) == (1, 3.0)


@pytest.mark.parametrize("seed", range(20))
def test_the_size_of_the_blocks_does_not_matter(seed):
    numbers, rng = np.random.default_rng(seed), random.Random(seed)
    scores = np.abs(np.cumsum(numbers.normal(0, 0.3, (600, 4)), axis=0))
    values = 85 + np.cumsum(numbers.normal(0, 0.5, (600, 4, 2)), axis=0)
    status = np.zeros((600, 4), np.uint8)
    status[200:230, 1] = MAINTENANCE
    block, scores = block_of_scores(scores, values, status)
    both = {"ewma": scores, "cusum": scores[:, ::-1].copy()}
    limits = {"ewma": 1.0, "cusum": 1.5}

    whole = AlarmDesk(RULES, marks_of(SENSORS))
    whole.process(block, both, limits)
    cut, at = AlarmDesk(RULES, marks_of(SENSORS)), 0
    while at < 600:
        stop = min(600, at + rng.choice([1, 3, 10, 100]))
        cut.process(block.ticks(at, stop), {name: s[at:stop] for name, s in both.items()}, limits)
        at = stop

    assert whole.recent == cut.recent
    assert whole.recent


def test_maintenance_suppresses_and_then_clears():
    desk = AlarmDesk(RULES)
    status = np.zeros((60, 1), np.uint8)
    status[20:50] = MAINTENANCE

    changes = run(desk, [2.0] * 60, status=status)

    assert [change.what for change in changes] == ["raised", "suppressed", "cleared", "reopened"]
    assert changes[1].alarm.state == "suppressed"
    assert desk.suppressed == 1


def test_a_machine_under_maintenance_raises_nothing():
    assert run(AlarmDesk(RULES), [9.0] * 60, status=np.full((60, 1), MAINTENANCE, np.uint8)) == ()


def test_an_acknowledged_alarm_stays_acknowledged_until_it_ends():
    desk = AlarmDesk(RULES)
    run(desk, [2.0] * 5)

    desk.acknowledge(1, "ann")
    run(desk, [2.0] * 5, first=5)

    assert (desk.standing[0].state, desk.standing[0].acknowledged_by) == ("acknowledged", "ann")
    assert desk.standing[0].isa_state == "acknowledged"
    run(desk, [0.0] * 20, first=10)
    assert desk.recent[0].isa_state == "normal"


def test_an_alarm_that_ends_unseen_says_so():
    desk = AlarmDesk(RULES)
    run(desk, [2.0] * 5 + [0.0] * 20)

    assert desk.recent[0].isa_state == "returned to normal, unacknowledged"
    desk.acknowledge(1)
    assert desk.recent[0].isa_state == "normal"


def test_a_shelved_machine_is_silent_until_its_time_is_over():
    desk = AlarmDesk(RULES)
    desk.shelve(1.0, machine="M1")

    raised = run(desk, [[2.0, 2.0]] * 30)
    later = run(desk, [[2.0, 2.0]] * 60, first=30)

    assert {change.alarm.machine: change.alarm.state for change in raised} == {"M1": "shelved", "M2": "raised"}
    assert [(change.what, change.at_us) for change in later] == [("unshelved", 60 * SECOND_US)]
    assert desk.standing[0].state == "raised"


def test_shelving_hits_standing_alarms_and_can_be_taken_back():
    desk = AlarmDesk(RULES)
    run(desk, [2.0] * 5)

    assert [change.what for change in desk.shelve(10, detector="ewma")] == ["shelved"]
    assert desk.shelves == {(None, "ewma"): 604 * SECOND_US}
    assert [change.alarm.state for change in desk.unshelve(detector="ewma")] == ["raised"]


@pytest.mark.parametrize("minutes", [0, -1, 1441])
def test_nothing_is_shelved_for_ever(minutes):
    with pytest.raises(LabError, match="minutes must be above 0 and at most 1440"):
        AlarmDesk().shelve(minutes)


def test_priority_follows_the_marks_and_only_rises():
    desk = AlarmDesk(RULES, marks_of(SENSORS))
    values = np.broadcast_to(np.array([70.0, 85.0]), (30, 1, 2)).copy()
    values[10:20, 0, 0] = 91.0
    values[20:22, 0, 1] = 55.0

    seen = []
    for at in range(0, 30, 10):
        run(desk, [2.0] * 10, values=values[at : at + 10], first=at)
        seen.append(desk.standing[0].priority)

    assert seen == ["notice", "warning", "critical"]


def test_alarms_of_one_machine_form_a_group():
    desk = AlarmDesk(RULES)
    block, scores = block_of_scores([[2.0, 0.0, 2.0]] * 20)

    desk.process(block, {"ewma": scores, "cusum": scores}, {"ewma": 1.0, "cusum": 1.0})

    assert [[a.machine for a in group] for group in desk.groups().values()] == [["M1", "M1"], ["M3", "M3"]]


def test_the_blamed_sensors_are_asked_for_once_when_the_alarm_is_raised():
    asked, desk = [], AlarmDesk(RULES)
    block, scores = block_of_scores([0.0, 2.0, 2.0, 2.0])

    def blame(detector, tick, machine):
        asked.append((detector, tick, machine))
        return ("temperature",)

    desk.process(block, {"ewma": scores}, {"ewma": 1.0}, blame)

    assert asked == [("ewma", 2, 0)]
    assert desk.standing[0].sensors == ("temperature",)


def test_comments_stay_with_the_alarm():
    desk = AlarmDesk(RULES)
    run(desk, [2.0] * 5)

    desk.comment(1, "ann", " pump is loud ")
    run(desk, [0.0] * 20, first=5)

    assert desk.recent[0].comments[0].text == "pump is loud"
    with pytest.raises(LabError, match="some text"):
        desk.comment(1, "ann", "  ")
    with pytest.raises(LabError, match="no alarm number 9"):
        desk.acknowledge(9)


def test_a_standing_alarm_survives_a_restart_of_the_lab():
    desk = AlarmDesk(RULES)
    run(desk, [2.0] * 5)
    again = AlarmDesk(RULES)

    again.restore(desk.standing, 1, desk.now_us)
    changes = run(again, [2.0] * 5 + [0.0] * 20, first=5)

    assert [(change.what, change.alarm.number) for change in changes] == [("cleared", 1)]


def test_two_detectors_can_have_different_rules():
    desk = AlarmDesk({"ewma": AlarmRules(confirm=50)})
    block, scores = block_of_scores([2.0] * 20)

    desk.process(block, {"ewma": scores, "cusum": scores}, {"ewma": 1.0, "cusum": 1.0})

    assert [alarm.detector for alarm in desk.standing] == ["cusum"]


def test_taking_a_detector_away_ends_its_alarms():
    desk = AlarmDesk(RULES)
    run(desk, [2.0] * 5)

    assert [change.what for change in desk.forget_detector("ewma")] == ["cleared"]
    assert desk.standing == ()


def test_an_alarm_is_json_and_back():
    desk = AlarmDesk(RULES)
    run(desk, [2.0] * 5)
    desk.comment(1, "ann", "loud")
    alarm = desk.standing[0]

    assert alarm == type(alarm).from_json(alarm.to_json())
