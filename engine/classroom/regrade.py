"""Regrading: a dry run that shows who gains and loses and why, then all of it, or never lower."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.classroom.assignments import Assignments
    from engine.classroom.audit import Audit
    from engine.classroom.grading import Grading, Result
    from engine.classroom.key import AnswerKey
    from engine.classroom.people import Person
    from engine.classroom.rubric import Rubric
    from engine.store.class_records import ClassRecords

BIN = 5.0


@dataclass(frozen=True)
class Change:
    """One student in a dry run; `before` is what was published last, or the result so far."""

    person: str
    handle: str
    submission: str
    before: float | None
    after: float | None
    why: str
    conflicts: tuple[str, ...] = ()

    @property
    def delta(self) -> float:
        return (self.after or 0.0) - (self.before or 0.0)


@dataclass(frozen=True)
class Regrade:
    """A dry run: nothing has changed yet."""

    assignment: str
    changes: tuple[Change, ...]
    note: str

    def histogram(self) -> dict[float, int]:
        """Return how many students change by how much, in bins of five points (lower edges)."""
        counts: dict[float, int] = {}
        for change in self.changes:
            edge = change.delta // BIN * BIN if abs(change.delta) > 1e-9 else 0.0
            counts[edge] = counts.get(edge, 0) + 1
        return dict(sorted(counts.items()))

    def table(self) -> str:
        """Return the dry run as text for a terminal."""
        lines = [f"{'handle':<24} {'old':>7} {'new':>7} {'change':>7}  why"]
        for c in self.changes:
            old, new = (f"{x:7.2f}" if x is not None else "      -" for x in (c.before, c.after))
            lines.append(f"{c.handle:<24} {old} {new} {c.delta:+7.2f}  {c.why}")
        return "\n".join(lines)


class RegradeDesk:
    """Dry runs, publishing and releases."""

    def __init__(
        self,
        records: ClassRecords,
        assignments: Assignments,
        grading: Grading,
        audit: Audit,
        now_us: Callable[[], int],
    ) -> None:
        self._records, self._assignments, self._grading = records, assignments, grading
        self._audit, self._now_us = audit, now_us

    def dry_run(
        self,
        assignment: str,
        keys: dict[str, AnswerKey] | None = None,
        rubric: Rubric | None = None,
        note: str = "",
    ) -> Regrade:
        """Return what publishing now would change, with the newest truth and rubric or the proposed ones.

        `keys` may hold the proposed truth of some variants only; the others keep theirs.
        """
        proposed = None if keys is None else {**self._assignments.keys(assignment), **keys}
        grades = None
        if proposed is not None or rubric is not None:
            part = "private" if self._assignments.get(assignment).split is not None else "all"
            grades = self._grading.grades(assignment, part, proposed, rubric)
        published = self.published(assignment)
        results = self._grading.results(assignment, grades)
        return Regrade(assignment, tuple(_change(r, published.get(r.person.person)) for r in results), note)

    def publish(self, regrade: Regrade, *, never_lower: bool = False, who: str = "instructor") -> int:
        """Write the results of a dry run as published; returns how many students changed."""
        if not regrade.changes:
            raise LabError("There is nobody to publish results for.")
        rows, published = [], self.published(regrade.assignment)
        for change in regrade.changes:
            if change.after is None:
                continue
            points = max(change.after, change.before or 0.0) if never_lower else change.after
            last = published.get(change.person)
            if last is None or last["points"] != points or last["submission"] != change.submission:
                rows.append(self._row(regrade, change, points))
        for row in rows:
            self._records.published.add_next(**row)
        self._records.assignments.change({"assignment": regrade.assignment}, state="published")
        how = "never lower" if never_lower else "all"
        self._audit.note(who, "published", regrade.assignment, after=f"{len(rows)} results ({how}) {regrade.note}")
        return len(rows)

    def release(self, assignment: str, scope: str = "all", who: str = "instructor", *, end_open: bool = False) -> None:
        """Show published results to everybody, or to "section:B" or "person:P…"; held ones stay hidden.

        Raises
        ------
        LabError
            While anybody may still hand in with credit on a variant of these people, unless `end_open` ends that.
        """
        closing, whose = self._assignments.closing, self._grading.in_scope(scope)
        if end_open:
            ended = closing.still_open(assignment, whose)
            closing.end(assignment, ended)
            self._audit.note(who, "ended the open attempts of", assignment, after=f"{len(ended)} variants")
        closing.refuse_open(assignment, whose)
        self._records.releases.add_next(assignment=assignment, scope=scope, who=who, at_us=self._now_us())
        self._audit.note(who, "released the results of", assignment, after=scope)

    def is_released(self, assignment: str, result: Result) -> bool:
        """Return whether this student may see the final result now: published, released, and its variant is over."""
        return self._is_out(assignment, result.person)

    def seen_by(self, assignment: str, person: str) -> list[dict[str, Any]]:
        """Return the published rows that this student may see now, oldest first; every page, route and file asks here.

        Notes and truth versions are part of the rows, so a held result or one that is not released shows none.
        """
        who = self._grading.student(person)
        return self.history(assignment, person) if who is not None and self._is_out(assignment, who) else []

    def _is_out(self, assignment: str, who: Person) -> bool:
        if self._assignments.state(assignment) != "published" or self._assignments.rules(assignment, who).get("held"):
            return False
        scopes = {"all", f"section:{who.section}", f"person:{who.person}"}
        if not any(row["scope"] in scopes for row in self._records.releases.find(assignment=assignment)):
            return False
        return self._assignments.closing.is_over_for(assignment, who.person)

    def all_seen_by(self, person: str) -> list[dict[str, Any]]:
        """Return the published rows of all assignments that this student may see now."""
        names = dict.fromkeys(row["assignment"] for row in self._records.published.find("seq", person=person))
        return [row for name in names for row in self.seen_by(name, person)]

    def published(self, assignment: str) -> dict[str, dict[str, Any]]:
        """Return the newest published row of every student."""
        return {row["person"]: row for row in self._records.published.find("seq", assignment=assignment)}

    def history(self, assignment: str, person: str) -> list[dict[str, Any]]:
        """Return every result that was published for a student, oldest first, with its note."""
        return self._records.published.find("seq", assignment=assignment, person=person)

    def _row(self, regrade: Regrade, change: Change, points: float) -> dict[str, Any]:
        version = max((k.version for k in self._assignments.keys(regrade.assignment).values()), default=1)
        words = {"assignment": regrade.assignment, "person": change.person, "submission": change.submission}
        return {**words, "points": points, "truth_version": version, "note": regrade.note, "at_us": self._now_us()}


def _change(result: Result, before: dict[str, Any] | None) -> Change:
    earlier = None if before is None else float(before["points"])
    if before is None or earlier is None:
        why = "first result" if result.grade is not None else result.status
    elif abs((result.points or 0.0) - earlier) > 1e-9:
        why = _why(result, before)
    else:
        why = "unchanged"
    person = result.person
    return Change(person.person, person.handle, result.submission, earlier, result.points, why, result.conflicts)


def _why(result: Result, before: dict[str, Any]) -> str:
    reasons = []
    if before["submission"] != result.submission:
        reasons.append("a newer submission")
    if result.grade is not None and result.grade.truth_version > before["truth_version"]:
        reasons.append(f"truth v{result.grade.truth_version}")
    if result.marks:
        reasons.append("marks by hand")
    if result.conflicts:
        reasons.append(f"look again at {', '.join(result.conflicts)}")
    return ", ".join(reasons) or "rubric, dates or marks changed"
