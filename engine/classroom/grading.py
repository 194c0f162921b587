"""Marks of a class: automatic lines, a person's marks on top, late credit on top of both; nothing of it is final state.

What counts is computed when it is asked for: a moved deadline, an override or a newer truth needs no conversion.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from engine.classroom.grade import DIGITS, SCORER_VERSION, Grade, Work, grade
from engine.classroom.key import AnswerKey
from engine.classroom.receipts import Receipt
from engine.classroom.rubric import Rubric
from engine.errors import LabError

if TYPE_CHECKING:
    from engine.classroom.assignments import Assignments
    from engine.classroom.audit import Audit
    from engine.classroom.people import People, Person
    from engine.classroom.submissions import Submissions
    from engine.store.class_records import ClassRecords

STATUSES = ("graded", "missing", "held", "excused")
Runner = Callable[[Work, str, str], Work]  # (parameters, assignment, variant) -> the alarms that they give


@dataclass(frozen=True)
class Mark:
    """What a grader said about one line of one submission; the latest one counts."""

    line: str
    points: float | None
    comment: str
    grader: str
    auto_points: float | None


@dataclass(frozen=True)
class Result:
    """One student's result in one assignment, for instructors.

    Parameters
    ----------
    status
        graded, missing, held or excused; missing is never the same as 0.
    points
        After manual marks and late credit, on the assignment's scale; None unless something was graded.
    percent
        Late credit that was applied.
    conflicts
        Lines with a manual mark whose automatic part changed afterwards: a person must look again.
    open_lines
        Manual lines that nobody has marked yet.
    """

    person: Person
    status: str
    points: float | None
    out_of: float
    percent: float = 100.0
    submission: str = ""
    attempt: int = 0
    received_us: int = 0
    grade: Grade | None = None
    marks: tuple[Mark, ...] = ()
    conflicts: tuple[str, ...] = ()
    open_lines: tuple[str, ...] = ()


class Grading:
    """Grades submissions and adds up results.

    Parameters
    ----------
    records, assignments, submissions, people, audit
        The other desks.
    now_us
        The server's clock in microseconds.
    run_parameters
        Plays a "params" submission on its hidden plant and returns its alarms; without it they cannot be graded.
    """

    def __init__(
        self,
        records: ClassRecords,
        assignments: Assignments,
        submissions: Submissions,
        people: People,
        audit: Audit,
        now_us: Callable[[], int],
        run_parameters: Runner | None = None,
    ) -> None:
        self._records, self._assignments, self._submissions = records, assignments, submissions
        self._people, self._audit, self._now_us = people, audit, now_us
        self._run_parameters = run_parameters

    def grades(
        self,
        assignment: str,
        part: str = "all",
        keys: dict[str, AnswerKey] | None = None,
        rubric: Rubric | None = None,
    ) -> dict[str, Grade]:
        """Return the grade of every submission by its id; other keys or another rubric make a dry run (not stored)."""
        dry = keys is not None or rubric is not None
        keys = self._assignments.keys(assignment) if keys is None else keys
        rubric = self._assignments.rubric(assignment) if rubric is None else rubric
        stored = {} if dry else self._stored(part, rubric)
        found, fresh = {}, []
        for receipt, work in self._submissions.payloads(assignment):
            key = keys[receipt.variant]
            graded = stored.get((receipt.submission, key.version))
            if graded is None:
                graded = grade(self._played(work, assignment, receipt.variant), key, rubric, part)
                fresh.append(_score_row(receipt.submission, part, graded))
            found[receipt.submission] = graded
        if fresh and not dry:
            self._records.scores.put_all(fresh)
        return found

    def results(self, assignment: str, grades: dict[str, Grade] | None = None) -> list[Result]:
        """Return everybody's result, students by handle; dropped and erased ones are left out."""
        spec = self._assignments.get(assignment)
        private = "private" if spec.split is not None else "all"
        grades = self.grades(assignment, private) if grades is None else grades
        marks = self._all_marks()
        by_person: dict[str, list[Receipt]] = {}
        for receipt, _ in self._submissions.payloads(assignment):
            by_person.setdefault(receipt.person, []).append(receipt)
        public = self.grades(assignment, "public") if spec.keep == "best_public" and spec.split else grades
        return [
            self._result(assignment, person, by_person.get(person.person, []), grades, public, marks)
            for person in self._people.students()
        ]

    def result(self, assignment: str, person: str) -> Result:
        """Return one student's result."""
        found = next((r for r in self.results(assignment) if r.person.person == person), None)
        if found is None:
            raise LabError("This person is not a student of the class now.")
        return found

    def mark(
        self, submission: str, line: str, points: float | None, grader: str, comment: str = "", *, auto: Grade
    ) -> None:
        """Give points by hand; they beat the automatic ones and survive every regrade. None takes the mark back."""
        target = next((entry for entry in auto.lines if entry.id == line), None)
        if target is None:
            raise LabError(f"The rubric has no line {line!r}; it has: {', '.join(entry.id for entry in auto.lines)}.")
        if points is not None and not 0 <= points <= target.out_of:
            raise LabError(f"{target.title} must be from 0 to {target.out_of:g} points, got {points!r}.")
        row = {"submission": submission, "line": line, "points": points, "comment": comment[:2000], "grader": grader}
        self._records.marks.add_next(**row, auto_points=target.points, at_us=self._now_us())
        self._audit.note(grader, "marked", f"{submission} {line}", after=f"{points} {comment[:80]}".strip())

    def hold(self, assignment: str, person: str, held: bool = True, who: str = "instructor") -> None:
        """Keep a result back (graded, not released), or let it go."""
        self._assignments.set_rule(assignment, f"person:{person}", "held", held, who)

    def excuse(self, assignment: str, person: str, excused: bool = True, who: str = "instructor") -> None:
        """Excuse a student from an assignment, or no longer."""
        self._assignments.set_rule(assignment, f"person:{person}", "excused", excused, who)

    def _result(
        self,
        assignment: str,
        person: Person,
        receipts: list[Receipt],
        grades: dict[str, Grade],
        public: dict[str, Grade],
        marks: dict[str, dict[str, Mark]],
    ) -> Result:
        spec, rules = self._assignments.get(assignment), self._assignments.rules(assignment, person)
        chosen = _chosen(spec.keep, receipts, grades, public)
        if chosen is None:
            return Result(person, "excused" if rules.get("excused") else "missing", None, spec.points)
        auto, mine = grades[chosen.submission], marks.get(chosen.submission, {})
        final, conflicts = with_marks(auto, mine)
        percent = self._assignments.timeline(assignment, person).percent(chosen.received_us)
        points = final.points / final.out_of * spec.points * percent / 100
        held = "held" if rules.get("held") else "graded"
        return Result(
            person=person,
            status="excused" if rules.get("excused") else held,
            points=round(points, DIGITS),
            out_of=spec.points,
            percent=percent,
            submission=chosen.submission,
            attempt=chosen.attempt,
            received_us=chosen.received_us,
            grade=final,
            marks=tuple(mine.values()),
            conflicts=conflicts,
            open_lines=tuple(line.id for line in final.lines if line.manual and line.points is None),
        )

    def _stored(self, part: str, rubric: Rubric) -> dict[tuple[str, int], Grade]:
        same: dict[str, Any] = {
            "part": part,
            "rubric": rubric.name,
            "rubric_version": rubric.version,
            "scorer_version": SCORER_VERSION,
        }
        rows = self._records.scores.find(**same)
        return {(row["submission"], row["truth_version"]): Grade.from_json(row["grade"]) for row in rows}

    def _all_marks(self) -> dict[str, dict[str, Mark]]:
        found: dict[str, dict[str, Mark]] = {}
        for row in self._records.marks.find("seq"):
            mark = Mark(row["line"], row["points"], row["comment"], row["grader"], row["auto_points"])
            mine = found.setdefault(row["submission"], {})
            if mark.points is None:
                mine.pop(mark.line, None)
            else:
                mine[mark.line] = mark
        return found

    def _played(self, work: Work, assignment: str, variant: str) -> Work:
        if work.kind != "params":
            return work
        if self._run_parameters is None:
            raise LabError(
                "Parameters can only be graded where the hidden plant can run; start the lab with its secret."
            )
        return self._run_parameters(work, assignment, variant)


def with_marks(auto: Grade, marks: dict[str, Mark]) -> tuple[Grade, tuple[str, ...]]:
    """Return the grade with the marks of people in place, and the lines whose automatic part changed under a mark."""
    lines, conflicts = [], []
    for line in auto.lines:
        mark = marks.get(line.id)
        if mark is not None and not line.manual and mark.auto_points != line.points:
            conflicts.append(line.id)
        lines.append(line if mark is None else replace(line, points=mark.points))
    return replace(auto, lines=tuple(lines)), tuple(conflicts)


def _chosen(keep: str, receipts: list[Receipt], grades: dict[str, Grade], public: dict[str, Grade]) -> Receipt | None:
    """The submission that counts; between equal ones the earlier."""
    if not receipts:
        return None
    if keep == "last":
        return receipts[-1]
    points = public if keep == "best_public" else grades
    return max(receipts, key=lambda r: (points[r.submission].points, -r.received_us))


def _score_row(submission: str, part: str, graded: Grade) -> dict[str, Any]:
    return {
        "submission": submission,
        "part": part,
        "truth_version": graded.truth_version,
        "rubric": graded.rubric,
        "rubric_version": graded.rubric_version,
        "scorer_version": graded.scorer_version,
        "grade": graded.to_json(),
    }
