"""Quizzes ask for what was learnt before, do not give themselves away, and say rightly what is right."""

from __future__ import annotations

import math

import pytest

from app.lessons.exercise import entry_of, passed_after_solution
from app.lessons.progress import share_done
from lessons.notebook import lesson_work, points_of
from lessons.quiz_marks import is_right, right_value
from lessons.reader import Lesson, find_lesson, lesson_folders, load_lesson, museum_folders
from lessons.spec import Question

COURSE = [load_lesson(folder) for folder in lesson_folders()]
EVERYTHING = [*COURSE, *(load_lesson(folder) for folder in museum_folders())]
BACK = (1, 3, 6)


def choices(lesson: Lesson) -> list[Question]:
    return [question for question in lesson.quiz.questions if question.kind == "choice"]


def given_away(question: Question) -> bool:
    """Whether the right option is longer than every other one."""
    right = next(len(str(option.text)) for option in question.options if option.right)
    return all(len(str(option.text)) < right for option in question.options if not option.right)


@pytest.mark.parametrize("lesson", EVERYTHING, ids=lambda lesson: lesson.id)
def test_in_no_lesson_is_the_right_option_usually_the_longest(lesson: Lesson) -> None:
    longest = [question.id for question in choices(lesson) if given_away(question)]

    assert len(longest) <= len(choices(lesson)) / 2, longest


def test_in_the_course_the_right_option_is_seldom_the_longest() -> None:
    questions = [question for lesson in EVERYTHING for question in choices(lesson)]

    assert sum(map(given_away, questions)) <= 0.4 * len(questions)


@pytest.mark.parametrize("at", range(3, len(COURSE)), ids=lambda at: COURSE[at].id)
def test_from_lesson_4_on_one_three_and_six_lessons_back_are_asked_for(at: int) -> None:
    for back in (back for back in BACK if back <= at):
        opening = f"Back to lesson {at - back + 1}:"
        asked = [question for question in COURSE[at].quiz.questions if question.ask.startswith(opening)]
        assert asked, f"{COURSE[at].id} asks for nothing from lesson {at - back + 1}"
        taught = set(COURSE[at - back].head.teaches)
        assert all(taught & set(question.tags) for question in asked), opening


def test_every_kind_of_question_is_used() -> None:
    assert {q.kind for lesson in COURSE for q in lesson.quiz.questions} == {
        "choice",
        "multi",
        "number",
        "order",
        "text",
    }


@pytest.mark.parametrize("lesson", EVERYTHING, ids=lambda lesson: lesson.id)
def test_no_question_repeats_an_option_and_the_right_value_is_right(lesson: Lesson) -> None:
    for question in lesson.quiz.questions:
        texts = [str(option.text) for option in question.options]
        assert len(set(texts)) == len(texts), question.id
        assert is_right(question, right_value(question)) in (True, None if question.kind == "text" else True)


@pytest.mark.parametrize("lesson", COURSE, ids=lambda lesson: lesson.id)
def test_a_number_that_is_explained_as_wrong_is_wrong(lesson: Lesson) -> None:
    for question in lesson.quiz.questions:
        numbers = [option.text for option in question.options if question.kind == "number"]
        assert [n for n in numbers if is_right(question, n) and n != question.answer] == [], question.id


def kappa(both: int, first: int, second: int, none: int) -> float:
    n = both + first + second + none
    observed = (both + none) / n
    chance = ((both + first) * (both + second) + (none + first) * (none + second)) / n**2
    return (observed - chance) / (1 - chance)


def true_share(base: float, hits: float, false: float) -> float:
    return 100 * base * hits / (base * hits + (1 - base) * false)


COMPUTED = {
    "context.again-ewma": 0.2 * 1 + 0.8 * (0.2 * 3),
    "broken-relationships.again-residual": (67.6 - 64) / 0.9,
    "time.again-contamination": 0.05 * 2000,
    "time.again-average": 0.3 / math.sqrt(36),
    "drift.again-minute": 24 * 60 * math.erfc(3 / math.sqrt(2)),
    "alarm-fatigue.nine": true_share(1 / 200, 0.95, 0.02),
    "alarm-fatigue.again-gap": 3 / 0.1,
    "alarm-fatigue.again-cusum": max(0, max(0, 1.2 + 1.0 - 0.5) - 0.4 - 0.5),
    "cuts.need": 2 * 86_400 / 10 - 1,
    "cuts.again-share": true_share(2 / 1000, 0.9, 0.02),
    "judging.again-budget": 2 * 86_400 / 30,
    "cheating.chance": 100 * (1 - 0.99**120),
    "cheating.again-bill": 4 * 1000 + 5 * 200,
    "pipelines.again-kappa": kappa(40, 10, 10, 940),
    "pipelines.again-precision": 100 * 12 / 30,
    "shipping.again-partitions": min(3, 5) * 4,
    "night-shift.again-week": 7 * 24 * 60 - 1,
}


@pytest.mark.parametrize("name", COMPUTED)
def test_the_answers_of_numbers_are_computed(name: str) -> None:
    lesson, question_id = name.split(".")
    question = next(q for q in find_lesson(lesson).quiz.questions if q.id == question_id)

    assert is_right(question, COMPUTED[name])
    assert abs(COMPUTED[name] - (question.answer or 0)) <= max(question.tolerance, 1e-9) / 2 + 1e-9


def test_the_farthest_point_is_the_farthest() -> None:
    question = next(q for q in find_lesson("judging").quiz.questions if q.id == "again-farthest")
    points = [
        tuple(float(part.replace("−", "-")) for part in str(o.text).strip("()").split(",")) for o in question.options
    ]
    squares = [(x * x - 1.8 * x * y + y * y) / 0.19 for x, y in points]

    assert question.options[squares.index(max(squares))].right


def test_a_free_text_earns_no_point_and_still_counts_as_done() -> None:
    lesson = find_lesson("night-shift")
    judged = [question for question in lesson.quiz.questions if question.kind != "text"]
    everything = {question.id for question in judged}

    score = points_of(lesson, set(lesson.lab.exercises), everything)
    kept = {f"predict.{name}": 1 for name in lesson.lab.predictions}
    kept |= {f"exercise.{name}": {"word": "passed"} for name in lesson.lab.exercises}
    kept |= {f"quiz.{name}": {"given": "x", "right": True} for name in everything}

    assert score["points"] == score["out_of"]
    assert share_done(lesson, kept) < 1
    assert share_done(lesson, kept | {"quiz.report": {"given": "The budget.", "right": None}}) == 1


def test_a_pass_after_the_solution_was_read_is_recorded_as_such() -> None:
    lesson = find_lesson("thresholds")
    this = {"answer": {"k": 3, "confirm": 3}, "seed": 1}
    late = {"log": [entry_of(this, "not yet", [], False), entry_of(this, "passed", [], True)]}
    own = {"log": [entry_of(this, "passed", [], False), entry_of(this, "passed", [], True)]}

    assert passed_after_solution(late)
    assert not passed_after_solution(own)
    assert [one.after_solution for one in lesson_work(lesson, {"exercise.limit": late}).tries] == [False, True]
