"""Whether an answer of a quiz is right; the page and the notebook ask the same function."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lessons.reader import Lesson, load_lesson
from lessons.spec import Question
from lessons.translations import languages_of


def is_right(question: Question, given: Any) -> bool | None:
    """Return whether the answer is right; None for a free text, which a person reads."""
    if question.kind == "number":
        return isinstance(given, int | float) and abs(given - (question.answer or 0.0)) <= question.tolerance + 1e-12
    if question.kind == "choice":
        return any(option.right and str(option.text) == str(given) for option in question.options)
    if question.kind == "multi":
        return isinstance(given, list) and set(given) == {str(o.text) for o in question.options if o.right}
    if question.kind == "order":
        return isinstance(given, list) and given == [str(option.text) for option in question.options]
    return None


def is_judged(question: Question) -> bool:
    """Return whether a machine can say if an answer is right; a free text is read by a person and earns no point."""
    return question.kind != "text"


def right_value(question: Question) -> str | float | list[str] | None:
    """Return what the right answer is, for the page after a try; None for a free text."""
    if question.kind == "number":
        return question.answer
    if question.kind == "text":
        return None
    texts = [str(option.text) for option in question.options if option.right or question.kind == "order"]
    return texts[0] if question.kind == "choice" else texts


def right_answers(lesson: Lesson, given: Mapping[str, Any]) -> set[str]:
    """Return which of the questions are answered rightly, each in whichever of the lesson's languages it was answered.

    `given` holds the answers by the question's id.
    """
    spoken = [load_lesson(lesson.folder, language).quiz.questions for language in languages_of(lesson.folder)]
    asked = [question for questions in spoken for question in questions if question.id in given]
    return {question.id for question in asked if is_right(question, given[question.id])}
