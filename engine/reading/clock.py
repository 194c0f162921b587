"""Which column is the clock, and how it is read: the one with the most distinct, rising and even steps."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa

from engine.reading.calendar_words import ZONES
from engine.reading.evidence import CANNOT_USE, CHOOSE, FIXED
from engine.reading.facts import MOMENTS, NUMBERS
from engine.reading.moments import (
    DAY_FIRST,
    MONTH_FIRST,
    NO_ZONE,
    YEAR_FIRST,
    counted_moments,
    counters_for,
    days_from_civil,
    iso_moments,
    moments_of,
    parts_of,
)
from engine.reading.words import DATE_PARTS, TIME, hints_at, is_named, tokens_of
from engine.records import DAY_US, HOUR_US, MINUTE_US, SECOND_US

if TYPE_CHECKING:
    from engine.reading.evidence import Notes
    from engine.reading.facts import Facts
    from engine.records import BoolArray, IntArray

FULL, DATE, TIME_OF_DAY, COUNT = "date and time", "date", "time of day", "count"
SAMPLE = 50_000  # first rows that tell one clock from another
FIRST_US, LAST_US = -62_135_596_800_000_000, 253_402_300_799_999_999  # years 1 to 9999: what a calendar here can show
WORTH = {FULL: 0.5, TIME_OF_DAY: 0.2, DATE: 0.1, COUNT: 0.0}
UNITS_S = {"s": 1.0, "sec": 1.0, "secs": 1.0, "seconds": 1.0, "ms": 1e-3, "us": 1e-6, "µs": 1e-6, "min": 60.0, "minutes": 60.0,  # noqa: E501
           "h": 3600.0, "hours": 3600.0, "hour": 3600.0, "days": 86_400.0, "d": 86_400.0}  # fmt: skip


@dataclass
class Clock:
    """A reading of one or several columns as times: microseconds (n_rows,), and which of them are times."""

    places: tuple[int, ...]
    kind: str
    us: IntArray
    good: BoolArray
    how: str
    named: bool = False
    ambiguous: bool = False
    day_first: bool | None = None
    zoned: bool = False

    @property
    def worth(self) -> float:
        """Return how much it looks like the clock of the file: distinct, rising, even."""
        times = self.us[:SAMPLE][self.good[:SAMPLE]]
        if len(times) < 2:
            return WORTH[self.kind] + 0.1 * self.named
        steps = np.diff(times)
        moved = steps[steps != 0]
        distinct = len(np.unique(times)) / len(self.us[:SAMPLE])
        rising = float((moved > 0).mean()) if len(moved) else 0.0
        even = float((moved == np.median(moved)).mean()) if len(moved) else 0.0
        share = float(self.good.mean())
        return (
            WORTH[self.kind]
            + share * (0.5 * distinct + 0.3 * rising + 0.15 * even)
            + 0.1 * self.named
            - (0.3 if not len(moved) else 0)
        )


def clocks_in(facts: list[Facts], now_us: int, day_first: bool | None) -> list[Clock]:
    """Return all readings of columns as clocks, the most plausible first."""
    found = [clock for fact in facts if (clock := _of_column(fact, now_us, day_first)) is not None]
    found += _of_parts(facts)
    dates, days = [c for c in found if c.kind == DATE], [c for c in found if c.kind == TIME_OF_DAY]
    for date in dates:
        for day in days:
            found.append(_date_and_time(date, day, facts))
        found += [clock for fact in facts if (clock := _date_and_hour(date, fact)) is not None]
    return sorted(found, key=lambda clock: -clock.worth)


def _of_column(fact: Facts, now_us: int, day_first: bool | None) -> Clock | None:
    if fact.kind == MOMENTS or (fact.kind != NUMBERS and fact.n_filled and is_named(fact.name, TIME)):
        return _of_texts(fact, now_us, day_first)
    return _of_numbers(fact, now_us) if fact.kind == NUMBERS else None


def _of_texts(fact: Facts, now_us: int, day_first: bool | None) -> Clock | None:
    texts = fact.cells.as_texts()
    named = hints_at(fact.name, TIME)
    if texts.null_count == 0:
        us = iso_moments(texts)
        if us is not None:
            good = (us >= FIRST_US) & (us <= LAST_US)
            return Clock(
                (fact.at,), FULL, us, good, "ISO 8601", named, zoned="+" in fact.sample[0][10:] or "Z" in fact.sample[0]
            )
    words, index = _dictionary(texts)
    parts = parts_of(words)
    if not (parts.has_date | parts.has_clock).any():
        return None
    zone = _zone_in(fact.name)
    if zone is not None:
        parts.offset_min = np.where(parts.offset_min == NO_ZONE, zone, parts.offset_min)
    order, ambiguous, how = _order(parts, index, now_us, day_first, fact.sample)
    us, good = moments_of(parts, order)
    good &= (us >= FIRST_US) & (us <= LAST_US)
    row_good = (index >= 0) & good[index]
    if row_good.sum() < 0.5 * fact.n_filled:
        return None
    dated, timed = parts.has_date[index] & row_good, parts.has_clock[index] & row_good
    kind = FULL if dated.any() and timed.mean() > 0.02 else DATE if dated.any() else TIME_OF_DAY
    row_us = np.where(row_good, us[index], 0)
    if kind == TIME_OF_DAY:
        row_us, how = _hours_again(fact.sample, row_us, how)
    zoned = bool((parts.offset_min != NO_ZONE).any())
    settled = None if not parts.ambiguous.any() or order == YEAR_FIRST else order == DAY_FIRST
    return Clock((fact.at,), kind, row_us, row_good, how, named, ambiguous, settled, zoned)


def _dictionary(texts: pa.ChunkedArray) -> tuple[pa.Array, IntArray]:
    whole = pa.concat_arrays(texts.chunks) if texts.num_chunks != 1 else texts.chunk(0)
    dictionary = whole.dictionary_encode()
    return dictionary.dictionary, np.asarray(dictionary.indices.fill_null(-1), dtype=np.int64)


def _zone_in(name: str) -> int | None:
    """Return minutes east of Greenwich that a column's name says, such as `Date Time, GMT+01:00`."""
    seen = re.search(r"(?i)(?:GMT|UTC)\s?([+-−])(\d{1,2})(?::?(\d{2}))?", name)
    if seen:
        return (1 if seen[1] == "+" else -1) * (60 * int(seen[2]) + int(seen[3] or 0))
    word = re.search(
        r"(?:^|[\s(\[,_])(" + "|".join(zone.upper() for zone in ZONES if len(zone) > 2) + r")(?:$|[\s)\],_])", name
    )
    return ZONES[word[1].lower()] if word else None


def _order(parts, index: IntArray, now_us: int, day_first: bool | None, sample: list[str]) -> tuple[str, bool, str]:  # type: ignore[no-untyped-def]
    """Return in which order two numbers and a year are read, whether that is open, and why."""
    loose = parts.ambiguous
    if not loose.any():
        return DAY_FIRST, False, "the year first, or the month by name"
    if day_first is not None:
        return (DAY_FIRST if day_first else MONTH_FIRST), False, "as chosen"
    short = parts.fields["c"][loose].max() < 100
    looks: list[tuple[tuple[float, ...], str]] = []
    for order in (DAY_FIRST, MONTH_FIRST, *((YEAR_FIRST,) if short else ())):
        us, good = moments_of(parts, order)
        mine = us[index][(index >= 0) & good[index]]
        steps = np.diff(mine)
        moved = steps[steps != 0]
        rising = float((moved > 0).mean()) if len(moved) else 1.0
        even = float((moved == np.median(moved)).mean()) if len(moved) else 1.0
        longest = float(np.abs(moved).max()) if len(moved) else 0.0
        age = abs(float(np.median(mine)) - now_us) / (365 * DAY_US) if len(mine) else 100.0
        looks.append(((round(len(mine) / max(1, len(index)), 3), rising + even, -longest, -(age > 3.0)), order))
    (best, order), *others = sorted(looks, key=lambda look: look[0], reverse=True)
    rival = max((look for look, other in others if other != YEAR_FIRST or order == YEAR_FIRST), default=None)
    if rival is None or best[0] > rival[0]:
        return order, False, "no other order gives dates"
    if best[1] > rival[1] + 1e-12:
        return order, False, "only so the steps are even"
    if best[2] < 0 and rival[2] < 5 * best[2]:
        return order, False, "else there would be a gap of weeks"
    if order == YEAR_FIRST or best[3] != rival[3]:
        return order, False, "the other order gives another decade"
    if sample and all(re.match(r"^\D*\d{1,2}\.\s?\d{1,2}\.\s?\d{2,4}", text) for text in sample[:50]):
        return DAY_FIRST, False, "points between them"
    slashes = bool(sample) and all("/" in text for text in sample[:5])
    bare = slashes and any(re.match(r"^\d/\d{1,2}/", text) for text in sample)  # 1/5/2026, as Americans write it
    half_days = bare or (bool((parts.half > 0).any()) and slashes)
    return (MONTH_FIRST if half_days else DAY_FIRST), True, "day first or month first: the dates fit both"


def _hours_again(sample: list[str], us: IntArray, how: str) -> tuple[IntArray, str]:
    """Read 05:10.0 as minutes and seconds: a spreadsheet shows times so, and the hours are lost."""
    if not sample or not all(re.fullmatch(r"\d{1,2}:\d{2}[.,]\d+", text) for text in sample[:50]):
        return us, how
    return us, "minutes and seconds, the hours lost by a spreadsheet"


def _of_numbers(fact: Facts, now_us: int) -> Clock | None:
    finite = fact.finite
    if len(finite) == 0:
        return None
    named = hints_at(fact.name, TIME)
    compact = _compact(fact, named)
    if compact is not None:
        return compact
    rising = len(finite) > 2 and float((np.diff(finite) >= 0).mean()) >= 0.9 and finite[-1] > finite[0]
    if named or (rising and not fact.constant):
        next_year_us = now_us + 2 * 366 * DAY_US
        for what in counters_for(finite, next_year_us):
            if "day" in what.lower() and not _are_days(fact, named):
                continue
            us = counted_moments(fact.values, what)
            return Clock((fact.at,), FULL, us, np.isfinite(fact.values), what, named)
    if (
        (named and not fact.constant and rising)
        or (is_named(fact.name, frozenset({"t"})) and fact.rises)
        or _first_counts(fact)
    ):
        scale = _scale(fact)
        safe = np.where(np.isfinite(fact.values), fact.values, 0.0)
        good = np.isfinite(fact.values) & (np.abs(fact.values * scale) < 3.0e9)
        return Clock(
            (fact.at,),
            COUNT,
            np.rint(np.where(good, safe * scale, 0.0) * SECOND_US).astype(np.int64),
            good,
            "counts from the start",
            named,
        )
    return None


def _first_counts(fact: Facts) -> bool:
    """Tell whether it is the first column and counts in equal steps that are no whole numbers (0.0, 0.1, 0.2)."""
    return fact.at == 0 and fact.counts and not fact.whole


def _scale(fact: Facts) -> float:
    unit = fact.cells.unit.lower().strip("[]() ")
    last = tokens_of(fact.name)[-1:] or [""]
    return UNITS_S.get(unit, UNITS_S.get(last[0], 1.0) if len(tokens_of(fact.name)) > 1 else 1.0)


def _are_days(fact: Facts, named: bool) -> bool:
    """Day numbers have the time behind the point and lie less than a day apart, or are named so and whole."""
    finite = fact.finite
    if len(finite) < 2:
        return False
    steps = np.abs(np.diff(finite))
    return (
        bool((finite % 1).any())
        and float(np.median(steps)) < 0.6
        and (named or bool((np.diff(finite) >= 0).mean() > 0.95))
    ) or named


def _compact(fact: Facts, named: bool) -> Clock | None:
    """Read 20260105 and 20260105101500, which are numbers for a program."""
    if not fact.whole:
        return None
    low, high = float(fact.finite.min()), float(fact.finite.max())
    values = np.where(np.isfinite(fact.values), fact.values, 0).astype(np.int64)
    if low >= 19_700_101 and high <= 21_001_231 and (named or not fact.counts):
        date, clock, kind = values, np.zeros(len(values), np.int64), DATE
    elif low >= 19_700_101_000_000 and high <= 21_001_231_235_959:
        date, rest = values // 1_000_000, values % 1_000_000
        clock, kind = (rest // 10_000) * 3600 + rest // 100 % 100 * 60 + rest % 100, FULL
    elif low >= 197_001_010_000 and high <= 210_012_312_359:
        date, rest = values // 10_000, values % 10_000
        clock, kind = (rest // 100) * 3600 + rest % 100 * 60, FULL
    else:
        return None
    year, month, day = date // 10_000, date // 100 % 100, date % 100
    good = np.isfinite(fact.values) & (month >= 1) & (month <= 12) & (day >= 1) & (day <= 31)
    if good.mean() < 0.99:
        return None
    us = days_from_civil(year, np.where(good, month, 1), np.where(good, day, 1)) * DAY_US + clock * SECOND_US
    return Clock((fact.at,), kind, us, good, "year, month and day written as one number", named)


def _date_and_time(date: Clock, day: Clock, facts: list[Facts]) -> Clock:
    names = " and ".join(facts[at].name for at in (*date.places, *day.places))
    return replace(
        date, places=(*date.places, *day.places), kind=FULL, us=date.us + day.us, good=date.good & day.good,
        how=f"{names} together", named=date.named or day.named, zoned=date.zoned or day.zoned,
    )  # fmt: skip


def _date_and_hour(date: Clock, fact: Facts) -> Clock | None:
    """Join a date with a column of hours (0 to 23, 1 to 24) or of hours and minutes in one number (0 to 2359)."""
    if fact.kind != NUMBERS or not fact.whole or fact.constant or fact.at in date.places:
        return None
    low, high = float(fact.finite.min()), float(fact.finite.max())
    values = np.where(np.isfinite(fact.values), fact.values, 0).astype(np.int64)
    if low >= 0 and high <= 24:
        clock = (values - (low >= 1 and high == 24)) * HOUR_US
    elif low >= 0 and 60 < high <= 2400 and bool((values % 100 < 60).all()):
        clock = values // 100 * HOUR_US + values % 100 * MINUTE_US
    else:
        return None
    us = date.us + clock
    steps = np.diff(us[date.good])
    if len(steps) == 0 or (steps >= 0).mean() < 0.98 or len(np.unique(us)) < 3 * len(np.unique(date.us)):
        return None
    return replace(
        date,
        places=(*date.places, fact.at),
        kind=FULL,
        us=us,
        good=date.good & np.isfinite(fact.values),
        how="a date, and hours beside it",
    )


def _of_parts(facts: list[Facts]) -> list[Clock]:
    """Read year, month, day, hour, minute, second from columns of their own."""
    found: dict[str, Facts] = {}
    ranges = {
        "year": (1970, 2100),
        "month": (1, 12),
        "day": (1, 31),
        "hour": (0, 24),
        "minute": (0, 59),
        "second": (0, 60),
        "doy": (1, 366),
    }
    for part, words in DATE_PARTS.items():
        for fact in facts:
            said = "".join(tokens_of(fact.name))
            if said not in words or fact.kind != NUMBERS or fact in found.values() or part in found:
                continue
            low, high = float(fact.finite.min()), float(fact.finite.max())
            if ranges[part][0] <= low and high <= ranges[part][1]:
                found[part] = fact
    if "year" not in found or not ({"month", "day"} <= set(found) or "doy" in found):
        return []
    n = len(found["year"].values)
    one = {part: np.where(np.isfinite(f.values), f.values, 0.0) for part, f in found.items()}
    good = np.all([np.isfinite(f.values) for f in found.values()], axis=0)
    year = one["year"].astype(np.int64)
    if "doy" in found and "month" not in found:
        days = days_from_civil(year, np.ones(n, np.int64), np.ones(n, np.int64)) + one["doy"].astype(np.int64) - 1
    else:
        days = days_from_civil(
            year, np.maximum(one["month"].astype(np.int64), 1), np.maximum(one["day"].astype(np.int64), 1)
        )
    us = days * DAY_US
    for part, size in (("hour", HOUR_US), ("minute", MINUTE_US), ("second", SECOND_US)):
        if part in one:
            us = us + np.rint(one[part] * size).astype(np.int64)
    places = tuple(f.at for f in found.values())
    return [Clock(places, FULL, us, good, "year, month, day in columns of their own", True)]


def mended(clock: Clock, parted: IntArray, name: str, lines: IntArray, notes: Notes) -> Clock:
    """Return the clock with midnights counted, summer time taken out, and what is strange about it said.

    Parameters
    ----------
    parted
        For each row its machine or sensor: rows of one keep their order.
    """
    if clock.kind == TIME_OF_DAY:
        period = HOUR_US if "hours lost" in clock.how else DAY_US
        clock = replace(clock, us=_unwrapped(clock.us, clock.good, parted, period))
        how = (
            "as of one day and those after it"
            if period == DAY_US
            else "with the hours counted, since a spreadsheet lost them"
        )
        notes.say(FIXED, f"Column {name} holds times of day; they were read {how}.")
    if clock.kind == FULL and not clock.zoned:
        clock = _without_summer_time(clock, parted, lines, notes)
    return clock


def _parts(parted: IntArray) -> list[int]:
    """Return the distinct keys, quickly where there is one."""
    first = int(parted[0]) if len(parted) else 0
    return [first] if bool((parted == first).all()) else np.unique(parted).tolist()


def _unwrapped(us: IntArray, good: BoolArray, parted: IntArray, period: int) -> IntArray:
    found = us.copy()
    for part in _parts(parted):
        mine = np.flatnonzero((parted == part) & good)
        turns = np.cumsum(np.diff(us[mine], prepend=us[mine][:1]) < -period // 2)
        found[mine] += turns * period
    return found


def _without_summer_time(clock: Clock, parted: IntArray, lines: IntArray, notes: Notes) -> Clock:
    """Name the hour that comes twice in autumn or is missing in spring, and let the clock go on evenly."""
    us, said = clock.us.copy(), False
    parts = _parts(parted)
    for part in parts if len(parts) <= 1000 else []:
        mine = np.flatnonzero((parted == part) & clock.good)
        steps = np.diff(clock.us[mine])
        moved = steps[steps > 0]
        if len(moved) < 8:
            continue
        step = int(np.median(moved))
        back = np.flatnonzero((steps < 0) & (steps >= -HOUR_US) & (np.abs(steps + HOUR_US - step) <= 0.5 * step))
        if step < HOUR_US and len(back) == 1 and (steps < 0).sum() == 1:
            us[mine[back[0] + 1 :]] += HOUR_US
            if not said:
                at = int(lines[mine[back[0] + 1]])
                notes.say(
                    FIXED,
                    f"The clock went back one hour at line {at} (summer time?); the order of the rows was kept.",
                    (at,),
                )
            said = True
        on = np.flatnonzero(np.abs(steps - HOUR_US - step) <= 0.1 * step) if step < HOUR_US else np.zeros(0, int)
        if len(on) == 1 and (steps < 0).sum() == 0 and _spring(int(clock.us[mine[on[0] + 1]])):
            us[mine[on[0] + 1 :]] -= HOUR_US
            if not said:
                at = int(lines[mine[on[0] + 1]])
                notes.say(
                    FIXED,
                    f"The clock went on one hour at line {at} (summer time?); no reading is missing there.",
                    (at,),
                )
            said = True
    return replace(clock, us=us)


def _spring(us: int) -> bool:
    """Tell whether it is a Sunday in March, April, September or October, soon after midnight: when clocks go on."""
    moment = np.datetime64(us, "us").astype(object)
    return moment.weekday() == 6 and moment.month in (3, 4, 9, 10) and moment.hour <= 4


def tell(clock: Clock | None, name: str, now_us: int, notes: Notes, others: tuple[str, ...], lines: IntArray) -> None:
    """Say which clock was taken, how it is read, and what is strange about it."""
    if clock is None:
        notes.say(FIXED, "No column holds times; rows are taken as one second apart.")
        notes.decide("clock", "clock", "none", "no column holds times that rise", 0.8, others, "--time")
        return
    sure = 0.6 if clock.ambiguous else 0.95
    notes.decide("clock", "clock", name, f"the most distinct, rising, even times ({clock.how})", sure, others, "--time")
    if clock.kind == COUNT:
        notes.say(FIXED, f"{name} counts; it is read as seconds from the start.")
    elif ("since" in clock.how and "1970" not in clock.how) or ("day" in clock.how and "number" in clock.how):
        notes.say(FIXED, f"{name} holds {clock.how}; they were converted.")
    elif clock.how == "a date, and hours beside it" or "together" in clock.how:
        notes.say(FIXED, f"Date and time of day are read together ({clock.how.removesuffix(' together')}).")
    if clock.ambiguous:
        notes.say(CHOOSE, f"Dates in {name} can be read day first or month first; choose which.")
        notes.decide(
            "clock", "order of dates", "day first", "the dates fit both orders", 0.5, ("month first",), "--day-first"
        )
    elif clock.day_first is not None:
        order = "day" if clock.day_first else "month"
        notes.say(FIXED, f"Dates in {name} are written {order} first.")
        notes.decide("clock", "order of dates", f"{order} first", clock.how, 0.95, flag="--day-first")
    bad = np.flatnonzero(~clock.good)
    if len(bad):
        text = f"{len(bad):,} rows have no readable time in {name}; they are left out."
        notes.say(CANNOT_USE, text, tuple(lines[bad[:5]].tolist()))
    if clock.kind == FULL and clock.good.any():
        _tell_years(clock, name, now_us, notes)


def _tell_years(clock: Clock, name: str, now_us: int, notes: Notes) -> None:
    times = clock.us[clock.good]
    first, last = (str(np.datetime64(int(us), "us"))[:4] for us in (times.min(), times.max()))
    if times.min() < 0:
        notes.say(CHOOSE, f"Times in {name} begin in {first}, before 1970; check them, or choose another clock.")
    if times.max() > now_us + 366 * DAY_US:
        notes.say(CHOOSE, f"Times in {name} end in {last}, which is yet to come; check them, or choose another clock.")
