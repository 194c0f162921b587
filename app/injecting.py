"""Faults put on machines and taken off again; for instructors' pages only, for it shows truth."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.board import moment
from app.controls import command
from app.i18n import t
from app.keys_of_session import DONE_KEY
from app.lab import lab
from app.settings import settings_form
from app.snippets import call, show_in_python
from engine import catalog
from engine.plant.checks import fitting
from engine.plant.journal import SHAPES, Injection, Maintenance
from engine.records import iso_time

KINDS = ("machine", "sensor", "benign")


def injection_form() -> None:
    """Draw the form that injects a fault, and the same thing in Python."""
    st.subheader(t("Break a machine"))
    where, kind = st.columns([2, 3])
    machine = where.selectbox(t("Machine"), lab().spec.machines, key="inject_machine")
    kinds = {"machine": t("Machine fault"), "sensor": t("Sensor fault"), "benign": t("Normal")}
    chosen = kind.segmented_control(
        t("Kind"), KINDS, default="machine", key="inject_kind", format_func=kinds.get, required=True
    )
    faults = faults_of(chosen or "machine")
    if not faults:
        st.info(t("Nothing can be injected here: this plant is a recording."))
        return
    name = st.selectbox(t("Fault"), list(faults), key="inject_fault", format_func=lambda one: faults[one].title)
    cls = faults[name]
    st.caption(catalog.caption(cls))
    wanted = {"machine": machine, "fault": name, **_course(cls, name), **_details(cls, name)}
    if st.button(t("Inject"), type="primary", icon=":material/bolt:", key="inject_go"):
        entry = command(lab().runner.inject, done=t("{fault} on {machine}", fault=cls.title, machine=machine), **wanted)
        if entry is not None:
            st.session_state["last_injection"] = entry.id
        st.rerun()
    show_in_python(call("runner.inject", **wanted))


def faults_of(kind: str) -> dict[str, Any]:
    """Return the failure patterns of that kind that this plant's machines can have."""
    known = {name: catalog.part("fault", name) for name in fitting(lab().spec)}
    return {name: cls for name, cls in known.items() if cls.kind == kind}


def _course(cls: Any, name: str) -> dict[str, Any]:
    left, right = st.columns(2)
    severity = left.slider(t("Severity"), 0.05, 1.0, float(cls.severity), 0.05, key=f"severity/{name}")
    shapes = list(SHAPES)
    shape = right.selectbox(t("Onset"), shapes, shapes.index(cls.shape), key=f"shape/{name}")
    ramp = left.number_input(t("Ramp (min)"), 0.0, 1440.0, cls.ramp_s / 60, 1.0, "%g", key=f"ramp/{name}")
    minutes = right.number_input(
        t("Duration (min)"), 0.5, 10080.0, cls.duration_s / 60, 5.0, "%g", key=f"duration/{name}"
    )
    delay = left.number_input(
        t("Begins in (min of plant time)"), 0.0, 1440.0, 0.0, 1.0, "%g", key="inject_delay", help=t("0 = now")
    )
    course = {"severity": severity, "ramp_s": ramp * 60, "duration_s": minutes * 60, "delay_s": delay * 60}
    return {**course, "shape": shape}


def _details(cls: Any, name: str) -> dict[str, Any]:
    details: dict[str, Any] = {}
    if cls.kind == "sensor" and not getattr(cls, "whole_machine", False):
        titles = {sensor.name: sensor.title for sensor in lab().spec.sensors}
        picked = st.multiselect(
            t("Sensors"), list(titles), key=f"sensors/{name}", format_func=titles.get, help=t("None = the usual one")
        )
        details["sensors"] = tuple(picked)
    if catalog.describe("fault", name)["parameters"]:
        with st.expander(t("Parameters of this fault")):
            details["values"] = settings_form(cls, f"values/{name}")
    return details


def repair_form() -> None:
    """Draw clearing, maintenance, undo and the jump to the moment of detectability."""
    runner, machines = lab().runner, lab().spec.machines
    st.subheader(t("Repair"))
    machine = st.selectbox(t("Machine to repair"), machines, key="repair_machine")
    minutes = st.number_input(t("Maintenance (min)"), 1.0, 600.0, 30.0, 5.0, "%g", key="repair_minutes")
    with st.container(horizontal=True):
        if st.button(t("Clear faults"), icon=":material/healing:", key="repair_clear"):
            command(runner.clear, machine, done=t("{machine} is healthy again.", machine=machine))
            st.rerun()
        if st.button(t("Maintain"), icon=":material/build:", key="repair_maintain"):
            command(runner.maintain, machine, minutes, done=t("{machine} is in maintenance.", machine=machine))
            st.rerun()
        if st.button(t("Undo the last step"), icon=":material/undo:", key="repair_undo"):
            command(runner.undo, done=t("The last step is undone."))
            st.rerun()
    st.subheader(t("Fast-forward"))
    st.caption(t("Jump to the first moment at which a perfect observer could know of the fault."))
    if st.button(t("To detectable"), icon=":material/fast_forward:", key="repair_forward"):
        _fast_forward()
        st.rerun()


def automatic_form() -> None:
    """Draw the rates of what happens by itself: faults by chance, and scheduled stops."""
    plant = lab().plant
    with st.expander(t("Automatic faults and maintenance"), icon=":material/autorenew:"), st.form("automatic"):
        rate = st.number_input(
            t("Faults per machine and hour of plant time"),
            0.0,
            10.0,
            float(plant.auto_faults_per_machine_hour),
            0.05,
            "%g",
            help=t("0 = none. 0.1 on five machines gives one fault in two hours of plant time, on average."),
        )
        hours = st.number_input(
            t("Hours of plant time between scheduled stops"),
            0.0,
            1000.0,
            (plant.scheduled_maintenance_interval_s or 0.0) / 3600,
            1.0,
            "%g",
            help=t("0 = none. Each stops one machine; no fault is behind it."),
        )
        if st.form_submit_button(t("Apply"), icon=":material/check:"):
            command(lab().runner.set_automatic, rate or None, hours * 3600 or None, done=t("The rates are set."))
            st.rerun()


def _fast_forward() -> None:
    reached = command(lab().runner.fast_forward)
    if reached is not None:
        st.session_state[DONE_KEY] = t("Plant time is now {time}.", time=moment(reached))


def active_faults() -> None:
    """Draw what is in the journal: active, coming and over."""
    st.subheader(t("What you did"))
    now = lab().runner.clock.now_us()
    rows = [_row(entry, now) for entry in reversed(lab().plant.journal.entries)]
    if not rows:
        st.caption(t("Nothing yet: the plant runs as it should."))
        return
    st.dataframe(rows, hide_index=True, width="stretch")


def _row(entry: Any, now: int) -> dict[str, str]:
    start = getattr(entry, "start_us", getattr(entry, "at_us", now))
    end = getattr(entry, "end_us", start)
    what = t("cleared")
    if isinstance(entry, Injection):
        what = f"{entry.fault} ({entry.severity:g})"
    elif isinstance(entry, Maintenance):
        what = t("maintenance")
    state = t("coming") if now < start else t("active") if now < end else t("over")
    return {
        t("State"): state,
        t("Machine"): entry.machine,
        t("What"): what,
        t("Start"): iso_time(start, seconds_only=True),
        t("End"): iso_time(end, seconds_only=True),
    }
