"""The parts of the upload page: taking the file, its columns and problems, scoring, results."""

from __future__ import annotations

import io
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas  # noqa: F401  (why: app/charts.py)
import plotly.graph_objects as go
import streamlit as st
from plotly.subplots import make_subplots

from app.access import viewer
from app.i18n import t
from app.jobs import Job, show_progress
from engine.detectors.scorable import scorable_detectors
from engine.errors import LabError
from engine.reading.choices import ROLES, Choices
from engine.reading.evidence import CANNOT_USE, CHOOSE, FIXED, Problem
from engine.reading.profile import Profile, labels_of, profile_of
from engine.reading.series import Table, table_of
from engine.scoring.recommended import DETECTOR as DEFAULT_DETECTOR
from engine.scoring.score import Scored, score_table, write_scores

if TYPE_CHECKING:
    from collections.abc import Callable

SAMPLES = Path(__file__).resolve().parents[1] / "data" / "samples"
STATE = "upload"
DRAWN_POINTS = 2000
PEAK, LINE = "#D55E00", "#0072B2"


def take_file() -> Profile | None:
    """Let the person drop a file or open a sample; returns its profile, or None while there is none."""
    dropped = st.file_uploader(
        t("A CSV of sensor readings"), type=None, max_upload_size=300, key="upload-file",
        help=t("Any delimiter, any columns. The file stays on this computer."),
    )  # fmt: skip
    if dropped is not None:
        return _profile(f"{dropped.file_id}", dropped.name, lambda: dropped.getvalue())
    samples = {
        "pump_day.csv": t("A day of five pumps"),
        "wind_turbine_synthetic.csv": t("A day of two production lines"),
        "messy_export.csv": t("A messy export in German"),
    }
    sample = st.pills(t("or a sample"), list(samples), format_func=samples.get, key="upload-sample")
    if sample is not None:
        return _profile(sample, sample, (SAMPLES / sample).read_bytes)
    _forget()
    st.caption(
        t("Next you see its columns and problems, choose detectors, and get a score and the alarms for every row.")
    )
    return None


def _profile(identity: str, name: str, content: Callable[[], bytes]) -> Profile | None:
    """Look at the file once; a rerun of the page finds the profile again."""
    kept: dict[str, Any] = st.session_state.setdefault(STATE, {})
    if kept.get("identity") == identity:
        if kept.get("problem"):
            st.error(kept["problem"])
        return kept.get("profile")
    _forget()
    kept = st.session_state[STATE] = {"identity": identity}
    folder = tempfile.TemporaryDirectory(prefix="faultlab-upload-")
    path = Path(folder.name) / (Path(name.replace("\\", "/")).name or "upload.csv")
    path.write_bytes(content())
    try:
        with st.spinner(t("Looking at the file…")):
            kept["profile"] = profile_of(path)
    except LabError as problem:
        kept["profile"], kept["problem"] = None, str(problem)
        st.error(kept["problem"])
    finally:
        folder.cleanup()
    return kept["profile"]


def _forget() -> None:
    kept = st.session_state.pop(STATE, {})
    if kept.get("job") is not None:
        kept["job"].cancel()
    if kept.get("profile") is not None:
        kept["profile"].close()


def choose_columns(profile: Profile) -> Choices:
    """Show what each column was taken for; the person may change it. Returns the choices."""
    st.subheader(t("{rows} rows, {columns} columns", rows=f"{profile.n_rows:,}", columns=len(profile.columns)))
    rows = [{"column": c.name, "unit": c.unit, "role": c.role} for c in profile.columns]
    edited = st.data_editor(
        rows, key=f"roles-{st.session_state[STATE]['identity']}", hide_index=True, width="stretch",
        disabled=["column", "unit"],
        column_config={
            "column": t("column"),
            "unit": t("unit"),
            "role": st.column_config.SelectboxColumn(t("what it is"), options=list(ROLES), required=True),
        },
    )  # fmt: skip
    day_first = profile.day_first
    if any(problem.group == CHOOSE for problem in profile.problems):
        orders = {t("day first (31/12)"): True, t("month first (12/31)"): False}
        day_first = orders[st.radio(t("Dates are written"), list(orders), horizontal=True, key="upload-day-first")]
    roles = tuple((column.at, row["role"]) for column, row in zip(profile.columns, edited, strict=True))
    return Choices(roles, day_first)


def show_problems(problems: list[Problem]) -> None:
    """List what was mended, what is to choose and what cannot be used, with the lines."""
    looks = {
        FIXED: (t("Fixed for you"), st.info, ":material/build:"),
        CHOOSE: (t("Choose"), st.warning, ":material/help:"),
        CANNOT_USE: (t("Cannot use"), st.error, ":material/block:"),
    }
    for group, (title, box, icon) in looks.items():
        found = [problem for problem in problems if problem.group == group]
        if not found:
            continue
        box(f"**{title}**\n" + "\n".join(f"- {_line(problem)}" for problem in found), icon=icon)


def _line(problem: Problem) -> str:
    text = problem.text.replace("*", "\\*").replace("[", "\\[").replace("<", "&lt;").replace("$", "\\$")
    return text + (" " + t("Lines: {lines}.", lines=", ".join(map(str, problem.lines))) if problem.lines else "")


def score_with_progress(profile: Profile, choices: Choices) -> tuple[Table, list[Scored]] | None:
    """Let the person choose detectors and score; returns the results once they are there."""
    kept = st.session_state[STATE]
    names = list(scorable_detectors())
    chosen = st.multiselect(t("Detectors"), names, default=[DEFAULT_DETECTOR], max_selections=6, key="upload-detectors")
    if st.button(t("Score the file"), type="primary", disabled=not chosen, icon=":material/play_arrow:"):
        kept["job"] = Job(_work(profile.with_choices(choices), chosen)).start()
    job: Job | None = kept.get("job")
    if job is None:
        return None
    if job.running:
        show_progress(job, "upload")
        return None
    if job.problem is not None:
        st.error(str(job.problem))
        return None
    return job.outcome


def _work(profile: Profile, detectors: list[str]) -> Callable[..., tuple[Table, list[Scored]]]:
    def work(progress: Callable[[float], None], cancelled: Callable[[], bool]) -> tuple[Table, list[Scored]]:
        table = table_of(profile)
        results = []
        for at, name in enumerate(detectors):

            def advance(share: float, at: int = at) -> None:
                progress((at + share) / len(detectors))

            results.append(score_table(table, name, progress=advance, cancelled=cancelled))
        return table, results

    return work


def show_results(profile: Profile, choices: Choices, table: Table, results: list[Scored]) -> None:
    """Show the alarms of each detector, a plot and the download; an instructor also sees the file's labels."""
    show_problems(list(table.problems))
    for column, result in zip(st.columns(len(results)), results, strict=True):
        runs = sum(len(result.alarm_runs(rows)) for rows in table.rows)
        column.metric(result.detector, t("{n} alarms", n=runs))
        column.caption(t("{n} rows above {threshold}", n=int(result.alarms.sum()), threshold=f"{result.threshold:g}"))
    machine = table.machines[0]
    if len(table.machines) > 1:
        machine = st.selectbox(t("Machine"), table.machines, key="upload-machine")
    at = table.machines.index(machine)
    st.plotly_chart(results_figure(table, results, at), width="stretch", key="upload-plot")
    st.caption(_summary(table, results, at))
    st.download_button(
        t("Download the scores (CSV)"), lambda: _csv(table, results), file_name="scores.csv", mime="text/csv",
        icon=":material/download:",
    )  # fmt: skip
    if viewer().teaches and profile.with_choices(choices).of_role("label"):
        _show_label_metrics(profile.with_choices(choices), table, results)


def _summary(table: Table, results: list[Scored], at: int) -> str:
    said = [f"{result.detector}: {len(result.alarm_runs(table.rows[at]))}" for result in results]
    return t("Alarms on {machine}. {said}.", machine=table.machines[at], said="; ".join(said))


def _csv(table: Table, results: list[Scored]) -> bytes:
    out = io.StringIO()
    write_scores(table, results, out)
    return out.getvalue().encode("utf-8")


def results_figure(table: Table, results: list[Scored], at: int) -> go.Figure:
    """Return the readings of one machine above the scores of each detector, with its threshold and alarms."""
    block, rows = table.blocks[at], table.rows[at]
    shown = list(block.sensors[:8])
    names = [*shown, *(result.detector for result in results)]
    figure = make_subplots(rows=len(names), cols=1, shared_xaxes=True, vertical_spacing=0.02)
    ms = block.times_us / 1000.0
    for lane, sensor in enumerate(shown, start=1):
        place = drawn_points(block.values[:, 0, block.sensors.index(sensor)])
        line = {"color": LINE, "width": 1}
        y = block.values[place, 0, block.sensors.index(sensor)].astype(np.float32)
        figure.add_trace(go.Scattergl(x=ms[place], y=y, mode="lines", line=line, name=sensor), row=lane, col=1)
        figure.update_yaxes(title_text=sensor, row=lane, col=1)
    for lane, result in enumerate(results, start=len(shown) + 1):
        _score_lane(figure, lane, ms, result, rows)
    figure.update_xaxes(type="date")
    figure.update_yaxes(title_standoff=2, title_font_size=10)
    figure.update_layout(height=110 * len(names) + 60, showlegend=False, margin={"l": 60, "r": 10, "t": 10, "b": 30})
    return figure


def _score_lane(figure: go.Figure, lane: int, ms: np.ndarray, result: Scored, rows: np.ndarray) -> None:
    scores = result.scores[rows]
    place = drawn_points(scores)
    line = {"color": "#666666", "width": 1}
    y = scores[place].astype(np.float32)
    figure.add_trace(go.Scattergl(x=ms[place], y=y, mode="lines", line=line, name=result.detector), row=lane, col=1)
    alarmed = np.flatnonzero(result.alarms[rows])
    alarmed = alarmed[:: max(1, len(alarmed) // DRAWN_POINTS)]
    marker = {"color": PEAK, "symbol": "x", "size": 6}
    figure.add_trace(
        go.Scattergl(x=ms[alarmed], y=scores[alarmed], mode="markers", marker=marker, name=t("alarm")), row=lane, col=1
    )
    figure.add_hline(y=result.threshold, line={"dash": "dash", "color": PEAK, "width": 1}, row=lane, col=1)
    figure.update_yaxes(title_text=result.detector, row=lane, col=1)


def drawn_points(values: np.ndarray, most: int = DRAWN_POINTS) -> np.ndarray:
    """Return the places of at most `most` points that keep the lowest and highest of each bucket (spikes survive)."""
    n = len(values)
    if n <= most:
        return np.arange(n)
    size = -(-n // (most // 2))
    padded = np.full(size * -(-n // size), np.nan)
    padded[:n] = values
    buckets = padded.reshape(-1, size)
    base = np.arange(len(buckets)) * size
    low = np.where(np.isnan(buckets), np.inf, buckets).argmin(axis=1) + base
    high = np.where(np.isnan(buckets), -np.inf, buckets).argmax(axis=1) + base
    return np.unique(np.minimum(np.concatenate([low, high]), n - 1))


def _show_label_metrics(profile: Profile, table: Table, results: list[Scored]) -> None:
    """Compare with the file's own labels; only an instructor's view calls this."""
    from app.upload_metrics import metrics_table

    with st.expander(t("Against the labels in the file (instructors)"), expanded=True):
        labels = labels_of(profile)
        st.dataframe(metrics_table(labels, table, results), hide_index=True, width="stretch")
