"""Taking what students hand in: read it, refuse what is malformed, write the receipt, and only then score."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable
from concurrent.futures import Future
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from engine.classroom.csv_text import read_csv_text
from engine.classroom.grade import Work
from engine.classroom.label_files import check_labels, read_labels
from engine.classroom.receipts import Receipt, ReceiptBook, payload_hash, receipt_id
from engine.errors import FileProblemError, LabError, StoreError
from engine.records import DAY_US, iso_time
from engine.store.commits import GroupCommit

if TYPE_CHECKING:
    from engine.classroom.assignments import Assignments
    from engine.classroom.people import People, Person
    from engine.classroom.spec import AssignmentSpec
    from engine.classroom.timeline import Timeline
    from engine.records import Label
    from engine.store.class_records import ClassRecords

MAX_TEXT = 20_000
PATIENCE_S = 30.0  # how long a second tab waits to learn how the first one's write ended

log = logging.getLogger(__name__)


@dataclass
class _Taken:
    """A receipt and how its write ended: everybody who waits for it learns the same."""

    receipt: Receipt
    written: Future[None] = field(default_factory=Future)

    @property
    def on_disk(self) -> bool:
        return self.written.done() and self.written.exception() is None


class Submissions:
    """The counter of the class.

    Parameters
    ----------
    records
        Class tables; they get what the receipt file has, a moment later.
    book
        The receipt file: the truth about what was handed in.
    assignments, people
        Rules and variants; persons.
    now_us
        The server's clock in microseconds: a student's own clock is never asked.
    """

    def __init__(
        self,
        records: ClassRecords,
        book: ReceiptBook,
        assignments: Assignments,
        people: People,
        now_us: Callable[[], int],
    ) -> None:
        self._records, self._book = records, book
        self._assignments, self._people, self._now_us = assignments, people, now_us
        self._lock = threading.Lock()
        self._taken: dict[tuple[str, str], list[_Taken]] = {}
        self._tables = GroupCommit(records.database, self._write_rows)  # a whole class at once waits for one commit
        self._unwritten: list[dict[str, Any]] = []  # rows that the tables refused; the receipt file has them
        self.when_taken: Callable[[str], None] = lambda assignment: None
        self.restored = self._restore()

    def submit_file(self, person: str, assignment: str, raw: bytes, file: str = "labels.csv") -> Receipt:
        """Hand in a CSV of labels or alarms; a malformed one raises FileProblemError and is no attempt.

        The name of the file is only ever shown (its last part), never used as a path.
        """
        spec, shown = self._assignments.get(assignment), file.replace("\\", "/").rsplit("/", 1)[-1][:80] or "file"
        if spec.submit not in ("labels", "alarms"):
            raise LabError(f"This assignment takes {spec.submit}, not a file of labels.")
        _refuse_hidden_future(spec)
        self._people.get(person)
        self._own_variant(person, assignment, raw, shown)
        bounds = self._assignments.bounds(assignment, person)
        read = read_labels(raw, bounds, shown, merge=spec.submit == "labels")
        return self.submit(person, assignment, Work(spec.submit, read.labels))

    def submit_labels(self, person: str, assignment: str, labels: tuple[Label, ...]) -> Receipt:
        """Hand in labels or alarms that were made in the app."""
        _refuse_hidden_future(self._assignments.get(assignment))
        return self.submit_calls(person, assignment, labels)

    def submit_calls(self, person: str, assignment: str, labels: tuple[Label, ...]) -> Receipt:
        """Hand in what the server has stamped itself: the calls of a stream whose future was hidden."""
        self._people.get(person)
        spec, bounds = self._assignments.get(assignment), self._assignments.bounds(assignment, person)
        checked, _ = check_labels(labels, bounds, merge=spec.submit == "labels")
        return self.submit(person, assignment, Work(spec.submit, checked))

    def submit_answers(self, person: str, assignment: str, answers: dict[str, Any]) -> Receipt:
        """Hand in quiz answers: text, numbers, or lists of them."""
        plain = {str(k)[:80]: v for k, v in answers.items() if isinstance(v, str | int | float | list)}
        return self.submit(person, assignment, Work("answers", answers=tuple(sorted(plain.items()))))

    def submit_text(self, person: str, assignment: str, text: str) -> Receipt:
        """Hand in a report."""
        if not text.strip() or len(text) > MAX_TEXT:
            raise LabError(f"A report has 1 to {MAX_TEXT:,} characters, this one has {len(text):,}.")
        return self.submit(person, assignment, Work("text", text=text))

    def submit_parameters(self, person: str, assignment: str, detector: str, values: dict[str, Any]) -> Receipt:
        """Hand in a detector's setting, checked by the detector's own rules; the lab runs it."""
        from engine.classroom.pipelines import check_setting

        check_setting(detector, values)
        settings = (("detector", detector), *sorted((name, value) for name, value in values.items()))
        return self.submit(person, assignment, Work("params", parameters=settings))

    def submit(self, person: str, assignment: str, work: Work) -> Receipt:
        """Take well-formed work and return its receipt, which is on the disk; the same payload is taken once.

        Raises
        ------
        LabError
            When the assignment is not open to this person, or no attempt is left.
        """
        spec, who = self._assignments.get(assignment), self._people.get(person)
        if work.kind != spec.submit:
            raise LabError(f"This assignment takes {spec.submit}, not {work.kind}.")
        variant = self._assignments.variant_of(assignment, person).variant
        payload = work.to_json()
        taken, fresh = self._register(who, assignment, variant, work.kind, payload)
        if not fresh:
            return _outcome(taken)
        try:
            self._book.append(taken.receipt, payload)
        except BaseException as problem:
            with self._lock:
                self._taken[person, assignment].remove(taken)
            taken.written.set_exception(problem)
            raise
        taken.written.set_result(None)
        self._tell_tables(_row(taken.receipt, payload))
        self.when_taken(assignment)
        return taken.receipt

    def of(self, person: str, assignment: str) -> list[Receipt]:
        """Return a person's receipts in order; what is not on the disk yet is none."""
        return [taken.receipt for taken in tuple(self._taken.get((person, assignment), ())) if taken.on_disk]

    def attempts_left(self, person: str, assignment: str) -> int | None:
        """Return how many attempts are left today; None = no limit."""
        plan = self._assignments.timeline(assignment, self._people.get(person))
        return _left(self.of(person, assignment), plan.attempts_total, plan.attempts_per_day, self._now_us())

    def payloads(self, assignment: str) -> list[tuple[Receipt, Work]]:
        """Return all submissions of an assignment with their content, in order of arrival."""
        return self._payloads(assignment=assignment)

    def payloads_of(self, person: str, assignment: str) -> list[tuple[Receipt, Work]]:
        """Return one person's submissions with their content, in order of arrival."""
        return self._payloads(assignment=assignment, person=person)

    def _payloads(self, **where: str) -> list[tuple[Receipt, Work]]:
        self._mend_tables()
        rows = self._records.submissions.find("received_us, submission", **where)
        return [(_receipt(row), Work.from_json(row["payload"])) for row in rows]

    def _tell_tables(self, row: dict[str, Any]) -> None:
        """Put a row into the tables, a moment later with all that wait; a refused one is kept and tried again."""

        def look(done: Future[None]) -> None:
            if done.cancelled() or done.exception() is not None:
                log.error("a submission is on the disk and not yet in the tables: %s", row["submission"])
                self._unwritten.append(row)

        self._tables.add(row).add_done_callback(look)

    def _write_rows(self, cursor: Any, rows: list[dict[str, Any]]) -> None:
        for row in rows:
            self._records.submissions.insert(cursor, row, replace=True)

    def _mend_tables(self) -> None:
        """Whatever is still queued goes in first, then what was refused before."""
        self._records.database.write(lambda cursor: None)
        rows = tuple(self._unwritten)
        if rows:
            self._records.submissions.put_all(list(rows))
            self._unwritten = [row for row in self._unwritten if row not in rows]

    def marks(self, assignment: str, submission: str) -> tuple[Label, ...]:
        """Return the labels or alarms of one submission; none for an unknown one."""
        works = {receipt.submission: work for receipt, work in self.payloads(assignment)}
        return works[submission].marks if submission in works else ()

    def _register(self, who: Person, assignment: str, variant: str, kind: str, payload: str) -> tuple[_Taken, bool]:
        """Check the rules and reserve the attempt; one at a time, so two tabs cannot both take the last one."""
        sha256, now = payload_hash(payload), self._now_us()
        state = self._assignments.state(assignment)
        taking = self._assignments.begin if state in ("released", "published") else self._assignments.timeline
        plan = taking(assignment, who)  # who hands in has begun, wherever the data came from
        keep = self._assignments.get(assignment).keep
        with self._lock:
            mine = self._taken.setdefault((who.person, assignment), [])
            same = _repeated(mine, sha256, keep)
            if same is not None:
                return same, False
            _refuse_wrong_time(state, plan, now)
            left = _left([taken.receipt for taken in mine], plan.attempts_total, plan.attempts_per_day, now)
            if left is not None and left <= 0:
                raise LabError("No attempt is left for now; what you handed in before stays as it is.")
            attempt = max((taken.receipt.attempt for taken in mine), default=0) + 1
            number = receipt_id(who.person, assignment, attempt, sha256)
            taken = _Taken(Receipt(number, who.person, assignment, variant, kind, now, sha256, attempt))
            mine.append(taken)
            return taken, True

    def _own_variant(self, person: str, assignment: str, raw: bytes, file: str) -> None:
        """A file made from another student's data says so in its variant column."""
        table = read_csv_text(raw, file)
        header = [name.lower() for name in table.header]
        if "variant" not in header or len(table.rows) < 2:
            return
        at, mine = header.index("variant"), self._assignments.variant_of(assignment, person).variant
        theirs = {row[at].value.strip() for row in table.rows[1:] if at < len(row)} - {mine, ""}
        if theirs:
            wrong = f"this file is of variant {sorted(theirs)[0][:20]}; yours is {mine}"
            raise FileProblemError(file, "column variant", wrong, "label the data on your own page")

    def _restore(self) -> int:
        """Fill the index from the receipt file, and the tables with what a crash kept out of them."""
        known = {row["submission"] for row in self._records.submissions.find()}
        missing = []
        for receipt, payload in self._book.read():
            taken = _Taken(receipt)
            taken.written.set_result(None)
            self._taken.setdefault((receipt.person, receipt.assignment), []).append(taken)
            if receipt.submission not in known:
                missing.append(_row(receipt, payload))
        if missing:
            self._records.submissions.put_all(missing)
        return len(missing)


def _refuse_hidden_future(spec: AssignmentSpec) -> None:
    if spec.future_hidden:
        raise LabError("In this assignment only alarms count that you raise on its page while the data comes in.")


def _repeated(mine: list[_Taken], sha256: str, keep: str) -> _Taken | None:
    """The submission that this one only repeats. Where the last one counts, an older one again is a new attempt."""
    among = mine[-1:] if keep == "last" else mine
    return next((taken for taken in among if taken.receipt.sha256 == sha256), None)


def _outcome(taken: _Taken) -> Receipt:
    """Return the receipt once it is on the disk, or raise what the first tab was told."""
    try:
        taken.written.result(PATIENCE_S)
    except TimeoutError:
        raise StoreError(
            "The same work is still being written; look under Receipts in a moment whether it is there."
        ) from None
    return taken.receipt


def _refuse_wrong_time(state: str, plan: Timeline, now_us: int) -> None:
    phase = plan.state(now_us)
    if state in ("draft", "checked") or phase == "before":
        raise LabError(f"This assignment opens at {iso_time(plan.release_us, seconds_only=True)}.")
    if phase == "closed":
        limit, ends = plan.time_is_up_us, [plan.close_us, plan.ended_us, plan.time_is_up_us]
        end = min(one for one in ends if one is not None)
        if end == limit:
            minutes = f"{plan.time_limit_minutes:g} minutes"
            raise LabError(f"Your {minutes} ended at {iso_time(end, seconds_only=True)}; nothing more is taken.")
        raise LabError(f"This assignment closed at {iso_time(end, seconds_only=True)}; nothing more is taken.")


def _left(receipts: list[Receipt], total: int | None, per_day: int | None, now_us: int) -> int | None:
    today = sum(r.received_us > now_us - DAY_US for r in receipts)
    limits = [limit - used for limit, used in ((total, len(receipts)), (per_day, today)) if limit is not None]
    return max(0, min(limits)) if limits else None


def _row(receipt: Receipt, payload: str) -> dict[str, Any]:
    return {**receipt.__dict__, "payload": payload}


def _receipt(row: dict[str, Any]) -> Receipt:
    return Receipt(**{name: row[name] for name in Receipt.__dataclass_fields__})
