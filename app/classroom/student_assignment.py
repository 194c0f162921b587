"""One assignment as its student sees it: dates and credit, data, handing in, receipts, result, disputes."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from app.classroom.student_brief import begun, brief, counted_days, every_words, show_path
from app.classroom.student_frame import (
    PARAMETER,
    clock,
    link_to_labelling,
    phase_badge,
    shown_time,
    time_left,
    with_data,
)
from app.classroom.student_handing import hand_in
from app.classroom.student_results import disputes, result
from app.classroom.titles import plain
from app.i18n import t
from app.snippets import show_in_python

if TYPE_CHECKING:
    from app.classroom.student import Card, StudentDesk

MOST_ROWS_HELD = 200_000  # of a file that is made in memory for a button; a longer one is made while it is sent
PYTHON = """
import urllib.request

request = urllib.request.Request(
    "http://localhost:8501/api/v1/assignments/{assignment}/data?format=csv",
    headers={{"Authorization": "Bearer " + token}},     # your personal token, from the bottom of this page
)
open("{assignment}.csv", "wb").write(urllib.request.urlopen(request).read())
"""


def show_list(cards: list[Card]) -> None:
    """Draw all assignments as a table of cards; a button opens one."""
    for card in cards:
        with st.container(border=True):
            title, state, button = st.columns([3, 2, 1], vertical_alignment="center")
            with title:
                st.markdown(f"##### {plain(card.spec.title)}")
                st.caption(due_words(card))
            with state:
                phase_badge(card)
                st.caption(work_words(card))
            button.button(
                t("Open"), key=f"open-{card.spec.id}", width="stretch", on_click=_open, args=(card.spec.id,),
                type="primary" if card.takes else "secondary",
            )  # fmt: skip


def show_assignment(desk: StudentDesk, card: Card) -> None:
    """Draw one assignment from top to bottom."""
    title, state = st.columns([4, 1], vertical_alignment="bottom")
    title.title(plain(card.spec.title))
    with state:
        phase_badge(card)
    st.button(t("All assignments"), icon=":material/arrow_back:", on_click=_close, type="tertiary")
    if card.phase != "before":
        show_path(desk, card)
    if card.spec.task:
        st.markdown(card.spec.task)
    brief(desk, card)
    _credit(card)
    if card.phase == "before" or not with_data(desk, card.spec.id) or not begun(desk, card):
        return
    if card.spec.submit in ("labels", "alarms"):
        link_to_labelling(card.spec.id)
    names = [t("Hand in"), t("Receipts ({n})", n=len(card.receipts)), t("Result")]
    with_readings = card.spec.submit in ("labels", "alarms", "params")
    tabs = st.tabs([t("Data"), *names] if with_readings else names)
    if with_readings:
        with tabs[0]:
            _data(desk, card)
    handing, receipts, results = tabs[-3:]
    with handing:
        hand_in(desk, card)
    with receipts:
        _receipts(card)
    with results:
        result(desk, card)
        disputes(desk, card)


def _credit(card: Card) -> None:
    zone = card.spec.when.zone
    steps = [(shown_time(card.plan.release_us, zone), t("opens"), card.now_us >= card.plan.release_us)]
    for until, percent in card.plan.steps:
        steps.append((shown_time(until, zone), t("until then {n} %", n=f"{percent:g}"), card.now_us > until))
    after = t("afterwards practice, worth nothing") if card.plan.after == "practice" else t("afterwards closed")
    columns = st.columns(len(steps) + 1)
    for column, (when, what, passed) in zip(columns, steps, strict=False):
        with column.container(border=True, height="stretch"):
            st.markdown(f"{':material/check:' if passed else ':material/schedule:'} **{what}**")
            st.caption(when)
    with columns[-1].container(border=True, height="stretch"):
        st.markdown(f"**{after}**")
        st.caption(_attempts(card) if card.phase != "closed" else t("nothing more is taken"))
    st.caption(t("Server time is {now}; it alone counts.", now=shown_time(card.now_us, zone)))


def _data(desk: StudentDesk, card: Card) -> None:
    spec, variant = card.spec, desk.variant(card.spec.id)
    first, second, third, fourth = st.columns(4)
    first.metric(t("Your variant"), variant.variant, border=True)
    second.metric(t("Machines"), len(variant.machines), border=True)
    third.metric(t("Length"), counted_days(spec.plant.days), border=True)
    fourth.metric(t("One reading each"), every_words(1 / spec.plant.rate_hz), border=True)
    if spec.future_hidden:
        st.info(t("The future is hidden here: readings come in on the labelling page, and the alarms you raise count."))
    _downloads(desk, card)
    st.caption(
        t(
            "The data runs from {start} to {end}. It is yours alone: the file of somebody else does not fit.",
            start=clock(variant.start_us),
            end=clock(variant.end_us),
        )
        if spec.variants == "per_student"
        else t("Everybody works on the same data here.")
    )
    st.code(desk.commitment(spec.id)[0], language=None)
    st.caption(
        t("This SHA-256 was published at the release; after the deadline the page Verify proves nothing was changed.")
    )
    show_in_python(PYTHON.format(assignment=spec.id))


def _downloads(desk: StudentDesk, card: Card) -> None:
    left, right, _ = st.columns([1, 1, 2])
    hidden = card.spec.future_hidden and desk.stream(card.spec.id)[0] < desk.variant(card.spec.id).end_us
    for column, kind, mime in ((left, "csv", "text/csv"), (right, "parquet", "application/vnd.apache.parquet")):
        if card.spec.plant.rows > MOST_ROWS_HELD:
            where = f"./api/v1/assignments/{card.spec.id}/data?format={kind}"
            column.link_button(kind.upper() if kind == "csv" else "Parquet", where, disabled=hidden, width="stretch",
                               icon=":material/download:")  # fmt: skip
            continue
        column.download_button(
            kind.upper() if kind == "csv" else "Parquet",
            _file(desk, card.spec.id, kind),
            f"{card.spec.id}.{kind}",
            mime,
            icon=":material/download:",
            width="stretch",
            on_click="ignore",
            disabled=hidden,
            key=f"download-{kind}",
        )


def _file(desk: StudentDesk, assignment: str, kind: str) -> Any:
    """The file is made when the button is pressed, not whenever the page runs."""
    return lambda: desk.file(assignment, kind)


def _receipts(card: Card) -> None:
    if not card.receipts:
        st.info(t("Nothing handed in yet. Each submission gives a receipt; the file of receipts is written first."))
        return
    rows = [
        {
            t("Receipt"): one.submission,
            t("Attempt"): one.attempt,
            t("Received"): shown_time(one.received_us, card.spec.when.zone),
            t("Credit"): f"{card.plan.percent(one.received_us):g} %",
            "SHA-256": one.sha256,
        }
        for one in reversed(card.receipts)
    ]
    st.dataframe(rows, hide_index=True, width="stretch")


def due_words(card: Card) -> str:
    """Return until when the work is worth what, or when it opens."""
    zone, now = card.spec.when.zone, card.now_us
    if card.phase == "before":
        return t("opens {when}", when=shown_time(card.plan.release_us, zone))
    if card.phase in ("closed", "practice"):
        return t("closed since {when}", when=shown_time(card.plan.close_us, zone))
    until, percent = next((step for step in card.plan.steps if step[0] >= now), card.plan.steps[-1])
    return t("{left} left for {percent} %, until {when}", left=time_left(until, now), percent=f"{percent:g}",
              when=shown_time(until, zone))  # fmt: skip


def work_words(card: Card) -> str:
    """Return what was handed in, and how often one may still."""
    count = len(card.receipts)
    done = t("nothing handed in yet") if not count else t("handed in: {n}", n=count)
    return done if card.phase == "closed" else f"{done} · {_attempts(card)}"


def _attempts(card: Card) -> str:
    left = card.attempts_left
    if left is None:
        return t("no limit of attempts")
    return t("1 attempt left now") if left == 1 else t("{n} attempts left now", n=left)


def _open(assignment: str) -> None:
    st.query_params[PARAMETER] = assignment


def _close() -> None:
    st.query_params.pop(PARAMETER, None)
