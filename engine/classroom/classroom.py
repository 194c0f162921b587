"""The class as one object: what pages, the API and the command line work with."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.classroom.assignments import Assignments
from engine.classroom.audit import Audit
from engine.classroom.boards import Boards
from engine.classroom.calls import Calls
from engine.classroom.conductor import Conductor
from engine.classroom.evidence import Evidence
from engine.classroom.exports import Exports
from engine.classroom.gate import Gate, play_gate, question_gate
from engine.classroom.grading import Grading
from engine.classroom.label_book import Drafts
from engine.classroom.people import People
from engine.classroom.pipelines import SAMPLE, Pipeline, play_pipelines
from engine.classroom.plants import WITHOUT_EVENTS, PlantMaker
from engine.classroom.receipts import ReceiptBook
from engine.classroom.regrade import Regrade, RegradeDesk
from engine.classroom.review import Item, Review, adjudicated
from engine.classroom.robots import prove_rubric
from engine.classroom.roster import Roster, RosterDesk, Summary
from engine.classroom.seeds import new_secret
from engine.classroom.student_view import StudentView
from engine.classroom.submissions import Submissions
from engine.errors import AccessError, LabError
from engine.plant.spec import load_plant
from engine.store.class_records import ClassRecords, ClassVault

if TYPE_CHECKING:
    from engine.store.database import Database


class Classroom:
    """One class: small desks and the few things that need several of them.

    Parameters
    ----------
    database
        The lab's database; holds no truth.
    vault
        The vault's database; opened on instructors' machines only.
    folder
        Where the receipt file is kept.
    secret
        The course secret; None takes the vault's own, made at the first start.
    now_us
        The server's clock in microseconds; tests pass their own.
    """

    def __init__(
        self,
        database: Database,
        vault: Database,
        folder: Path,
        secret: str | None = None,
        now_us: Callable[[], int] = lambda: time.time_ns() // 1000,
    ) -> None:
        records, sealed = ClassRecords(database), ClassVault(vault)
        secret = _kept_secret(sealed) if secret is None else secret
        self.now_us = now_us
        self._book = ReceiptBook(folder / "receipts.jsonl")
        self.audit = Audit(records, now_us)
        self.people = People(records, self.audit, now_us)
        self.roster = RosterDesk(records, self.people, self.audit)
        self.assignments = Assignments(records, sealed, self.audit, secret, now_us)
        self.plants = PlantMaker(self.assignments)
        self.drafts, self.calls = Drafts(records, now_us), Calls(records, now_us)
        self.submissions = Submissions(records, self._book, self.assignments, self.people, now_us)
        self.grading = Grading(
            records, self.assignments, self.submissions, self.people, self.audit, now_us, self.plants.run_parameters
        )
        self.regrades = RegradeDesk(records, self.assignments, self.grading, self.audit, now_us)
        self.review = Review(records, self.assignments, self.submissions, self.grading, self.audit, secret, now_us)
        self.boards = Boards(self.assignments, self.grading, self.submissions, self.people, secret)
        self.feedback = StudentView(
            self.people, self.assignments, self.submissions, self.grading, self.regrades, self.plants, now_us
        )
        self.evidence = Evidence(self.assignments, self.submissions, self.grading)
        self.gradebook = Exports(self.assignments, self.grading, self.audit)
        self.conductor = Conductor(records, sealed, self.people, self.audit, now_us)

    def close(self) -> None:
        """Close the receipt file; the databases belong to whoever opened them."""
        self._book.close()

    # preparing
    def apply_roster(self, roster: Roster, *, mark_missing: bool = False) -> Summary:
        """Add and update people from a roster."""
        return self.roster.apply(roster, mark_missing=mark_missing)

    def make_variants(self, assignment: str, progress: Callable[[int, int], None] | None = None) -> int:
        """Make and seal everybody's variant (or the shared one); returns how many."""
        persons = [p.person for p in self.people.students()]
        if not persons and self.assignments.get(assignment).variants != "shared":
            raise LabError("The class has no students yet; import a roster or let them join first.")
        return len(self.plants.seal_all(assignment, persons, progress))

    def check(self, assignment: str) -> Gate:
        """Let the robots play every variant, prove the rubric, and open the release when both are good."""
        rubric, keys = self.assignments.rubric(assignment), self.assignments.keys(assignment)
        proof = prove_rubric(rubric, runs=20)
        if proof.rows and not proof.passed:
            raise LabError("The rubric pays a lazy robot more than it may; look at its robot table and mend it.")
        if rubric.submit in WITHOUT_EVENTS:
            spec, answers = self.assignments.get(assignment), self.assignments.answers(assignment)
            return self.store_gate(assignment, question_gate(spec, answers, len(keys)))
        variants = self.assignments.variants(assignment)
        reference = {v.variant: self.plants.reference_marks(assignment, v.person) for v in variants}
        gate = play_gate(rubric, keys, reference, self.assignments.difficulties(assignment))
        return self.store_gate(assignment, replace(gate, pipelines=tuple(self._pipelines(assignment))))

    def _pipelines(self, assignment: str) -> list[Pipeline]:
        """Let every honest detector play a sample of the variants."""
        rubric, keys = self.assignments.rubric(assignment), self.assignments.keys(assignment)
        some = self.assignments.variants(assignment)[:SAMPLE]
        data = {v.variant: (self.plants.block(assignment, v.person, 60.0), keys[v.variant]) for v in some}
        return play_pipelines(rubric, data, load_plant(self.assignments.get(assignment).plant.name))

    def store_gate(self, assignment: str, gate: Gate) -> Gate:
        """Store what the robots found; only a passed gate lets the assignment be released."""
        if gate.passed:
            points = self.assignments.rubric(assignment).automatic_points
            shares = gate.baselines(points)
            found = f", reference {shares['reference']:.2f} of the points" if shares else ""
            summary = f"{len(self.assignments.variants(assignment))} variants{found}"
            checks: dict[str, Any] = {"baselines": shares, "histogram": gate.histogram(), "summary": summary}
            if gate.line is not None:
                checks["line"] = {"detector": gate.line.name, "points": gate.line.mean, "played": gate.line.played}
            self.assignments.checked(assignment, checks)
        return gate

    def late_joiner(self, assignment: str, person: str) -> None:
        """Make the variant of somebody who joined after the release."""
        owner = self.assignments.owners(assignment, [person])[0]
        if not any(v.person == owner for v in self.assignments.variants(assignment)):
            self.assignments.seal_one(assignment, self.plants.equal(assignment, owner))

    # the grading evening
    def correct_truth(self, assignment: str, item: Item, verdict: str, reason: str, who: str, fault: str = "") -> int:
        """Decide an item by changing the truth to its next version; returns the version. Regrading comes after."""
        before = self.assignments.keys(assignment)[item.variant]
        after = adjudicated(before, item, verdict, fault)
        if after != before:
            after = self.assignments.truth_changed(assignment, item.variant, after, reason, who)
        self.review.decide(assignment, item.item, verdict, reason, who)
        return after.version

    def preview_truth(self, assignment: str, item: Item, verdict: str, fault: str = "") -> Regrade:
        """Return the dry run of a verdict before anything is changed."""
        key = adjudicated(self.assignments.keys(assignment)[item.variant], item, verdict, fault)
        return self.regrades.dry_run(assignment, {item.variant: key}, note=f"{verdict} at {item.machine}")

    def mark(
        self, assignment: str, submission: str, line: str, points: float | None, who: str, comment: str = ""
    ) -> None:
        """Give points by hand to one rubric line of a submission; None takes them back."""
        part = "private" if self.assignments.get(assignment).split is not None else "all"
        grades = self.grading.grades(assignment, part)
        if submission not in grades:
            raise AccessError("There is no such submission.")
        self.grading.mark(submission, line, points, who, comment, auto=grades[submission])

    def room(self, assignment: str) -> list[dict[str, Any]]:
        """Return the exam room: handle, last autosave, attempts, last receipt; for the proctor's page."""
        saved = self.drafts.saved_at(assignment)
        rows = []
        for person in self.people.students():
            receipts = self.submissions.of(person.person, assignment)
            last = receipts[-1].received_us if receipts else None
            row = {"handle": person.handle, "saved_us": saved.get(person.person), "attempts": len(receipts)}
            rows.append({**row, "received_us": last})
        return rows


def _kept_secret(vault: ClassVault) -> str:
    row = vault.settings.one(name="secret")
    if row is None:
        secret = new_secret()
        vault.settings.add(name="secret", value=secret)
        return secret
    return str(row["value"])
