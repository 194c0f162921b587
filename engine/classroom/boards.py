"""Boards that cannot be climbed by guessing: the Ladder rule, and a meter of what it still gives away.

References
----------
Blum, A. and Hardt, M. (2015). The Ladder: a reliable leaderboard for machine learning competitions. ICML.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from engine.classroom.seeds import seed_of
from engine.classroom.spec import AssignmentSpec, Board, Question, moment_us
from engine.errors import AccessError
from engine.records import DAY_US

if TYPE_CHECKING:
    from engine.classroom.assignments import Assignments
    from engine.classroom.grading import Grading
    from engine.classroom.people import People
    from engine.classroom.rubric import Rubric
    from engine.classroom.spec import AssignmentSpec
    from engine.classroom.submissions import Submissions

SHOWN_STEPS = 10  # points are shown in tenths while work is taken
FREE_ANSWER_BITS = 20.0  # a word or a number that is typed


OPEN_STEP = 0.1  # of the points: what feedback shows while work is open moves in such steps


@dataclass(frozen=True)
class BoardLine:
    """One line of a board: a handle or a baseline, the shown share of the points (0 to 1), attempts."""

    handle: str
    shown: float
    attempts: int
    reached_us: int
    baseline: bool = False
    own: bool = False


@dataclass(frozen=True)
class Leak:
    """What all that is shown while work is taken can give away, in bits: to one student, to the class together, and
    what the truth holds that it is about; `parts` says how much comes from where.
    """

    student_bits: float
    class_bits: float
    truth_bits: float
    parts: tuple[tuple[str, float], ...] = ()

    @property
    def share(self) -> float:
        return self.class_bits / self.truth_bits if self.truth_bits > 0 else 0.0

    @property
    def green(self) -> bool:
        return self.share < 0.5


def ladder(scores: Sequence[float], step: float) -> list[float]:
    """Return what is shown after each score (0 to 1): only a gain of a whole step counts, rounded to the step.

    Examples
    --------
    >>> ladder([0.42, 0.44, 0.30, 0.61], 0.05)
    [0.4, 0.4, 0.4, 0.6]
    """
    shown, best = [], 0.0
    for score in scores:
        if score >= best + step - 1e-9:
            best = round(math.floor(score / step + 1e-9) * step, 9)
        shown.append(best)
    return shown


def ladder_bits(step: float, attempts: int) -> float:
    """Return the most bits that a student can read off: outcomes never fall, log2 C(attempts + levels, levels).

    Examples
    --------
    >>> round(ladder_bits(0.05, 15)), round(ladder_bits(0.10, 10))
    (32, 17)
    """
    levels = round(1 / step)
    return math.log2(math.comb(attempts + levels, levels))


def open_bits(spec: AssignmentSpec, attempts: int) -> float:
    """Return the most bits that the feedback of an open assignment tells one student, in steps of `OPEN_STEP`."""
    if spec.mode == "practice" or spec.feedback.while_open == "nothing":
        return 0.0
    return ladder_bits(OPEN_STEP, attempts)


def exact_bits(decimals: int, attempts: int) -> float:
    """Return the bits of a board with plain scores: what the Ladder is compared with."""
    return attempts * math.log2(10**decimals + 1)


def truth_bits(events: int, days: float, machines: int = 1, resolution_minutes: float = 1.0) -> float:
    """Return the information of so many event times: log2 C(slots, events).

    Examples
    --------
    >>> round(truth_bits(12, 1)), round(truth_bits(12, 1, resolution_minutes=10))
    (97, 57)
    """
    slots = max(events, round(days * machines * 1440 / resolution_minutes))
    return math.log2(math.comb(slots, events))


class Boards:
    """The boards of the class."""

    def __init__(
        self, assignments: Assignments, grading: Grading, submissions: Submissions, people: People, secret: str
    ) -> None:
        self._assignments, self._grading = assignments, grading
        self._submissions, self._people, self._secret = submissions, people, secret

    def board(
        self, assignment: str, viewer: str | None = None, baselines: dict[str, float] | None = None
    ) -> list[BoardLine]:
        """Return the lines that a viewer may see, best first; None = the instructor, who sees them all.

        `baselines` (name -> share of the points) are computed by whoever holds the data, once at the check.
        """
        rule = self._rule(assignment)
        if viewer is not None and rule.show == "nobody":
            raise AccessError("This assignment has no board.")
        lines = [line for line in self._lines(assignment, rule.step, viewer) if line is not None]
        if viewer is not None and rule.show == "own":
            lines = [line for line in lines if line.own]
        stored = self._assignments.checks(assignment).get("baselines", {}) if baselines is None else baselines
        marks = [
            BoardLine(name, ladder([share], rule.step)[0], 0, 0, baseline=True)
            for name, share in stored.items()
            if baselines is not None or name in rule.baselines
        ]
        return sorted([*lines, *marks], key=lambda x: (-x.shown, x.reached_us, self._tie(assignment, x.handle)))

    def says(self, assignment: str) -> float | None:
        """Return the rank correlation of public and private points in a simulated class; None = no split, unknown."""
        found: float | None = self._assignments.checks(assignment).get("split_says")
        return found

    def leak(self, assignment: str) -> Leak:
        """Return the leak meter: the board and the feedback of every attempt together, whoever reads them.

        On shared data students can pool what they read, on their own data they cannot; where anybody may join, another
        name is another reader.
        """
        spec, rubric = self._assignments.get(assignment), self._assignments.rubric(assignment)
        truth = _held_bits(spec)
        attempts = attempts_of(spec)
        parts = tuple((name, min(bits, truth)) for name, bits in _shown_bits(spec, rubric, attempts).items())
        one = min(sum(bits for _, bits in parts), truth)
        readers = len(self._people.all()) if spec.variants != "per_student" or spec.submit == "answers" else 1
        return Leak(one, min(one * max(1, readers), truth), truth, parts)

    def _lines(self, assignment: str, step: float, viewer: str | None) -> list[BoardLine | None]:
        grades, whose = self._grading.grades(assignment, "public"), dict[str, list[tuple[int, float]]]()
        for receipt, _ in self._submissions.payloads(assignment):
            got = grades.get(receipt.submission)
            if got is None:  # came in meanwhile
                continue
            automatic = sum(line.out_of for line in got.lines if not line.manual)
            share = got.points / automatic if automatic else 0.0
            whose.setdefault(receipt.person, []).append((receipt.received_us, share))
        return [
            _line(p.handle, whose[p.person], step, p.person == viewer)
            for p in self._people.students()
            if p.person in whose
        ]

    def _rule(self, assignment: str) -> Board:
        rule = self._assignments.get(assignment).board
        if rule is None:
            raise AccessError("This assignment has no board.")
        return rule

    def _tie(self, assignment: str, handle: str) -> int:
        """A stable random order for equal lines, so that the alphabet tells nothing."""
        return seed_of(self._secret, "tie", assignment, handle)


def attempts_of(spec: AssignmentSpec) -> float:
    """Return how many attempts one student has in all; infinite without a limit."""
    days = (moment_us(spec.when.credit[-1].until, spec.when.zone) - moment_us(spec.when.release)) / DAY_US
    limits = [spec.attempts.total, spec.attempts.per_day and spec.attempts.per_day * math.ceil(days)]
    return min((float(limit) for limit in limits if limit is not None), default=math.inf)


def _shown_bits(spec: AssignmentSpec, rubric: Rubric, attempts: float) -> dict[str, float]:
    """Bits by source: of the Ladder, of the points of each attempt, of the counts of each attempt."""
    shown = spec.feedback.while_open
    found = {}
    if spec.board is not None and spec.board.show != "nobody":
        found["board"] = math.inf if math.isinf(attempts) else ladder_bits(spec.board.step, int(attempts))
    if shown in ("timeline", "full"):
        found["feedback"] = math.inf
    elif shown != "nothing" and rubric.automatic_points and spec.mode != "practice":
        found["points"] = math.inf if math.isinf(attempts) else open_bits(spec, int(attempts))
    elif shown != "nothing" and rubric.automatic_points:
        lines = [line.points for line in rubric.lines if not line.manual]
        told = lines if shown == "counts" else [sum(lines)]
        found["points"] = attempts * sum(math.log2(SHOWN_STEPS * points + 1) for points in told)
    if shown == "counts" and spec.mode == "practice" and spec.submit in ("labels", "alarms", "params"):
        levels = (_events(spec) + 1) * (spec.max_intervals + 1) ** 2  # found, false, duplicates
        found["counts"] = attempts * math.log2(levels)
    return found


def _held_bits(spec: AssignmentSpec) -> float:
    """What the truth behind the shown numbers holds: times of events, or the right answers of a quiz."""
    if spec.submit == "answers":
        return sum(_answer_bits(question) for question in spec.questions)
    if spec.submit == "text":
        return 0.0
    return truth_bits(_events(spec), spec.plant.days, len(spec.plant.machines))


def _answer_bits(question: Question) -> float:
    if not question.options:
        return FREE_ANSWER_BITS
    return float(len(question.options)) if question.several else math.log2(len(question.options))


def _events(spec: AssignmentSpec) -> int:
    return max(1, round(spec.plant.events * (spec.split.public if spec.split else 1.0)))


def _line(handle: str, scores: list[tuple[int, float]], step: float, own: bool) -> BoardLine:
    shown = ladder([share for _, share in scores], step)
    first = shown.index(shown[-1])
    return BoardLine(handle, shown[-1], len(scores), scores[first][0], own=own)
