"""The grading queue: one thing at a time, the most useful first; keys 1 to 4 decide, N goes on, U takes back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from app.acting import STAFF
from app.classroom.instructor_desk import choose_assignment, clock_text, school, who
from app.classroom.instructor_lanes import item_lanes
from app.classroom.instructor_verdict import LAST, mark_form, release_held, verdict_form
from app.controls import command
from app.i18n import t

if TYPE_CHECKING:
    from engine.classroom.review import Item

SKIPPED = "queue_skipped"


def queue_part() -> None:
    """Draw the queue of an assignment."""
    name = choose_assignment(("released", "published"))
    if name is None:
        return
    items = _in_turn(school().review.queue(name))
    _progress(name, len(items))
    if not items:
        st.success(t("Nothing is left to decide. Go on with Regrade and publish."), icon=":material/task_alt:")
        _take_back(name)
        return
    item = items[0]
    with st.container(border=True):
        _head(item)
        if item.kind in ("disputed", "dispute", "nobody"):
            item_lanes(name, item)
            verdict_form(name, item)
        elif item.kind in ("explanation", "conflict"):
            if school().assignments.get(name).submit not in ("answers", "text"):  # an essay has no plant
                item_lanes(name, item)
            mark_form(name, item)
        else:
            release_held(name, item)
    with st.container(horizontal=True):
        if st.button(t("Next, decide later"), shortcut="n", icon=":material/skip_next:", key=f"queue_next/{item.item}"):
            st.session_state.setdefault(SKIPPED, []).append(item.item)
            st.rerun()
        _take_back(name)


def _in_turn(items: list[Item]) -> list[Item]:
    """What was put off comes back after the others, in the order in which it was put off."""
    skipped: list[str] = st.session_state.get(SKIPPED, [])
    places = {name: at for at, name in enumerate(skipped)}
    return sorted(items, key=lambda item: places.get(item.item, -1))


def _progress(name: str, left: int) -> None:
    done, of = school().review.progress(name)
    st.progress(done / of if of else 1.0, text=t("{done} of {of} decided, {left} left", done=done, of=of, left=left))


def _head(item: Item) -> None:
    kinds = {
        "disputed": (t("Disputed truth"), "orange"),
        "dispute": (t("A student disagrees"), "orange"),
        "nobody": (t("Nobody found it"), "blue"),
        "explanation": (t("To read"), "green"),
        "conflict": (t("Mark to look at again"), "red"),
        "held": (t("Held back"), "gray"),
    }
    word, colour = kinds[item.kind]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.badge(word, color=colour)
        if item.machine:
            st.markdown(f"**{item.machine}** · {clock_text(item.start_us)} – {clock_text(item.end_us)[11:]}")
        if item.handle:
            st.markdown(t("**{handle}**, line *{line}*", handle=item.handle, line=item.line or "–"))
        if item.share:
            st.markdown(t("marked by **{share} %** of the class", share=round(100 * item.share)))
    if item.text:
        with st.container(border=True):
            st.text(item.text)  # a student wrote it: as Markdown its pictures would load in the grader's browser


def _take_back(name: str) -> None:
    last = st.session_state.get(LAST)
    if last and st.button(t("Take the last one back"), shortcut="u", icon=":material/undo:", key="queue_undo"):
        command(school().review.undecide, name, last, who(), by=STAFF, done=t("It is on the queue again."))
        st.session_state.pop(LAST)
        st.rerun()
