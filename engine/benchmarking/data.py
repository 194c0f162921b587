"""Reads the files of the two public benchmarks as blocks; answers are kept apart from the readings."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import FileProblemError
from engine.records import block_of, time_us

if TYPE_CHECKING:
    from engine.records import Block, FloatArray, IntArray

SKAB_TRAINING = 400  # rows of each SKAB file that are training by its leaderboard's rule
NOT_READINGS = ("datetime", "anomaly", "changepoint")


@dataclass(frozen=True)
class NabSeries:
    """One NAB series: a block with one sensor, and its label windows as inclusive row ranges."""

    name: str
    block: Block
    windows: tuple[tuple[int, int], ...]


@dataclass(frozen=True)
class SkabRun:
    """One SKAB experiment: a block with eight sensors; truth and change points are 0/1 per row."""

    name: str
    block: Block
    truth: IntArray
    changepoints: IntArray


def nab_names(folder: Path) -> list[str]:
    """Return the series of a NAB folder as group/file.csv.

    Raises
    ------
    FileProblemError
        When the folder holds no NAB data.
    """
    names = sorted(path.relative_to(folder / "data").as_posix() for path in (folder / "data").glob("*/*.csv"))
    if not names:
        raise FileProblemError(
            folder, "", "there is no NAB series in data/*/*.csv", "name a folder laid out like NAB's"
        )
    return names


def nab_series(folder: Path, name: str) -> NabSeries:
    """Return one series with its label windows."""
    header, rows = _table(folder / "data" / name, ",")
    times = _times(folder / "data" / name, [row[header.index("timestamp")] for row in rows])
    values = _numbers(folder / "data" / name, [[row[header.index("value")]] for row in rows])
    return NabSeries(name, block_of(times, values, sensors=("value",)), _nab_windows(folder, name, times))


def skab_names(folder: Path) -> list[str]:
    """Return the labelled experiments of a SKAB folder (its data folder, or the one above)."""
    root = _skab_root(folder)
    found = sorted(
        path.relative_to(root).as_posix() for path in root.glob("*/*.csv") if path.parent.name != "anomaly-free"
    )
    if not found:
        raise FileProblemError(
            folder, "", "there is no SKAB file in data/*/*.csv", "name a folder laid out like SKAB's"
        )
    return found


def skab_run(folder: Path, name: str) -> SkabRun:
    """Return one experiment."""
    path = _skab_root(folder) / name
    header, rows = _table(path, ";")
    sensors = tuple(column for column in header if column not in NOT_READINGS)
    times = _times(path, [row[header.index("datetime")] for row in rows])
    values = _numbers(path, [[row[header.index(sensor)] for sensor in sensors] for row in rows])
    answers = _numbers(path, [[row[header.index("anomaly")], row[header.index("changepoint")]] for row in rows])
    block = block_of(times, values[:, None, :], sensors=sensors)
    return SkabRun(name, block, answers[:, 0].astype(np.int64), answers[:, 1].astype(np.int64))


def _skab_root(folder: Path) -> Path:
    return folder / "data" if (folder / "data").is_dir() else folder


def _table(path: Path, separator: str) -> tuple[list[str], list[list[str]]]:
    try:
        with path.open(newline="", encoding="utf-8") as file:
            header, *rows = [row for row in csv.reader(file, delimiter=separator) if row]
    except (OSError, ValueError) as problem:
        raise FileProblemError(path, "", f"it cannot be read ({problem})", "fetch the file again") from problem
    return header, rows


def _times(path: Path, cells: list[str]) -> IntArray:
    try:
        return np.array([time_us(cell) for cell in cells], dtype=np.int64)
    except ValueError as problem:
        raise FileProblemError(path, "", f"a time cannot be read ({problem})", "write ISO 8601") from problem


def _numbers(path: Path, cells: list[list[str]]) -> FloatArray:
    try:
        return np.array(cells, dtype=np.float64)
    except ValueError as problem:
        raise FileProblemError(path, "", f"a value is no number ({problem})", "fetch the file again") from problem


def _nab_windows(folder: Path, name: str, times: IntArray) -> tuple[tuple[int, int], ...]:
    """Return the label windows as rows: from row numbers where the labels give them, else by first matching time."""
    listed = folder / "combined_windows.csv"
    if listed.is_file():
        header, rows = _table(listed, ",")
        at = [header.index(column) for column in ("file", "row_start", "row_end")]
        return tuple((int(row[at[1]]), int(row[at[2]])) for row in rows if row[at[0]] == name)
    original = folder / "labels" / "combined_windows.json"
    if not original.is_file():
        raise FileProblemError(
            folder, "", "there are no label windows", "add combined_windows.csv or labels/combined_windows.json"
        )
    spans = json.loads(original.read_text(encoding="utf-8")).get(name, [])
    return tuple((_first_row(times, begin), _first_row(times, end)) for begin, end in spans)


def _first_row(times: IntArray, moment: str) -> int:
    return int(np.argmax(times >= time_us(moment)))
