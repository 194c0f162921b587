"""Handing in: a file, the labels of the labelling page, a detector's setting, answers, a text; then the receipt."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from app.classroom.student_frame import link_to_labelling, shown_time
from app.i18n import t
from app.settings import settings_form
from engine.catalog import parts
from engine.classroom.label_files import read_labels, template
from engine.classroom.pipelines import honest_detectors
from engine.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.classroom.student import Card, StudentDesk
    from engine.classroom.receipts import Receipt

RECEIPT_KEY, WRONG_KEY = "newest_receipt", "hand_in_problem"
MOST_MB = 4
MOST_LETTERS = 20_000


def hand_in(desk: StudentDesk, card: Card) -> None:
    """Draw the form that fits what the assignment takes, and the receipt of what was just handed in."""
    show_receipt(card)
    if not card.takes:
        st.info(t("Nothing is taken now: {why}", why=_why_not(card)))
        return
    if card.phase == "late":
        st.warning(t("You are late: what comes in now is worth {n} %.", n=f"{card.plan.percent(card.now_us):g}"))
    agreed = card.spec.mode == "practice" or st.checkbox(
        t("This is my own work; I used what my course allows."), key=f"honour-{card.spec.id}"
    )
    FORMS[card.spec.submit](desk, card, agreed)


def show_receipt(card: Card) -> None:
    """Show the receipt or the refusal of the last hand-in, until the page is left."""
    wrong = st.session_state.pop(WRONG_KEY, None)
    if wrong:
        st.error(wrong, icon=":material/block:")
        st.caption(t("This was not an attempt; nothing was handed in."))
    receipt: Receipt | None = st.session_state.get(RECEIPT_KEY)
    if receipt is None or receipt.assignment != card.spec.id:
        return
    with st.container(border=True):
        st.markdown(f":material/verified: **{t('Handed in. Your receipt:')}** `{receipt.submission}`")
        when = shown_time(receipt.received_us, card.spec.when.zone)
        st.markdown(t("attempt {n}, received {when} by the server's clock", n=receipt.attempt, when=when))
        st.code(receipt.sha256, language=None)
        st.caption(t("The SHA-256 is of exactly what you handed in. The receipt was on the disk before you saw it."))


def keep(act: Callable[..., Receipt], *arguments: Any) -> None:
    """Hand in; keep the receipt, or the one sentence that says why not."""
    try:
        st.session_state[RECEIPT_KEY] = act(*arguments)
    except LabError as problem:
        st.session_state[WRONG_KEY] = str(problem)


def _labels(desk: StudentDesk, card: Card, agreed: bool) -> None:
    name = card.spec.id
    count = len(desk.called(name) if card.spec.future_hidden else desk.book(name)[0].labels)
    st.markdown(f"##### {t('From the labelling page')}")
    st.markdown(t("{n} intervals are saved there.", n=count))
    go, see = st.columns([1, 2], vertical_alignment="center")
    go.button(
        t("Hand in these {n}", n=count), key="hand-in-labels", type="primary", disabled=not agreed or not count,
        on_click=keep, args=(desk.hand_in_labels, name), width="stretch",
    )  # fmt: skip
    with see:
        link_to_labelling(name)
    if not card.spec.future_hidden:
        _file(desk, card, agreed)


def _file(desk: StudentDesk, card: Card, agreed: bool) -> None:
    st.markdown(f"##### {t('Or from a file')}")
    st.caption(
        t("Columns machine_id, start, end and, if you like, type, confidence, sensors, note; or timestamp, label.")
    )
    bounds = desk.bounds(card.spec.id)
    st.download_button(t("Template"), template(bounds), "labels.csv", "text/csv", icon=":material/download:")
    dropped = st.file_uploader(t("A CSV of intervals"), max_upload_size=MOST_MB, key=f"file-{card.spec.id}")
    if dropped is None:
        return
    raw = dropped.getvalue()
    try:
        read = read_labels(raw, bounds, _shown_name(dropped.name), merge=card.spec.submit == "labels")
    except LabError as problem:
        st.error(str(problem), icon=":material/block:")
        st.caption(t("This is not an attempt; mend the file and drop it again."))
        return
    st.success(t("The file has {n} intervals.", n=len(read.labels)))
    for note in read.notes:
        st.markdown(f"- {note}")
    st.button(
        t("Hand in this file"), key="hand-in-file", type="primary", disabled=not agreed or not read.labels,
        on_click=keep, args=(desk.hand_in_file, card.spec.id, raw, dropped.name),
    )  # fmt: skip


def _parameters(desk: StudentDesk, card: Card, agreed: bool) -> None:
    st.caption(t("Choose a detector and its settings; the lab runs it on data that you do not see."))
    known = {name: part for name, part in parts("detector").items() if name in honest_detectors()}
    titles = {name: getattr(part, "title", name) for name, part in known.items()}
    name = st.selectbox(t("Detector"), sorted(titles, key=titles.get), key="hand-in-detector", format_func=titles.get)  # type: ignore[arg-type]
    values = settings_form(known[name], f"hand-in/{name}")
    st.button(
        t("Hand in this setting"), key="hand-in-settings", type="primary", disabled=not agreed,
        on_click=keep, args=(desk.hand_in_settings, card.spec.id, name, values),
    )  # fmt: skip


def _answers(desk: StudentDesk, card: Card, agreed: bool) -> None:
    with st.form(f"quiz-{card.spec.id}", border=False):
        given = {one.id: _question(number, one) for number, one in enumerate(card.spec.questions, start=1)}
        pressed = st.form_submit_button(t("Hand in these answers"), type="primary", disabled=not agreed)
    if pressed:
        answered = {name: value for name, value in given.items() if value not in (None, "", [])}
        keep(desk.hand_in_answers, card.spec.id, answered)
        st.rerun()


def _question(number: int, question: Any) -> Any:
    """Draw one question; what is right is not in it."""
    st.markdown(f"**{number}.** {question.ask}")
    key = f"answer-{question.id}"
    if question.several:
        return st.multiselect(t("Choose all that hold"), question.options, key=key)
    if question.options:
        return st.radio(t("Choose one"), question.options, index=None, key=key, label_visibility="collapsed")
    return st.text_input(t("Your answer"), key=key)


def _text(desk: StudentDesk, card: Card, agreed: bool) -> None:
    text = st.text_area(t("Your report"), height=320, max_chars=MOST_LETTERS, key=f"text-{card.spec.id}")
    st.button(
        t("Hand in this text"), key="hand-in-text", type="primary", disabled=not agreed or not text.strip(),
        on_click=keep, args=(desk.hand_in_text, card.spec.id, text),
    )  # fmt: skip


def _shown_name(name: str) -> str:
    """Return the last part of a file's name; it is only ever shown."""
    return name.replace("\\", "/").rsplit("/", 1)[-1][:80] or "file"


def _why_not(card: Card) -> str:
    if card.phase == "before":
        return t("it is not open yet.")
    return t("it is closed.") if card.phase == "closed" else t("no attempt is left for now.")


FORMS: dict[str, Callable[[Any, Any, bool], None]] = {
    "labels": _labels,
    "alarms": _labels,
    "params": _parameters,
    "answers": _answers,
    "text": _text,
}
