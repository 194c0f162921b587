"""Reads data sets and truth files back as they were written; an uploaded CSV goes another way.

The writer is `engine.dataset`, the other way `engine.scoring`.
"""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

import numpy as np

from engine.dataset import TRUTH_COLUMNS
from engine.errors import FileProblemError
from engine.plant.features import GUIDE_FEATURES
from engine.records import MAINTENANCE, OPERATIONAL, STATUS_WORDS, Block, TruthEvent, time_us

_NOT_SENSORS = {"timestamp", "machine_id", "maintenance_status", *GUIDE_FEATURES}


def read_block(path: Path) -> Block:
    """Return the readings of a data set file as a block.

    Raises
    ------
    FileProblemError
        When the file is missing or is not laid out as `dataset` writes it.
    """
    frame = _frame(path)
    for column in ("timestamp", "machine_id"):
        if column not in frame.columns:
            raise FileProblemError(path.name, "line 1", f"there is no column {column!r}", "use a file from `dataset`")
    machines = tuple(dict.fromkeys(frame["machine_id"].astype(str)))
    sensors = tuple(name for name in frame.columns if name not in _NOT_SENSORS)
    texts, tick = np.unique(frame["timestamp"].astype(str).to_numpy(dtype=object), return_inverse=True)
    try:
        times = np.array([time_us(text) for text in texts], dtype=np.int64)
        readings = frame[list(sensors)].to_numpy(dtype=np.float64)
    except ValueError as problem:
        raise FileProblemError(path.name, "", str(problem).rstrip("."), "use a file from `dataset`") from None
    machine = np.array([machines.index(str(name)) for name in frame["machine_id"]])
    values = np.full((len(times), len(machines), len(sensors)), np.nan)
    values[tick, machine] = readings
    status = np.full(values.shape[:2], OPERATIONAL, np.uint8)
    if "maintenance_status" in frame.columns:
        stopped = (frame["maintenance_status"] == STATUS_WORDS[MAINTENANCE]).to_numpy(dtype=bool)
        status[tick[stopped], machine[stopped]] = MAINTENANCE
    return Block(times, values, status, machines, sensors)


def _frame(path: Path) -> Any:
    import pandas

    try:
        if path.suffix == ".parquet":
            frame = pandas.read_parquet(path)
        elif path.suffix == ".jsonl":
            frame = pandas.read_json(path, lines=True, dtype=False, precise_float=True)
        else:
            frame = pandas.read_csv(path)
    except OSError as problem:
        reason = (problem.strerror or "it cannot be read").lower()
        raise FileProblemError(path, "", reason, "check the path") from None
    except ValueError as problem:
        raise FileProblemError(path.name, "", str(problem).split("\n")[0], "use a file from `dataset`") from None
    if len(frame) == 0:
        raise FileProblemError(path.name, "", "it holds no readings", "use a file from `dataset`")
    return frame


def read_truth(path: Path) -> tuple[TruthEvent, ...]:
    """Return the events of a truth file.

    Raises
    ------
    FileProblemError
        When the file is missing, has other columns or a row that cannot be read.
    """
    try:
        with path.open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file)
            if tuple(reader.fieldnames or ()) != TRUTH_COLUMNS:
                cure = f"write the columns {','.join(TRUTH_COLUMNS)}"
                raise FileProblemError(path.name, "line 1", "the columns are not those of a truth file", cure)
            return tuple(_event(path, reader.line_num, row) for row in reader)
    except OSError as problem:
        reason = (problem.strerror or "it cannot be read").lower()
        raise FileProblemError(path, "", reason, "check the path") from None


def _event(path: Path, line: int, row: dict[str, str]) -> TruthEvent:
    try:
        known = row["detectable_from"]
        return TruthEvent(
            machine=row["machine_id"],
            fault=row["fault"],
            sensors=tuple(row["sensors"].split()),
            severity=float(row["severity"]),
            onset_us=time_us(row["onset"]),
            detectable_from_us=time_us(known) if known else None,
            end_us=time_us(row["end"]),
        )
    except (ValueError, AttributeError, TypeError):
        raise FileProblemError(
            path.name, f"line {line}", "a time or number cannot be read", "write ISO 8601 times and plain numbers"
        ) from None
