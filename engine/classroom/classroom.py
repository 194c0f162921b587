"""The class as one object: what pages, the API and the command line work with."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.classroom import feedback, feedback_page, gradebook, gradebook_write
from engine.classroom.assignments import SHARED, Assignments
from engine.classroom.audit import Audit
from engine.classroom.boards import Boards
from engine.classroom.calls import Calls
from engine.classroom.collusion import SeedFit, SharedErrors, cross_fits, equal_payloads, shared_errors
from engine.classroom.conductor import Conductor
from engine.classroom.gate import Gate, play_gate
from engine.classroom.gradebook_cells import Missing
from engine.classroom.grading import Grading, Result
from engine.classroom.label_book import Drafts
from engine.classroom.people import People
from engine.classroom.plants import PlantMaker
from engine.classroom.receipts import ReceiptBook
from engine.classroom.regrade import Regrade, RegradeDesk
from engine.classroom.review import Item, Review, adjudicated
from engine.classroom.robots import prove_rubric
from engine.classroom.roster import Roster, RosterDesk, Summary
from engine.classroom.seeds import new_secret
from engine.classroom.submissions import Submissions
from engine.errors import AccessError, LabError
from engine.store.class_records import ClassRecords, ClassVault

if TYPE_CHECKING:
    from engine.classroom.key import AnswerKey
    from engine.records import Label
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
        reference = {}
        if rubric.submit in ("labels", "alarms", "params"):
            variants = self.assignments.variants(assignment)
            reference = {v.variant: self._reference(assignment, v.person) for v in variants}
        return self.store_gate(
            assignment, play_gate(rubric, keys, reference, self.assignments.difficulties(assignment))
        )

    def store_gate(self, assignment: str, gate: Gate) -> Gate:
        """Store what the robots found; only a passed gate lets the assignment be released."""
        if gate.passed:
            points = self.assignments.rubric(assignment).automatic_points
            shares = gate.baselines(points)
            summary = f"{len(gate.rows)} variants, reference {shares['reference']:.2f} of the points"
            checks = {"baselines": shares, "histogram": gate.histogram(), "summary": summary}
            self.assignments.checked(assignment, checks)
        return gate

    def late_joiner(self, assignment: str, person: str) -> None:
        """Make the variant of somebody who joined after the release."""
        if self.assignments.get(assignment).variants != "shared":
            self.assignments.seal_one(assignment, self.plants.equal(assignment, person))

    # what a student sees
    def feedback_level(self, assignment: str, result: Result) -> str:
        """Return the feedback level of this moment for this student: nothing, score_only, counts, timeline or full."""
        spec, rule = self.assignments.get(assignment), self.assignments.get(assignment).feedback
        if result.status == "held":
            return "nothing"
        if self.regrades.is_released(assignment, result):
            return rule.after_release
        plan = self.assignments.timeline(assignment, result.person)
        if plan.state(self.now_us()) in ("open", "late", "before"):
            return rule.while_open
        if spec.variants == "shared" and not self._closed_for_all(assignment):
            return rule.while_open if rule.while_open in ("nothing", "score_only") else "counts"
        return rule.after_close

    def counts(self, assignment: str, person: str) -> feedback.Counts:
        """Return what the student may know in numbers; while open, of the public part alone."""
        result = self.grading.result(assignment, person)
        level = self.feedback_level(assignment, result)
        part = "public" if level in ("score_only", "counts") and self._is_open(assignment, result) else "private"
        if part == "public" and self.assignments.get(assignment).split is not None:
            result = self._public(assignment, person)
        key = self._key_of(assignment, person) if level not in ("nothing", "score_only") else None
        variant = self.assignments.variant_of(assignment, person).variant
        title = self.assignments.get(assignment).title
        return feedback.counts_of(
            result, title, variant, level, key and key.part(part), self._notes(assignment, person)
        )

    def report_html(self, assignment: str, person: str) -> str:
        """Return the student's feedback page at the level of this moment."""
        result, counts = self.grading.result(assignment, person), self.counts(assignment, person)
        if result.grade is None or self.feedback_level(assignment, result) not in ("timeline", "full"):
            return feedback_page.counts_page(counts)
        key = self._key_of(assignment, person)
        key = key.part("private") if self.assignments.get(assignment).split else key
        marks = self._marks(assignment, result.submission)
        block = self._block_or_none(assignment, person)
        points = self.assignments.rubric(assignment).automatic_points
        shares = self.assignments.checks(assignment).get("baselines", {})
        baselines = [(name, share * points) for name, share in shares.items()]
        report = feedback.report_of(counts, result.grade, key, marks, block, baselines)
        return feedback_page.report_page(report)

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

    def seed_fits(self, assignment: str) -> list[SeedFit]:
        """Return submissions that fit another student's seed (instructor only; evidence, not a verdict)."""
        newest = {r.person: (r, w) for r, w in self.submissions.payloads(assignment)}
        works = {r.submission: (r.variant, w.marks) for r, w in newest.values()}
        return cross_fits(works, self.assignments.keys(assignment))

    def same_errors(self, assignment: str) -> list[SharedErrors]:
        """Return pairs with identical wrong intervals on shared data (instructor only)."""
        variant = self.assignments.variant_of(assignment, SHARED)
        marks = {
            r.submission: self._marks(assignment, r.submission) for r in self.grading.results(assignment) if r.grade
        }
        fates = {r.submission: r.grade.fates for r in self.grading.results(assignment) if r.grade}
        wrong = {s: [m for m, fate in zip(marks[s], fates[s], strict=True) if fate == "false"] for s in marks}
        return shared_errors(wrong, variant.start_us, variant.end_us)

    def same_payloads(self, assignment: str) -> list[tuple[str, ...]]:
        """Return groups of submissions of different people with the same content (instructor only)."""
        newest = {r.person: r for r, _ in self.submissions.payloads(assignment)}
        return equal_payloads({r.submission: r.sha256 for r in newest.values()})

    # gradebook
    def fill_gradebook(self, assignment: str, raw: bytes, missing: Missing = "blank") -> gradebook.Filled:
        """Fill the LMS's own file and note the export in the audit log."""
        title = self.assignments.get(assignment).title
        filled = gradebook.fill(raw, self.grading.results(assignment), title, missing)
        self.audit.note(
            "instructor", "exported", f"{assignment} into a {filled.system} file", after=_sha(filled.content)
        )
        return filled

    def write_gradebook(self, assignment: str, system: str, missing: Missing = "blank") -> str:
        """Return a new file for canvas, moodle, brightspace, long (nbgrader's form) or lines (rubric lines)."""
        results, spec = self.grading.results(assignment), self.assignments.get(assignment)
        variants = {v.person: v.variant for v in self.assignments.variants(assignment)}
        due = self.assignments.timeline(assignment, results[0].person).close_us if results else 0
        writers: dict[str, Callable[[], str]] = {
            "canvas": lambda: gradebook_write.write_canvas(results, spec.title, missing),
            "moodle": lambda: gradebook_write.write_moodle(results, spec.title, missing),
            "brightspace": lambda: gradebook_write.write_brightspace(results, spec.title, missing),
            "long": lambda: gradebook_write.write_long(results, spec.id, due, variants),
            "lines": lambda: gradebook_write.write_lines(results, spec.id),
        }
        if system not in writers:
            raise LabError(f"system must be one of: {', '.join(writers)}, got {system!r}.")
        text = writers[system]()
        self.audit.note("instructor", "exported", f"{assignment} as {system}", after=_sha(text.encode()))
        return text

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

    def _reference(self, assignment: str, person: str) -> tuple[Label, ...]:
        return self.plants.reference_marks(self.plants.block(assignment, person, 60.0))

    def _key_of(self, assignment: str, person: str) -> AnswerKey:
        return self.assignments.keys(assignment)[self.assignments.variant_of(assignment, person).variant]

    def _marks(self, assignment: str, submission: str) -> tuple[Label, ...]:
        works = {receipt.submission: work for receipt, work in self.submissions.payloads(assignment)}
        return works[submission].marks if submission in works else ()

    def _block_or_none(self, assignment: str, person: str) -> Any:
        """The readings under a report, a minute apart; None for truth that was made by hand."""
        variant = self.assignments.variant_of(assignment, person)
        names = set(self.assignments.get(assignment).plant.machines)
        return self.plants.block(assignment, person, 60.0) if set(variant.machines) == names else None

    def _public(self, assignment: str, person: str) -> Result:
        grades = self.grading.grades(assignment, "public")
        return next(r for r in self.grading.results(assignment, grades) if r.person.person == person)

    def _is_open(self, assignment: str, result: Result) -> bool:
        return self.assignments.timeline(assignment, result.person).state(self.now_us()) in ("open", "late")

    def _closed_for_all(self, assignment: str) -> bool:
        plans = [self.assignments.timeline(assignment, person) for person in self.people.students()]
        return all(plan.state(self.now_us()) in ("closed", "practice") for plan in plans)

    def _notes(self, assignment: str, person: str) -> list[str]:
        history = self.regrades.history(assignment, person)[1:]
        variant = self.assignments.variant_of(assignment, person).variant
        if not history:
            return []
        reasons = [f"truth v{version}: {reason}" for version, reason in self.assignments.reasons(assignment, variant)]
        return [*(f"regraded: {row['note']}" for row in history if row["note"]), *reasons]


def _kept_secret(vault: ClassVault) -> str:
    row = vault.settings.one(name="secret")
    if row is None:
        secret = new_secret()
        vault.settings.add(name="secret", value=secret)
        return secret
    return str(row["value"])


def _sha(raw: bytes) -> str:
    import hashlib

    return hashlib.sha256(raw).hexdigest()
