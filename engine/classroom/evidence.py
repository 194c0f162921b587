"""Evidence of copying over a whole assignment; for instructors, and never a penalty by itself."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.classroom.closing import SHARED
from engine.classroom.collusion import SeedFit, SharedErrors, cross_fits, equal_payloads, shared_errors

if TYPE_CHECKING:
    from engine.classroom.assignments import Assignments
    from engine.classroom.grading import Grading
    from engine.classroom.submissions import Submissions


class Evidence:
    """The three reports on copying."""

    def __init__(self, assignments: Assignments, submissions: Submissions, grading: Grading) -> None:
        self._assignments, self._submissions, self._grading = assignments, submissions, grading

    def seed_fits(self, assignment: str) -> list[SeedFit]:
        """Return submissions that fit another student's seed (instructor only; evidence, not a verdict)."""
        newest = {r.person: (r, w) for r, w in self._submissions.payloads(assignment)}
        works = {r.submission: (r.variant, w.marks) for r, w in newest.values()}
        return cross_fits(works, self._assignments.keys(assignment))

    def same_errors(self, assignment: str) -> list[SharedErrors]:
        """Return pairs with identical wrong intervals on shared data (instructor only)."""
        variant = self._assignments.variant_of(assignment, SHARED)
        works = {receipt.submission: work.marks for receipt, work in self._submissions.payloads(assignment)}
        fates = {r.submission: r.grade.fates for r in self._grading.results(assignment) if r.grade}
        wrong = {
            name: [mark for mark, fate in zip(works[name], mine, strict=True) if fate == "false"]
            for name, mine in fates.items()
        }
        return shared_errors(wrong, variant.start_us, variant.end_us)

    def same_payloads(self, assignment: str) -> list[tuple[str, ...]]:
        """Return groups of submissions of different people with the same content (instructor only)."""
        newest = {r.person: r for r, _ in self._submissions.payloads(assignment)}
        return equal_payloads({r.submission: r.sha256 for r in newest.values()})
