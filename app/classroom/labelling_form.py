"""Labels without a mouse: a form for a new one, one for the chosen one with nudge buttons, and the table of all."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

import streamlit as st

from app.classroom.student_data import summary
from app.classroom.student_frame import clock
from app.classroom.titles import fault_titles
from app.i18n import t
from engine.classroom.label_files import read_labels, write_labels
from engine.errors import LabError
from engine.plant.spec import load_plant
from engine.records import Label, time_us

if TYPE_CHECKING:
    from app.classroom.labelling import Bench

NUDGES = (-10, -1, 1, 10)
SURE, MAYBE = 1.0, 0.5
FILE_KEY = "labels_file"


def new_form(bench: Bench) -> None:
    """Draw the form for a new label: machine, start, end."""
    st.markdown(f"##### {t('New label')}")
    st.caption(t("Press L on the chart and drag, or write the times here."))
    start = clock(bench.variant.start_us)
    with st.form("new-label", border=False):
        machine = st.selectbox(t("Machine"), bench.variant.machines, key="new-machine")
        first = st.text_input(t("Start (UTC)"), start, key="new-start")
        last = st.text_input(t("End (UTC)"), start, key="new-end")
        if st.form_submit_button(t("Add label"), width="stretch"):
            span = _span(first, last)
            if span is None:
                st.error(t("Write times as 2026-03-02 09:30:00; the end must be after the start."))
                return
            label = bench.snapped(machine, *span)
            bench.change(lambda book: book.add(label), pick=label)
            st.rerun()


def edit_form(bench: Bench) -> None:
    """Draw the chosen label: type, confidence, reason, sensors, edges with nudge buttons."""
    at: int = bench.picked or 0
    label = bench.book.labels[at]
    st.markdown(f"##### {t('Label {n} of {of}', n=at + 1, of=len(bench.book.labels))}")
    minutes = (label.end_us - label.start_us) / 60e6
    st.markdown(t("{machine}, {n} min", machine=label.machine, n=f"{minutes:.1f}"))
    for edge, title in (("start", t("Start")), ("end", t("End"))):
        _edge(bench, at, edge, title, getattr(label, f"{edge}_us"))
    _facts(bench, at, label)
    st.caption(_seen_there(bench, label))
    done, gone = st.columns(2)
    done.button(t("Done"), on_click=bench.pick, args=(None,), key="label-done", width="stretch", type="primary")
    gone.button(t("Delete"), on_click=bench.remove, args=(at,), key="label-delete", width="stretch")


def _edge(bench: Bench, at: int, edge: str, title: str, when_us: int) -> None:
    """Draw one edge: the time as text, and buttons that move it by readings."""
    key = f"edge-{edge}-{at}-{when_us}"
    changed = st.text_input(t("{edge} (UTC)", edge=title), clock(when_us), key=key)
    try:
        wanted = time_us(changed)
    except ValueError:
        st.error(t("Write times as 2026-03-02 09:30:00."))
        wanted = when_us
    if wanted // 1_000_000 != when_us // 1_000_000:
        _move(bench, at, edge, wanted - when_us)
        st.rerun()
    with st.container(horizontal=True, gap="small"):
        for count in NUDGES:
            st.button(
                f"{count:+d}", key=f"nudge-{edge}-{count}", on_click=_move,
                args=(bench, at, edge, count * bench.step_us),
                help=t("Move by {n} readings ({s} s each)", n=count, s=f"{bench.step_us / 1e6:g}"),
            )  # fmt: skip


def _move(bench: Bench, at: int, edge: str, by_us: int) -> None:
    label = bench.book.labels[at]
    moved = replace(label, **{f"{edge}_us": getattr(label, f"{edge}_us") + by_us})
    inside = bench.variant.start_us <= moved.start_us and moved.end_us <= bench.variant.end_us
    if inside and moved.end_us > moved.start_us:
        bench.change(lambda book: book.change(at, moved), pick=moved)


def _facts(bench: Bench, at: int, label: Label) -> None:
    known, key = fault_titles(), f"{at}-{label.machine}-{label.start_us}-{label.end_us}"
    types = ["", *known]
    fault = st.selectbox(
        t("Type"), types, types.index(label.fault) if label.fault in types else 0, key=f"type-{key}",
        format_func=lambda name: known.get(name, t("not named")),
    )  # fmt: skip
    sure = st.segmented_control(
        t("How sure"), [SURE, MAYBE], default=_sureness(label),
        key=f"sure-{key}", format_func=lambda value: t("sure") if value == SURE else t("maybe"),
    )  # fmt: skip
    note = st.text_input(t("Reason, one sentence"), label.note, max_chars=500, key=f"note-{key}")
    sensors = load_plant(bench.card.spec.plant.name).sensors
    shown = {sensor.name: sensor.title for sensor in sensors}
    blamed = st.multiselect(
        t("Seen on"), list(shown), [name for name in label.sensors if name in shown], key=f"sensors-{key}",
        format_func=shown.get, placeholder=t("sensors"),
    )  # fmt: skip
    wanted = replace(label, fault=fault, confidence=sure, note=note, sensors=tuple(blamed))
    if wanted != label:
        bench.change(lambda book: book.change(at, wanted), pick=wanted)
        st.rerun()


def _sureness(label: Label) -> float | None:
    if label.confidence is None:
        return None
    return SURE if label.confidence > (SURE + MAYBE) / 2 else MAYBE


def _seen_there(bench: Bench, label: Label) -> str:
    """Return in words what the first blamed sensor (or the first of all) did inside the label."""
    block, _ = bench.desk.readings(bench.name)
    name = next((name for name in label.sensors if name in block.sensors), block.sensors[0])
    found = summary(block, label.machine, name, label.start_us, label.end_us)
    sensor = next(one for one in load_plant(bench.card.spec.plant.name).sensors if one.name == name)
    if not found:
        return t("No reading lies in it.")
    return t(
        "{sensor} inside: mean {mean}, from {lowest} to {highest} {unit}.",
        sensor=sensor.title, unit=sensor.unit, **{key: f"{value:.4g}" for key, value in found.items()},
    )  # fmt: skip


def table(bench: Bench) -> None:
    """Draw the table of all labels: choosing a row opens it; and labels as a file, out and in."""
    labels = bench.book.labels
    st.markdown(f"##### {t('Your labels')} ({len(labels)})")
    if not labels:
        st.caption(t("None yet. A label is a claim: something is wrong with this machine from here to there."))
    else:
        chosen = st.dataframe(
            [row(number, label) for number, label in enumerate(labels, start=1)],
            hide_index=True, width="stretch", on_select="rerun", selection_mode="single-row",
            key=f"label-table-{len(bench.book.past)}",
        )  # fmt: skip
        rows = chosen.selection.rows
        if rows and rows[0] != bench.picked and st.session_state.get("label-row") != rows[0]:
            st.session_state["label-row"] = rows[0]
            bench.pick(rows[0])
            st.rerun()
        st.session_state["label-row"] = rows[0] if rows else None
    _files(bench)


def row(number: int, label: Label) -> dict[str, Any]:
    """Return a label as a row for people."""
    sure = "" if label.confidence is None else (t("sure") if label.confidence > 0.75 else t("maybe"))
    return {
        "#": number,
        t("Machine"): label.machine,
        t("Start"): clock(label.start_us),
        t("End"): clock(label.end_us),
        t("Minutes"): f"{(label.end_us - label.start_us) / 60e6:.1f}",
        t("Type"): fault_titles().get(label.fault, label.fault),
        t("How sure"): sure,
        t("Seen on"): ", ".join(label.sensors),
        t("Reason"): label.note,
    }


def _files(bench: Bench) -> None:
    with st.expander(t("Labels as a file"), icon=":material/csv:"):
        out, into = st.columns([1, 2])
        out.download_button(
            t("Save as CSV"), write_labels(list(bench.book.labels)), f"{bench.name}-labels.csv", "text/csv",
            icon=":material/download:", width="stretch", on_click="ignore", key="labels-out",
        )  # fmt: skip
        dropped = into.file_uploader(t("Replace all by a CSV"), max_upload_size=4, key=FILE_KEY)
        if dropped is None:
            return
        try:
            read = read_labels(dropped.getvalue(), bench.desk.bounds(bench.name), "labels.csv")
        except LabError as problem:
            into.error(str(problem))
            return
        into.button(
            t("Take its {n} labels", n=len(read.labels)), key="labels-in",
            on_click=lambda: bench.change(lambda book: book.replace_all(read.labels)),
        )  # fmt: skip


def _span(first: str, last: str) -> tuple[int, int] | None:
    try:
        start, end = time_us(first), time_us(last)
    except ValueError:
        return None
    return (start, end) if end > start else None
