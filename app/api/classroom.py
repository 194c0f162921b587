"""Assignments and submissions of the person whose token is sent: own data, own receipts, never anybody's truth."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any, Literal

from fastapi import APIRouter, Depends, Path, Query
from pydantic import BaseModel, ConfigDict, Field, model_validator
from starlette.requests import Request
from starlette.responses import Response

from app.access import viewer_of
from app.api.asking import iso, moment_us
from app.api.heavy import HEAVY, streamed
from app.classroom.student import StudentDesk
from app.lab import lab
from engine.classroom.classroom import Classroom
from engine.classroom.people import Person
from engine.classroom.receipts import Receipt
from engine.errors import AccessError, ParameterError
from engine.records import Label

router = APIRouter(tags=["class"])
AssignmentId = Annotated[str, Path(max_length=80)]
Word = Annotated[str, Field(max_length=80)]
MEDIA = {"csv": "text/csv; charset=utf-8", "parquet": "application/vnd.apache.parquet"}
FILES = {
    200: {
        "content": {
            "text/csv": {"schema": {"type": "string"}},
            "application/vnd.apache.parquet": {"schema": {"type": "string", "format": "binary"}},
        }
    }
}


def person_of(request: Request) -> Person:
    """Return the person of the class who asks; AccessError for anybody who is not in it."""
    person = viewer_of(request).classmate
    if person is None:
        raise AccessError("This is for people of the class; sign in at /login or send your personal token.")
    return _class().people.get(person)


Member = Annotated[Person, Depends(person_of)]


class LabelIn(BaseModel):
    """An interval that you mark, start ≤ time < end."""

    model_config = ConfigDict(extra="forbid")
    machine: Word
    start: Annotated[str, Field(max_length=40)]
    end: Annotated[str, Field(max_length=40)]
    fault: Word = ""
    confidence: Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)] | None = None


class WorkIn(BaseModel):
    """What you hand in: exactly one of labels, csv, answers, text and parameters."""

    model_config = ConfigDict(extra="forbid")
    labels: Annotated[list[LabelIn], Field(max_length=100_000)] | None = None
    csv: Annotated[str, Field(max_length=4_000_000)] | None = None
    answers: Annotated[dict[Word, str | float | list[str]], Field(max_length=500)] | None = None
    text: Annotated[str, Field(max_length=20_000)] | None = None
    parameters: Annotated[dict[Word, float | int | bool | str], Field(max_length=40)] | None = None
    detector: Word | None = None

    @model_validator(mode="after")
    def _one_thing(self) -> WorkIn:
        kinds = (self.labels, self.csv, self.answers, self.text, self.parameters)
        if sum(kind is not None for kind in kinds) != 1:
            raise ValueError("send exactly one of labels, csv, answers, text and parameters")
        if self.parameters is not None and self.detector is None:
            raise ValueError("parameters need a detector")
        return self


class ReceiptOut(BaseModel):
    """Proof of a submission; it is on the disk when you read this."""

    submission: str
    assignment: str
    variant: str
    kind: str
    received: str
    sha256: str
    attempt: int


@router.get("/assignments")
def assignments(who: Member) -> list[dict[str, Any]]:
    """Return the assignments that are released, with your dates, your variant and the attempts you have left."""
    school = _class()
    released = [spec for spec, state in school.assignments.all() if state in ("released", "published")]
    return [_assignment(school, spec, who) for spec in released]


@router.get("/assignments/{assignment}/data", responses=FILES, response_class=Response)
async def data(
    assignment: AssignmentId,
    who: Member,
    every_s: Annotated[float | None, Query(ge=1, le=3600, allow_inf_nan=False)] = None,
    file_format: Annotated[Literal["csv", "parquet"], Query(alias="format")] = "csv",
) -> Response:
    """Return the readings of your own variant; it is made while it is sent, so its length is not told."""
    parts = await HEAVY.run(_parts, assignment, who, every_s, file_format)
    return await streamed(parts, MEDIA[file_format], f"{assignment}.{file_format}")


def _parts(assignment: str, who: Person, every_s: float | None, file_format: str) -> Iterator[bytes]:
    school = _class()
    _open(school, assignment, who)
    desk = StudentDesk(school, who)
    desk.variant(assignment)  # refuses who has not begun
    desk.refuse_hidden_future(assignment)
    make = school.plants.parquet_parts if file_format == "parquet" else school.plants.csv_parts
    return make(assignment, who.person, every_s)


@router.post("/assignments/{assignment}/begin")
def begin(assignment: AssignmentId, who: Member) -> dict[str, Any]:
    """Begin an assignment with a time limit: its data is there from now on, and your minutes run. Safe to repeat."""
    school = _class()
    _open(school, assignment, who)
    StudentDesk(school, who).begin(assignment)
    return _assignment(school, school.assignments.get(assignment), who)


@router.get("/assignments/{assignment}/submissions", response_model=list[ReceiptOut])
def submissions(assignment: AssignmentId, who: Member) -> list[ReceiptOut]:
    """Return your own receipts."""
    school = _class()
    _open(school, assignment, who)
    return [_receipt(one) for one in school.submissions.of(who.person, assignment)]


@router.post("/assignments/{assignment}/submissions", status_code=201, response_model=ReceiptOut)
def submit(assignment: AssignmentId, work: WorkIn, who: Member) -> ReceiptOut:
    """Hand in; what is malformed is refused with its place and does not count as an attempt."""
    school = _class()
    _open(school, assignment, who)
    desk, person = school.submissions, who.person
    if work.csv is not None:
        return _receipt(desk.submit_file(person, assignment, work.csv.encode(), "labels.csv"))
    if work.labels is not None:
        return _receipt(desk.submit_labels(person, assignment, tuple(_label(one) for one in work.labels)))
    if work.answers is not None:
        return _receipt(desk.submit_answers(person, assignment, dict(work.answers)))
    if work.text is not None:
        return _receipt(desk.submit_text(person, assignment, work.text))
    return _receipt(desk.submit_parameters(person, assignment, work.detector or "", dict(work.parameters or {})))


def _class() -> Classroom:
    return lab().desks.classroom


def _open(school: Classroom, assignment: str, who: Person) -> None:
    """Refuse an assignment that is not released, in the words of one that is not there."""
    try:
        state = school.assignments.state(assignment)
    except AccessError:
        state = "none"
    begun = state in ("released", "published") and (
        school.assignments.timeline(assignment, who).state(school.now_us()) != "before"
    )
    if not begun:
        raise AccessError("There is no such assignment for you now.")


def _assignment(school: Classroom, spec: Any, who: Person) -> dict[str, Any]:
    plan = school.assignments.timeline(spec.id, who)
    state = plan.state(school.now_us())
    facts = {"id": spec.id, "title": spec.title, "submit": spec.submit, "state": state, "release": iso(plan.release_us),
             "close": iso(plan.close_us), "attempts_left": school.submissions.attempts_left(who.person, spec.id),
             "commitment": school.assignments.commitment(spec.id),
             "time_limit_minutes": plan.time_limit_minutes,
             "begun": iso(plan.begun_us), "time_is_up": iso(plan.time_is_up_us)}  # fmt: skip
    if state == "before":
        return facts
    owners = {one.person for one in school.assignments.variants(spec.id)}
    mine = school.assignments.owners(spec.id, [who.person])[0]
    variant = school.assignments.variant_of(spec.id, who.person).variant if mine in owners else None
    return {**facts, "variant": variant}


def _label(one: LabelIn) -> Label:
    try:
        start, end = moment_us(one.start), moment_us(one.end)
    except ValueError as wrong:
        raise ParameterError(f"start and end {wrong}.") from None
    return Label(one.machine, start, end, one.fault, one.confidence)


def _receipt(receipt: Receipt) -> ReceiptOut:
    return ReceiptOut(
        submission=receipt.submission,
        assignment=receipt.assignment,
        variant=receipt.variant,
        kind=receipt.kind,
        received=str(iso(receipt.received_us)),
        sha256=receipt.sha256,
        attempt=receipt.attempt,
    )
