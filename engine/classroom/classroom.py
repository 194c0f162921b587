"""The class as one object: what pages, the API and the command line work with."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.classroom.assignments import Assignments
from engine.classroom.audit import Audit
from engine.classroom.boards import Boards, Leak
from engine.classroom.calls import Calls
from engine.classroom.class_making import ClassMaker
from engine.classroom.conductor import Conductor
from engine.classroom.evidence import Evidence
from engine.classroom.exports import Exports
from engine.classroom.fairness import Fairness, fairness, split_correlation
from engine.classroom.gate import Gate, play_gate, question_gate
from engine.classroom.grading import Grading
from engine.classroom.label_book import Drafts
from engine.classroom.people import People
from engine.classroom.pipelines import SAMPLE, Pipeline, play_pipelines
from engine.classroom.plants import WITHOUT_EVENTS, PlantMaker
from engine.classroom.playing import sampled
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
from engine.records import SECOND_US
from engine.store.class_records import ClassRecords, ClassVault

if TYPE_CHECKING:
    from engine.store.database import Database

FAIRNESS_PLANTS = 60  # variants of a large class on which simulated people work; the careful one's range is of all


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
        self._seconds: dict[tuple[str, str], float] = {}  # (assignment, making or checking) -> how long it took
        self._book = ReceiptBook(folder / "receipts.jsonl")
        self.audit = Audit(records, now_us, sealed)
        self.people = People(records, self.audit, now_us)
        self.roster = RosterDesk(records, self.people, self.audit)
        self.assignments = Assignments(records, sealed, self.audit, secret, now_us)
        self.plants = PlantMaker(self.assignments)
        self.making = ClassMaker(self.assignments, self.plants)
        self.drafts, self.calls = Drafts(records, now_us), Calls(records, now_us)
        self.submissions = Submissions(records, self._book, self.assignments, self.people, now_us)
        self.grading = Grading(
            records, self.assignments, self.submissions, self.people, self.audit, now_us, self.plants.run_parameters
        )
        self.regrades = RegradeDesk(records, self.assignments, self.grading, self.audit, now_us)
        self.people.results_seen = self.regrades.all_seen_by
        self.review = Review(records, self.assignments, self.submissions, self.grading, self.audit, secret, now_us)
        self.boards = Boards(self.assignments, self.grading, self.submissions, self.people, secret)
        self.feedback = StudentView(
            self.people, self.assignments, self.submissions, self.grading, self.regrades, self.plants, now_us
        )
        self.evidence = Evidence(self.assignments, self.submissions, self.grading)
        self.gradebook = Exports(self.assignments, self.grading, self.audit)
        self.conductor = Conductor(records, sealed, self.people, self.audit, now_us)

    def close(self) -> None:
        """End the grading and close the receipt file; the databases belong to whoever opened them."""
        self.grading.close()
        self._book.close()

    # preparing
    def apply_roster(self, roster: Roster, *, mark_missing: bool = False) -> Summary:
        """Add and update people from a roster."""
        return self.roster.apply(roster, mark_missing=mark_missing)

    def make_variants(
        self,
        assignment: str,
        progress: Callable[[int, int], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> int:
        """Make and seal the variants that are missing (or the shared one); returns how many there are.

        All are made anew when the assignment or its rubric changed since; after the release the plants of the class
        go on to be made by the same plan, each with a commitment of its own.
        """
        persons = [p.person for p in self.people.students()]
        if not persons and self.assignments.get(assignment).variants != "shared":
            raise LabError("The class has no students yet; import a roster or let them join first.")
        begun = self.now_us()
        count = self.making.seal_all(assignment, persons, progress, cancelled)
        self._seconds[assignment, "making"] = (self.now_us() - begun) / SECOND_US
        return count

    def check(
        self,
        assignment: str,
        progress: Callable[[int, int], None] | None = None,
        cancelled: Callable[[], bool] | None = None,
    ) -> Gate:
        """Let the robots play every variant, prove the rubric, and open the release when both are good."""
        if self.assignments.variants(assignment):
            self.assignments.check_sealed(assignment)
        rubric, keys = self.assignments.rubric(assignment), self.assignments.keys(assignment)
        proof = prove_rubric(rubric, runs=20)
        if proof.rows and not proof.passed:
            raise LabError("The rubric pays a lazy robot more than it may; look at its robot table and mend it.")
        if rubric.submit in WITHOUT_EVENTS:
            spec, answers = self.assignments.get(assignment), self.assignments.answers(assignment)
            return self.store_gate(assignment, question_gate(spec, answers, len(keys)))
        begun = self.now_us()
        played = self.making.play_all(assignment, progress, cancelled)
        gate = play_gate(
            rubric,
            keys,
            {name: one.reference for name, one in played.items() if one.reference is not None},
            {name: one.careful for name, one in played.items()},
            {name: one.three_sigma for name, one in played.items() if one.three_sigma is not None},
        )
        few, pipelines = self.making.too_few(assignment), tuple(self._pipelines(assignment))
        self._seconds[assignment, "checking"] = (self.now_us() - begun) / SECOND_US
        return self.store_gate(assignment, replace(gate, problems=(*gate.problems, *few), pipelines=pipelines))

    def _pipelines(self, assignment: str) -> list[Pipeline]:
        """Let every honest detector play a sample of the variants."""
        rubric, keys = self.assignments.rubric(assignment), self.assignments.keys(assignment)
        some = self.assignments.variants(assignment)[:SAMPLE]
        data = {v.variant: (self.plants.block(assignment, v.person, 60.0), keys[v.variant]) for v in some}
        return play_pipelines(rubric, data, load_plant(self.assignments.get(assignment).plant.name))

    def fairness(self, assignment: str) -> Fairness:
        """Return how fair the variants of an assignment are (vault): luck against skill, by simulated people."""
        spec, keys = self.assignments.get(assignment), self.assignments.keys(assignment)
        if not keys or spec.submit in WITHOUT_EVENTS:
            raise LabError("There are no variants with events in this assignment; make them first.")
        some = sampled(list(keys), FAIRNESS_PLANTS)
        return fairness({name: key for name, key in keys.items() if name in some}, self.assignments.rubric(assignment))

    def store_gate(self, assignment: str, gate: Gate) -> Gate:
        """Store what the robots found; only a passed gate lets the assignment be released.

        What feedback and board could give away while work is taken is a warning: it is for the instructor to decide.
        """
        leak = self.boards.leak(assignment)
        if leak.truth_bits and not leak.green and self.assignments.get(assignment).mode != "practice":
            gate = replace(gate, warnings=(*gate.warnings, _leak_words(leak)))
        if gate.passed:
            rubric = self.assignments.rubric(assignment)
            shares = gate.baselines(rubric.automatic_points)
            found = f", reference {shares['reference']:.2f} of the points" if "reference" in shares else ""
            summary = f"{len(self.assignments.variants(assignment))} variants{found}"
            checks: dict[str, Any] = {
                "baselines": shares,
                "histogram": gate.histogram(rubric.automatic_points),
                "summary": summary,
            }
            checks |= {"careful": [min(gate.careful), max(gate.careful)]} if gate.careful else {}
            whose = {what: took for (name, what), took in self._seconds.items() if name == assignment}
            checks |= {"seconds": whose} if whose else {}
            if gate.line is not None:
                checks["line"] = {"detector": gate.line.name, "points": gate.line.mean, "played": gate.line.played}
            if gate.rows and self.assignments.get(assignment).split is not None:
                checks["split_says"] = split_correlation(self.assignments.keys(assignment), rubric)
            self.assignments.checked(assignment, checks)
        return gate

    def late_joiner(self, assignment: str, person: str) -> None:
        """Make the variant of somebody who joined after the release."""
        owner = self.assignments.owners(assignment, [person])[0]
        if not any(v.person == owner for v in self.assignments.variants(assignment)):
            self.making.seal_late(assignment, owner)

    # the grading evening
    def correct_truth(self, assignment: str, item: Item, verdict: str, reason: str, who: str, fault: str = "") -> int:
        """Decide an item by changing the truth to its next version; returns the version. Regrading comes after."""
        before = self.assignments.keys(assignment)[item.variant]
        after = adjudicated(before, item, verdict, fault)
        if after != before:
            after = self.assignments.truth_changed(
                assignment, item.variant, after, reason, who, based_on=before.version
            )
            self.grading.begin(assignment)
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


def _leak_words(leak: Leak) -> str:
    parts = ", ".join(f"{name} {bits:.0f} bits" for name, bits in leak.parts)
    return (
        f"While work is taken, feedback and board can tell {100 * leak.share:.0f} % of the truth that they are about "
        f"({parts}); a split, fewer attempts, a larger step or feedback.while_open: nothing tell less."
    )


def _kept_secret(vault: ClassVault) -> str:
    row = vault.settings.one(name="secret")
    if row is None:
        secret = new_secret()
        vault.settings.add(name="secret", value=secret)
        return secret
    return str(row["value"])
