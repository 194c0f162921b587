"""The lab notebook of a lesson: one file that is graded to the same score on any machine."""

from __future__ import annotations

import streamlit as st

from app.i18n import t
from app.lessons.progress import done
from lessons.notebook import lesson_work, notebook_text, points_of
from lessons.quiz_marks import is_right
from lessons.reader import Lesson
from lessons.verdict import PASSED


def offer_notebook(lesson: Lesson) -> None:
    """Offer the download."""
    st.download_button(
        t("Lab notebook (JSON)"), lambda: notebook_of(lesson), f"{lesson.folder.name}-notebook.json",
        "application/json", key=f"notebook-{lesson.id}",
        help=t("Every try with its seed: python -m engine regrade-notebook FILE gives the same score elsewhere."),
    )  # fmt: skip


def notebook_of(lesson: Lesson) -> str:
    """Return the notebook with the score that this person has reached."""
    kept = done(lesson)
    work = lesson_work(lesson, kept)
    passed = {one.exercise for one in work.tries if one.word == PASSED}
    questions = {question.id: question for question in lesson.quiz.questions}
    right = {answer.question for answer in work.quiz if is_right(questions[answer.question], answer.given)}
    return notebook_text(work, points_of(lesson, passed, right))
