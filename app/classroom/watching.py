"""Labelling with the future hidden: readings come in, alarms count from the moment the server has stamped."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from app.acting import CLASS
from app.classroom.label_chart import label_chart
from app.classroom.labelling_form import row
from app.classroom.student_frame import clock
from app.classroom.student_handing import keep, show_receipt
from app.classroom.titles import fault_titles
from app.controls import command, problem_box
from app.i18n import t
from engine.plant.spec import load_plant

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.classroom.student import Card, StudentDesk

SPEEDS = (60.0, 300.0, 600.0, 1800.0, 3600.0)


@st.fragment
def watching(desk: StudentDesk, card: Card) -> None:
    """Draw the stream with its controls, alarm buttons for each machine, and the alarms so far."""
    name, variant = card.spec.id, desk.variant(card.spec.id)
    at_us, speed = desk.stream(name)
    problem_box()
    st.caption(t("An alarm counts only when you raise it before the stream has passed. The server stamps it."))
    if not card.takes:
        st.info(t("Nothing is taken now; the stream stands still."))
    else:
        _controls(desk, card, at_us, speed)
    label_chart(
        key="watch_chart", assignment=name, span_us=(variant.start_us, variant.end_us), machines=variant.machines,
        sensors=load_plant(card.spec.plant.name).sensors, labels=desk.called(name), titles=fault_titles(), seen=(),
        selected=None, on_act=lambda: None, stream=(at_us, speed),
    )  # fmt: skip
    _so_far(desk, card)


def _speed(desk: StudentDesk, name: str, stream: tuple[int, float], span_us: tuple[int, int]) -> None:
    """Draw the speed and the button that lets one's own stream run or stand."""
    at_us, speed = stream
    wanted = st.selectbox(
        t("Speed"), SPEEDS, 2, key="watch-speed", width=150,
        format_func=lambda value: t("{n} min in a second", n=f"{value / 60:g}"),
    )  # fmt: skip
    if speed > 0:
        st.button(t("Hold"), icon=":material/pause:", key="watch-hold",
                  on_click=lambda: _do(desk, desk.hold, name))  # fmt: skip
    else:
        st.button(
            t("Begin") if at_us <= span_us[0] else t("Go on"), icon=":material/play_arrow:", type="primary",
            key="watch-run", on_click=lambda: _do(desk, desk.run, name, wanted), disabled=at_us >= span_us[1],
        )  # fmt: skip


def _controls(desk: StudentDesk, card: Card, at_us: int, speed: float) -> None:
    name, variant = card.spec.id, desk.variant(card.spec.id)
    with st.container(horizontal=True, vertical_alignment="bottom"):
        if desk.shares_stream(name):
            st.caption(t("Everybody works on the same data here, so one clock shows it to all."))
        else:
            _speed(desk, name, (at_us, speed), (variant.start_us, variant.end_us))
        standing = desk.standing(name)
        for machine in variant.machines:
            _call(desk, name, machine, machine in standing, at_us > variant.start_us)


def _do(desk: StudentDesk, act: Callable[..., Any], *arguments: Any) -> None:
    command(act, *arguments, by=CLASS, person=desk.person.person)


def _call(desk: StudentDesk, name: str, machine: str, stands: bool, begun: bool) -> None:
    action, words = (
        ("clear", t("Clear {machine}", machine=machine)) if stands else ("raise", t("Alarm {machine}", machine=machine))
    )
    st.button(
        words, icon=":material/notifications_off:" if stands else ":material/notification_important:",
        key=f"call-{machine}", disabled=not begun, on_click=lambda: _do(desk, desk.call, name, machine, action),
    )  # fmt: skip


def _so_far(desk: StudentDesk, card: Card) -> None:
    called, at_us = desk.called(card.spec.id), desk.stream(card.spec.id)[0]
    st.markdown(f"##### {t('Your alarms')} ({len(called)})")
    st.caption(t("The stream is at {when}.", when=clock(at_us)))
    if called:
        st.dataframe([row(k, label) for k, label in enumerate(called, start=1)], hide_index=True, width="stretch")
    show_receipt(desk.card(card.spec.id))
    st.button(
        t("Hand in these {n}", n=len(called)), key="hand-in-calls", type="primary", icon=":material/send:",
        disabled=not called or not card.takes, on_click=keep, args=(desk, desk.hand_in_labels, card.spec.id),
    )  # fmt: skip
