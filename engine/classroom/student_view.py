"""What one student may see of one assignment at this moment: the level is decided here and nowhere else."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from engine.classroom import feedback, feedback_page
from engine.classroom.open_feedback import while_open
from engine.errors import LabError

if TYPE_CHECKING:
    from engine.classroom.assignments import Assignments
    from engine.classroom.grading import Grading, Result
    from engine.classroom.key import AnswerKey
    from engine.classroom.people import People
    from engine.classroom.plants import PlantMaker
    from engine.classroom.regrade import RegradeDesk
    from engine.classroom.submissions import Submissions

PATIENCE_S = 1.0  # how long a page waits for the grading of the newest work; after that it is pending


class StudentView:
    """Feedback by phase.

    Parameters
    ----------
    people, assignments, submissions, grading, regrades, plants
        The other desks.
    now_us
        The server's clock in microseconds.
    """

    def __init__(
        self,
        people: People,
        assignments: Assignments,
        submissions: Submissions,
        grading: Grading,
        regrades: RegradeDesk,
        plants: PlantMaker,
        now_us: Callable[[], int],
    ) -> None:
        self._people, self._assignments, self._submissions = people, assignments, submissions
        self._grading, self._regrades, self._plants, self._now_us = grading, regrades, plants, now_us

    def level(self, assignment: str, result: Result) -> str:
        """Return the feedback level of this moment for this student: nothing, score_only, counts, timeline or full."""
        rule = self._assignments.get(assignment).feedback
        if result.status == "held":
            return "nothing"
        if self._is_over(assignment, result):
            return rule.after_release if self._regrades.is_released(assignment, result) else rule.after_close
        plan = self._assignments.timeline(assignment, result.person)
        if plan.state(self._now_us()) in ("open", "late", "before"):
            return rule.while_open
        return rule.while_open if rule.while_open in ("nothing", "score_only") else "counts"

    def counts(self, assignment: str, person: str) -> feedback.Counts:
        """Return what the student may know in numbers; while open, of the public part alone."""
        result = self._grading.result(assignment, person, PATIENCE_S)
        level = self.level(assignment, result)
        part = "public" if level in ("score_only", "counts") and not self._is_over(assignment, result) else "private"
        if part == "public" and self._assignments.get(assignment).split is not None:
            result = self._grading.public_result(assignment, person, PATIENCE_S)
        key = self._key_of(assignment, person) if level not in ("nothing", "score_only") else None
        variant = self._assignments.variant_of(assignment, person).variant
        title = self._assignments.get(assignment).title
        notes = self._notes(assignment, person)
        counts = feedback.counts_of(result, title, variant, level, key and key.part(part), notes)
        if not self._is_over(assignment, result) and self._assignments.get(assignment).mode != "practice":
            part = part if self._assignments.get(assignment).split else "all"
            return while_open(counts, lambda: self._grading.attempts(assignment, person, part, PATIENCE_S))
        return counts

    def page(self, assignment: str, person: str, *, preview: bool = False) -> str:
        """Return the student's feedback page at the level of this moment; a preview is seen by instructors only."""
        result, counts = self._grading.result(assignment, person, PATIENCE_S), self.counts(assignment, person)
        if result.grade is None or self.level(assignment, result) not in ("timeline", "full"):
            return feedback_page.counts_page(counts)
        if not preview and self._is_over(assignment, result):
            self._assignments.closing.reveal(assignment, counts.variant)
        key = self._key_of(assignment, person)
        key = key.part("private") if self._assignments.get(assignment).split else key
        marks = self._submissions.marks(assignment, result.submission)
        block = self._block_or_none(assignment, person)
        points = self._assignments.rubric(assignment).automatic_points
        shares = self._assignments.checks(assignment).get("baselines", {})
        baselines = [(name, share * points) for name, share in shares.items()]
        report = feedback.report_of(counts, result.grade, key, marks, block, baselines)
        return feedback_page.report_page(report)

    def _key_of(self, assignment: str, person: str) -> AnswerKey:
        return self._assignments.keys(assignment)[self._assignments.variant_of(assignment, person).variant]

    def _block_or_none(self, assignment: str, person: str) -> Any:
        """The readings under a report, a minute apart; None for truth that was made by hand."""
        variant = self._assignments.variant_of(assignment, person)
        names = set(self._assignments.get(assignment).plant.machines)
        if set(variant.machines) != names:
            return None
        try:
            return self._plants.block(assignment, person, 60.0)
        except LabError:  # sealed by hand, or by a lab whose readings this one no longer makes
            return None

    def _is_over(self, assignment: str, result: Result) -> bool:
        return self._assignments.closing.is_over_for(assignment, result.person.person)

    def _notes(self, assignment: str, person: str) -> list[str]:
        history = self._regrades.seen_by(assignment, person)[1:]
        variant = self._assignments.variant_of(assignment, person).variant
        if not history:
            return []
        reasons = [f"truth v{version}: {reason}" for version, reason in self._assignments.reasons(assignment, variant)]
        return [*(f"regraded: {row['note']}" for row in history if row["note"]), *reasons]
