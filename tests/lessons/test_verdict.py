"""An answer is judged by the median over fresh plants, and a broken lab is never the student's fault."""

from __future__ import annotations

import pytest

from engine.errors import LabError
from lessons.labs.base import LabKind, Outcome, filled_in, lab_kinds, placeholders
from lessons.reader import COURSE, load_lesson
from lessons.spec import Exercise, Strict
from lessons.verdict import CANNOT_CHECK, NOT_YET, PASSED, check_answer, judge


class Nothing(Strict):
    """No settings."""


class Broken(LabKind):
    """A kind of experiment that fails as it was told to."""

    name = "broken"
    metrics = ("f1",)
    Settings = Nothing

    def __init__(self, problem: Exception) -> None:
        self.problem = problem

    def run(self, settings: Nothing, seed: int) -> Outcome:
        raise self.problem


def test_the_median_over_the_seeds_decides() -> None:
    metrics = [{"event_recall": value} for value in (0.0, 0.9, 1.0)]

    (condition,) = judge(("event_recall >= 0.8",), metrics)

    assert condition.value == 0.9
    assert condition.holds


def test_a_metric_that_is_mostly_undefined_never_passes() -> None:
    """Somebody who finds nothing has no delay; that must not count as a short one."""
    metrics = [{"delay_p50_minutes": None}, {"delay_p50_minutes": None}, {"delay_p50_minutes": 1.0}]

    (condition,) = judge(("delay_p50_minutes <= 10",), metrics)

    assert condition.value is None
    assert not condition.holds


def test_placeholders_are_found_and_filled_at_any_depth() -> None:
    setup = {"detector": {"threshold": "$k", "list": ["$c", 1]}, "text": "plain"}

    assert placeholders(setup) == {"k", "c"}
    assert filled_in(setup, {"k": 3, "c": 2}) == {"detector": {"threshold": 3, "list": [2, 1]}, "text": "plain"}


def test_the_solution_passes_and_the_textbook_default_does_not() -> None:
    exercise = load_lesson(COURSE / "02-thresholds").lab.exercises["limit"]

    assert check_answer(exercise, exercise.solution, 77).word == PASSED
    assert check_answer(exercise, exercise.decoys[0].answer, 77).word == NOT_YET


def test_an_answer_out_of_range_is_no_attempt() -> None:
    exercise = load_lesson(COURSE / "02-thresholds").lab.exercises["limit"]

    with pytest.raises(LabError, match="k must be a number from 1 to 12"):
        check_answer(exercise, {"k": 99, "confirm": 1}, 1)
    with pytest.raises(LabError, match="no part of this answer"):
        check_answer(exercise, {"k": 3, "confirm": 1, "seed": 4}, 1)


@pytest.mark.parametrize(
    ("problem", "words"), [(LabError("No room."), "No room."), (ZeroDivisionError("x / 0"), "the check itself broke")]
)
def test_a_lab_that_breaks_cannot_check_and_says_so(
    problem: Exception, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is our fault, so it is no 'not yet'; the words of a bug stay in the log."""
    monkeypatch.setitem(lab_kinds(), "broken", Broken(problem))
    exercise = Exercise.model_validate({
        "kind": "broken", "prompt": "Do what cannot be done.", "answer": {"k": {"kind": "number", "min": 0, "max": 1}},
        "pass_when": ["f1 >= 0"], "hints": ["None."], "solution": {"k": 0},
        "decoys": [{"answer": {"k": 1}, "why": "as bad"}],
    })  # fmt: skip

    verdict = check_answer(exercise, {"k": 0.5}, 1)

    assert (verdict.word, verdict.conditions) == (CANNOT_CHECK, ())
    assert words in verdict.reason


def test_an_outcome_keeps_undefined_apart_from_zero() -> None:
    assert Outcome({"event_recall": None}).metrics["event_recall"] is None
