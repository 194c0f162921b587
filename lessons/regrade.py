"""Grades a lab notebook again: the engine runs once more, and every number is held against the one in the file."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from engine.comparing.compare import compare
from engine.comparing.contenders import Contender
from engine.comparing.stretches import scenario_stretch
from engine.errors import LabError
from engine.metrics.intervals import match_intervals
from engine.plant.scenario import load_scenario
from lessons.labs.detector import TOLERANCE_S
from lessons.notebook import CompareWork, LessonWork, Notebook, file_hash, points_of
from lessons.quiz_marks import right_answers
from lessons.reader import Lesson, find_lesson
from lessons.verdict import PASSED, check_answer


@dataclass(frozen=True)
class Regrade:
    """What a second grading gave: the score, the one in the file, and every line that differs."""

    score: dict[str, float]
    claimed: dict[str, float]
    differences: tuple[str, ...]

    @property
    def same(self) -> bool:
        """Whether nothing differs."""
        return not self.differences


def regrade(notebook: Notebook) -> Regrade:
    """Return the score of the work as this machine sees it.

    Raises
    ------
    LabError
        When the lesson is not here, or is another one than the work was done in.
    """
    work = notebook.work
    differences: list[str] = []
    if isinstance(work, CompareWork):
        score = compare_score(work)
    else:
        score, differences = _lesson_score(work)
    for name in sorted({*score, *notebook.score}):
        if not _close(score.get(name), notebook.score.get(name)):
            differences.append(f"{name}: the file says {notebook.score.get(name)}, here it is {score.get(name)}")
    return Regrade(score, dict(notebook.score), tuple(differences))


def _lesson_score(work: LessonWork) -> tuple[dict[str, float], list[str]]:
    lesson = find_lesson(work.lesson)
    _require_same(lesson, work)
    differences: list[str] = []
    passed: set[str] = set()
    for number, one in enumerate(work.tries, start=1):
        if one.exercise not in lesson.lab.exercises:
            raise LabError(f"The notebook has a try at {one.exercise!r}, which lesson {lesson.id!r} does not have.")
        verdict = check_answer(lesson.lab.exercises[one.exercise], one.answer, one.seed)
        values = [condition.value for condition in verdict.conditions]
        if verdict.word != one.word or len(values) != len(one.values) or not all(map(_close, values, one.values)):
            differences.append(f"try {number} ({one.exercise}): the file says {one.word}, here it is {verdict.word}")
        if verdict.word == PASSED:
            passed.add(one.exercise)
    right = right_answers(lesson, {answer.question: answer.given for answer in work.quiz})
    return points_of(lesson, passed, right), differences


def _require_same(lesson: Lesson, work: LessonWork) -> None:
    for name, wanted in (("lab.yaml", work.lab_sha256), ("quiz.yaml", work.quiz_sha256)):
        if file_hash(lesson.folder / name) != wanted:
            raise LabError(
                f"The work was done in another version of {lesson.folder.name}/{name}; "
                "grade it with the version of the course that the student used."
            )


def compare_score(work: CompareWork) -> dict[str, float]:
    """Return alarms, found events and false alarms of each contender and seed, as `1-cusum.seed-1.alarms`."""
    contenders = [Contender(**part.model_dump()) for part in work.contenders]
    stretches = [scenario_stretch(work.scenario, seed, work.hours, work.rate) for seed in work.seeds]
    outcomes = compare(contenders, stretches, list(range(len(stretches))))
    figures: dict[str, float] = {}
    for outcome in outcomes:
        stretch, seed = stretches[outcome.stretch], work.seeds[outcome.stretch]
        truth = load_scenario(work.scenario).plant(seed).truth(stretch.span.start_us, stretch.span.end_us)
        matching = match_intervals(truth, outcome.alarms, tolerance_s=TOLERANCE_S)
        name = f"{contenders.index(outcome.contender) + 1}-{outcome.contender.detector}.seed-{outcome.stretch + 1}"
        figures[f"{name}.alarms"] = float(len(outcome.alarms))
        figures[f"{name}.events_found"] = float(len(matching.pairs))
        figures[f"{name}.false_alarms"] = float(len(matching.false))
    return figures


def _close(first: Any, second: Any) -> bool:
    if first is None or second is None:
        return first is second
    return math.isclose(first, second, rel_tol=1e-9, abs_tol=1e-9)
