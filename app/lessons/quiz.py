"""Quizzes: a reason for every option, shown after answering."""

from __future__ import annotations

import hashlib
from typing import Any

import streamlit as st

from app.i18n import t
from app.lessons.metric_words import number
from app.lessons.progress import done, keep
from lessons.quiz_marks import is_right, right_value
from lessons.reader import Lesson
from lessons.spec import Question


def show_quiz(lesson: Lesson) -> None:
    """Show the lesson's questions one below the other."""
    st.subheader(t("Quiz"))
    for at, question in enumerate(lesson.quiz.questions, start=1):
        with st.container(border=True, key=f"question-{lesson.id}-{question.id}"):
            st.markdown(f"**{at}.** {question.ask}")
            _ask(lesson, question)


def _ask(lesson: Lesson, question: Question) -> None:
    key = f"quiz-{lesson.id}-{question.id}"
    kept = done(lesson).get(f"quiz.{question.id}")
    with st.form(key, border=False):
        _field(question, f"{key}-value")
        st.form_submit_button(t("Answer"), on_click=_answered, args=(lesson, question, f"{key}-value"))
    if st.session_state.pop(f"{key}-empty", False):
        st.warning(t("Choose an answer first."))
    if kept is not None:
        _explain(question, kept)


def _answered(lesson: Lesson, question: Question, key: str) -> None:
    """Keep the answer as soon as the button is pressed: a page that is still being drawn must not lose it."""
    given = st.session_state.get(key)
    if given is None or given in ([], ""):
        st.session_state[key.removesuffix("-value") + "-empty"] = True
        return
    keep(lesson, f"quiz.{question.id}", {"given": given, "right": is_right(question, given)})


def _field(question: Question, key: str) -> Any:
    texts = mixed(question)
    if question.kind == "choice":
        return st.radio(t("Choose one"), texts, index=None, key=key, label_visibility="collapsed")
    if question.kind == "multi":
        return st.multiselect(t("Choose all that hold"), texts, key=key)
    if question.kind == "order":
        shown = sorted(texts)
        return st.multiselect(t("Choose them in order"), shown, key=key)
    if question.kind == "number":
        return st.number_input(t("Your answer"), value=None, key=key)
    return st.text_area(t("Your answer"), key=key) or None


def mixed(question: Question) -> list[str]:
    """Return the options in an order that tells nothing and stays the same at every visit."""
    texts = [str(option.text) for option in question.options]
    return sorted(texts, key=lambda text: hashlib.sha256(f"{question.id}/{text}".encode()).digest())


def _explain(question: Question, kept: dict[str, Any]) -> None:
    given, right = kept["given"], kept["right"]
    if right is None:
        st.info(t("Kept. Compare with what others wrote."))
    elif right:
        st.success(t("Right."), icon=":material/check:")
    else:
        st.warning(t("Not yet."), icon=":material/close:")
    chosen = [str(one) for one in (given if isinstance(given, list) else [given])]
    if question.kind in ("number", "text"):
        st.markdown(f"{t('You said')}: **{number(given)}**")
    if right is False:
        st.markdown(f"{t('Right is')}: **{_listed(question)}**")
    lines = [
        f"- {'**→** ' if str(option.text) in chosen else ''}*{number(option.text)}*: {option.because}"
        for option in question.options
    ]
    st.markdown("\n".join(lines))


def _listed(question: Question) -> str:
    """Return the right answer in words; several in the order of the question, joined by a semicolon."""
    value = right_value(question)
    return "; ".join(value) if isinstance(value, list) else number(value)
