"""The switches of the pipeline lab, and the lessons that set them."""

from __future__ import annotations

from dataclasses import fields
from typing import Any

import streamlit as st

from app.i18n import t
from app.streams.lessons import LESSONS, NORMAL, lesson_words
from engine.params import parameters_of
from engine.streams.pipeline_lab import DELIVERIES, LabSettings
from engine.streams.queues import POLICIES

KEY = "pipeline/"
LESSON_KEY, OUTAGE_KEY, CRASH_KEY = f"{KEY}lesson", f"{KEY}outage", f"{KEY}crash"
OUTAGE_AT_S, CRASH_AT_S = 40, 62  # in second 62 a fault is planted on the second machine, so a crash touches it
# What the page offers; the engine allows more, but a picture of 240 seconds can still be read.
LIMITS: dict[str, tuple[float, float, float]] = {
    "machines": (1, 8, 1),
    "seconds": (30, 240, 10),
    "disorder_s": (0.0, 30.0, 1.0),
    "delay_s": (0.0, 30.0, 1.0),
    "duplicates": (0.0, 0.5, 0.05),
    "outage_at_s": (1, 240, 1),
    "outage_s": (1, 60, 1),
    "queue_rows": (5, 200, 5),
    "consumer_rows": (1, 20, 1),
    "window_s": (5, 60, 5),
    "out_of_orderness_s": (0, 30, 1),
    "allowed_lateness_s": (0, 60, 5),
    "crash_at_s": (1, 240, 1),
    "restart_s": (1, 60, 1),
    "seed": (0, 99, 1),
}


def choose_lesson() -> str | None:
    """Draw the row of lessons; one that is chosen sets the switches."""
    st.session_state.setdefault(LESSON_KEY, NORMAL)
    if f"{KEY}machines" not in st.session_state:
        _set(LESSONS[st.session_state[LESSON_KEY] or NORMAL])
    return st.pills(
        t("Set the switches for a lesson"),
        list(LESSONS),
        key=LESSON_KEY,
        format_func=lambda name: lesson_words(name)[0],
        on_change=_apply,
        persist_state="session",
        label_visibility="collapsed",
    )


def _apply() -> None:
    name = st.session_state[LESSON_KEY]
    if name is not None:
        _set(LESSONS[name])


def _set(settings: LabSettings) -> None:
    for field in fields(settings):
        st.session_state[KEY + field.name] = getattr(settings, field.name)
    for switch, name, at in ((OUTAGE_KEY, "outage_at_s", OUTAGE_AT_S), (CRASH_KEY, "crash_at_s", CRASH_AT_S)):
        st.session_state[switch] = getattr(settings, name) > 0
        st.session_state[KEY + name] = getattr(settings, name) or at


def choose_settings() -> LabSettings:
    """Draw all switches and return what they say."""
    values: dict[str, Any] = {}
    with st.expander(t("Network"), icon=":material/cloud:", expanded=True):
        values |= _network()
    with st.expander(t("Queue and consumer"), icon=":material/stacked_inbox:", expanded=True):
        values |= _queue()
    with st.expander(t("Windows"), icon=":material/calendar_view_week:", expanded=True):
        values |= _windows()
    with st.expander(t("Delivery and crash"), icon=":material/local_shipping:", expanded=True):
        values |= _delivery()
    with st.expander(t("Source"), icon=":material/sensors:"):
        values |= _source()
    return LabSettings(**values)


def _source() -> dict[str, Any]:
    return {
        "machines": _slider("machines", t("Machines")),
        "seconds": _slider("seconds", t("Length of the run (s)")),
        "seed": _slider("seed", t("Seed of all chance")),
    }


def _network() -> dict[str, Any]:
    values = {
        "disorder_s": _slider("disorder_s", t("Disorder: up to (s)"), _help("disorder_s")),
        "delay_s": _slider("delay_s", t("Delay of every row (s)"), _help("delay_s")),
        "duplicates": _slider("duplicates", t("Rows delivered twice (share)"), _help("duplicates")),
    }
    out = st.toggle(t("Outage"), key=OUTAGE_KEY, persist_state="session", help=t("The network carries nothing."))
    if out:
        values["outage_at_s"] = _slider("outage_at_s", t("Outage begins at (s)"))
        values["outage_s"] = _slider("outage_s", t("Outage lasts (s)"))
        words = {"all": t("all machines"), "one": t("the first machine only")}
        values["outage_of"] = _choice("outage_of", t("Outage of"), words)
    return values


def _queue() -> dict[str, Any]:
    words = {
        "block": t("sender waits"),
        "drop_oldest": t("drop the oldest"),
        "drop_newest": t("drop the newest"),
        "sample": t("keep every third"),
    }
    return {
        "queue_policy": _choice("queue_policy", t("When the queue is full"), {one: words[one] for one in POLICIES}),
        "queue_rows": _slider("queue_rows", t("Room in the queue (rows)")),
        "consumer_rows": _slider("consumer_rows", t("Pace of the consumer (rows a second)")),
    }


def _windows() -> dict[str, Any]:
    return {
        "window_s": _slider("window_s", t("Tumbling windows of (s)")),
        "out_of_orderness_s": _slider(
            "out_of_orderness_s",
            t("Patience of the watermark (s)"),
            t("The watermark stays this far behind the newest event time; a row older than that is late."),
        ),
        "allowed_lateness_s": _slider(
            "allowed_lateness_s",
            t("Allowed lateness (s)"),
            t("So long after its first result a window is kept and corrected by late rows."),
        ),
    }


def _delivery() -> dict[str, Any]:
    words = {
        "at_most_once": t("at most once"),
        "at_least_once": t("at least once"),
        "effectively_once": t("effectively once"),
    }
    shown = {one: words[one] for one in DELIVERIES}
    values = {"delivery": _choice("delivery", t("Delivery"), shown, _help("delivery"))}
    down = st.toggle(
        t("Crash of the consumer"), key=CRASH_KEY, persist_state="session", help=t("It dies between work and commit.")
    )
    if down:
        values["crash_at_s"] = _slider("crash_at_s", t("Crash at (s)"))
        values["restart_s"] = _slider("restart_s", t("Back after (s)"))
    return values


def _slider(name: str, label: str, hint: str | None = None) -> Any:
    low, high, step = LIMITS[name]
    form = "%g" if step >= 1 else "%.2f"
    return st.slider(label, low, high, step=step, format=form, key=KEY + name, help=hint, persist_state="session")


def _choice(name: str, label: str, words: dict[str, str], hint: str | None = None) -> Any:
    return st.selectbox(
        label, list(words), key=KEY + name, format_func=words.__getitem__, help=hint, persist_state="session"
    )


def _help(name: str) -> str | None:
    return next((p.help for p in parameters_of(LabSettings) if p.name == name), None)
