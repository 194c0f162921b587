"""The lab notebook of a lesson: one file that is graded to the same score on any machine."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.i18n import t
from app.lessons.progress import done
from lessons.notebook import lesson_work, notebook_text, points_of
from lessons.quiz_marks import right_answers
from lessons.reader import Lesson
from lessons.verdict import PASSED


def offer_notebook(lesson: Lesson) -> None:
    """Offer the download; it is written when asked for, outside the session, so the work is fetched here."""
    kept = done(lesson)
    st.download_button(
        t("Lab notebook (JSON)"), lambda: notebook_of(lesson, kept), f"{lesson.folder.name}-notebook.json",
        "application/json", key=f"notebook-{lesson.id}",
        help=t("Every try with its seed: python -m engine regrade-notebook FILE gives the same score elsewhere."),
    )  # fmt: skip


def notebook_of(lesson: Lesson, kept: dict[str, Any]) -> str:
    """Return the notebook with the score that what is kept of this person's work has reached."""
    work = lesson_work(lesson, kept)
    passed = {one.exercise for one in work.tries if one.word == PASSED}
    right = right_answers(lesson, {answer.question: answer.given for answer in work.quiz})
    return notebook_text(work, points_of(lesson, passed, right))
