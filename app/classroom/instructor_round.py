"""A round for the whole room: a sealed fault in the running plant, and how long the room takes to see it."""

from __future__ import annotations

import random
import secrets
from dataclasses import dataclass

import streamlit as st

from app.acting import INSTRUCTOR, acting_as
from app.classroom.instructor_desk import clock_text, school, table
from app.classroom.instructor_times import seconds, sentence, strip
from app.controls import command
from app.i18n import t
from app.injecting import faults_of
from app.lab import lab
from engine.classroom.conductor import shown_count
from engine.errors import LabError
from engine.records import SECOND_US

ROUND_KEY = "round_shown"  # the round on screen; it stays after its reveal
BY_CHANCE = ""


@dataclass(frozen=True)
class Plan:
    """What an instructor asked for; empty words are drawn by chance, so that nobody in the room knows."""

    machine: str
    fault: str
    severity: float
    wait_s: float


def round_part() -> None:
    """Draw the start of a round, the round that runs, or the last one revealed."""
    newest = school().conductor.newest()
    running = newest is not None and newest[1] == "fault" and newest[2] != "revealed"
    if running and newest is not None:
        st.session_state[ROUND_KEY] = newest[0]
    name = st.session_state.get(ROUND_KEY)
    if name is None:
        _start_form()
    elif running:
        _running(name)
    else:
        _revealed(name)


def start_round(plan: Plan) -> str:
    """Inject what is planned and seal its truth; returns the round.

    Raises
    ------
    LabError
        When the plant refuses the fault, or it would never be detectable.
    """
    with lab().steady():  # a round belongs to the plant on stage
        return _started(plan)


def _started(plan: Plan) -> str:
    acting_as(INSTRUCTOR)
    runner, rng = lab().runner, random.Random(secrets.token_bytes(16))
    machine = plan.machine or rng.choice(lab().spec.machines)
    fault = plan.fault or rng.choice(sorted(faults_of("machine")))
    delay = rng.uniform(0.1, 1.0) * plan.wait_s
    entry = runner.inject(
        fault=fault, machine=machine, severity=plan.severity, ramp_s=120.0, duration_s=3600.0, delay_s=delay
    )
    end = entry.start_us + 3600 * SECOND_US
    truth = [e for e in runner.plant.truth(entry.start_us - 1, end) if e.machine == machine and e.fault == fault]
    truth = [e for e in truth if abs(e.onset_us - entry.start_us) <= SECOND_US]
    if not truth or truth[0].detectable_from_us is None:
        runner.undo()
        raise LabError("This fault would stay too small to be seen; take a higher severity.")
    return school().conductor.start_round(truth, lab().spec.machines, runner.clock.now_us(), end)


def _start_form() -> None:
    with st.form("round", border=True):
        st.markdown(
            t("One fault goes into the running plant, sealed. The room calls the machine on the page **Room**.")
        )
        faults = {BY_CHANCE: t("by chance"), **{name: cls.title for name, cls in faults_of("machine").items()}}
        machines = {BY_CHANCE: t("by chance"), **{name: name for name in lab().spec.machines}}
        left, right = st.columns(2)
        machine = left.selectbox(t("Machine"), list(machines), format_func=machines.get)
        fault = right.selectbox(t("Fault"), list(faults), format_func=faults.get)
        severity = left.slider(t("Severity"), 0.1, 1.0, 0.7, 0.05)
        wait = right.number_input(t("Begins within (s of plant time)"), 10.0, 3600.0, 300.0, 10.0, "%g")
        if st.form_submit_button(t("Start the round"), type="primary", icon=":material/play_circle:", width="stretch"):
            name = command(start_round, Plan(machine or "", fault or "", severity, wait), done=t("The round runs."))
            if name is not None:
                st.session_state[ROUND_KEY] = name
            st.rerun()


def _running(name: str) -> None:
    paused = school().conductor.state(name) == "paused"
    st.caption(t("Sealed before it began: {hash}…", hash=school().conductor.seal(name)[:24]))
    with st.container(horizontal=True):
        if paused:
            if st.button(t("Go on"), icon=":material/play_arrow:", type="primary", shortcut="p", key="round_resume"):
                _pause(name, False)
        elif st.button(t("Pause everyone"), icon=":material/pause:", shortcut="p", key="round_pause"):
            _pause(name, True)
        if st.button(t("Forward to where it can be seen"), icon=":material/fast_forward:", key="round_forward"):
            command(lab().runner.fast_forward)
            st.rerun()
        if st.button(t("Reveal"), icon=":material/visibility:", shortcut="v", key="round_reveal"):
            found = command(school().conductor.reveal, name)
            for event in (found or {}).get("events", ()):
                command(lab().runner.clear, event["machine"])
            if paused:
                command(lab().runner.resume)
            st.rerun()
    _arriving(name)


def _pause(name: str, pause: bool) -> None:
    command(lab().runner.pause if pause else lab().runner.resume)
    command(school().conductor.set_state, name, "paused" if pause else "running")
    st.rerun()


@st.fragment(run_every=1.0)
def _arriving(name: str) -> None:
    """Draw the detections as they come; nothing in it tells which machine it is."""
    times, people = school().conductor.room(name), len(school().people.students())
    with st.container(horizontal=True):
        st.metric(t("Plant time"), clock_text(lab().runner.snapshot().time_us)[11:])
        st.metric(t("Have called"), f"{shown_count(times.people)} / {people}")
        st.metric(t("Have found it"), shown_count(times.found))
        st.metric(t("False calls"), times.false_calls)
        st.metric(t("Middle of the room"), seconds(times.median_s))
    st.plotly_chart(strip(times), key="arriving", config={"displayModeBar": False})
    st.caption(sentence(times))


def _revealed(name: str) -> None:
    found, times = school().conductor.revealed(name), school().conductor.room(name)
    for event in found["events"]:
        st.header(t("It was {fault} on {machine}", fault=event["fault"].replace("_", " "), machine=event["machine"]))
        st.markdown(
            t(
                "It began at **{onset}** and could be seen from **{seen}**.",
                onset=clock_text(event["onset_us"])[11:],
                seen=clock_text(event["detectable_from_us"])[11:],
            )
        )
    st.plotly_chart(strip(times), key="revealed", config={"displayModeBar": False})
    st.caption(sentence(times))
    with st.expander(t("Proof that it was sealed before the round")):
        table(
            [
                {t("What"): t("commitment"), t("Value"): found["commitment"]},
                {t("What"): t("salt"), t("Value"): found["salt"]},
            ]
        )
    if st.button(t("New round"), type="primary", icon=":material/replay:", key="round_new"):
        st.session_state.pop(ROUND_KEY, None)
        st.rerun()
