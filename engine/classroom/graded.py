"""The grades of submissions: made by one worker when a receipt is written, stored, and read by everybody else."""

from __future__ import annotations

import logging
from collections.abc import Callable
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from engine.classroom.grade import SCORER_VERSION, Grade, Work, grade
from engine.classroom.receipts import Receipt
from engine.classroom.worker import Worker
from engine.errors import LabError

if TYPE_CHECKING:
    from engine.classroom.assignments import Assignments
    from engine.classroom.key import AnswerKey
    from engine.classroom.rubric import Rubric
    from engine.classroom.submissions import Submissions
    from engine.store.class_records import ClassRecords

log = logging.getLogger(__name__)

Payloads = list[tuple[Receipt, Work]]
Runner = Callable[[Work, str, str], Work]  # (parameters, assignment, variant) -> the alarms that they give


class Graded:
    """Automatic grades of one class.

    Parameters
    ----------
    records, assignments, submissions
        The other desks; the worker is told of each receipt.
    run_parameters
        Plays a "params" submission on its hidden plant and returns its alarms; without it they cannot be graded.
    """

    def __init__(
        self, records: ClassRecords, assignments: Assignments, submissions: Submissions, run_parameters: Runner | None
    ) -> None:
        self._records, self._assignments, self._submissions = records, assignments, submissions
        self._run_parameters = run_parameters
        self._worker, self._begun = Worker("faultlab-grading"), set[str]()
        submissions.when_taken = self.begin

    def begin(self, assignment: str) -> None:
        """Grade what is new in an assignment beside everything else."""
        if assignment not in self._begun:
            self._begun.add(assignment)
            with suppress(LabError):  # the class closes; it is graded when somebody asks
                self._worker.submit(self._grade_new, assignment)

    def close(self) -> None:
        """End the worker. May be called twice."""
        self._worker.close()

    def dry(
        self,
        assignment: str,
        part: str,
        payloads: Payloads,
        keys: dict[str, AnswerKey] | None,
        rubric: Rubric | None,
    ) -> dict[str, Grade]:
        """Return what other keys or another rubric would give; nothing of it is stored."""
        keys = self._assignments.keys(assignment) if keys is None else keys
        rubric = self._assignments.rubric(assignment) if rubric is None else rubric
        return {r.submission: self._grade_one(r, w, part, keys, rubric) for r, w in payloads}

    def of(self, assignment: str, part: str, payloads: Payloads, wait_s: float | None = None) -> dict[str, Grade]:
        """The grades of these submissions: as stored, else from the worker; TimeoutError when it takes longer."""
        keys, rubric = self._assignments.keys(assignment), self._assignments.rubric(assignment)
        found = self._stored(part, rubric, keys, payloads)
        missing = [(receipt, work) for receipt, work in payloads if receipt.submission not in found]
        if missing:
            found |= self._worker.submit(self._grade, part, missing, keys, rubric).result(wait_s)
        return found

    def _grade_new(self, assignment: str) -> None:
        self._begun.discard(assignment)
        try:
            spec, payloads = self._assignments.get(assignment), self._submissions.payloads(assignment)
            keys, rubric = self._assignments.keys(assignment), self._assignments.rubric(assignment)
            for part in ("all",) if spec.split is None else ("private", "public"):
                self._grade(part, payloads, keys, rubric)
        except Exception:  # whoever asks for the grades gets it in words
            log.exception("the newest work of %s could not be graded yet", assignment)

    def _grade(self, part: str, payloads: Payloads, keys: dict[str, AnswerKey], rubric: Rubric) -> dict[str, Grade]:
        """Grade what is not stored yet, on the worker: nothing is ever graded twice."""
        found = self._stored(part, rubric, keys, payloads)
        fresh = {
            receipt.submission: self._grade_one(receipt, work, part, keys, rubric)
            for receipt, work in payloads
            if receipt.submission not in found
        }
        if fresh:
            self._records.scores.put_all([_score_row(name, part, graded) for name, graded in fresh.items()])
        return found | fresh

    def _grade_one(self, receipt: Receipt, work: Work, part: str, keys: dict[str, AnswerKey], rubric: Rubric) -> Grade:
        return grade(self._played(work, receipt.assignment, receipt.variant), keys[receipt.variant], rubric, part)

    def _stored(self, part: str, rubric: Rubric, keys: dict[str, AnswerKey], payloads: Payloads) -> dict[str, Grade]:
        same: dict[str, Any] = {
            "part": part,
            "rubric": rubric.name,
            "rubric_version": rubric.version,
            "scorer_version": SCORER_VERSION,
        }
        wanted = {receipt.submission: keys[receipt.variant].version for receipt, _ in payloads}
        one = {"submission": next(iter(wanted))} if len(wanted) == 1 else {}
        rows = self._records.scores.find(**same, **one) if wanted else []
        return {
            row["submission"]: Grade.from_json(row["grade"])
            for row in rows
            if wanted.get(row["submission"]) == row["truth_version"]
        }

    def _played(self, work: Work, assignment: str, variant: str) -> Work:
        if work.kind != "params":
            return work
        if self._run_parameters is None:
            raise LabError(
                "Parameters can only be graded where the hidden plant can run; start the lab with its secret."
            )
        return self._run_parameters(work, assignment, variant)


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
