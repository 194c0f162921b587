"""Taking a stranger's file: it is read beside the page, said in one paragraph, and every decision can be changed."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import streamlit as st

from app.i18n import t
from app.jobs import Job, show_progress
from engine.errors import LabError
from engine.reading.choices import ROLES, Choices
from engine.reading.evidence import CANNOT_USE, CHOOSE, FIXED, Problem
from engine.reading.profile import Profile, profile_of
from engine.reading.remembered import Remembered
from engine.reading.series import Table, table_of
from engine.reading.summary import summary_of

if TYPE_CHECKING:
    from collections.abc import Callable

SAMPLES = Path(__file__).resolve().parents[1] / "data" / "samples"
STATE, MEMORY = "upload", "upload-memory"
DRAWN_POINTS = 2000
AT_ONCE_S = 1.0  # what is read within it needs no progress bar


def take_file() -> Profile | None:
    """Let the person drop a file or open a sample; returns its profile, or None while there is none."""
    dropped = st.file_uploader(
        t("A table of sensor readings"), type=None, max_upload_size=300, key="upload-file",
        help=t("CSV, Excel, Parquet, JSON and others, packed or not; any columns. The file stays on this computer."),
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
    """Read the file once, beside the page; a rerun finds the profile again."""
    kept: dict[str, Any] = st.session_state.setdefault(STATE, {})
    if kept.get("identity") != identity:
        _forget()
        kept = st.session_state[STATE] = {
            "identity": identity,
            "folder": tempfile.TemporaryDirectory(prefix="faultlab-upload-"),
        }
        kept["path"] = Path(kept["folder"].name) / (Path(name.replace("\\", "/")).name or "upload.csv")
        kept["path"].write_bytes(content())
        _begin_reading(kept, None)
    return _read(kept)


def _begin_reading(kept: dict[str, Any], choices: Choices | None) -> None:
    memory: Remembered = st.session_state.setdefault(MEMORY, Remembered())
    path = kept["path"]

    def work(progress: Callable[[float], None], cancelled: Callable[[], bool]) -> Profile:
        return profile_of(path, choices, memory=memory, progress=progress, cancelled=cancelled)

    kept.update(profile=None, problem=None, table=None, reading=Job(work).start())
    with st.spinner(t("Looking at the file…")):
        kept["reading"].wait(AT_ONCE_S)


def _read(kept: dict[str, Any]) -> Profile | None:
    job: Job | None = kept.get("reading")
    if job is not None and job.running:
        show_progress(job, "upload-reading")
        return None
    if job is not None:
        kept.update(profile=job.outcome, problem=job.problem, reading=None)
    if kept.get("problem"):
        st.error(_plain(str(kept["problem"])))
        _correct_refused(kept)
    return kept.get("profile")


def _correct_refused(kept: dict[str, Any]) -> None:
    """Let a person correct what was refused: the decimal mark, and lines above the header."""
    left, right, go = st.columns([2, 2, 3], vertical_alignment="bottom")
    decimal = left.selectbox(t("Decimal mark"), [None, ".", ","], format_func=_or_auto, key="upload-refused-decimal")
    skip = right.number_input(t("Lines above the header"), 0, 1000, 0, key="upload-refused-skip")
    if go.button(t("Read it so"), icon=":material/refresh:") and (decimal or skip):
        _begin_reading(kept, Choices(decimal=decimal, skip=skip or None))
        st.rerun()


def _or_auto(value: str | None) -> str:
    return t("as recognised") if value is None else value


def _forget() -> None:
    kept = st.session_state.pop(STATE, {})
    for name in ("job", "reading"):
        if kept.get(name) is not None:
            kept[name].cancel()
    if kept.get("folder") is not None:
        kept["folder"].cleanup()


def choose_columns(profile: Profile) -> Choices:
    """Say what was understood; every decision may be changed. Returns the choices."""
    kept = st.session_state[STATE]
    said = st.container()
    with st.expander(t("How it was read, and what you can change"), icon=":material/tune:"):
        choices = _corrections(profile, kept["identity"])
        choices = _roles(profile, choices, kept["identity"])
        if choices.as_json() != profile.choices.as_json() and st.session_state.get(MEMORY) is not None:
            st.session_state[MEMORY].keep(profile.shape, choices)
    if choices.needs_new_reading(profile.choices):
        _begin_reading(kept, choices)
        st.rerun()
    table = read_table(profile, choices)
    if table is not None:
        said.markdown(f"**{_plain(summary_of(profile.with_choices(choices), table))}**")
    return choices


def read_table(profile: Profile, choices: Choices) -> Table | None:
    """Return the readings under these choices; made once."""
    kept = st.session_state[STATE]
    if kept.get("table") is None or kept.get("table_of") != choices:
        try:
            kept.update(table=table_of(profile.with_choices(choices)), table_of=choices)
        except LabError as problem:
            kept["table"] = None
            st.error(_plain(str(problem)))
    return kept["table"]


def _corrections(profile: Profile, identity: str) -> Choices:
    """Draw the choices beside the columns' roles: order of dates, decimal mark, lines to skip, sheet, cycles."""
    before = profile.choices
    columns = st.columns(4, vertical_alignment="bottom")
    day_first = before.day_first
    if profile.clock is not None and profile.clock.day_first is not None:
        orders = {True: t("day first (31/12)"), False: t("month first (12/31)")}
        chosen = columns[0].radio(
            t("Dates are written"), list(orders), index=0 if profile.day_first else 1, format_func=orders.__getitem__,
            key=f"upload-day-first-{identity}",
        )  # fmt: skip
        day_first = chosen if chosen != profile.day_first or before.day_first is not None else None
    marks = [None, ".", ","]
    decimal = columns[1].selectbox(
        t("Decimal mark"), marks, marks.index(before.decimal), format_func=_or_auto, key=f"upload-decimal-{identity}"
    )
    skip = columns[2].number_input(
        t("Lines above the header"), 0, 1000, before.skip or 0, key=f"upload-skip-{identity}"
    )
    sheets = next((one for one in profile.notes.decisions if one.flag == "--sheet" and one.others), None)
    sheet = before.sheet
    if sheets is not None:
        names = [sheets.value.split(" ", 1)[-1].removeprefix("sheet ").removeprefix("zip: "), *sheets.others]
        picked = columns[3].selectbox(t("Sheet"), names, key=f"upload-sheet-{identity}")
        sheet = picked if picked != names[0] else before.sheet
    cycles = before.cycles
    asked = any(one.flag == "--cycles" for one in profile.notes.decisions)
    if (asked or before.cycles) and columns[3].toggle(
        t("Each row is a cycle"), bool(before.cycles), key=f"upload-cycles-{identity}"
    ):
        cycles = True
    elif before.cycles:
        cycles = None
    return Choices(
        day_first=day_first, decimal=decimal, skip=int(skip) or None, sheet=sheet, cycles=cycles, roles=before.roles,
        time=before.time, sensors=before.sensors, labels=before.labels, machine=before.machine, long=before.long,
    )  # fmt: skip


def _roles(profile: Profile, choices: Choices, identity: str) -> Choices:
    """Draw the table of columns; what the person changes becomes a choice, the rest stays a guess."""
    rows = [{"column": c.name, "unit": c.unit, "role": c.role, "why": c.why} for c in profile.columns]
    edited = st.data_editor(
        rows, key=f"roles-{identity}-{profile.n_rows}", hide_index=True, width="stretch",
        disabled=["column", "unit", "why"],
        column_config={
            "column": t("column"),
            "unit": t("unit"),
            "role": st.column_config.SelectboxColumn(t("what it is"), options=list(ROLES), required=True),
            "why": t("why"),
        },
    )  # fmt: skip
    changed = {c.at: row["role"] for c, row in zip(profile.columns, edited, strict=True) if row["role"] != c.role}
    roles = tuple(sorted({**dict(choices.roles), **changed}.items()))
    return Choices(roles=roles).over(choices)


def problems_of(profile: Profile, choices: Choices) -> list[Problem]:
    """Return what all stages of reading have to say under these choices."""
    table = read_table(profile, choices)
    return [*profile.with_choices(choices).problems, *(table.problems if table is not None else ())]


def show_problems(problems: list[Problem]) -> None:
    """List what was mended, what is to choose and what cannot be used, with the lines."""
    looks = {
        CHOOSE: (t("Choose"), st.warning, ":material/help:"),
        CANNOT_USE: (t("Cannot use"), st.error, ":material/block:"),
        FIXED: (t("Fixed for you"), st.info, ":material/build:"),
    }
    for group, (title, box, icon) in looks.items():
        found = [problem for problem in problems if problem.group == group]
        if not found:
            continue
        box(f"**{title}**\n" + "\n".join(f"- {_line(problem)}" for problem in found), icon=icon)


def _line(problem: Problem) -> str:
    text = _plain(problem.text)
    return text + (" " + t("Lines: {lines}.", lines=", ".join(map(str, problem.lines))) if problem.lines else "")


def _plain(text: str) -> str:
    return text.replace("*", "\\*").replace("[", "\\[").replace("<", "&lt;").replace("$", "\\$")


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
