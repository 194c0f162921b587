"""What a signed-in student may ask of the class: the only door from the student's pages and routes to it.

Every method answers for the one person that it was made for; what is not released yet does not exist here, in the
same words as an id that was guessed.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from app.classroom.student_data import DATA
from engine.errors import AccessError, LabError

if TYPE_CHECKING:
    from engine.classroom.assignment_files import Variant
    from engine.classroom.classroom import Classroom
    from engine.classroom.feedback import Counts
    from engine.classroom.label_book import LabelBook
    from engine.classroom.people import Person
    from engine.classroom.receipts import Receipt
    from engine.classroom.rubric import Rubric
    from engine.classroom.spec import AssignmentSpec
    from engine.classroom.timeline import Timeline
    from engine.records import Label

OUT = ("released", "published")
NONE, NOT_OPEN = "There is no such assignment.", "This assignment is not open yet."
NOT_BEGUN = "This assignment has a time limit; begin it first, on its page or with POST /api/v1/assignments/{id}/begin."


@dataclass(frozen=True)
class Card:
    """One assignment as its student sees it in the list."""

    spec: AssignmentSpec
    plan: Timeline
    phase: str
    receipts: tuple[Receipt, ...]
    attempts_left: int | None
    now_us: int

    @property
    def takes(self) -> bool:
        """Whether work is taken now."""
        return self.phase in ("open", "late", "practice") and self.attempts_left != 0

    @property
    def must_begin(self) -> bool:
        """Whether the time limit waits for its student, who sees no data until then."""
        return self.plan.must_begin(self.now_us)


class StudentDesk:
    """The class as one student may use it.

    Parameters
    ----------
    school
        The class; it is not handed on.
    person
        Who asks.
    """

    def __init__(self, school: Classroom, person: Person) -> None:
        self._school, self.person = school, person

    # assignments
    def cards(self) -> list[Card]:
        """Return the assignments that are released, the one that closes next first, then those that are over."""
        found = [self.card(spec.id) for spec, state in self._school.assignments.all() if state in OUT]
        return sorted(found, key=lambda card: (card.phase in ("closed", "practice"), card.plan.close_us))

    def card(self, assignment: str) -> Card:
        """Return one assignment, or raise AccessError when it is not out."""
        spec, now = self._spec(assignment), self._school.now_us()
        plan = self._school.assignments.timeline(assignment, self.person)
        receipts = tuple(self._school.submissions.of(self.person.person, assignment))
        left = self._school.submissions.attempts_left(self.person.person, assignment)
        return Card(spec, plan, plan.state(now), receipts, left, now)

    def commitment(self, assignment: str) -> tuple[str, str]:
        """Return the commitment of the whole assignment and of one's own variant."""
        self._spec(assignment)
        return self._school.assignments.commitment(assignment), self.variant(assignment).commitment

    def begin(self, assignment: str) -> Card:
        """Let one's time limit run from now, once; returns the assignment as it stands then."""
        self._released(assignment)
        self._school.assignments.begin(assignment, self.person)
        return self.card(assignment)

    def rubric(self, assignment: str) -> Rubric:
        """Return what the work is graded by; it holds no truth."""
        self._spec(assignment)
        return self._school.assignments.rubric(assignment)

    # data
    def has_data(self, assignment: str) -> bool:
        """Return whether one's variant is made; who joins after the release has none at first."""
        self._spec(assignment)
        try:
            self._school.assignments.variant_of(assignment, self.person.person)
        except AccessError:
            raise
        except LabError:
            return False
        return True

    def make_data(self, assignment: str) -> None:
        """Make and seal the variant of somebody who joined after the release."""
        self._released(assignment)
        self._school.late_joiner(assignment, self.person.person)

    def variant(self, assignment: str) -> Variant:
        """Return the public side of one's variant."""
        self._opened(assignment)
        return self._school.assignments.variant_of(assignment, self.person.person)

    def readings(self, assignment: str) -> tuple[Any, int]:
        """Return one's data, and the event time up to which it may be shown; no truth in it."""
        variant = self.variant(assignment)
        block = DATA.block(variant, lambda: self._school.plants.block(assignment, self.person.person))
        return block, self.stream(assignment)[0] if self._spec(assignment).future_hidden else variant.end_us

    def file(self, assignment: str, kind: str) -> bytes:
        """Return one's data as "csv" or "parquet"; with the future hidden only when the stream has ended."""
        self._opened(assignment)
        self.refuse_hidden_future(assignment)
        plants, who = self._school.plants, self.person.person
        return plants.parquet(assignment, who) if kind == "parquet" else plants.csv(assignment, who).encode()

    # the hidden future
    def refuse_hidden_future(self, assignment: str) -> None:
        """Raise AccessError while a part of the data must not be seen yet."""
        if self._spec(assignment).future_hidden and self.stream(assignment)[0] < self.variant(assignment).end_us:
            raise AccessError("The data of this assignment can be downloaded when your stream has ended.")

    def stream(self, assignment: str) -> tuple[int, float]:
        """Return event time and speed of one's stream; the server's clock decides, for all who share the data."""
        variant = self.variant(assignment)
        common = self._school.assignments.closing.common_stream(assignment, self.person.person)
        if common is not None:
            return (int(common[0]), float(common[1]))
        return self._school.calls.stream(self.person.person, assignment, (variant.start_us, variant.end_us))

    def run(self, assignment: str, speed: float) -> None:
        """Let the stream begin or go on."""
        variant = self._own_stream(assignment)
        self._school.calls.run(self.person.person, assignment, (variant.start_us, variant.end_us), speed)

    def hold(self, assignment: str) -> None:
        """Let the stream stand still."""
        variant = self._own_stream(assignment)
        self._school.calls.hold(self.person.person, assignment, (variant.start_us, variant.end_us))

    def call(self, assignment: str, machine: str, action: str, fault: str = "") -> int:
        """Raise or clear an alarm at the moment that the stream has reached."""
        variant = self._hidden(assignment)
        if machine not in variant.machines or action not in ("raise", "clear"):
            raise LabError(f"Choose one of your machines: {', '.join(variant.machines)}.")
        at_us, _ = self.stream(assignment)
        return self._school.calls.call(self.person.person, assignment, machine, action, at_us, fault)

    def standing(self, assignment: str) -> set[str]:
        """Return the machines whose alarm stands."""
        self._opened(assignment)
        return self._school.calls.standing(self.person.person, assignment)

    def called(self, assignment: str) -> tuple[Label, ...]:
        """Return the alarms that were raised so far."""
        self._opened(assignment)
        return self._school.calls.labels(self.person.person, assignment)

    # labels
    def book(self, assignment: str) -> tuple[LabelBook, int]:
        """Return the saved labels and their revision."""
        self._opened(assignment)
        return self._school.drafts.load(self.person.person, assignment)

    def save(self, assignment: str, book: LabelBook, revision: int) -> int:
        """Save labels; LabError when another tab saved in between."""
        self._opened(assignment)
        return self._school.drafts.save(self.person.person, assignment, book, revision)

    def bounds(self, assignment: str) -> Any:
        """Return what labels may refer to."""
        self._opened(assignment)
        return self._school.assignments.bounds(assignment, self.person.person)

    # handing in
    def hand_in_labels(self, assignment: str) -> Receipt:
        """Hand in the saved labels, or with the future hidden the alarms that were raised."""
        self._opened(assignment)
        hidden, desk = self._spec(assignment).future_hidden, self._school.submissions
        labels = self.called(assignment) if hidden else self.book(assignment)[0].labels
        if not labels:
            raise LabError("There is nothing to hand in yet; mark at least one interval first.")
        return (desk.submit_calls if hidden else desk.submit_labels)(self.person.person, assignment, labels)

    def hand_in_file(self, assignment: str, raw: bytes, name: str) -> Receipt:
        """Hand in a CSV; a malformed one is no attempt."""
        self._opened(assignment)
        return self._school.submissions.submit_file(self.person.person, assignment, raw, name)

    def hand_in_answers(self, assignment: str, answers: dict[str, Any]) -> Receipt:
        """Hand in quiz answers."""
        self._opened(assignment)
        return self._school.submissions.submit_answers(self.person.person, assignment, answers)

    def hand_in_text(self, assignment: str, text: str) -> Receipt:
        """Hand in a report."""
        self._opened(assignment)
        return self._school.submissions.submit_text(self.person.person, assignment, text)

    def hand_in_settings(self, assignment: str, detector: str, values: dict[str, Any]) -> Receipt:
        """Hand in a detector's setting; the lab runs it."""
        self._opened(assignment)
        return self._school.submissions.submit_parameters(self.person.person, assignment, detector, values)

    # results
    def counts(self, assignment: str) -> Counts:
        """Return one's result in numbers, as far as this moment allows."""
        self._opened(assignment)
        return self._school.feedback.counts(assignment, self.person.person)

    def report(self, assignment: str) -> str:
        """Return one's feedback page at the level of this moment."""
        self._opened(assignment)
        return self._school.feedback.page(assignment, self.person.person)

    def dispute(self, assignment: str, machine: str, start_us: int, end_us: int, text: str) -> str:
        """Open a dispute about one interval, once the results are out for this person."""
        if not self.results(assignment):
            raise LabError("Disputes open when the results are out.")
        return self._school.review.dispute(assignment, self.person.person, machine, start_us, end_us, text)

    def disputes(self, assignment: str) -> list[dict[str, Any]]:
        """Return one's disputes with their answers."""
        self._opened(assignment)
        return self._school.review.disputes_of(assignment, self.person.person)

    def results(self, assignment: str) -> list[dict[str, Any]]:
        """Return what was published for this person and is released to it, oldest first."""
        self._opened(assignment)
        return list(self._school.regrades.seen_by(assignment, self.person.person))

    # oneself
    def token(self) -> str:
        """Return a new personal token for the API; older ones end."""
        return self._school.people.token(self.person.person)

    def sign_out(self) -> None:
        """End all sign-ins and tokens of this person, wherever they are."""
        self._school.people.sign_out(self.person.person)

    def export(self) -> dict[str, Any]:
        """Return everything that is kept about oneself."""
        return self._school.people.export(self.person.person)

    def _spec(self, assignment: str) -> AssignmentSpec:
        if self._school.assignments.state(assignment) not in OUT:
            raise AccessError(NONE)
        return self._school.assignments.get(assignment)

    def _released(self, assignment: str) -> Card:
        card = self.card(assignment)
        if card.phase == "before":
            raise AccessError(NOT_OPEN)
        return card

    def _opened(self, assignment: str) -> None:
        if self._released(assignment).must_begin:
            raise AccessError(NOT_BEGUN)

    def _own_stream(self, assignment: str) -> Variant:
        variant = self._hidden(assignment)
        if self._school.assignments.closing.common_stream(assignment, self.person.person) is not None:
            raise LabError("Several people share this data, so one clock shows it to all of them; it cannot be held.")
        return variant

    def _hidden(self, assignment: str) -> Variant:
        card = self.card(assignment)
        if not card.spec.future_hidden:
            raise LabError("The data of this assignment lies open; mark intervals on the labelling page.")
        if card.phase not in ("open", "late", "practice"):
            raise LabError("This assignment is closed; the stream stands still.")
        return self.variant(assignment)

    def shares_stream(self, assignment: str) -> bool:
        """Return whether one clock shows the data to all who share it."""
        return self._school.assignments.closing.common_stream(assignment, self.person.person) is not None
