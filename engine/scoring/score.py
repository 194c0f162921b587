"""Scores a table of readings chunk by chunk, with progress and cancel, and writes the result as CSV."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.catalog import part
from engine.detectors.scorable import make_scorable
from engine.errors import CancelledError, LabError
from engine.params import parameters_of
from engine.records import iso_time

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path
    from typing import TextIO

    from engine.detectors.base import Detector
    from engine.records import Block, BoolArray, FloatArray, IntArray
    from engine.scoring.table import Table

CHUNK_ROWS = 50_000
DEFAULT_DETECTOR = "mahalanobis"
FIT_SHARE, FIT_ROWS = 0.15, 20_000  # a batch model learns from this first part of the file, unlabelled
MOST_REFITS = 10  # a fit costs as much as a hundred thousand scores; a million rows would otherwise have hundreds
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")


@dataclass(frozen=True)
class Scored:
    """What one detector said of a table.

    Parameters
    ----------
    scores
        float64 (n_rows,), in the order of the file's readable rows; 0.0 where the detector was warming up.
    threshold
        Score from which a reading raises an alarm.
    """

    detector: str
    threshold: float
    scores: FloatArray
    scored: BoolArray  # bool (n_rows,): rows that had a time and were scored

    @property
    def alarms(self) -> BoolArray:
        """Return which rows alarm, bool (n_rows,)."""
        return (self.scores >= self.threshold) & self.scored

    def alarm_runs(self, rows: IntArray) -> list[tuple[int, int]]:
        """Return the runs of alarmed rows as (first, last) places in `rows`, a machine's rows in order of time."""
        on = np.concatenate(([False], self.alarms[rows], [False]))
        starts, ends = np.flatnonzero(on[1:] & ~on[:-1]), np.flatnonzero(on[:-1] & ~on[1:])
        return [(int(a), int(b) - 1) for a, b in zip(starts, ends, strict=True)]


def score_table(
    table: Table,
    detector: str = DEFAULT_DETECTOR,
    parameters: dict[str, Any] | None = None,
    *,
    threshold: float | None = None,
    progress: Callable[[float], None] = lambda share: None,
    cancelled: Callable[[], bool] = lambda: False,
) -> Scored:
    """Score every machine of the table with a detector of its own, the past before the future.

    Raises
    ------
    UnknownNameError, ParameterError
        When the detector or one of its parameters is unknown or out of range, or the detector is told the truth.
    CancelledError
        When `cancelled` answered True.
    """
    cls = part("detector", detector)
    limit = cls.default_threshold if threshold is None else threshold
    scores, scored = np.zeros(table.n_rows), np.zeros(table.n_rows, bool)
    done, total = 0, sum(len(block) for block in table.blocks)
    for block, rows in zip(table.blocks, table.rows, strict=True):
        model = make_scorable(detector, _paced(cls, parameters or {}, len(block)))
        _fit_on_first_part(model, block)
        for start in range(0, len(block), CHUNK_ROWS):
            if cancelled():
                raise CancelledError("Scoring was cancelled; choose a detector to score the file again.")
            chunk = block.ticks(start, start + CHUNK_ROWS)
            scores[rows[start : start + CHUNK_ROWS]] = model.score_then_learn(chunk)[:, 0]
            done += len(chunk)
            progress(done / total)
        scored[rows] = True
    return Scored(detector, float(limit), scores, scored)


def _paced(cls: Any, parameters: dict[str, Any], n_rows: int) -> dict[str, Any]:
    """Refit a batch model at most `MOST_REFITS` times in a file, unless the person said how often."""
    known = {parameter.name: parameter for parameter in parameters_of(cls)}
    if "refit_every" not in known or "refit_every" in parameters:
        return parameters
    return {**parameters, "refit_every": min(1_000_000, max(known["refit_every"].default, n_rows // MOST_REFITS))}


def _fit_on_first_part(model: Detector, block: Block) -> None:
    """Online detectors warm up on the stream; a batch model first learns the start of the file."""
    if not model.online:
        model.fit(block.ticks(0, min(FIT_ROWS, max(1, int(FIT_SHARE * len(block))))))


def write_scores(table: Table, results: list[Scored], target: TextIO) -> None:
    """Write one line per readable row, in the file's order: line, timestamp, machine_id, then score and alarm."""
    suffixes = [""] if len(results) == 1 else [f"_{result.detector}" for result in results]
    writer = csv.writer(target, lineterminator="\n")
    columns = [f"{word}{suffix}" for suffix in suffixes for word in ("score", "alarm")]
    writer.writerow(["line", "timestamp", "machine_id", *columns])
    times, machines = _times_and_machines(table)
    names = [guarded(block.machines[0]) for block in table.blocks] + [""]
    for start in range(0, table.n_rows, CHUNK_ROWS):
        part = slice(start, start + CHUNK_ROWS)
        cells = [cell for result in results for cell in _cells(result, part)]
        who = [names[at] for at in machines[part]]
        writer.writerows(
            zip(table.lines[part].tolist(), _stamps(times[part], machines[part]), who, *cells, strict=True)
        )


def _times_and_machines(table: Table) -> tuple[IntArray, IntArray]:
    """Return for each row its time in microseconds and its machine's place; −1 = the row has no time."""
    times, machines = np.zeros(table.n_rows, np.int64), np.full(table.n_rows, -1, np.int64)
    for place, (block, rows) in enumerate(zip(table.blocks, table.rows, strict=True)):
        times[rows], machines[rows] = block.times_us, place
    return times, machines


def _stamps(times_us: IntArray, machines: IntArray) -> list[str]:
    moments = times_us.view("datetime64[us]")
    whole = not (times_us % 1_000_000).any()
    texts = np.datetime_as_string(moments, unit="s" if whole else "us").tolist()
    return [f"{text}Z" if machine >= 0 else "" for text, machine in zip(texts, machines.tolist(), strict=True)]


def _cells(result: Scored, part: slice) -> tuple[list[str], list[str]]:
    scored, alarmed = result.scored[part].tolist(), (result.scores[part] >= result.threshold).tolist()
    scores = [
        f"{score:.6g}" if known else "" for score, known in zip(result.scores[part].tolist(), scored, strict=True)
    ]
    alarms = [("0", "1")[on] if known else "" for on, known in zip(alarmed, scored, strict=True)]
    return scores, alarms


def guarded(text: str) -> str:
    """Return text that a spreadsheet does not take for a formula."""
    return f"'{text}" if text.startswith(FORMULA_STARTS) else text


def summary(table: Table, result: Scored, *, most: int = 20) -> dict[str, Any]:
    """Return what the command line and the API answer about a scored table, as plain JSON-ready data."""
    machines = []
    for block, rows in zip(table.blocks, table.rows, strict=True):
        runs = result.alarm_runs(rows)
        longest = sorted(runs, key=lambda run: -float(result.scores[rows[run[0] : run[1] + 1]].max()))[:most]
        machines.append(
            {
                "machine_id": block.machines[0],
                "readings": len(block),
                "start": iso_time(int(block.times_us[0])),
                "end": iso_time(int(block.times_us[-1])),
                "alarms": len(runs),
                "highest_score": float(result.scores[rows].max()),
                "strongest_alarms": [_run(block, rows, result, run) for run in sorted(longest)],
            }
        )
    return {
        "file": table.file,
        "detector": result.detector,
        "threshold": result.threshold,
        "sensors": list(table.sensors),
        "rows": table.n_rows,
        "alarmed_rows": int(result.alarms.sum()),
        "machines": machines,
    }


def _run(block: Block, rows: IntArray, result: Scored, run: tuple[int, int]) -> dict[str, Any]:
    first, last = run
    return {
        "start": iso_time(int(block.times_us[first])),
        "end": iso_time(int(block.times_us[last])),
        "peak_score": float(result.scores[rows[first : last + 1]].max()),
    }


def save_scores(table: Table, results: list[Scored], path: Path) -> None:
    """Write the scores to a file; it appears only when it is complete."""
    part_file = path.with_name(path.name + ".part")
    try:
        with part_file.open("w", encoding="utf-8", newline="") as target:
            write_scores(table, results, target)
        part_file.replace(path)
    except OSError as problem:
        part_file.unlink(missing_ok=True)
        raise LabError(f"{path} cannot be written ({problem.strerror}); choose another folder or free space.") from None


def summary_json(table: Table, result: Scored) -> str:
    """Return the summary as JSON text."""
    return json.dumps(summary(table, result), indent=2)
