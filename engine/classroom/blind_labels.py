"""Truth for real data that has none: two people label blind, a third one settles where they differ.

What only one of them saw and the third does not settle is ambiguous: don't-care time when work is graded.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

from engine.classroom.key import AnswerKey
from engine.metrics.intervals import Zone
from engine.records import SECOND_US, Label, TruthEvent

Status = Literal["agreed", "adjudicated", "ambiguous", "open"]
Verdict = Literal["right", "wrong", "ambiguous"]


@dataclass(frozen=True)
class Judged:
    """One interval with what the people said: `by` holds who marked it."""

    label: Label
    status: Status
    by: tuple[str, ...]


def compared(first: Sequence[Label], second: Sequence[Label], tolerance_s: float = 0.0) -> list[Judged]:
    """Return the intervals of both people: agreed where they overlap (or nearly do), open where only one saw one.

    An agreed interval runs from the mean start to the mean end of the two.
    """
    left, found = list(second), list[Judged]()
    for one in first:
        other = next((x for x in left if _meet(one, x, tolerance_s)), None)
        if other is None:
            found.append(Judged(one, "open", ("first",)))
            continue
        left.remove(other)
        start, end = (one.start_us + other.start_us) // 2, (one.end_us + other.end_us) // 2
        fault = one.fault if one.fault == other.fault else ""
        found.append(Judged(replace(one, start_us=start, end_us=end, fault=fault), "agreed", ("first", "second")))
    found += [Judged(x, "open", ("second",)) for x in left]
    return sorted(found, key=lambda j: (j.label.machine, j.label.start_us))


def settled(judged: Sequence[Judged], verdicts: dict[int, Verdict]) -> list[Judged]:
    """Return the intervals after the third person: right ones are kept, wrong ones go, the rest is ambiguous.

    `verdicts` is by position in `judged`; open ones without a verdict become ambiguous.
    """
    found = []
    for at, one in enumerate(judged):
        verdict = verdicts.get(at, "right" if one.status == "agreed" else "ambiguous")
        if verdict == "right":
            found.append(one if one.status == "agreed" else replace(one, status="adjudicated"))
        elif verdict == "ambiguous":
            found.append(replace(one, status="ambiguous"))
    return found


def key_from(judged: Sequence[Judged], machines: tuple[str, ...], start_us: int, end_us: int) -> AnswerKey:
    """Return an answer key: agreed and adjudicated intervals are events, ambiguous ones don't-care time.

    Raises
    ------
    ValueError
        When an interval is still open.
    """
    if any(one.status == "open" for one in judged):
        raise ValueError("judged must be settled first; some intervals are still open.")
    events = tuple(
        TruthEvent(x.machine, x.fault, x.sensors, 1.0, x.start_us, x.start_us, x.end_us)
        for x in (one.label for one in judged if one.status != "ambiguous")
    )
    zones = tuple(
        Zone(one.label.machine, one.label.start_us, one.label.end_us, "ambiguous")
        for one in judged
        if one.status == "ambiguous"
    )
    return AnswerKey(start_us, end_us, machines, events, zones)


def _meet(one: Label, other: Label, tolerance_s: float) -> bool:
    gap = max(one.start_us, other.start_us) - min(one.end_us, other.end_us)
    return one.machine == other.machine and gap < max(1, round(tolerance_s * SECOND_US))
