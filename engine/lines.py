"""Production lines: how each stands, by its marks, its alarms and the score of a model of its own.

Every line has one fitted model (`engine.predicting`) that reads all its sensors, so two lines never share a score.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.alarming.marks import Marks, marks_of
from engine.alarming.records import PRIORITIES
from engine.errors import ParameterError
from engine.records import MAINTENANCE, STATUS_WORDS

if TYPE_CHECKING:
    from engine.plant.spec import LineSpec, PlantSpec, SensorSpec
    from engine.predicting import LineModel
    from engine.records import FloatArray
    from engine.running.frames import Snapshot
    from engine.store.line_records import LineMarks
    from engine.store.store import Store

LEVELS = ("normal", "warning", "critical")
STATUSES = (*LEVELS, "maintenance", "no data")
CRITICAL_SHARE = 1.5  # a score of so many thresholds is critical by itself
LEAST_ROWS = 10  # readings that a correlation needs


@dataclass(frozen=True)
class LineState:
    """How one line stands now.

    Parameters
    ----------
    status
        One of STATUSES: the worst of marks, standing alarms and score.
    readings
        By sensor; None = no reading.
    levels
        normal, warning or critical by sensor, from the line's marks.
    score, threshold, version
        Of the line's own model; None while it is being made.
    """

    line: LineSpec
    status: str
    state: str
    time_us: int
    readings: dict[str, float | None]
    levels: dict[str, str]
    score: float | None
    threshold: float | None
    version: int | None
    alarms: int


class LineBook:
    """The marks of every line: the data sheet's, and what instructors set for one line.

    Parameters
    ----------
    spec
        The plant's data sheet.
    """

    def __init__(self, store: Store, spec: PlantSpec) -> None:
        self._store, self.spec = store, spec
        self._own: LineMarks | None = None

    @property
    def own(self) -> LineMarks:
        """What differs from the data sheet, by line and sensor."""
        if self._own is None:
            self._own = self._store.line_marks(self.spec.name)
        return self._own

    def sensors(self, line: str) -> tuple[SensorSpec, ...]:
        """Return the sensors of a line with its marks."""
        self.spec.require_machine(line)
        found = []
        for sensor in self.spec.sensors:
            warning, critical = self.own.get((line, sensor.name), (sensor.warning, sensor.critical))
            found.append(sensor.model_copy(update={"warning": warning, "critical": critical}))
        return tuple(found)

    def marks(self) -> dict[str, Marks]:
        """Return the marks of the lines that differ from the data sheet."""
        return {line: marks_of(self.sensors(line)) for line in dict.fromkeys(line for line, _ in self.own)}

    def set(self, line: str, marks: Mapping[str, tuple[float | None, float | None]]) -> None:
        """Set warning and critical marks of a line's sensors and keep them; {} = the data sheet's hold again.

        Raises
        ------
        LabError
            When a name is unknown, or a critical mark lies on the wrong side of its warning mark.
        """
        self.spec.require_machine(line)
        for name, (warning, critical) in marks.items():
            _check(self.spec.sensor(name), warning, critical)
        kept = {
            name: pair
            for name, pair in marks.items()
            if pair != (self.spec.sensor(name).warning, self.spec.sensor(name).critical)
        }
        self._store.save_line_marks(self.spec.name, line, kept)
        self._own = None


def line_states(shot: Snapshot, book: LineBook, models: Mapping[str, LineModel] | None) -> tuple[LineState, ...]:
    """Return how every line stands, from the newest tick; `models` None = they are being made."""
    return tuple(_state(shot, book, line, (models or {}).get(line.name)) for line in book.spec.lines)


def correlation(values: FloatArray) -> FloatArray:
    """Return Pearson's correlation of the columns of values (n, n_sensors); NaN where a column does not vary.

    Rows with a missing reading are left out; with fewer than ten left, all is NaN.
    """
    whole = values[~np.isnan(values).any(axis=1)]
    size = values.shape[1]
    if len(whole) < LEAST_ROWS:
        return np.full((size, size), np.nan)
    with np.errstate(invalid="ignore", divide="ignore"):
        return np.atleast_2d(np.corrcoef(whole, rowvar=False))


def distribution(scores: FloatArray, bins: int = 20) -> dict[str, list[float]]:
    """Return how often scores lie where: `edges` (bins + 1) of equal width from 0 to the highest, `counts` (bins).

    Missing scores are left out; without any, both lists are empty.
    """
    there = scores[np.isfinite(scores)]
    if not len(there):
        return {"edges": [], "counts": []}
    counts, edges = np.histogram(there, bins=bins, range=(0.0, max(float(there.max()), 1e-9)))
    return {"edges": edges.tolist(), "counts": counts.tolist()}


def statistics(values: FloatArray, sensors: tuple[str, ...]) -> list[dict[str, Any]]:
    """Return readings, mean, standard deviation, minimum, 5 %, 95 % and maximum of each column (n, n_sensors)."""
    found = []
    for at, name in enumerate(sensors):
        column = values[:, at][~np.isnan(values[:, at])]
        row: dict[str, Any] = {"sensor": name, "readings": len(column)}
        if len(column):
            low, high = np.quantile(column, [0.05, 0.95])
            figures = (column.mean(), column.std(), column.min(), low, high, column.max())
            row |= dict(zip(("mean", "std", "min", "p5", "p95", "max"), map(float, figures), strict=True))
        found.append(row)
    return found


def _check(sensor: SensorSpec, warning: float | None, critical: float | None) -> None:
    for word, mark in (("warning", warning), ("critical", critical)):
        if mark is not None and not math.isfinite(mark):
            raise ParameterError(f"The {word} mark of {sensor.title} must be a number, got {mark!r}.")
    if warning is None or critical is None:
        return
    if (critical < warning) if not sensor.low_side else (critical > warning):
        side = "below" if sensor.low_side else "above"
        raise ParameterError(
            f"The critical mark of {sensor.title} ({critical:g} {sensor.unit}) must be at or {side} the warning mark "
            f"({warning:g} {sensor.unit})."
        )


def _state(shot: Snapshot, book: LineBook, line: LineSpec, model: LineModel | None) -> LineState:
    alarms = [alarm for alarm in shot.alarms if alarm.machine == line.name]
    empty = LineState(
        line=line, status="no data", state="no data", time_us=shot.time_us, readings={}, levels={}, score=None,
        threshold=None if model is None else model.threshold, version=None if model is None else model.version,
        alarms=len(alarms),
    )  # fmt: skip
    if not len(shot.block) or line.name not in shot.block.machines:
        return empty
    at = shot.block.machines.index(line.name)
    values, stopped = shot.block.values[-1, at], shot.block.status[-1, at] == MAINTENANCE
    sensors = book.sensors(line.name)
    levels = [marks_of((one,)).level(values[i : i + 1][None, :]) for i, one in enumerate(sensors)]
    score = None if model is None or np.isnan(values).any() else float(model.scores(values[None, :])[0])
    found = replace(
        empty,
        state=STATUS_WORDS[int(stopped)],
        readings={one.name: _number(values[i]) for i, one in enumerate(sensors)},
        levels={one.name: LEVELS[levels[i]] for i, one in enumerate(sensors)},
        score=score,
    )
    if np.isnan(values).all():
        return found
    worst = _worst(found, levels, [PRIORITIES.index(a.priority) for a in alarms if _counts(a)])
    return replace(found, status="maintenance" if stopped else LEVELS[worst])


def _counts(alarm: Any) -> bool:
    return alarm.state in ("raised", "acknowledged")


def _worst(state: LineState, levels: list[int], priorities: list[int]) -> int:
    """Return the worst level; a standing alarm is at least a warning, and so is a score at the threshold."""
    worst = max([0, *levels, *priorities, *(1 for _ in priorities)])
    if state.score is not None and state.threshold and state.score >= state.threshold:
        worst = max(worst, 2 if state.score >= CRITICAL_SHARE * state.threshold else 1)
    return worst


def _number(value: Any) -> float | None:
    return None if math.isnan(value) else round(float(value), 6)
