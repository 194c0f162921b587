"""Load figures against the limits of ISA-18.2."""

import pytest

from engine.alarming.load import alarm_load
from engine.alarming.records import Alarm
from engine.records import DAY_US, HOUR_US, MINUTE_US, SECOND_US


def alarm(number, at_us, machine="M1", detector="ewma", lasts_us=MINUTE_US, reopened=0):
    """Return an alarm that was raised at a time; lasts_us None = it stands."""
    return Alarm(
        number=number,
        machine=machine,
        detector=detector,
        state="raised" if lasts_us is None else "cleared",
        priority="notice",
        onset_us=at_us,
        start_us=at_us,
        end_us=None if lasts_us is None else at_us + lasts_us,
        peak_score=2.0,
        peak_us=at_us,
        threshold=1.0,
        group=number,
        reopened=reopened,
    )


def test_a_quiet_day_is_within_every_limit():
    found = alarm_load([alarm(i, i * HOUR_US, machine=f"M{i}") for i in range(8)], 0, DAY_US)

    assert found.alarms == 8
    assert found.per_day == 8.0
    assert len(found.per_ten_minutes) == 144
    assert all(found.verdicts().values())


def test_more_than_ten_alarms_in_ten_minutes_are_a_flood():
    flood = [alarm(i, HOUR_US + i * 30 * SECOND_US, machine=f"M{i}") for i in range(12)]

    found = alarm_load(flood, 0, 2 * HOUR_US)

    assert found.worst_ten_minutes == 12
    assert found.flooded == pytest.approx(1 / 12)
    assert not found.verdicts()["worst_ten_minutes"]


def test_ten_alarms_in_ten_minutes_are_not_yet_a_flood():
    assert alarm_load([alarm(i, i * MINUTE_US) for i in range(10)], 0, 10 * MINUTE_US).flooded == 0.0


def test_the_top_offender_is_named_with_its_share():
    alarms = [alarm(i, i * HOUR_US, machine="BAD") for i in range(9)] + [alarm(9, HOUR_US, machine="GOOD")]

    found = alarm_load(alarms, 0, DAY_US)

    assert (found.top[0].machine, found.top[0].alarms, found.top[0].share) == ("BAD", 9, 0.9)


def test_three_times_in_a_minute_is_chattering():
    often = [alarm(i, i * 20 * SECOND_US, lasts_us=SECOND_US) for i in range(3)]
    seldom = [alarm(i, i * 40 * SECOND_US, lasts_us=SECOND_US, machine="M2") for i in range(3)]
    reopened = [alarm(1, 0, machine="M3", lasts_us=MINUTE_US, reopened=5)]

    assert alarm_load([*often, *seldom, *reopened], 0, DAY_US).chattering == (("M1", "ewma"), ("M3", "ewma"))


def test_what_stands_longer_than_a_day_is_stale():
    alarms = [alarm(1, 0, lasts_us=None), alarm(2, 2 * DAY_US, lasts_us=None)]

    found = alarm_load(alarms, 0, 2 * DAY_US + HOUR_US)

    assert (found.standing, found.stale) == (2, 1)


def test_no_alarms_at_all_are_fine():
    found = alarm_load([], 0, HOUR_US)

    assert found.alarms == found.worst_ten_minutes == 0
    assert all(found.verdicts().values())


def test_an_empty_span_is_refused():
    with pytest.raises(ValueError, match="must be after"):
        alarm_load([], 5, 5)
