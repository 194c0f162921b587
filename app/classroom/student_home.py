"""Home as its student needs it: open work with the time left, the last result, the next lesson."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from app.access import viewer
from app.classroom.student import StudentDesk
from app.classroom.student_assignment import due_words, work_words
from app.classroom.student_frame import PARAMETER
from app.classroom.titles import plain
from app.i18n import t
from app.keys_of_session import MENU_KEY
from app.lab import lab
from app.lessons.progress import person, records, share_done
from app.lessons.view import PARAMETER as LESSON
from app.lessons.view import language
from lessons.reader import find_lesson, lesson_folders

if TYPE_CHECKING:
    from app.classroom.student import Card
    from lessons.reader import Lesson

DONE = 0.999


def yours() -> None:
    """Draw what is this person's own; nothing for strangers and for those who teach."""
    who = viewer()
    if who.classmate is None or who.role != "student":
        return
    desk = StudentDesk(lab().classroom, lab().classroom.people.get(who.classmate))
    cards = desk.cards()
    st.markdown(f"##### {t('Yours')}")
    work, result, lesson = st.columns(3)
    with work.container(border=True, height="stretch"):
        _open_work([card for card in cards if card.takes or card.phase == "before"])
    with result.container(border=True, height="stretch"):
        _last_result(desk, cards)
    with lesson.container(border=True, height="stretch"):
        _next_lesson()


def _open_work(cards: list[Card]) -> None:
    st.caption(t("Open work"))
    if not cards:
        st.markdown(t("Nothing is open now."))
    for card in cards:
        _link("assignments", plain(card.spec.title), ":material/assignment:", {PARAMETER: card.spec.id})
        st.caption(f"{due_words(card)} · {work_words(card)}")


def _last_result(desk: StudentDesk, cards: list[Card]) -> None:
    st.caption(t("Last result"))
    found = [(rows[-1]["at_us"], card, rows[-1]["points"]) for card in cards if (rows := desk.results(card.spec.id))]
    if not found:
        st.markdown(t("No result is out yet."))
        return
    _, card, points = max(found, key=lambda one: one[0])
    _link("assignments", plain(card.spec.title), ":material/grading:", {PARAMETER: card.spec.id})
    st.markdown(t("**{points}** of {of} points", points=f"{points:.1f}", of=f"{card.spec.points:g}"))


def _next_lesson() -> None:
    st.caption(t("Next lesson"))
    lesson = next_lesson()
    if lesson is None:
        st.markdown(t("All lessons are done."))
        return
    _link("lessons", plain(lesson.head.title), ":material/school:", {LESSON: lesson.id})
    st.caption(t("{n} minutes", n=lesson.head.minutes.do))


def next_lesson() -> Lesson | None:
    """Return the first lesson of the course that this person has not done; None when all are done."""
    mine = records().of_person(person() or "")
    for folder in lesson_folders():
        lesson = find_lesson(folder.name, language())
        if share_done(lesson, mine.get(lesson.id, {})) < DONE:
            return lesson
    return None


def _link(page: str, label: str, icon: str, address: dict[str, str]) -> None:
    pages = {one.url_path: one for section in st.session_state.get(MENU_KEY, {}).values() for one in section}
    if page in pages:
        st.page_link(pages[page], label=label, icon=icon, query_params=address)
