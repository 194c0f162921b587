"""What a student gets back: numbers while the assignment is open, the whole report afterwards, and disputes."""

from __future__ import annotations

from typing import TYPE_CHECKING

import streamlit as st

from app.classroom.student_frame import clock, own
from app.i18n import t
from engine.errors import LabError
from engine.records import time_us

if TYPE_CHECKING:
    from app.classroom.student import Card, StudentDesk

SAID_KEY = "dispute_said"


def result(desk: StudentDesk, card: Card) -> None:
    """Draw the result as far as the phase allows."""
    if not card.receipts:
        st.info(t("There is no result before something is handed in."))
        return
    try:
        counts = desk.counts(card.spec.id)
    except LabError as problem:
        st.info(str(problem))
        return
    if counts.pending:
        st.info(t("Your newest work is being graded; look again in a moment."), icon=":material/hourglass_top:")
        return
    points, found, false, late = st.columns(4)
    shown = "–" if counts.points is None else f"{counts.points:.1f} / {counts.out_of:g}"
    points.metric(t("Points"), shown, border=True)
    of = "" if counts.of is None else f" / {counts.of}"
    found.metric(t("Events found"), "–" if counts.found is None else f"{counts.found}{of}", border=True)
    false.metric(t("False intervals"), "–" if counts.false is None else counts.false, border=True)
    late.metric(t("Credit for time"), f"{counts.percent:g} %", border=True)
    st.caption(_which(desk, card))
    _lines(counts)
    page = desk.report(card.spec.id)
    st.download_button(
        t("Feedback report (HTML, prints on A4)"), page, f"{card.spec.id}-feedback.html", "text/html",
        icon=":material/print:", key="report-file",
    )  # fmt: skip
    with st.expander(t("Show the report here"), icon=":material/description:"):
        st.iframe(page, height=720)


def _lines(counts: object) -> None:
    lines = getattr(counts, "lines", ())
    if not lines:
        return
    comments = dict(getattr(counts, "comments", ()))
    rows = [
        {
            t("Line"): line.title,
            t("Points"): t("to be read") if line.points is None else f"{line.points:.1f}",
            t("Of"): f"{line.out_of:g}",
            t("How"): line.formula,
            t("Comment"): comments.get(line.id, ""),
        }
        for line in lines
    ]
    st.dataframe(rows, hide_index=True, width="stretch")


def _which(desk: StudentDesk, card: Card) -> str:
    history = desk.results(card.spec.id)
    if history:
        note = f": {history[-1]['note']}" if history[-1]["note"] else ""
        return t("Released result of {when}{note}", when=clock(history[-1]["at_us"]), note=note)
    if card.phase in ("open", "late"):
        part = t("of the public part, ") if card.spec.split else ""
        return t("So far: {part}not the final mark. Where and when is told after the deadline.", part=part)
    return t("Before review: marks become final when your instructor releases them.")


def disputes(desk: StudentDesk, card: Card) -> None:
    """Draw the disputes with their answers, and the form for a new one once results are out."""
    if not desk.results(card.spec.id):
        return
    st.subheader(t("Disputes"))
    for one in desk.disputes(card.spec.id):
        with st.container(border=True):
            span = f"{clock(one['start_us'])} – {clock(one['end_us'])}"
            st.markdown(f"**{one['machine']}** {span}")
            st.text(one["text"])
            st.caption(t("Answer: {text}", text=one["answer"]) if one["answer"] else t("open"))
    said = st.session_state.pop(SAID_KEY, None)
    if said:
        st.info(said)
    variant = desk.variant(card.spec.id)
    with st.form("dispute", clear_on_submit=False):
        st.caption(t("Point at one interval and say in one sentence what you see there. A person reads it."))
        machine_at, start_at, end_at = st.columns(3)
        machine = machine_at.selectbox(t("Machine"), variant.machines, key="dispute-machine")
        start = start_at.text_input(t("Start (UTC)"), clock(variant.start_us), key="dispute-start")
        end = end_at.text_input(t("End (UTC)"), clock(variant.start_us), key="dispute-end")
        text = st.text_input(t("What you see"), max_chars=500, key="dispute-text")
        if st.form_submit_button(t("Open a dispute")):
            st.session_state[SAID_KEY] = _dispute(desk, card, machine, start, end, text)
            st.rerun()


def _dispute(desk: StudentDesk, card: Card, machine: str, start: str, end: str, text: str) -> str:
    try:
        span = time_us(start), time_us(end)
    except ValueError:
        return t("Write times as 2026-03-02 09:30:00.")
    if span[1] <= span[0]:
        return t("The interval must end after it starts.")
    try:
        return t("Dispute {n} is open.", n=own(desk, desk.dispute, card.spec.id, machine, *span, text))
    except LabError as problem:
        return str(problem)
