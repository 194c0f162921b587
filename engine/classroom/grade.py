"""One grade: a pure function of the submission, the truth, the rubric and the scorer's version.

No clock, no chance, no database: the same four inputs give the same bytes in every process.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.classroom import alarm_measures, interval_measures, measures
from engine.classroom.key import AnswerKey, canonical
from engine.classroom.matching import Match, Matching
from engine.records import Label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.classroom.rubric import Rubric

SCORER_VERSION = "1"
DIGITS = 6
EDITIONS = {
    ("labels", 1): measures.interval_measures,
    ("labels", 2): interval_measures.interval_measures,
    ("alarms", 1): measures.alarm_measures,
    ("alarms", 2): alarm_measures.alarm_measures,
}


@dataclass(frozen=True)
class Work:
    """What a person handed in, already read: marks (labels or alarms), answers, or text. Never code."""

    kind: str
    marks: tuple[Label, ...] = ()
    answers: tuple[tuple[str, Any], ...] = ()
    text: str = ""
    parameters: tuple[tuple[str, Any], ...] = ()

    def to_json(self) -> str:
        """Return canonical JSON: the payload whose SHA-256 stands on the receipt."""
        return canonical(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Work:
        """Read what `to_json` wrote."""
        raw = json.loads(text)
        marks = tuple(Label(**{**m, "sensors": tuple(m["sensors"])}) for m in raw["marks"])
        pairs = {name: tuple((k, v) for k, v in raw[name]) for name in ("answers", "parameters")}
        return cls(raw["kind"], marks, pairs["answers"], raw["text"], pairs["parameters"])


@dataclass(frozen=True)
class Line:
    """One rubric line of one grade; `points` is None while a person has not marked it."""

    id: str
    title: str
    points: float | None
    out_of: float
    manual: bool
    formula: str = ""


@dataclass(frozen=True)
class Grade:
    """Points by line with everything needed to explain them; holds truth, so never given to a student whole."""

    lines: tuple[Line, ...]
    measures: tuple[tuple[str, float], ...]
    matches: tuple[Match, ...]
    fates: tuple[str, ...]
    truth_version: int
    rubric: str
    rubric_version: int
    scorer_version: str = SCORER_VERSION

    @property
    def points(self) -> float:
        return round(sum(line.points or 0.0 for line in self.lines), DIGITS)

    @property
    def out_of(self) -> float:
        return sum(line.out_of for line in self.lines)

    @property
    def measure(self) -> dict[str, float]:
        return dict(self.measures)

    def to_json(self) -> str:
        """Return canonical JSON; two grades of the same work are the same bytes."""
        return canonical(dataclasses.asdict(self))

    @classmethod
    def from_json(cls, text: str) -> Grade:
        """Read what `to_json` wrote."""
        raw = json.loads(text)
        raw["lines"] = tuple(Line(**line) for line in raw["lines"])
        raw["measures"] = tuple((name, value) for name, value in raw["measures"])
        raw["matches"] = tuple(Match(**match) for match in raw["matches"])
        raw["fates"] = tuple(raw["fates"])
        return cls(**raw)


def grade(work: Work, key: AnswerKey, rubric: Rubric, part: str = "all") -> Grade:
    """Return the grade of `work`; manual lines stay open (None) for a person."""
    found, matching = measure_work(work, key.part(part), rubric)
    lines = tuple(
        Line(
            id=line.id,
            title=line.title,
            points=None if line.manual else _product(line.points, [found[name] for name in line.times]),
            out_of=line.points,
            manual=line.manual,
            formula=" × ".join(line.times),
        )
        for line in rubric.lines
    )
    lines = _above(lines, rubric)
    rounded = tuple(sorted((name, round(value, DIGITS)) for name, value in found.items()))
    return Grade(lines, rounded, matching.matches, matching.fates, key.version, rubric.name, rubric.version)


def _above(lines: tuple[Line, ...], rubric: Rubric) -> tuple[Line, ...]:
    """Return the lines on the scale that begins at `above_points`, what the best automatic pipeline earns.

    All points stay all points; what a pipeline earns without anybody looking is worth nothing.
    """
    above = rubric.setting_values().get("above_points", 0.0)
    earned = sum(line.points or 0.0 for line in lines if not line.manual)
    if above <= 0.0 or earned <= 0.0:
        return lines
    share = max(0.0, skill(earned, above, rubric.automatic_points)) * rubric.automatic_points / earned
    return tuple(
        line if line.points is None else dataclasses.replace(line, points=round(line.points * share, DIGITS))
        for line in lines
    )


def measure_work(work: Work, key: AnswerKey, rubric: Rubric) -> tuple[dict[str, float], Matching]:
    """Return the measures of the work by the rubric's settings."""
    if rubric.submit in ("labels", "alarms", "params"):
        kind = "labels" if rubric.submit == "labels" else "alarms"
        return EDITIONS[kind, rubric.edition](key, work.marks, rubric.setting_values())
    if rubric.submit == "answers":
        return {"right_answers": _right_share(work, key)}, Matching((), ())
    return {}, Matching((), ())


def skill(points: float, random_points: float, out_of: float) -> float:
    """Return how far the points are from chance to perfect: 0 = like random labels, 1 = all points."""
    return (points - random_points) / (out_of - random_points) if out_of > random_points else 0.0


def _product(points: float, factors: Sequence[float]) -> float:
    for factor in factors:
        points *= factor
    return round(points, DIGITS)


def _right_share(work: Work, key: AnswerKey) -> float:
    given, right = dict(work.answers), dict(key.answers)
    if not right:
        return 0.0
    return sum(_same_answer(given.get(name), answer) for name, answer in right.items()) / len(right)


def _same_answer(given: Any, right: Any) -> bool:
    """An option, a list of options in any order, or {value, tolerance} for a number."""
    if given is None:
        return False
    if isinstance(right, dict):
        try:
            return abs(float(given) - float(right["value"])) <= float(right.get("tolerance", 0.0))
        except (TypeError, ValueError):
            return False
    if isinstance(right, list):
        return isinstance(given, list) and sorted(map(str, given)) == sorted(map(str, right))
    return str(given) == str(right)
