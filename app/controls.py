"""What an instructor does to the running plant, and how a refusal is shown."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import streamlit as st

from app.acting import INSTRUCTOR, STAFF, acting_as
from app.i18n import t
from app.keys_of_session import DONE_KEY, PROBLEM_KEY
from app.lab import lab
from engine.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Callable

SPEEDS = (0.1, 0.5, 1, 2, 5, 10, 20, 60, 120, 600, 3600, 10_000)


def command(
    act: Callable[..., Any],
    *arguments: Any,
    by: tuple[str, ...] = INSTRUCTOR,
    person: str | None = None,
    done: str = "",
    **named: Any,
) -> Any:
    """Do it when who acts may (see `acting_as`); a refusal is kept for `problem_box`, never shown as a traceback."""
    try:
        acting_as(by, person)
        result = act(*arguments, **named)
    except LabError as problem:
        st.session_state[PROBLEM_KEY] = str(problem)
        return None
    if done:
        st.session_state[DONE_KEY] = done
    return result


def problem_box() -> None:
    """Show what the last command said, once."""
    problem, done = st.session_state.pop(PROBLEM_KEY, None), st.session_state.pop(DONE_KEY, None)
    if problem:
        st.error(problem)
    if done:
        st.toast(done, icon=":material/check:")


def acknowledge(number: int | None) -> None:
    """Acknowledge an alarm by its number."""
    if number is not None:
        command(lab().runner.acknowledge, int(number), by=STAFF, done=t("Alarm {n} is acknowledged.", n=number))


def plant_controls() -> None:
    """Draw pause, step and speed of the plant; they act for everybody who watches."""
    runner = lab().runner
    with st.container(horizontal=True, vertical_alignment="bottom", horizontal_alignment="right"):
        if runner.clock.paused:
            st.button(
                t("Run the plant"), icon=":material/play_arrow:", on_click=lambda: command(runner.resume), key="run"
            )
            st.button(t("One tick"), icon=":material/skip_next:", on_click=lambda: command(runner.step, 1), key="tick")
        else:
            st.button(
                t("Pause the plant"), icon=":material/pause:", on_click=lambda: command(runner.pause), key="pause"
            )
        _speed(runner)


def _speed(runner: Any) -> None:
    now = runner.clock.speed
    speeds = sorted({*SPEEDS, now})
    st.session_state["speed"] = now

    def change() -> None:
        command(runner.set_speed, st.session_state["speed"])

    st.selectbox(
        t("Speed of the plant"),
        speeds,
        key="speed",
        on_change=change,
        format_func=lambda value: f"×{value:g}",
        label_visibility="collapsed",
        width=120,
        help=t("Seconds of plant time in one second; holds for everybody who watches."),
    )
