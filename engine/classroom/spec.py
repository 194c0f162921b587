"""The assignment file: what is handed out, when, how often, and how it is graded; unknown keys are errors."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Any, Literal
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from engine.classroom.rubric import Kind, rubric_names
from engine.errors import FileProblemError, nearest
from engine.records import SECOND_US
from engine.yaml_file import problems_of, read_model

ROW_BUDGET = 5_000_000
GRACE_US = 60 * SECOND_US  # a click in the last second still counts when the room is full
FEEDBACK = ("nothing", "score_only", "counts", "timeline", "full")
Feedback = Literal["nothing", "score_only", "counts", "timeline", "full"]


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class PlantPart(_Part):
    """Whose data is labelled: machines, length, rate and recipe of faults."""

    name: str = "pump_station"
    machines: Annotated[tuple[str, ...], Field(min_length=1, max_length=20)] = ("MACHINE_001",)
    rate_hz: Annotated[float, Field(gt=0, le=10)] = 0.1
    days: Annotated[float, Field(gt=0, le=60)] = 7
    events: Annotated[int, Field(ge=1, le=200)] = 12
    faults: tuple[str, ...] = ()
    level: Literal["easy", "medium", "hard"] = "medium"
    few_events: bool = False  # the instructor insists on less than eight faults, whatever chance it costs

    @property
    def rows(self) -> float:
        """Rows of the data: one for each reading time and machine."""
        return self.rate_hz * self.days * 86_400 * len(self.machines)

    @model_validator(mode="after")
    def _fits_the_budget(self) -> PlantPart:
        if self.rows > ROW_BUDGET:
            raise ValueError(
                f"this plant has {self.rows:,.0f} readings, more than {ROW_BUDGET:,}; take fewer days or machines"
            )
        return self


class Split(_Part):
    """What the board sees: `by: seed` = whole machines with other seeds, `by: event` = a random part of the events."""

    public: Annotated[float, Field(gt=0, lt=1)] = 0.3
    by: Literal["seed", "event"] = "seed"


class Credit(_Part):
    """One step of the credit timeline: until then the work is worth that percentage."""

    until: str
    percent: Annotated[float, Field(ge=0, le=200)]

    @field_validator("until", mode="before")
    @classmethod
    def _readable(cls, value: Any) -> str:
        return readable_time(value)


class When(_Part):
    """Release, credit timeline and what happens afterwards."""

    release: str
    credit: Annotated[tuple[Credit, ...], Field(min_length=1)]
    after: Literal["closed", "practice"] = "closed"
    time_limit_minutes: Annotated[float, Field(gt=0)] | None = None

    @field_validator("release", mode="before")
    @classmethod
    def _readable(cls, value: Any) -> str:
        return readable_time(value)

    @model_validator(mode="after")
    def _in_order(self) -> When:
        times = [moment_us(self.release), *(moment_us(step.until, self.zone) for step in self.credit)]
        if times != sorted(set(times)):
            raise ValueError("release and the credit steps must follow one another in time")
        return self

    @property
    def zone(self) -> str:
        """Time zone of the release; steps without one of their own are in it."""
        parts = self.release.split()
        return parts[-1] if len(parts) > 2 else "UTC"


class Attempts(_Part):
    """How often; failed uploads never count (the key stands in the file so that everyone can read it)."""

    per_day: Annotated[int, Field(ge=1)] | None = 3
    total: Annotated[int, Field(ge=1)] | None = 12
    count_failed_uploads: Literal[False] = False


class FeedbackPart(_Part):
    """What a student sees, by phase."""

    while_open: Feedback = "counts"
    after_close: Feedback = "timeline"
    after_release: Feedback = "full"


class Board(_Part):
    """The board: handles, Ladder rule, baselines."""

    show: Literal["nobody", "own", "handles"] = "own"
    rule: Literal["ladder"] = "ladder"
    step: Annotated[float, Field(gt=0, le=0.5)] = 0.05
    baselines: tuple[str, ...] = ("random", "label_all", "reference", "shewhart_3s")


class Question(_Part):
    """One question of a quiz; without options the answer is a number or a word. What is right stands in the vault."""

    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9_-]{0,40}$")]
    ask: Annotated[str, Field(min_length=1, max_length=2000)]
    options: Annotated[tuple[str, ...], Field(max_length=12)] = ()
    several: bool = False


class AssignmentSpec(_Part):
    """One assignment, as the wizard writes it and the file holds it."""

    version: Literal[1] = 1
    id: Annotated[str, Field(pattern=r"^[a-z0-9][a-z0-9-]{0,60}$")]
    title: Annotated[str, Field(min_length=1, max_length=120)]
    mode: Literal["practice", "graded", "exam", "competition"] = "practice"
    lesson: str | None = None
    submit: Kind = "labels"
    plant: PlantPart = PlantPart()
    task: Annotated[str, Field(max_length=20_000)] = ""
    questions: Annotated[tuple[Question, ...], Field(max_length=200)] = ()
    variants: Literal["per_student", "shared", "per_group"] = "per_student"
    split: Split | None = None
    when: When
    attempts: Attempts = Attempts()
    keep: Literal["last", "best_public", "best_private"] = "last"
    feedback: FeedbackPart = FeedbackPart()
    board: Board | None = None
    rubric: str = "interval-v2"
    max_intervals: Annotated[int, Field(ge=1, le=100_000)] = 500
    points: Annotated[float, Field(gt=0, le=10_000)] = 100.0
    future_hidden: bool = False

    @model_validator(mode="after")
    def _keeps_the_truth_while_open(self) -> AssignmentSpec:
        if self.mode != "practice" and self.feedback.while_open in ("timeline", "full"):
            raise ValueError(
                "feedback.while_open may only be nothing, score_only or counts unless the mode is practice"
            )
        return self

    @field_validator("questions")
    @classmethod
    def _asked_once(cls, questions: tuple[Question, ...]) -> tuple[Question, ...]:
        ids = [question.id for question in questions]
        if len(set(ids)) != len(ids):
            raise ValueError("two questions have the same id; give every question its own")
        return questions

    @field_validator("rubric")
    @classmethod
    def _known_rubric(cls, name: str) -> str:
        if name not in rubric_names():
            near = nearest(name, rubric_names())
            hint = f"; did you mean {near!r}" if near else ""
            raise ValueError(f"no rubric is called {name!r}, there are {', '.join(rubric_names())}{hint}")
        return name


def load_spec(text: str, file: str = "assignment.yaml") -> AssignmentSpec:
    """Return the assignment in the text.

    Raises
    ------
    FileProblemError
        For the first problem, with file, line and cure.
    """
    return read_model(text, AssignmentSpec, file)


def spec_problems(text: str, file: str = "assignment.yaml") -> list[FileProblemError]:
    """Return all problems of the text by line; what the wizard shows beside the editor."""
    return problems_of(text, AssignmentSpec, file)


def readable_time(value: Any) -> str:
    """Return the text of a time, or complain; YAML may have read it as a date already."""
    text = str(value)  # of a datetime: ISO 8601 with a blank
    moment_us(text)
    return text


def moment_us(text: str, zone: str = "UTC") -> int:
    """Return "2026-03-02 09:00 Europe/Berlin" as microseconds; without a zone of its own it is in `zone`."""
    parts = text.split()
    named = parts[2] if len(parts) > 2 else zone
    try:
        place = ZoneInfo(named)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # a folder of the zones, a name too long for a file
        raise ValueError(f"{named!r} is no time zone; write one such as Europe/Berlin") from None
    try:
        moment = datetime.fromisoformat(" ".join(parts[:2]))
        moment = moment.replace(tzinfo=place) if moment.tzinfo is None else moment
        return round(moment.timestamp()) * SECOND_US
    except (ValueError, OverflowError):
        raise ValueError(f"{text!r} is no time; write 2026-03-02 09:00 Europe/Berlin") from None
