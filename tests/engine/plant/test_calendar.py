import numpy as np
import pytest

from engine.plant import calendar
from engine.records import DAY_US, HOUR_US, MINUTE_US, time_us

MONDAY = time_us("2026-01-05T00:00:00Z")


def minutes(days, start=MONDAY):
    return start + np.arange(days * 24 * 60, dtype=np.int64) * MINUTE_US


def test_the_load_follows_shifts_and_rests_at_the_weekend():
    load = calendar.shift_load(minutes(7)).reshape(7, 24, 60).mean(axis=2)

    assert load[0, 10] > load[0, 17] > load[0, 3]
    assert load[5, 12] < load[4, 12]
    assert load[6, 12] < load[4, 12]


def test_no_curve_jumps():
    """The forerunner's hour-granular sine stepped each hour and at midnight."""
    times = minutes(30)

    for curve in (calendar.shift_load, calendar.weekend, calendar.season, calendar.day_wave):
        assert np.abs(np.diff(curve(times))).max() < 0.03


def test_the_season_is_warm_in_summer_and_the_day_in_the_afternoon():
    days = minutes(365, time_us("2026-01-01T00:00:00Z"))[:: 24 * 60]
    warmest = days[np.argmax(calendar.season(days))]

    assert time_us("2026-07-01T00:00:00Z") < warmest < time_us("2026-08-10T00:00:00Z")
    assert np.argmax(calendar.day_wave(minutes(1))) == 15 * 60


@pytest.mark.parametrize(("text", "share"), [("2026-01-09T12:00:00Z", 0.0), ("2026-01-10T12:00:00Z", 1.0)])
def test_the_weekend_is_saturday_and_sunday(text, share):
    assert calendar.weekend(np.array([time_us(text), time_us(text) + DAY_US // 2 - HOUR_US]))[0] == share
