"""Which mark belongs to which event of an answer key, and what becomes of the others."""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from engine.classroom.key import AnswerKey, counted_from, ignored_spans
from engine.metrics import intervals
from engine.records import SECOND_US, Label

if TYPE_CHECKING:
    from collections.abc import Sequence

IGNORED_SHARE = 0.5  # a mark with at least this share of its time in don't-care zones is neither right nor wrong
DIGITS = 9
Fate = Literal["found", "duplicate", "false", "ignored", "partly", "early"]


@dataclass(frozen=True)
class Match:
    """One event found by one mark; `delay_s` counts from the first detectable moment, below 0 = early."""

    event: int
    mark: int
    tiou: float
    delay_s: float


@dataclass(frozen=True)
class Matching:
    """All matches, and the fate of every mark in the order of the marks."""

    matches: tuple[Match, ...]
    fates: tuple[Fate, ...]

    def count(self, fate: Fate) -> int:
        return self.fates.count(fate)


def match_intervals(key: AnswerKey, marks: Sequence[Label], tolerance_s: float) -> Matching:
    """Match labels to events: overlap outside don't-care time, or a start within the tolerance before the event."""
    known, at = _on_known_machines(key, marks)
    raw = intervals.match_intervals(key.events, known, zones=key.zones, tolerance_s=tolerance_s)
    found = [
        Match(p.truth, at[p.label], round(p.tiou, DIGITS), _delay_s(key, p.truth, known[p.label])) for p in raw.pairs
    ]
    fates: list[Fate] = ["ignored"] * len(marks)
    for i in raw.duplicates:
        fates[at[i]] = "duplicate"
    for i in raw.false:
        fates[at[i]] = "ignored" if _share_ignored(key, known[i]) >= IGNORED_SHARE else "false"
    for match in found:
        fates[match.mark] = "found"
    return Matching(tuple(found), tuple(fates))


def match_alarms(key: AnswerKey, marks: Sequence[Label], tolerance_s: float) -> Matching:
    """Match alarms to events by where they start; each event takes its earliest alarm, so a latched one earns nothing.

    A second alarm in an event is a duplicate (a matter of load, not of truth); one that starts in don't-care time is
    ignored.
    """
    fates: list[Fate] = ["ignored"] * len(marks)
    found: list[Match] = []
    for machine in key.machines:
        idle = ignored_spans(key, machine)
        order = sorted((mark.start_us, i) for i, mark in enumerate(marks) if mark.machine == machine)
        for start, i in order:
            fates[i] = "ignored" if any(a <= start < b for a, b in idle) else "false"
        owed = [i for i in key.owed if key.events[i].machine == machine]
        for event in sorted(owed, key=lambda i: counted_from(key.events[i]) or 0):
            found += _first_alarm(key, event, order, marks, tolerance_s, fates)
    return Matching(tuple(sorted(found, key=lambda m: m.event)), tuple(fates))


def _first_alarm(
    key: AnswerKey,
    event: int,
    order: list[tuple[int, int]],
    marks: Sequence[Label],
    tolerance_s: float,
    fates: list[Fate],
) -> list[Match]:
    """The earliest alarm of the event that no other event has; the others of its span become duplicates."""
    truth = key.events[event]
    begins = counted_from(truth) or 0
    low = bisect_left(order, (begins - int(tolerance_s * SECOND_US), -1))
    inside = [i for _, i in order[low : bisect_right(order, (truth.end_us - 1, len(marks)))]]
    first = next((i for i in inside if fates[i] != "found"), None)
    for i in inside:
        fates[i] = "found" if i == first or fates[i] == "found" else "duplicate"
    if first is None:
        return []
    return [Match(event, first, round(intervals.tiou(truth, marks[first]), DIGITS), _delay_s(key, event, marks[first]))]


def _on_known_machines(key: AnswerKey, marks: Sequence[Label]) -> tuple[list[Label], list[int]]:
    machines = set(key.machines)
    at = [i for i, mark in enumerate(marks) if mark.machine in machines]
    return [marks[i] for i in at], at


def _delay_s(key: AnswerKey, event: int, mark: Label) -> float:
    return (mark.start_us - (counted_from(key.events[event]) or 0)) / SECOND_US


def _share_ignored(key: AnswerKey, mark: Label) -> float:
    """Share of the mark that lies in don't-care time."""
    length, covered, reached = mark.end_us - mark.start_us, 0, mark.start_us
    for start, end in sorted(ignored_spans(key, mark.machine)):
        start, end = max(start, reached), min(end, mark.end_us)
        if end > start:
            covered, reached = covered + end - start, end
    return covered / length if length > 0 else 0.0
