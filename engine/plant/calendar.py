"""The plant's calendar in UTC: shifts, weekends and seasons as smooth curves, and the calendar columns of the data."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from engine.records import DAY_US, HOUR_US, SECOND_US

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.records import FloatArray, IntArray

# Hours at which a shift begins, and the load of that shift (day, evening, night) as a share of full load.
_SHIFTS = ((6.0, 0.86), (14.0, 0.74), (22.0, 0.52))
_HANDOVER_H = 0.5  # the load moves from one shift's level to the next within half an hour
_WEEKEND_SHARE = 0.86
_FIRST_WEEKDAY = 3  # 1970-01-01 was a Thursday; Monday is 0
_YEAR_US = 365.25 * DAY_US
_WARMEST_DAY = 110.0  # where the yearly sine crosses zero upwards: the warmest day comes a quarter of a year later


def smoothstep(x: NDArray[Any]) -> FloatArray:
    """Return 0 below 0, 1 above 1 and 3x² − 2x³ between."""
    inside: FloatArray = np.clip(x, 0.0, 1.0)
    return inside * inside * (3.0 - 2.0 * inside)


def shift_load(times_us: IntArray) -> FloatArray:
    """Return the load that the shift plan asks for, as a share of full load, (n,)."""
    hour = (times_us % DAY_US) * (1.0 / HOUR_US)
    level: FloatArray = np.full(len(times_us), _SHIFTS[-1][1])
    before = _SHIFTS[-1][1]
    for begins, load in _SHIFTS:
        level += (load - before) * smoothstep((hour - begins) * (1.0 / _HANDOVER_H))
        before = load
    return level * (1.0 - (1.0 - _WEEKEND_SHARE) * weekend(times_us))


def weekend(times_us: IntArray) -> FloatArray:
    """Return 1 from Saturday to Sunday night and 0 otherwise, with an hour of transition, (n,)."""
    week_h = ((times_us + _FIRST_WEEKDAY * DAY_US) % (7 * DAY_US)) * (1.0 / HOUR_US)
    return np.asarray(smoothstep(week_h - 120.0) - smoothstep(week_h - 167.0))


def season(times_us: IntArray) -> FloatArray:
    """Return the yearly wave, −1 in the coldest weeks to 1 in the warmest, (n,)."""
    return np.asarray(np.sin((times_us - _WARMEST_DAY * DAY_US) * (2.0 * np.pi / _YEAR_US)))


def day_wave(times_us: IntArray, warmest_hour: float = 15.0) -> FloatArray:
    """Return the daily wave, 1 at the warmest hour, (n,)."""
    hour = (times_us % DAY_US) * (1.0 / HOUR_US)
    return np.asarray(np.cos((hour - warmest_hour) * (2.0 * np.pi / 24.0)))


def calendar_columns(times_us: IntArray) -> dict[str, NDArray[np.int64]]:
    """Return hour, day_of_week (Monday 0), month, is_weekend and is_night_shift (22:00 to 06:59), each int64 (n,)."""
    seconds = times_us // SECOND_US
    hour = (seconds // 3600) % 24
    days = times_us // DAY_US
    weekday = (days + _FIRST_WEEKDAY) % 7
    month = days.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) % 12 + 1
    return {
        "hour": hour,
        "day_of_week": weekday,
        "month": month,
        "is_weekend": (weekday >= 5).astype(np.int64),
        "is_night_shift": ((hour >= 22) | (hour <= 6)).astype(np.int64),
    }
