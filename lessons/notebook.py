"""The lab notebook: one JSON file with everything that a piece of work needs to be graded again elsewhere.

A lesson's notebook holds every try with its answer, the seed that it was checked on, and what came out; a comparison's
holds plant, seed, journal and detectors. Grading runs the engine again from these and compares. The hash guards against
accidents (a cut file, a changed digit); whoever wants to cheat can compute a new one, and is caught by the grading.
"""

from __future__ import annotations

import hashlib
import json
import platform
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.errors import LabError
from lessons.quiz_marks import is_judged
from lessons.reader import Lesson
from lessons.spec import Exercise, Strict

if TYPE_CHECKING:
    from collections.abc import Mapping

FORMAT = "faultlab-notebook"
LIBRARIES = ("numpy", "pydantic")
MOST_BYTES = 2_000_000
LESSON, COMPARE = "lesson", "compare"


class Try(Strict):
    """One try: the answer, the seed of the fresh plants, what was said, and whether the solution had been read."""

    exercise: str
    answer: dict[str, Any]
    seed: int = Field(ge=0, lt=2**63)
    word: str
    values: tuple[float | None, ...]
    after_solution: bool = False


class QuizAnswer(Strict):
    """One answer of the quiz."""

    question: str
    given: Any


class LessonWork(Strict):
    """`work` of a lesson's notebook."""

    kind: Literal["lesson"] = "lesson"
    lesson: str
    lab_sha256: str
    quiz_sha256: str
    predictions: dict[str, Any] = Field(default_factory=dict)
    tries: tuple[Try, ...] = ()
    quiz: tuple[QuizAnswer, ...] = ()


class ContenderPart(Strict):
    """One detector of a comparison, as `engine.comparing.contenders.Contender` takes it."""

    detector: str
    values: dict[str, Any] = Field(default_factory=dict)
    fed: Literal["raw", "context"] = "raw"
    rule: str | None = None
    rule_values: dict[str, Any] = Field(default_factory=dict)
    confirm: int = Field(default=2, ge=1, le=1000)
    hold_off_s: float = Field(default=300.0, ge=0, le=86_400)


class CompareWork(Strict):
    """`work` of a comparison: a scenario, the seeds that it was played with, and the detectors held side by side."""

    kind: Literal["compare"] = "compare"
    scenario: str
    hours: float = Field(gt=0, le=24 * 30)
    rate: float = Field(default=0.1, gt=0, le=10)
    seeds: tuple[int, ...] = Field(min_length=1, max_length=20)
    contenders: tuple[ContenderPart, ...] = Field(min_length=1, max_length=20)


class Notebook(BaseModel):
    """The whole file; `sha256` is that of everything else in canonical JSON."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    format: Literal["faultlab-notebook"]
    version: Literal[1]
    work: LessonWork | CompareWork = Field(discriminator="kind")
    score: dict[str, float]
    versions: dict[str, str]
    sha256: str


def lesson_work(lesson: Lesson, kept: Mapping[str, Any]) -> LessonWork:
    """Return the work of a person in a lesson from the progress that the app keeps."""
    tries = [
        Try(
            exercise=name, answer=one["answer"], seed=one["seed"], word=one["word"],
            values=tuple(value for _, value, _ in one["conditions"]),
            after_solution=bool(one.get("after_solution", False)),
        )
        for name in lesson.lab.exercises
        for one in kept.get(f"exercise.{name}", {}).get("log", [])
        if "seed" in one
    ]  # fmt: skip
    said = {name: kept[f"predict.{name}"] for name in lesson.lab.predictions if f"predict.{name}" in kept}
    answers = [
        QuizAnswer(question=question.id, given=kept[f"quiz.{question.id}"]["given"])
        for question in lesson.quiz.questions
        if f"quiz.{question.id}" in kept
    ]
    return LessonWork(
        lesson=lesson.id, lab_sha256=file_hash(lesson.folder / "lab.yaml"),
        quiz_sha256=file_hash(lesson.folder / "quiz.yaml"), predictions=said, tries=tuple(tries), quiz=tuple(answers),
    )  # fmt: skip


def notebook_text(work: LessonWork | CompareWork, score: Mapping[str, float]) -> str:
    """Return the notebook as text; the same work and score give the same bytes."""
    content = {
        "format": FORMAT, "version": 1, "work": work.model_dump(mode="json"), "score": dict(score),
        "versions": versions(),
    }  # fmt: skip
    return json.dumps(content | {"sha256": _digest(content)}, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def read_notebook(text: str, file: str = "notebook.json") -> Notebook:
    """Return the notebook.

    Raises
    ------
    LabError
        When the text is no notebook, or was changed after it was written.
    """
    if len(text) > MOST_BYTES:
        raise LabError(f"{file}: a notebook has at most {MOST_BYTES:,} characters; this one has {len(text):,}.")
    try:
        raw = json.loads(text)
        notebook = Notebook.model_validate(raw)
    except (ValueError, RecursionError) as problem:
        place = _place(problem) if isinstance(problem, ValidationError) else "it is not JSON"
        raise LabError(f"{file}: this is no lab notebook ({place}); export it again from the lesson.") from None
    if _digest({key: value for key, value in raw.items() if key != "sha256"}) != notebook.sha256:
        raise LabError(f"{file}: the file was changed after it was written; export it again.")
    return notebook


def versions() -> dict[str, str]:
    """Return what the work was done with."""
    found = {"python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            found[name] = "?"
    return found


def file_hash(path: Path) -> str:
    """Return the SHA-256 of a text file, the same on Windows and elsewhere."""
    text = path.read_text(encoding="utf-8-sig").replace("\r\n", "\n")
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def points_of(lesson: Lesson, passed: set[str], right: set[str]) -> dict[str, float]:
    """Return the score of a lesson: the points of passed exercises, and one for each quiz answer that is right."""
    exercises: dict[str, Exercise] = lesson.lab.exercises
    points = sum(exercise.points for name, exercise in exercises.items() if name in passed) + len(right)
    out_of = sum(exercise.points for exercise in exercises.values())
    return {"points": float(points), "out_of": float(out_of + sum(map(is_judged, lesson.quiz.questions)))}


def _digest(content: Mapping[str, Any]) -> str:
    text = json.dumps(content, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
    return hashlib.sha256(text.encode("utf-8")).hexdigest()


def _place(problem: ValidationError) -> str:
    first = problem.errors()[0]
    where = ".".join(str(part) for part in first["loc"]) or "the whole file"
    return f"{where}: {first['msg']}"
