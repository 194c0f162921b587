"""What a student may see of a result: counts while open, the timeline afterwards; two types, so none slips through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.classroom.grade import Grade, Line
from engine.classroom.key import AnswerKey, counted_from
from engine.classroom.losses import Loss, losses_of
from engine.records import HOUR_US, MAINTENANCE, MINUTE_US, Label

if TYPE_CHECKING:
    from engine.classroom.grading import Result
    from engine.records import Block

NIGHT_HOURS = (22, 6)
LATE_S = 900.0


@dataclass(frozen=True)
class Counts:
    """The result in numbers; holds nothing that says where or when an event was."""

    title: str
    handle: str
    variant: str
    attempt: int
    submission: str
    points: float | None
    out_of: float
    percent: float
    lines: tuple[Line, ...] = ()
    comments: tuple[tuple[str, str], ...] = ()
    found: int | None = None
    of: int | None = None
    false: int | None = None
    duplicates: int | None = None
    versions: str = ""
    notes: tuple[str, ...] = ()
    pending: bool = False  # the newest work is being graded


@dataclass(frozen=True)
class EventLine:
    """One event as the report shows it."""

    machine: str
    fault: str
    start_us: int
    detectable_us: int
    end_us: int
    found: bool
    delay_s: float | None
    tiou: float | None
    said: str


@dataclass(frozen=True)
class FalseLine:
    """One interval that met no event, with what the student may have seen there."""

    machine: str
    start_us: int
    end_us: int
    kind: str
    seen: str


@dataclass(frozen=True)
class Report:
    """The whole feedback after the deadline: counts, events, false intervals, baselines, next step."""

    counts: Counts
    start_us: int
    end_us: int
    machines: tuple[str, ...]
    marks: tuple[Label, ...]
    events: tuple[EventLine, ...]
    false: tuple[FalseLine, ...]
    baselines: tuple[tuple[str, float], ...]
    next_steps: tuple[str, ...]
    losses: tuple[Loss, ...] = ()


def counts_of(
    result: Result, title: str, variant: str, level: str, key: AnswerKey | None, notes: Sequence[str]
) -> Counts:
    """Return the counts at a feedback level ("nothing", "score_only", "counts" or above)."""
    grade, shown = result.grade, level != "nothing"
    common = {"title": title, "handle": result.person.handle, "variant": variant, "attempt": result.attempt}
    counts = Counts(
        **common,  # type: ignore[arg-type]
        submission=result.submission,
        points=result.points if shown else None,
        out_of=result.out_of,
        percent=result.percent,
        notes=tuple(notes),
        pending=result.status == "pending",
    )
    if grade is None or level in ("nothing", "score_only"):
        return counts
    return Counts(
        **{
            **counts.__dict__,
            "lines": grade.lines,
            "comments": tuple((mark.line, mark.comment) for mark in result.marks if mark.comment),
            "found": len(grade.matches),
            "of": None if key is None else len(key.owed),
            "false": grade.fates.count("false"),
            "duplicates": grade.fates.count("duplicate"),
            "versions": f"truth v{grade.truth_version}, {grade.rubric} v{grade.rubric_version}, "
            f"scorer v{grade.scorer_version}",
        }
    )


def report_of(
    counts: Counts,
    grade: Grade,
    key: AnswerKey,
    marks: tuple[Label, ...],
    block: Block | None = None,
    baselines: Sequence[tuple[str, float]] = (),
) -> Report:
    """Return the whole report; only to be shown when the assignment's phase allows the timeline."""
    met = {match.event: match for match in grade.matches}
    events = []
    for at in key.judged:
        event, match = key.events[at], met.get(at)
        said = marks[match.mark].fault if match else ""
        delay, tiou = (match.delay_s, match.tiou) if match else (None, None)
        begins = counted_from(event) or event.onset_us
        line = (event.machine, event.fault, event.onset_us, begins, event.end_us)
        events.append(EventLine(*line, match is not None, delay, tiou, said))
    wrong = tuple(
        FalseLine(mark.machine, mark.start_us, mark.end_us, fate, seen_at(block, mark))
        for mark, fate in zip(marks, grade.fates, strict=True)
        if fate in ("false", "duplicate", "partly", "early")
    )
    steps = tuple(next_steps(events, wrong))
    span = (key.start_us, key.end_us, key.machines)
    lost = tuple(losses_of(grade))
    return Report(counts, *span, marks, tuple(events), wrong, tuple(baselines), steps, lost)


def seen_at(block: Block | None, mark: Label) -> str:
    """Return what stands out in the readings under a false interval: maintenance, or the strangest sensor."""
    if block is None or mark.machine not in block.machines:
        return ""
    inside = (block.times_us >= mark.start_us) & (block.times_us < mark.end_us)
    if not inside.any():
        return "no reading lies in it"
    one = block.machine(mark.machine)
    if (one.status[inside] == MAINTENANCE).any():
        return "the machine was in maintenance"
    values = one.values[:, 0, :]
    middle = np.nanmedian(values, axis=0)
    spread = np.nanmedian(np.abs(values - middle), axis=0) * 1.4826  # MAD to σ of a normal distribution
    z = np.divide(values[inside] - middle, spread, out=np.zeros_like(values[inside]), where=spread > 0)
    z = np.where(np.isnan(z), 0.0, z)
    sensor = int(np.abs(z).max(axis=0).argmax())
    peak = float(z[np.abs(z[:, sensor]).argmax(), sensor])
    if abs(peak) < 3:
        return f"nothing strange: {one.sensors[sensor]} reaches {peak:+.1f} σ at most"
    return f"{one.sensors[sensor]} reaches {peak:+.1f} σ, yet nothing was wrong with the machine"


def next_steps(events: Sequence[EventLine], wrong: Sequence[FalseLine]) -> list[str]:
    """Return one to three comments, most important first, about the labels and not about the person."""
    missed = [event for event in events if not event.found]
    late = [event for event in events if event.delay_s is not None and event.delay_s > LATE_S]
    false = [line for line in wrong if line.kind == "false"]
    night = [line for line in false if _at_night(line.start_us)]
    steps = []
    if any(event.fault == "decouple" for event in missed):
        steps.append("Two sensors that no longer move together were missed: lesson 5, broken relationships.")
    if len(missed) * 2 > len(events):
        steps.append("More than half of the events were missed: compare each sensor with its own normal, lesson 3.")
    if len(night) * 2 > len(false) and len(night) >= 2:
        steps.append("Most false intervals lie in the night, when normal is different: lesson 4, context.")
    elif len(false) > len(events):
        steps.append("There are more false intervals than events: lesson 9, base rates and alarm fatigue.")
    if len(late) * 2 > len(events):
        steps.append("Several events were seen late: slow changes show earlier with CUSUM or EWMA, lesson 3.")
    if any(line.kind == "duplicate" for line in wrong):
        steps.append("Some events carry several intervals; one interval from onset to end earns more.")
    return steps[:3] or ["Every rule of thumb is met; try the next harder assignment."]


def _at_night(at_us: int) -> bool:
    hour = at_us // HOUR_US % 24
    return hour >= NIGHT_HOURS[0] or hour < NIGHT_HOURS[1]


def minutes(span_us: float) -> str:
    """Return a duration in minutes for people."""
    return f"{span_us / MINUTE_US:.1f} min"
