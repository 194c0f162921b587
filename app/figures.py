"""Figures of the running lab, for the health page."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.access import viewer
from app.board import moment
from app.controls import command, problem_box
from app.i18n import t
from app.intake_view import intake_figures
from app.jobs import Job, show_progress
from app.keys_of_session import COMPACTING_KEY
from app.lab import lab
from engine.errors import AccessError
from engine.records import time_us


def health_figures() -> None:
    """Draw status, rates, queues, store and detectors."""
    facts = lab().health()
    _status(facts)
    queue, store, viewers = facts["queue"], facts["store"], facts["viewers"]
    _row(
        (t("Ticks per second"), f"{facts['ticks_per_s']:g}", t("wanted: {n}", n=f"{facts['ticks_per_s_wanted']:g}")),
        (t("Lag"), f"{facts['lag_s']:.2f} s", t("plant behind its clock")),
        (t("Waiting ticks"), f"{queue['queued']:,}", t("dropped: {n}", n=f"{queue['dropped']:,}")),
        (t("Memory"), _bytes(facts["memory_bytes"]), t("{n} ticks kept", n=f"{facts['ticks_in_memory']:,}")),
    )
    _row(
        (t("Store"), _bytes(store["bytes"]), t("free: {n}", n=_bytes(store["disk_free"]))),
        (t("Rows stored"), f"{store['rows_stored']:,}", t("waiting: {n}", n=f"{store['rows_waiting']:,}")),
        (t("Viewers"), f"{viewers['watching']:,}", t("messages dropped: {n}", n=f"{viewers['dropped']:,}")),
        (t("Alarms standing"), f"{facts['alarms_standing']:,}", t("run {n}", n=facts["run"])),
    )
    intake_figures()
    st.subheader(t("Detectors"))
    st.dataframe([_detector(name, one) for name, one in facts["detectors"].items()], hide_index=True, width="stretch")


def compacting() -> None:
    """Let an instructor give the store's unused space back to the disk, and show how far that is."""
    if not viewer().teaches:
        return
    job: Job | None = st.session_state.get(COMPACTING_KEY)
    st.subheader(t("Space on the disk"))
    problem_box()
    st.caption(
        t(
            "What was deleted leaves room in the store's file that new readings use again; compacting gives it back to "
            "the disk. Readings go on meanwhile."
        )
    )
    if job is not None and job.running:
        show_progress(job, "compacting", cancellable=False)
        return
    st.button(t("Compact"), icon=":material/compress:", key="compact", on_click=lambda: command(start_compacting))
    if job is not None and job.problem is not None:
        st.error(str(job.problem))
    elif job is not None:
        st.success(t("{size} were given back to the disk.", size=_bytes(max(0, job.outcome))))


def start_compacting() -> None:
    """Compact the store beside the page.

    Raises
    ------
    AccessError
        For everybody but instructors: who asks is looked up here, not where the button is drawn.
    """
    if not viewer().teaches:
        raise AccessError(t("Only instructors compact the store."))
    store = lab().store
    st.session_state[COMPACTING_KEY] = Job(lambda *_: store.compact()).start()


def _status(facts: dict[str, Any]) -> None:
    if facts["status"] == "ok":
        st.success(
            t("The lab keeps up. Plant time {time}.", time=moment(time_us(facts["time"]))),
            icon=":material/check_circle:",
        )
    else:
        st.warning("\n".join(f"- {reason}" for reason in facts["reasons"]) or t("The plant does not run."))


def _row(*figures: tuple[str, str, str]) -> None:
    for column, (label, value, note) in zip(st.columns(len(figures)), figures, strict=True):
        with column.container(border=True):
            st.metric(label, value)
            st.caption(note)


def _detector(name: str, facts: dict[str, Any]) -> dict[str, Any]:
    return {
        t("Detector"): name,
        t("State"): t("working") if facts["working"] else t("disabled: {reason}", reason=facts["reason"]),
        t("Cost (µs per reading)"): facts["us_per_reading"],
    }


def _bytes(size: int | None) -> str:
    if size is None:
        return "–"
    for unit in ("B", "kB", "MB"):
        if size < 1000:
            return f"{size:.0f} {unit}"
        size /= 1000
    return f"{size:.1f} GB"
