"""SKAB's files: truth with `anomaly` and `changepoint` columns, and predicted rows, per file or per folder."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from engine.errors import FileProblemError
from engine.metrics.evaluation.report import Report
from engine.metrics.evaluation.tables import Table, read_table
from engine.metrics.skab import DIFFERENCE, ROLLING_DIFFERENCE, SkabFile, skab_binary, skab_delay, skab_nab
from engine.records import SECOND_US

TRAINING_ROWS = 400
PREDICTIONS = ("prediction", "pred", "alarm", "anomaly", "label")


def is_skab(file: Path) -> bool:
    """Return whether a file (or the first of a folder) has SKAB's columns anomaly and changepoint."""
    first = file if file.is_file() else next(iter(sorted(file.rglob("*.csv"))), None)
    if first is None:
        return False
    with open(first, encoding="utf-8-sig", errors="replace") as lines:
        header = lines.readline().lower()
    return "anomaly" in header and "changepoint" in header


def judge_skab(truth: Path, predictions: Path, *, rolling: bool = False, skip: int = TRAINING_ROWS) -> Report:
    """Return FAR, MAR, F1, change-point score and delay of all files that have predictions."""
    files = [_skab_file(a, b, skip) for a, b in _paired(truth, predictions)]
    rule = ROLLING_DIFFERENCE if rolling else DIFFERENCE
    rows = []
    for measured in (
        skab_binary(files),
        skab_nab(files, changepoint_rule=rule),
        skab_delay(files, changepoint_rule=rule),
    ):
        rows += [
            {"name": name, "value": value, "reason": measured.reasons.get(name, "")}
            for name, value in measured.values.items()
        ]
    share = float(np.mean(np.concatenate([file.truth for file in files])))
    note = f"alarming on everything would give F1 {2 * share / (1 + share):.2f}"
    return Report("skab", rows, (f"{len(files)} files, first {skip} rows skipped, {rule}", note))


def _paired(truth: Path, predictions: Path) -> list[tuple[Path, Path]]:
    if truth.is_file() != predictions.is_file():
        raise FileProblemError(predictions, "", "truth and predictions are a file and a folder", "give two of a kind")
    if truth.is_file():
        return [(truth, predictions)]
    pairs = [(truth / file.relative_to(predictions), file) for file in sorted(predictions.rglob("*.csv"))]
    pairs = [(a, b) for a, b in pairs if a.is_file()]
    if not pairs:
        raise FileProblemError(predictions, "", "no file has the name of a truth file", "use the names of the truth")
    return pairs


def _skab_file(truth: Path, predictions: Path, skip: int) -> SkabFile:
    table, found = read_table(truth), read_table(predictions)
    alarms = found.labels(found.need(PREDICTIONS))
    rows = len(table) - skip
    if rows <= 0:
        wrong = f"it has {len(table)} rows, and the first {skip} are training"
        raise FileProblemError(truth, "", wrong, "give a longer file")
    if len(alarms) not in (rows, len(table)):
        wrong = f"{len(alarms)} rows where the truth has {len(table)} ({rows} after training)"
        raise FileProblemError(predictions, "", wrong, "give one row per scored row")
    times = np.array(table.times(table.need(("datetime", "timestamp"))), np.float64)[skip:] / SECOND_US
    return SkabFile(times, _scored(table, "anomaly", skip), _scored(table, "changepoint", skip), alarms[-rows:])


def _scored(table: Table, name: str, skip: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return table.labels(table.need((name,)))[skip:]
