"""A lab notebook is graded to the same score wherever it goes, and a changed one is caught."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from engine.cli import main
from engine.errors import LabError
from lessons.notebook import (
    CompareWork,
    ContenderPart,
    LessonWork,
    lesson_work,
    notebook_text,
    points_of,
    read_notebook,
)
from lessons.quiz_marks import right_answers
from lessons.reader import Lesson, find_lesson
from lessons.regrade import compare_score, regrade
from lessons.verdict import check_answer

NAME = "museum-sliding-tumbling"


def tried(lesson: Lesson, answer: dict[str, Any], seed: int) -> dict[str, Any]:
    """Return a try as the page keeps it."""
    verdict = check_answer(lesson.lab.exercises["mend"], answer, seed)
    conditions = [[c.text, c.value, c.holds] for c in verdict.conditions]
    return {"answer": answer, "seed": seed, "word": verdict.word, "conditions": conditions}


@pytest.fixture(scope="module")
def work() -> LessonWork:
    lesson = find_lesson(NAME)
    exercise = lesson.lab.exercises["mend"]
    log = [tried(lesson, exercise.decoys[0].answer, 3), tried(lesson, exercise.solution, 4)]
    question = lesson.quiz.questions[0]
    right = next(str(option.text) for option in question.options if option.right)
    kept = {"predict.guess": "60", "exercise.mend": {"log": log}, f"quiz.{question.id}": {"given": right}}
    return lesson_work(lesson, kept)


@pytest.fixture(scope="module")
def text(work: LessonWork) -> str:
    first = find_lesson(NAME).quiz.questions[0].id
    return notebook_text(work, points_of(find_lesson(NAME), {"mend"}, {first}))


def test_a_notebook_holds_every_try_and_every_answer(work: LessonWork) -> None:
    assert [one.word for one in work.tries] == ["not yet", "passed"]
    assert work.predictions == {"guess": "60"}
    assert len(work.quiz) == 1


def test_a_notebook_is_graded_to_the_score_that_it_claims(text: str) -> None:
    found = regrade(read_notebook(text))

    assert found.differences == ()
    assert found.score == {"points": 6.0, "out_of": 7.0}


def test_a_changed_digit_is_caught_by_the_hash(text: str) -> None:
    with pytest.raises(LabError, match="was changed after"):
        read_notebook(text.replace('"points": 6.0', '"points": 7.0'))


def test_a_better_score_with_a_new_hash_is_caught_by_the_engine(work: LessonWork) -> None:
    """Anybody can compute a hash; nobody can make the engine agree."""
    found = regrade(read_notebook(notebook_text(work, {"points": 7.0, "out_of": 7.0})))

    assert found.differences == ("points: the file says 7.0, here it is 6.0",)


def test_a_try_that_claims_to_have_passed_is_checked_again(work: LessonWork) -> None:
    liar = work.model_copy(update={"tries": (work.tries[0].model_copy(update={"word": "passed"}),), "quiz": ()})

    found = regrade(read_notebook(notebook_text(liar, {"points": 5.0, "out_of": 7.0})))

    assert len(found.differences) == 2


def test_another_version_of_the_lesson_is_named(work: LessonWork) -> None:
    other = work.model_copy(update={"lab_sha256": "0" * 64})

    with pytest.raises(LabError, match="another version"):
        regrade(read_notebook(notebook_text(other, {})))


@pytest.mark.parametrize("text", ["", "[]", "{", '{"format": "x"}', "[" * 100_000])
def test_what_is_no_notebook_is_refused_in_one_sentence(text: str) -> None:
    with pytest.raises(LabError, match="no lab notebook"):
        read_notebook(text)


def test_the_command_prints_the_score_and_ends_with_one_when_it_differs(
    text: str, work: LessonWork, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    good, bad = tmp_path / "good.json", tmp_path / "bad.json"
    good.write_text(text, encoding="utf-8")
    bad.write_text(notebook_text(work, {"points": 7.0, "out_of": 7.0}), encoding="utf-8")

    assert main(["regrade-notebook", str(good)]) == 0
    assert "same score" in capsys.readouterr().out
    assert main(["regrade-notebook", str(bad)]) == 1
    assert main(["regrade-notebook", str(tmp_path / "none.json")]) == 2


def test_a_comparison_is_graded_again_from_scenario_seeds_and_detectors() -> None:
    work = CompareWork(
        scenario="pump_medium", hours=6, rate=0.02, seeds=(5,), contenders=(ContenderPart(detector="cusum"),)
    )
    score = compare_score(work)

    found = regrade(read_notebook(notebook_text(work, score)))

    assert found.same
    assert "1-cusum.seed-1.alarms" in score


def test_two_exports_of_the_same_work_are_the_same_bytes(work: LessonWork) -> None:
    assert notebook_text(work, {"points": 1.0}) == notebook_text(work, {"points": 1.0})
    assert json.loads(notebook_text(work, {}))["versions"]["python"]


@pytest.mark.parametrize("language", ["en", "de"])
def test_a_quiz_counts_in_whichever_language_it_was_answered(language: str) -> None:
    """Whoever changes the language in the midst of a lesson keeps the marks."""
    lesson, spoken = find_lesson("thresholds"), find_lesson("thresholds", language)
    questions = [question for question in spoken.quiz.questions if question.kind == "choice"]
    right = {q.id: next(str(option.text) for option in q.options if option.right) for q in questions}
    wrong = {q.id: next(str(option.text) for option in q.options if not option.right) for q in questions}

    assert right_answers(lesson, right) == set(right)
    assert right_answers(lesson, wrong) == set()
