"""How heavy the alarms weigh on the person who answers them, against the limits of the standard.

References
----------
ANSI/ISA-18.2-2016, clause 16 (monitoring and assessment) and its table of recommended figures: about 150 alarms a day
and 6 an hour are very likely acceptable, 10 in ten minutes are the limit of a flood, under 1 % of ten-minute spans
above it, the ten most frequent alarms under 5 % of all, none chattering (three times in a minute), fewer than five
standing for more than a day.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.records import DAY_US, MINUTE_US

if TYPE_CHECKING:
    from engine.alarming.records import Alarm

SPAN_US = 10 * MINUTE_US
FLOOD = 10  # alarms in ten minutes
MOST_A_DAY = 150.0
MOST_FLOODED = 0.01  # share of ten-minute spans
MOST_TOP_TEN = 0.05  # share of all alarms
CHATTER_TIMES, CHATTER_US = 3, MINUTE_US
STALE_US, MOST_STALE = DAY_US, 5


@dataclass(frozen=True)
class Offender:
    """A machine and detector with the number of its alarms, reopenings counted, and its share of all."""

    machine: str
    detector: str
    alarms: int
    share: float


@dataclass(frozen=True)
class AlarmLoad:
    """The figures of a span, with the limit that each is held against.

    Parameters
    ----------
    alarms
        Alarms raised in the span; reopenings are not alarms of their own.
    per_ten_minutes
        Alarms in each ten minutes, aligned to the clock, the oldest first.
    flooded
        Share of ten-minute spans with more than ten alarms.
    chattering
        Machine and detector pairs raised three times within a minute, reopenings counted.
    stale
        Alarms standing for more than a day.
    """

    start_us: int
    end_us: int
    alarms: int
    per_day: float
    per_ten_minutes: tuple[int, ...]
    worst_ten_minutes: int
    flooded: float
    top: tuple[Offender, ...]
    top_ten_share: float
    chattering: tuple[tuple[str, str], ...]
    standing: int
    stale: int
    suppressed: int = 0

    def verdicts(self) -> dict[str, bool]:
        """Return for each figure whether it is within the standard's limit."""
        return {
            "per_day": self.per_day <= MOST_A_DAY,
            "worst_ten_minutes": self.worst_ten_minutes <= FLOOD,
            "flooded": self.flooded <= MOST_FLOODED,
            "top_ten_share": self.top_ten_share <= MOST_TOP_TEN or self.alarms <= FLOOD,
            "chattering": not self.chattering,
            "stale": self.stale < MOST_STALE,
        }


def alarm_load(alarms: Sequence[Alarm], start_us: int, end_us: int, suppressed: int = 0) -> AlarmLoad:
    """Return the figures of the alarms raised in start ≤ t < end.

    Raises
    ------
    ValueError
        When the span is empty.
    """
    if end_us <= start_us:
        raise ValueError(f"end_us ({end_us}) must be after start_us ({start_us}).")
    mine = [alarm for alarm in alarms if start_us <= alarm.start_us < end_us]
    counts = _per_span(mine, start_us, end_us)
    times = Counter[tuple[str, str]]()
    for alarm in mine:
        times[(alarm.machine, alarm.detector)] += 1 + alarm.reopened
    total = sum(times.values())
    top = tuple(Offender(*pair, n, n / total) for pair, n in sorted(times.items(), key=lambda x: (-x[1], x[0]))[:10])
    return AlarmLoad(
        start_us=start_us,
        end_us=end_us,
        alarms=len(mine),
        per_day=len(mine) * DAY_US / (end_us - start_us),
        per_ten_minutes=tuple(counts),
        worst_ten_minutes=max(counts),
        flooded=sum(count > FLOOD for count in counts) / len(counts),
        top=top,
        top_ten_share=sum(offender.share for offender in top),
        chattering=_chattering(mine),
        standing=sum(alarm.stands for alarm in alarms),
        stale=sum(alarm.stands and end_us - alarm.start_us > STALE_US for alarm in alarms),
        suppressed=suppressed,
    )


def _per_span(alarms: Sequence[Alarm], start_us: int, end_us: int) -> list[int]:
    first, last = start_us // SPAN_US, (end_us - 1) // SPAN_US
    places = np.array([alarm.start_us // SPAN_US - first for alarm in alarms], dtype=np.int64)
    found: list[int] = np.bincount(places, minlength=last - first + 1).tolist()
    return found


def _chattering(alarms: Sequence[Alarm]) -> tuple[tuple[str, str], ...]:
    """Return the pairs that were raised three times in a minute; an alarm reopened so often in a minute counts too."""
    raised: dict[tuple[str, str], list[int]] = {}
    found = set()
    for alarm in alarms:
        pair = (alarm.machine, alarm.detector)
        raised.setdefault(pair, []).append(alarm.start_us)
        length = (alarm.end_us or alarm.start_us) - alarm.start_us
        if alarm.reopened + 1 >= CHATTER_TIMES and 0 < length <= CHATTER_US * (alarm.reopened + 1) / CHATTER_TIMES:
            found.add(pair)
    for pair, starts in raised.items():
        order = np.sort(np.array(starts, dtype=np.int64))
        if len(order) >= CHATTER_TIMES and (order[CHATTER_TIMES - 1 :] - order[: 1 - CHATTER_TIMES]).min() < CHATTER_US:
            found.add(pair)
    return tuple(sorted(found))
