"""Texts and numbers as moments: the fields of a date and a clock are taken out by pattern, then put together.

Nothing is cast by a library that guesses: `CAST('11:40:00 PM' AS TIME)` is 11:40 in the morning for DuckDB.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.reading.calendar_words import EVENING, FILLERS, MONTH_FORMS, MORNING, WEEKDAY_FORMS, ZONES
from engine.records import DAY_US, HOUR_US, MINUTE_US, SECOND_US

if TYPE_CHECKING:
    from engine.records import BoolArray, FloatArray, IntArray

DAY_FIRST, MONTH_FIRST, YEAR_FIRST = "day first", "month first", "year first"
FULL, DATE, CLOCK = "date and time", "date", "time of day"
ISO = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d{1,6})?$"
ISO_ZONE = r"^\d{4}-\d{2}-\d{2}[T ]\d{2}:\d{2}:\d{2}(\.\d{1,9})?(Z|[+-]\d{2}:?\d{2})$"
TIME = r"(?P<h>\d{1,2})(?:\s?[:.h時시点]\s?(?P<mi>\d{2})(?:\s?[:.m分분]\s?(?P<s>\d{2})(?:[.,:](?P<f>\d{1,9}))?)?)?\s?[s秒초時点시h]?"  # noqa: E501
STRICT_TIME = (
    r"(?P<h>\d{1,2})\s?[:h時시点]\s?(?P<mi>\d{2})(?:\s?[:m分분]\s?(?P<s>\d{2})(?:[.,:](?P<f>\d{1,9}))?)?\s?[s秒초分분]?"
)
GAP = r"[\st_,;:]*(?:\s-\s)?"
DATES = (
    (YEAR_FIRST, r"(?P<y>\d{4})\s?[-/.年년]\s?m?(?P<m>\d{1,2})(?:\s?[-/.月월]\s?(?P<d>\d{1,2})\.?\s?[日일]?)"),
    (
        "named",
        r"(?P<d>\d{1,2})(?:\.|st|nd|rd|th|er)?[-/\s]*(?:de\s)?m(?P<m>\d{2})[.,]?[-/,\s]*(?:de\s)?'?(?P<y>\d{4}|\d{2})",
    ),
    ("named", r"m(?P<m>\d{2})\.?[-\s]*(?P<d>\d{1,2})(?:st|nd|rd|th)?[-,\s]+'?(?P<y>\d{4}|\d{2})"),
    ("", r"(?P<a>\d{1,2})[-/.]\s?(?P<b>\d{1,2})[-/.]\s?'?(?P<c>\d{4}|\d{2})"),
    (YEAR_FIRST, r"(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})"),
)
CTIME = rf"^m(?P<m>\d{{2}})\s+(?P<d>\d{{1,2}})\s+{TIME}\s+(?P<y>\d{{4}})$"
COMPACT = (
    r"^(?P<y>\d{4})(?P<m>\d{2})(?P<d>\d{2})[t_\-\s]?(?P<h>\d{2})(?P<mi>\d{2})(?:(?P<s>\d{2})(?:[.,](?P<f>\d{1,9}))?)?$"
)
FIELDS = ("y", "m", "d", "a", "b", "c", "h", "mi", "s", "f")
DAYS_IN_MONTH = np.array([0, 31, 29, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31])


@dataclass
class Parts:
    """The fields of each text, int64 (n,), −1 = none; `named` marks dates whose order their words tell."""

    fields: dict[str, IntArray]
    offset_min: IntArray  # minutes east of Greenwich; NO_ZONE = not said
    half: IntArray  # 0 = no half day said, 1 = morning, 2 = evening
    year_first: BoolArray

    @property
    def has_date(self) -> BoolArray:
        return (self.fields["y"] >= 0) | (self.fields["c"] >= 0)

    @property
    def has_clock(self) -> BoolArray:
        return (self.fields["h"] >= 0) | (self.fields["s"] >= 0)

    @property
    def ambiguous(self) -> BoolArray:
        """Return which dates are two numbers and a year, so that their order is not told."""
        return self.fields["c"] >= 0


NO_ZONE = -10_000


def iso_moments(texts: pa.ChunkedArray) -> IntArray | None:
    """Return microseconds where all texts are plain ISO 8601, the commonest and fastest case; else None."""
    for pattern, kind in ((ISO, pa.timestamp("us")), (ISO_ZONE, pa.timestamp("ns", "UTC"))):
        if pc.all(pc.match_substring_regex(texts, pattern)).as_py():
            try:
                return np.asarray(
                    pc.cast(pc.cast(texts, kind), pa.timestamp("us", kind.tz), safe=False).cast(pa.int64())
                )
            except pa.ArrowInvalid:
                return None
    return None


def parts_of(texts: pa.Array) -> Parts:
    """Take the fields out of texts; what fits no pattern has none."""
    n = len(texts)
    text = pc.utf8_lower(pc.utf8_trim_whitespace(texts))
    text = pc.replace_substring_regex(text, r"[\x{00a0}\x{202f}\x{2009}\x{200e}\x{200f}]", " ")
    text = pc.replace_substring_regex(text, r"\[[^\]]*\]$", "")
    text, half = _half_days(text)
    text, offset = _offsets(text)
    text = _words_out(text)
    fields = {name: np.full(n, -1, np.int64) for name in FIELDS}
    year_first = np.zeros(n, bool)
    left = np.ones(n, bool)
    patterns = [
        (YEAR_FIRST, COMPACT), ("named", CTIME),
        *((kind, rf"^{date}(?:{GAP}{TIME})?$") for kind, date in DATES),
        *((kind, rf"^{STRICT_TIME}{GAP}{date}$") for kind, date in DATES[:4]),
        ("", rf"^{STRICT_TIME}$"),
        ("", r"^(?P<mi>\d{1,2}):(?P<s>\d{2})[.,]\d+$"),
    ]  # fmt: skip
    for kind, pattern in patterns:
        if not left.any():
            break
        mine = left & np.asarray(pc.match_substring_regex(text, pattern).fill_null(False))
        if mine.any():
            _take(fields, text, pattern, mine)
            year_first |= mine & (kind == YEAR_FIRST)
            left &= ~mine
    return Parts(fields, offset, half, year_first)


def _half_days(text: pa.Array) -> tuple[pa.Array, IntArray]:
    half = np.zeros(len(text), np.int64)
    for value, words in ((1, MORNING), (2, EVENING)):
        pattern = rf"(^|[\s\d,])({words})($|[\s,\d])"
        mask = np.asarray(pc.match_substring_regex(text, pattern).fill_null(False))
        if mask.any():
            half[mask] = value
            text = pc.utf8_trim_whitespace(pc.replace_substring_regex(text, pattern, r"\1 \3"))
    return text, half


def _offsets(text: pa.Array) -> tuple[pa.Array, IntArray]:
    """Take zones out: an offset behind the time, or a word such as CEST anywhere."""
    offset = np.full(len(text), NO_ZONE, np.int64)
    words = "|".join(sorted(ZONES, key=len, reverse=True))
    pattern = rf"(^|[\s\d(])({words})(\)?)($|[\s+\-])"
    mask = np.asarray(pc.match_substring_regex(text, pattern).fill_null(False))
    if mask.any():
        found = pc.struct_field(pc.extract_regex(text, rf"(?:^|[\s\d(])(?P<z>{words})\)?(?:$|[\s+\-])"), [0])
        offset[mask] = [ZONES[word] for word in found.filter(pa.array(mask)).to_pylist()]
        text = pc.replace_substring_regex(text, pattern, r"\1 \4")
        text = pc.utf8_trim_whitespace(pc.replace_substring_regex(text, r"\s+", " "))
    behind = r"(:\d{2}(?:[.,]\d+)?)\s?\(?([+-])(\d{1,2}):?(\d{2})?\)?$"
    mask = np.asarray(pc.match_substring_regex(text, behind).fill_null(False))
    if mask.any():
        got = pc.extract_regex(text, behind.replace(r"([+-])", r"(?P<sg>[+-])").replace(r"(\d{1,2})", r"(?P<h>\d{1,2})")
                               .replace(r"(\d{2})?\)", r"(?P<m>\d{2})?\)").replace(r"(:\d{2}(", r"(?P<t>:\d{2}("))  # fmt: skip  # noqa: E501
        got = got.filter(pa.array(mask))
        hours = np.array([int(h) for h in pc.struct_field(got, "h").to_pylist()])
        minutes = np.array([int(m or 0) for m in pc.struct_field(got, "m").to_pylist()])
        sign = np.array([-1 if s == "-" else 1 for s in pc.struct_field(got, "sg").to_pylist()])
        offset[mask] = sign * (60 * hours + minutes)
        text = pc.replace_substring_regex(text, behind, r"\1")
    return text, offset


def _words_out(text: pa.Array) -> pa.Array:
    """Take weekdays and such words out, and write a month's name as m01 to m12."""
    if not pc.any(pc.match_substring_regex(text, r"\p{L}{2}|年|月")).as_py():
        return text
    text = pc.replace_substring_regex(text, rf"(^|[\s,\d(])({WEEKDAY_FORMS})\.?\)?,?($|[\s,])", r"\1 ")
    text = pc.replace_substring_regex(text, rf"(^|[\s\d])({FILLERS})($|[\s])", r"\1 ")
    for at, forms in enumerate(MONTH_FORMS, start=1):
        pattern = rf"(^|[^\p{{L}}])({forms})($|[^\p{{L}}])"
        if pc.any(pc.match_substring_regex(text, pattern)).as_py():
            text = pc.replace_substring_regex(text, pattern, rf"\1m{at:02d}\3")
    return pc.utf8_trim_whitespace(pc.replace_substring_regex(text, r"\s+", " "))


def _take(fields: dict[str, IntArray], text: pa.Array, pattern: str, mine: BoolArray) -> None:
    got = pc.extract_regex(text.filter(pa.array(mine)), pattern)
    for at in range(got.type.num_fields):
        name = got.type.field(at).name
        found = pc.struct_field(got, name)
        if name == "f":
            found = pc.utf8_slice_codeunits(pc.utf8_rpad(found, 6, "0"), 0, 6)
            found = pc.if_else(pc.match_substring_regex(pc.struct_field(got, name), r"\d"), found, "")
        number = pc.if_else(pc.equal(found, ""), None, found).cast(pa.int64())
        fields[name][mine] = np.asarray(number.fill_null(-1))


def moments_of(parts: Parts, order: str) -> tuple[IntArray, BoolArray]:
    """Return microseconds and which are good, dates in two numbers and a year read in that order.

    A time of day alone counts from the first of January 1970; a year of two digits lies from 1970 to 2069.
    """
    f = parts.fields
    a, b, c = f["a"], f["b"], f["c"]
    y, m, d = {DAY_FIRST: (c, b, a), MONTH_FIRST: (c, a, b), YEAR_FIRST: (a, b, c)}[order]
    loose = parts.ambiguous
    year, month, day = (np.where(loose, one, f[name]) for one, name in ((y, "y"), (m, "m"), (d, "d")))
    year = np.where((year >= 0) & (year < 70), year + 2000, np.where((year >= 70) & (year < 100), year + 1900, year))
    dated = parts.has_date
    year, month, day = (np.where(dated, one, first) for one, first in ((year, 1970), (month, 1), (day, 1)))
    good = (dated | parts.has_clock) & (year >= 1) & (year <= 9999) & (month >= 1) & (month <= 12) & (day >= 1)
    month = np.where(good, month, 1)
    good &= day <= DAYS_IN_MONTH[month]
    leap = (year % 4 == 0) & ((year % 100 != 0) | (year % 400 == 0))
    good &= ~((month == 2) & (day == 29) & ~leap)
    clock, clock_good = _clock_us(parts)
    us = days_from_civil(np.where(good, year, 1970), month, np.where(good, day, 1)) * DAY_US + clock
    zone = np.where(parts.offset_min == NO_ZONE, 0, parts.offset_min)
    return us - zone * MINUTE_US, good & clock_good


def _clock_us(parts: Parts) -> tuple[IntArray, BoolArray]:
    f = parts.fields
    hour, minute, second, fraction = (np.maximum(f[name], 0) for name in ("h", "mi", "s", "f"))
    good = (hour <= 24) & (minute <= 59) & (second <= 60) & ((parts.half == 0) | (hour <= 12) | (hour > 12))
    hour = np.where((parts.half > 0) & (hour <= 12), hour % 12 + 12 * (parts.half == 2), hour)
    return hour * HOUR_US + minute * MINUTE_US + second * SECOND_US + fraction, good


def days_from_civil(year: IntArray, month: IntArray, day: IntArray) -> IntArray:
    """Return days since 1970-01-01 of dates of the Gregorian calendar, int64.

    References
    ----------
    Hinnant, H. (2013). chrono-compatible low-level date algorithms (days_from_civil).
    """
    y = year - (month <= 2)
    era = y // 400
    of_era = y - era * 400
    of_year = (153 * (month + np.where(month > 2, -3, 9)) + 2) // 5 + day - 1
    return np.asarray(era * 146_097 + of_era * 365 + of_era // 4 - of_era // 100 + of_year - 719_468, dtype=np.int64)


# Numbers that count time: what, first and last value of the years 1990 to 2100, zero point in seconds since 1970, and
# microseconds of one.
SPAN_S = (631_152_000.0, 4_102_444_800.0)
COUNTERS = (
    ("seconds since 1970", 0.0, 1e6), ("milliseconds since 1970", 0.0, 1e3), ("microseconds since 1970", 0.0, 1.0),
    ("nanoseconds since 1970", 0.0, 1e-3), ("seconds since 1904", -2_082_844_800.0, 1e6),
    ("milliseconds since 1904", -2_082_844_800.0, 1e3), ("a spreadsheet's day numbers", -2_209_161_600.0, 86_400e6),
    ("days since 1904", -2_082_844_800.0, 86_400e6), ("Matlab's day numbers", -62_167_219_200.0 - 86_400.0, 86_400e6),
    ("Julian days", -210_866_760_000.0, 86_400e6), ("Windows file times", -11_644_473_600.0, 0.1),
    (".NET ticks", -62_135_596_800.0, 0.1), ("a spreadsheet's day numbers times a million", -2_209_161_600.0, 86_400.0),
    ("seconds since 1900", -2_208_988_800.0, 1e6),
)  # fmt: skip


def counted_moments(numbers: FloatArray, what: str) -> IntArray:
    """Return microseconds since 1970 of numbers that count as COUNTERS says; not finite becomes 0."""
    zero, unit = next((zero, unit) for name, zero, unit in COUNTERS if name == what)
    safe = np.where(np.isfinite(numbers), numbers, 0.0)
    if unit == 1e6 or unit >= 86_400e5:  # kept to the millisecond: days in floats are no finer
        whole = np.floor(safe)
        us = whole.astype(np.int64) * int(unit) + np.rint((safe - whole) * unit / 1e3).astype(np.int64) * 1000
        return us + int(zero * 1e6)
    return np.rint(safe * unit).astype(np.int64) + int(zero * 1e6)


def counters_for(numbers: FloatArray, next_year_us: int) -> list[str]:
    """Return which counters put the typical number between 1990 and the end of next year, the likeliest first."""
    finite = numbers[np.isfinite(numbers)]
    if len(finite) == 0:
        return []
    typical = float(np.median(finite))
    found = []
    for name, zero, unit in COUNTERS:
        seconds = typical * unit / 1e6 + zero
        if SPAN_S[0] <= seconds < next_year_us / 1e6:
            found.append(name)
    return found
