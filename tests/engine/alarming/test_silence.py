"""Silence is neither calm nor an alarm: what stands stays and says that there is no data, for every detector."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from engine.alarms import AlarmDesk, AlarmRules
from engine.records import MAINTENANCE, SECOND_US, Block

ABOVE, CALM, GONE, STOPPED = 2.0, 0.0, None, "stopped"


def block_of(story, first=0):
    """Return a block of one machine, a tick a second, and its scores; GONE has no reading, and detectors give 0."""
    times = (np.arange(len(story), dtype=np.int64) + first) * SECOND_US
    values = np.array([[[np.nan if one is GONE else 1.0]] for one in story])
    status = np.array([[MAINTENANCE if one == STOPPED else 0] for one in story], np.uint8)
    scores = np.array([[ABOVE if one == ABOVE else 0.0] for one in story])
    return Block(times, values, status, ("M1",), ("a",)), scores


def played(story, size, rules=None, detectors=("z_score",)):
    desk, changes = AlarmDesk(rules or AlarmRules(off_delay_s=10.0)), []
    for first in range(0, len(story), size):
        block, scores = block_of(story[first : first + size], first)
        changes += desk.process(block, dict.fromkeys(detectors, scores), dict.fromkeys(detectors, 1.0))
    return desk, [(change.at_us // SECOND_US, change.what) for change in changes]


FAULT_THEN_SILENCE = [CALM] * 5 + [ABOVE] * 10 + [GONE] * 300


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_an_alarm_does_not_clear_because_readings_stopped(size):
    """Seen: bearing failure in alarm, then dropout of all sensors: cleared, and later reopened."""
    desk, told = played(FAULT_THEN_SILENCE, size)
    alarm = desk.standing[0]

    assert told == [(6, "raised"), (44, "silent")]
    assert (alarm.state, alarm.silent_since_us) == ("raised", 14 * SECOND_US)


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_it_goes_on_as_it_was_when_the_machine_is_heard_again(size):
    still = played([*FAULT_THEN_SILENCE, *[ABOVE] * 20], size)
    calm = played([*FAULT_THEN_SILENCE, *[CALM] * 20], size)

    assert still[1] == [(6, "raised"), (44, "silent"), (315, "heard")]
    assert still[0].standing[0].silent_since_us is None
    assert calm[1] == [(6, "raised"), (44, "silent"), (315, "heard"), (325, "cleared")]


@pytest.mark.parametrize("size", [1, 7, 1000])
def test_the_rules_may_end_an_alarm_after_a_long_silence(size):
    desk, told = played([*FAULT_THEN_SILENCE, *[ABOVE] * 20], size, AlarmRules(off_delay_s=10.0, silence_ends_s=100.0))

    assert told[:3] == [(6, "raised"), (44, "silent"), (114, "cleared")]
    assert told[3:] == [(316, "reopened")]
    assert len(desk.standing) == 1


def test_it_is_the_same_for_each_detector():
    desk, _ = played(FAULT_THEN_SILENCE, 50, detectors=("z_score", "limit", "ewma"))

    assert {alarm.detector for alarm in desk.standing} == {"z_score", "limit", "ewma"}
    assert {alarm.silent_since_us for alarm in desk.standing} == {14 * SECOND_US}


def test_silence_raises_nothing_and_calm_that_nobody_saw_clears_nothing():
    """A delay that runs out while nothing is said is over when somebody looks again."""
    slow = AlarmRules(on_delay_s=20.0, off_delay_s=20.0)
    quiet_rise = played([CALM] * 5 + [ABOVE] * 5 + [GONE] * 60, 9, slow)[1]
    quiet_calm = played([ABOVE] * 30 + [CALM] * 5 + [GONE] * 60, 9, slow)[1]

    assert quiet_rise == []
    assert quiet_calm == [(20, "raised"), (64, "silent")]


def test_a_machine_that_is_stopped_is_not_silent():
    _, told = played([ABOVE] * 10 + [STOPPED] * 100, 10)

    assert (44, "silent") not in told
    assert [what for _, what in told] == ["raised", "suppressed", "cleared"]


def test_after_a_restart_a_silent_machine_is_still_silent():
    desk, _ = played(FAULT_THEN_SILENCE, 50)
    again = AlarmDesk(AlarmRules(off_delay_s=10.0))
    again.restore(desk.standing, 1, desk.now_us)
    block, scores = block_of([GONE] * 10 + [ABOVE] * 3, len(FAULT_THEN_SILENCE))
    changes = again.process(block, {"z_score": scores}, {"z_score": 1.0})

    assert [change.what for change in changes] == ["heard"]


def test_any_cut_of_any_story_gives_the_same():
    rng = np.random.default_rng(4)
    for _ in range(60):
        lengths = rng.integers(1, 70, 12)
        kinds = rng.choice(np.array([ABOVE, CALM, GONE, STOPPED], dtype=object), 12)
        story = list(itertools.chain.from_iterable([kind] * n for kind, n in zip(kinds, lengths, strict=True)))
        rules = AlarmRules(off_delay_s=10.0, on_delay_s=3.0, silence_ends_s=float(rng.choice([0.0, 40.0])))

        assert played(story, 1, rules)[1] == played(story, 13, rules)[1] == played(story, 10_000, rules)[1]
