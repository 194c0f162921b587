"""What may stand in a lesson's files, as pydantic models; unknown keys are errors.

Experiments and exercises share a few keys; all others (`plant`, `inject`, `detector`, …) belong to their `kind` and are
checked against the settings of `lessons.labs.<kind>`.
"""

from __future__ import annotations

import re
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from engine.errors import nearest

LEVELS = ("beginner", "beginner+", "intermediate", "advanced")
NAME = r"^[a-z][a-z0-9_-]{0,39}$"
CONDITION = re.compile(r"^\s*([a-z_0-9]+)\s*(<=|>=|<|>|==)\s*(-?\d+(?:\.\d+)?)\s*$")

# Every number a lab can give, with what it is; conditions and readouts choose from this list alone.
METRICS = {
    "false_alarms_per_day": "false alarms per machine and day of normal time",
    "event_recall": "share of events found",
    "event_precision": "share of alarms that meet an event",
    "delay_p50_minutes": "median delay from the first detectable moment, minutes",
    "delay_p90_minutes": "delay that nine in ten found events stay below, minutes",
    "alarms_per_day": "alarms per day, all machines",
    "alarms_10min_max": "alarms in the worst ten minutes, all machines",
    "alarm_minutes_per_day": "minutes in alarm per machine and day",
    "flood_share": "share of time with more than ten alarms in ten minutes",
    "tiou_mean": "mean temporal overlap of matched intervals (intersection over union)",
    "type_accuracy": "share of clips named rightly",
    "pr_auc": "area under precision over recall (average precision)",
    "roc_auc": "area under the ROC curve",
    "f1": "point-wise F1",
    "pa_f1": "point-adjusted F1 (a pitfall, never a grade)",
    "cost_per_day": "cost per day in the lesson's currency",
    "cost_over_best": "cost relative to the best possible choice",
    "late_loss_share": "share of rows lost because they came late",
    "result_lag_seconds": "how long after a window's end its result comes, seconds",
    "consumer_lag_seconds": "age of the data when it is processed (95th percentile), seconds",
    "duplicates": "rows stored twice",
    "lost": "rows never stored",
    "arl0": "samples to a false alarm (average run length, in control)",
    "arl1": "samples to detection (average run length after the shift)",
    "true_alarm_share": "share of alarms that are true",
    "events": "events in the data",
    "alarms": "alarms raised",
    "agreement": "agreement of two labellers (event F1 within the tolerance)",
    "kappa": "Cohen's kappa on slices",
    "correlation": "correlation of the two shown sensors",
    "largest_z": "largest deviation of one sensor by itself, in its standard deviations",
    "stranger_share": "share of normal readings that look stranger than the chosen point",
    "worst_recall": "share of strange readings found on the plant where it is smallest",
    "alarm_share": "share of normal readings in alarm",
    "corrections": "results sent once more because rows came after them",
    "wrong_windows": "windows whose last result does not hold every row",
    "busiest_window": "rows in the fullest window of arrival time, over what the machines send in one",
    "smallest_p": "smallest conformal p-value",
    "mahalanobis": "Mahalanobis distance of the chosen point",
    "rollback_minutes": "minutes until a bad release is rolled back",
    "flips": "how often the active version changed",
    "right_version_share": "share of time after the decision with the right version active",
    "score": "score of the lesson's rubric, 0 to 100",
    "alarms_after_stop": "alarms that begin within an hour after maintenance",
    "threshold": "alarm from this score",
    "mean": "mean of the shown sensor",
    "sd": "standard deviation of the shown sensor",
    "passed_checks": "property checks that hold",
    "failed_checks": "property checks that do not hold",
    "calibration_readings": "calibration readings of each machine",
    "key_agreement": "agreement of the labellers with the adjudicated key (event F1 within the tolerance)",
    "public_score": "score on the public part",
    "private_score": "score on the private part, which nobody can query",
    "overlap_agreement": "agreement of two labellers when any overlap counts (event F1)",
    "oldest_seconds": "age of the oldest row when it was processed, seconds",
    "inflated": "score after the chosen trick",
    "bits": "bits that the board can give away",
    "calibration_error": "distance of the predicted from the reached score, points",
    "robustness": "points kept when something unseen happens, 0 to 100",
}


class Strict(BaseModel):
    """A model that refuses unknown keys."""

    model_config = ConfigDict(extra="forbid", frozen=True)


class Minutes(Strict):
    """How long the lesson takes; shown to teachers only."""

    teach: int = Field(ge=1, le=120)
    do: int = Field(ge=1, le=120)


class Head(Strict):
    """The front matter of lesson.md."""

    id: str = Field(pattern=NAME)
    title: str = Field(min_length=3, max_length=120)
    minutes: Minutes
    level: Literal["beginner", "beginner+", "intermediate", "advanced"]
    needs: tuple[str, ...] = ()
    teaches: tuple[str, ...] = Field(min_length=1)
    misconception: str = Field(min_length=5)
    language: str = "en"


class Control(Strict):
    """Something the student may move in an experiment; `start` is the interesting state."""

    id: str = Field(pattern=NAME)
    label: str
    kind: Literal["slider", "choice", "switch"] = "slider"
    min: float | None = None
    max: float | None = None
    step: float | None = None
    start: float | str | bool
    options: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _has_its_range(self) -> Control:
        if self.kind == "slider" and (self.min is None or self.max is None or not self.min < self.max):
            raise ValueError(f"control {self.id!r}: a slider needs min and max with min < max")
        if self.kind == "choice" and self.start not in self.options:
            raise ValueError(f"control {self.id!r}: start must be one of the options")
        return self


class Answer(Strict):
    """One thing the student must give in an exercise."""

    kind: Literal["number", "integer", "choice"]
    label: str = ""
    min: float | None = None
    max: float | None = None
    options: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _has_its_range(self) -> Answer:
        if self.kind == "choice":
            if len(self.options) < 2:
                raise ValueError("a choice needs at least two options")
        elif self.min is None or self.max is None or not self.min < self.max:
            raise ValueError("a number needs min and max with min < max")
        return self


class Lab(BaseModel):
    """What experiments and exercises share; the keys of their kind are the extra ones."""

    model_config = ConfigDict(extra="allow", frozen=True)
    kind: str = "detector"
    readout: tuple[str, ...] = ()

    @property
    def setup(self) -> dict[str, Any]:
        """The keys that belong to the kind."""
        return dict(self.model_extra or {})

    @field_validator("readout")
    @classmethod
    def _known_metrics(cls, names: tuple[str, ...]) -> tuple[str, ...]:
        for name in names:
            _known_metric(name)
        return names


class Experiment(Lab):
    """A live demonstration with controls."""

    controls: tuple[Control, ...] = ()

    def start(self) -> dict[str, Any]:
        """Return the interesting state: the start of each control."""
        return {control.id: control.start for control in self.controls}


class Reveal(Strict):
    """Where a prediction's truth comes from."""

    experiment: str
    metric: str

    @field_validator("metric")
    @classmethod
    def _known(cls, name: str) -> str:
        return _known_metric(name)


class Prediction(Strict):
    """A question asked before the reveal; stored, then shown beside the outcome."""

    ask: str = Field(min_length=5)
    kind: Literal["number", "choice"]
    unit: str = ""
    options: tuple[str, ...] = ()
    reveal: Reveal | None = None
    answer: str | float | None = None
    because: str = ""

    @model_validator(mode="after")
    def _has_a_truth(self) -> Prediction:
        if (self.reveal is None) == (self.answer is None):
            raise ValueError("give either 'reveal' or 'answer'")
        if self.kind == "choice" and self.answer not in self.options:
            raise ValueError("the answer of a choice must be one of its options")
        return self


class Decoy(Strict):
    """A tempting answer that must fail, and why."""

    answer: dict[str, Any]
    why: str = Field(min_length=5)


class Exercise(Lab):
    """A task that is checked on freshly seeded plants."""

    prompt: str = Field(min_length=10)
    answer: dict[str, Answer] = Field(min_length=1)
    seeds: int = Field(default=5, ge=1, le=20)
    pass_when: tuple[str, ...] = Field(min_length=1)
    points: int = Field(default=10, ge=1, le=100)
    hints: tuple[str, ...] = Field(min_length=1)
    solution: dict[str, Any]
    decoys: tuple[Decoy, ...] = Field(min_length=1)

    @field_validator("pass_when")
    @classmethod
    def _conditions(cls, texts: tuple[str, ...]) -> tuple[str, ...]:
        for text in texts:
            found = CONDITION.match(text)
            if found is None:
                raise ValueError(f"{text!r} is not 'metric <= number' (or >=, <, >, ==)")
            _known_metric(found[1])
        return texts


class LabFile(Strict):
    """lab.yaml."""

    version: Literal[1]
    experiments: dict[str, Experiment] = {}
    predictions: dict[str, Prediction] = {}
    exercises: dict[str, Exercise] = {}


class Option(Strict):
    """One option of a quiz item; `because` names the thought behind it."""

    text: str | float
    because: str = Field(min_length=3)
    right: bool = False


class Question(Strict):
    """One quiz item."""

    id: str = Field(pattern=NAME)
    kind: Literal["choice", "multi", "number", "order", "text"] = "choice"
    ask: str = Field(min_length=5)
    options: tuple[Option, ...] = ()
    answer: float | None = None
    tolerance: float = 0.0
    tags: tuple[str, ...] = ()

    @model_validator(mode="after")
    def _fits_its_kind(self) -> Question:
        right = sum(option.right for option in self.options)
        if self.kind == "choice" and right != 1:
            raise ValueError(f"question {self.id!r}: a choice needs exactly one right option, got {right}")
        if self.kind == "multi" and right < 1:
            raise ValueError(f"question {self.id!r}: mark at least one option as right")
        if self.kind in ("choice", "multi", "order") and len(self.options) < 2:
            raise ValueError(f"question {self.id!r}: give at least two options")
        if self.kind == "number" and self.answer is None:
            raise ValueError(f"question {self.id!r}: a number needs an answer")
        return self


class QuizFile(Strict):
    """quiz.yaml."""

    version: Literal[1]
    questions: tuple[Question, ...] = Field(min_length=1)


class CourseFile(Strict):
    """course.yaml: the order of the lessons and the paths through them."""

    version: Literal[1]
    title: str
    languages: tuple[str, ...] = ("en",)
    lessons: tuple[str, ...]
    museum: tuple[str, ...] = ()
    paths: dict[str, tuple[str, ...]] = {}


def _known_metric(name: str) -> str:
    if name not in METRICS:
        near = nearest(name, METRICS)
        hint = f"; did you mean {near!r}?" if near else ""
        raise ValueError(f"no metric is called {name!r}{hint}")
    return name
