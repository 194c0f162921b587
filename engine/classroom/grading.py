"""Marks of a class: automatic lines, a person's marks on top, late credit on top of both; nothing of it is final state.

What counts is computed when it is asked for: a moved deadline, an override or a newer truth needs no conversion.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.classroom.grade import DIGITS, Grade
from engine.classroom.graded import Graded, Payloads, Runner
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

STATUSES = ("graded", "missing", "held", "excused", "pending")


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
        graded, missing, held, excused, or pending (being graded); missing is never the same as 0.
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
        self._graded = Graded(records, assignments, submissions, run_parameters)

    def grades(
        self,
        assignment: str,
        part: str = "all",
        keys: dict[str, AnswerKey] | None = None,
        rubric: Rubric | None = None,
    ) -> dict[str, Grade]:
        """Return the grade of every submission by its id; other keys or another rubric make a dry run (not stored)."""
        payloads = self._submissions.payloads(assignment)
        if keys is not None or rubric is not None:
            return self._graded.dry(assignment, part, payloads, keys, rubric)
        return self._graded.of(assignment, part, payloads)

    def begin(self, assignment: str) -> None:
        """Grade what is new in an assignment beside everything else; pages read it when it is there."""
        self._graded.begin(assignment)

    def close(self) -> None:
        """End the grading; what is not graded yet is graded when somebody asks. May be called twice."""
        self._graded.close()

    def results(self, assignment: str, grades: dict[str, Grade] | None = None) -> list[Result]:
        """Return everybody's result, students by handle; dropped and erased ones are left out.

        `grades` are those of a dry run; submissions that came in after it are left out.
        """
        return self._results(assignment, self._people.students(), self._submissions.payloads(assignment), grades)

    def result(self, assignment: str, person: str, wait_s: float | None = None) -> Result:
        """Return one student's result; pending when its work is not graded within `wait_s` seconds."""
        found = self.result_or_none(assignment, person, wait_s)
        if found is None:
            raise LabError("This person is not a student of the class now.")
        return found

    def result_or_none(self, assignment: str, person: str, wait_s: float | None = None) -> Result | None:
        """Return one person's result, or None for somebody who is not a student of the class now."""
        who = [student for student in self._people.students() if student.person == person]
        payloads = self._submissions.payloads_of(person, assignment)
        try:
            return next(iter(self._results(assignment, who, payloads, None, wait_s)), None)
        except TimeoutError:
            return Result(who[0], "pending", None, self._assignments.get(assignment).points)

    def public_result(self, assignment: str, person: str, wait_s: float | None = None) -> Result:
        """Return one student's result on the public part of the data."""
        who = [student for student in self._people.students() if student.person == person]
        payloads = self._submissions.payloads_of(person, assignment)
        try:
            grades = self._graded.of(assignment, "public", payloads, wait_s)
            return self._results(assignment, who, payloads, grades, wait_s)[0]
        except TimeoutError:
            return Result(who[0], "pending", None, self._assignments.get(assignment).points)

    def attempts(self, assignment: str, person: str, part: str, wait_s: float | None = None) -> list[float] | None:
        """Return one person's attempts in order as shares of the automatic points; None while they are not graded.

        Nobody else's work is waited for.
        """
        payloads = self._submissions.payloads_of(person, assignment)
        whole = self._assignments.rubric(assignment).automatic_points
        try:
            grades = self._graded.of(assignment, part, payloads, wait_s)
        except TimeoutError:
            return None
        return [grades[receipt.submission].points / whole for receipt, _ in payloads] if whole else []

    def student(self, person: str) -> Person | None:
        """Return a student who is in the class now, or None."""
        return next((one for one in self._people.students() if one.person == person), None)

    def in_scope(self, scope: str) -> list[str]:
        """Return the students that "all", "section:B" or "person:P…" means."""
        return [
            one.person
            for one in self._people.students()
            if scope in ("all", f"section:{one.section}", f"person:{one.person}")
        ]

    def _results(
        self,
        assignment: str,
        people: Sequence[Person],
        payloads: Payloads,
        grades: dict[str, Grade] | None = None,
        wait_s: float | None = None,
    ) -> list[Result]:
        """Results from one reading of what was handed in."""
        spec = self._assignments.get(assignment)
        if grades is None:
            grades = self._graded.of(assignment, "private" if spec.split is not None else "all", payloads, wait_s)
        public = grades
        if spec.keep == "best_public" and spec.split:
            public = self._graded.of(assignment, "public", payloads, wait_s)
        marks = self._all_marks()
        by_person: dict[str, list[Receipt]] = {}
        for receipt, _ in payloads:
            if receipt.submission in grades:
                by_person.setdefault(receipt.person, []).append(receipt)
        return [
            self._result(assignment, person, by_person.get(person.person, []), grades, public, marks)
            for person in people
        ]

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
