"""Whose progress this is; without a handle it lasts as long as the tab, except on one's own laptop."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.access import viewer
from app.lab import lab
from engine.store.lesson_records import LessonRecords
from lessons.quiz_marks import is_judged
from lessons.reader import Lesson
from lessons.verdict import PASSED

TAB_KEY = "lesson-progress"
OWN_LAPTOP = "this-computer"
LOOPBACK = (None, "127.0.0.1", "::1", "localhost")


def person() -> str | None:
    """Return under which name progress is kept, or None when only this tab can keep it."""
    who = viewer()
    if who.handle:
        return who.handle
    return OWN_LAPTOP if st.context.ip_address in LOOPBACK else None


def records() -> LessonRecords:
    """Return the store of progress."""
    return LessonRecords(lab().store.database)


def done(lesson: Lesson) -> dict[str, Any]:
    """Return what this person did in the lesson."""
    kept: dict[str, dict[str, Any]] = st.session_state.setdefault(TAB_KEY, {})
    if lesson.id not in kept:
        name = person()
        kept[lesson.id] = records().of(name, lesson.id) if name else {}
    return kept[lesson.id]


def keep(lesson: Lesson, thing: str, value: Any) -> None:
    """Keep one thing that this person did."""
    done(lesson)[thing] = value
    name = person()
    if name:
        records().keep(name, lesson.id, thing, value)


def forget(lesson: Lesson) -> None:
    """Begin the lesson anew."""
    st.session_state.setdefault(TAB_KEY, {})[lesson.id] = {}
    name = person()
    if name:
        records().forget(name, lesson.id)


def share_done(lesson: Lesson, kept: dict[str, Any]) -> float:
    """Return how much of the lesson's predictions, exercises and questions is done, 0 to 1."""
    owed = [f"predict.{name}" for name in lesson.lab.predictions]
    answered = [kept.get(thing) is not None for thing in owed]
    answered += [kept.get(f"exercise.{name}", {}).get("word") == PASSED for name in lesson.lab.exercises]
    for question in lesson.quiz.questions:
        given = kept.get(f"quiz.{question.id}", {})
        answered.append(bool(given.get("right")) if is_judged(question) else bool(given))
    return sum(answered) / len(answered) if answered else 0.0
