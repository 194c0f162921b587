"""Scores a table of readings chunk by chunk, with progress and cancel, and writes the result as CSV."""

from __future__ import annotations

import copy
import csv
import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.catalog import part
from engine.detectors.scorable import make_scorable
from engine.errors import CancelledError
from engine.params import parameters_of
from engine.records import SECOND_US, iso_time
from engine.scoring.coverage import Coverage, coverage_of
from engine.scoring.policy import Policy, alarm_runs
from engine.scoring.recommended import DETECTOR, REASON, settings_for

if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import TextIO

    from engine.detectors.base import Detector
    from engine.reading.series import Table
    from engine.records import Block, BoolArray, FloatArray, IntArray

CHUNK_ROWS = 50_000
FIT_SHARE, FIT_ROWS = 0.15, 20_000  # a batch model learns from this first part of the file, unlabelled
MOST_REFITS = 10  # a fit costs as much as a hundred thousand scores; a million rows would otherwise have hundreds
FORMULA_STARTS = ("=", "+", "-", "@", "\t", "\r")
NEAR = 0.5  # of the threshold: from which on a tick's blame is kept, so that a lower threshold still has its sensors
MOST_BLAMED = 20_000


@dataclass(frozen=True)
class Blame:
    """Which sensors drove the scores: ticks (n,) int64 ascending, sizes (n, n_sensors) ≥ 0."""

    ticks: IntArray
    sizes: FloatArray

    def shares(self, first: int, last: int) -> FloatArray | None:
        """Return each sensor's share (sums to 1) over ticks first to last; None = not known there."""
        begin, end = np.searchsorted(self.ticks, [first, last + 1])
        total = self.sizes[begin:end].sum(axis=0)
        return total / total.sum() if end > begin and total.sum() > 0 else None


@dataclass(frozen=True)
class Scored:
    """What one detector said of a table.

    Parameters
    ----------
    scores
        float64 (n_rows,), in the order of the file's readable rows; 0.0 where the detector was warming up.
    threshold
        Score from which a reading raises an alarm.
    scored
        bool (n_rows,): rows that had a time and were scored.
    blames
        One for each block of the table.
    coverage
        What was scored and why not the rest.
    parameters
        What the detector was set to beside its defaults.
    """

    detector: str
    threshold: float
    scores: FloatArray
    scored: BoolArray
    blames: tuple[Blame, ...] = ()
    coverage: Coverage | None = None
    parameters: dict[str, Any] = field(default_factory=dict)

    @property
    def alarms(self) -> BoolArray:
        """Return which rows alarm, bool (n_rows,)."""
        return (self.scores >= self.threshold) & self.scored

    @property
    def policy(self) -> Policy:
        """Return how scores become alarms where the person chose nothing else."""
        return Policy(self.threshold)

    def alarm_runs(self, rows: IntArray, policy: Policy | None = None) -> list[tuple[int, int]]:
        """Return alarms as (first, last) places in `rows`, a machine's rows in order of time."""
        return alarm_runs(self.scores[rows], self.scored[rows], policy or self.policy)


def score_table(
    table: Table,
    detector: str = DETECTOR,
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
    limit = float(cls.default_threshold if threshold is None else threshold)
    shortest = min(len(block) for block in table.blocks)
    chosen = settings_for(cls, shortest, parameters or {})
    scores, scored = np.zeros(table.n_rows), np.zeros(table.n_rows, bool)
    done, total = 0, sum(len(block) for block in table.blocks)
    blames, masks = [], []
    for at, block in enumerate(table.blocks):
        model = make_scorable(detector, _paced(cls, chosen, len(block)))
        _fit_on_first_part(model, block)

        def advance(n: int, before: int = done) -> None:
            progress((before + n) / total)

        found, blame = _score_block(model, block, limit, advance, cancelled)
        done += len(block)
        first = int(np.argmax(found > 0)) if (found > 0).any() else len(found)
        masks.append(np.arange(len(found)) >= first)
        blames.append(blame)
        mine = table.block_of_row == at
        scores[mine], scored[mine] = found[table.tick_of_row[mine]], masks[-1][table.tick_of_row[mine]]
    coverage = coverage_of(table, tuple(masks), cls.title, chosen.get("warm_up"))
    return Scored(detector, limit, scores, scored, tuple(blames), coverage, dict(chosen))


def model_before(table: Table, result: Scored, at: int, tick: int) -> Detector:
    """Return the detector as it was before a tick of a block, so that its inside can be shown there."""
    block = table.blocks[at]
    model = make_scorable(result.detector, _paced(part("detector", result.detector), result.parameters, len(block)))
    _fit_on_first_part(model, block)
    for start in range(0, tick, CHUNK_ROWS):
        model.learn(block.ticks(start, min(start + CHUNK_ROWS, tick)))
    if model.state is None:
        model.state = model.start(block.n_machines, block.n_sensors)
    return model


def _score_block(
    model: Detector, block: Block, limit: float, advance: Callable[[int], None], cancelled: Callable[[], bool]
) -> tuple[FloatArray, Blame]:
    """Return the score of each tick, and which sensors drove those that come near the threshold."""
    found, ticks, sizes = np.zeros(len(block)), [], []
    kept = 0
    for start in range(0, len(block), CHUNK_ROWS):
        if cancelled():
            raise CancelledError("Scoring was cancelled; choose a detector to score the file again.")
        chunk = block.ticks(start, start + CHUNK_ROWS)
        before = copy.deepcopy(model.state)
        scores = model.score_then_learn(chunk)[:, 0]
        found[start : start + len(chunk)] = scores
        near = np.flatnonzero(scores >= NEAR * limit)[: MOST_BLAMED - kept] if limit > 0 else np.zeros(0, np.int64)
        if len(near):
            ticks.append(near + start)
            sizes.append(_blame(model, before, chunk, near))
            kept += len(near)
        advance(start + len(chunk))
    empty = Blame(np.zeros(0, np.int64), np.zeros((0, block.n_sensors)))
    return found, Blame(np.concatenate(ticks), np.concatenate(sizes)) if ticks else empty


def _blame(model: Detector, before: Any, chunk: Block, near: IntArray) -> FloatArray:
    """Return each sensor's part in the scores of some ticks: as the detector says, else by distance from its middle."""
    after, model.state = model.state, before
    try:
        sizes = model.blame(chunk) if before is not None else None
    finally:
        model.state = after
    if sizes is None and before is None and (sizes := _blame_of_first(model, chunk)) is None:
        sizes = _distances(chunk)
    return np.asarray((_distances(chunk) if sizes is None else sizes)[near, 0], dtype=np.float64)


def _blame_of_first(model: Detector, chunk: Block) -> FloatArray | None:
    """Return blame in the first chunk, before which an online detector had no state."""
    after, model.state = model.state, model.start(chunk.n_machines, chunk.n_sensors)
    try:
        return model.blame(chunk)
    finally:
        model.state = after


def _distances(chunk: Block) -> FloatArray:
    values = chunk.values
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)
        middle = np.nanmedian(values, axis=0)
        width = np.nanmedian(np.abs(values - middle), axis=0)
        spread = np.where(width > 0, width, np.nanstd(values, axis=0))
        sizes = np.abs(values - middle) / np.where(spread > 0, spread, np.inf)
    return np.asarray(np.nan_to_num(sizes, nan=0.0, posinf=0.0))


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
    times, machines = times_and_machines(table)
    names = [guarded(block.machines[0]) for block in table.blocks] + [""]
    for start in range(0, table.n_rows, CHUNK_ROWS):
        part = slice(start, start + CHUNK_ROWS)
        cells = [cell for result in results for cell in _cells(result, part)]
        who = [names[at] for at in machines[part]]
        writer.writerows(
            zip(table.lines[part].tolist(), _stamps(times[part], machines[part]), who, *cells, strict=True)
        )


def times_and_machines(table: Table) -> tuple[IntArray, IntArray]:
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


def summary(table: Table, result: Scored, *, most: int = 20, policy: Policy | None = None) -> dict[str, Any]:
    """Return what the command line, the page and the API answer about a scored table, as plain JSON-ready data."""
    policy = policy or result.policy
    machines = []
    for at, (block, rows) in enumerate(zip(table.blocks, table.rows, strict=True)):
        alarms = alarms_of(table, result, at, policy)
        strongest = sorted(alarms, key=lambda alarm: -alarm["peak_score"])[:most]
        machines.append(
            {
                "machine_id": block.machines[0],
                "readings": len(block),
                "start": iso_time(int(block.times_us[0])),
                "end": iso_time(int(block.times_us[-1])),
                "alarms": len(alarms),
                "highest_score": float(result.scores[rows].max()),
                "strongest_alarms": sorted(strongest, key=lambda alarm: alarm["start"]),
            }
        )
    return {
        "file": table.file,
        "detector": result.detector,
        "recommended": {"detector": DETECTOR, "why": REASON},
        "parameters": result.parameters,
        "threshold": policy.threshold,
        "policy": {"confirm": policy.confirm, "hold_off": policy.hold_off},
        "sensors": list(table.sensors),
        "rows": table.n_rows,
        "scored": result.coverage.as_json() if result.coverage is not None else None,
        "alarmed_rows": int(((result.scores >= policy.threshold) & result.scored).sum()),
        "machines": machines,
    }


def alarms_of(table: Table, result: Scored, at: int, policy: Policy | None = None) -> list[dict[str, Any]]:
    """Return the alarms of a block: start, end, length, peak, the lines where they stand, and each sensor's share."""
    block, rows = table.blocks[at], table.rows[at]
    found = []
    for first, last in result.alarm_runs(rows, policy):
        peak = first + int(result.scores[rows[first : last + 1]].argmax())
        shares = result.blames[at].shares(first, last) if result.blames else None
        parts = (
            []
            if shares is None
            else sorted(zip(block.sensors, shares.tolist(), strict=True), key=lambda one: -one[1])[:5]
        )
        found.append(
            {
                "start": iso_time(int(block.times_us[first])),
                "end": iso_time(int(block.times_us[last])),
                "length_s": float(block.times_us[last] - block.times_us[first]) / SECOND_US,
                "readings": last - first + 1,
                "lines": [int(table.lines[rows[first]]), int(table.lines[rows[last]])],
                "peak_score": float(result.scores[rows[peak]]),
                "peak_time": iso_time(int(block.times_us[peak])),
                "sensors": [{"sensor": name, "share": round(share, 3)} for name, share in parts if share >= 0.01],
            }
        )
    return found
