"""Experiment kind "conditional": one sensor, judged against what is normal for the hour, the load, or both."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import BaseModel, Field

from engine.detectors.context import Context
from engine.records import DAY_US, OPERATIONAL, SECOND_US
from lessons.labs.base import LabKind, Lane, Outcome
from lessons.labs.detector import DRAWN, ScoredReadings, confirmed, judged
from lessons.labs.plant_part import InjectPart, PlantPart, Readings
from lessons.spec import Strict

if TYPE_CHECKING:
    from engine.records import Block, FloatArray

CONDITIONS = ("nothing", "hour", "load", "hour and load", "context stage")
LOAD = "power_consumption"
LAGS_S = (0.0, 1800.0, 7200.0)  # heat follows load: the load now, and averaged over half an hour and two hours


class Settings(Strict):
    """The keys of this kind; `condition` says what an expected value may depend on, `limit` is in σ of the rest."""

    plant: PlantPart = PlantPart(history_hours=96)
    inject: tuple[InjectPart, ...] = ()
    sensor: str = "temperature"
    condition: Literal["nothing", "hour", "load", "hour and load", "context stage"] = "nothing"
    limit: float = Field(default=3.0, gt=0, le=50)
    confirm: int = Field(default=3, ge=1, le=600)


class ConditionalLab(LabKind):
    """A sensor against its context."""

    name: ClassVar[str] = "conditional"
    metrics: ClassVar[tuple[str, ...]] = (
        "false_alarms_per_day", "event_recall", "event_precision", "delay_p50_minutes", "alarms_per_day",
        "alarm_minutes_per_day", "events", "alarms", "mean", "sd",
    )  # fmt: skip
    Settings: ClassVar[type[BaseModel]] = Settings

    def rows(self, settings: Settings) -> int:
        """Return the readings of one run."""
        return settings.plant.rows

    def run(self, settings: Settings, seed: int) -> Outcome:
        """Learn what to expect from the history, take it away, and alarm on what is left."""
        readings = Readings(settings.plant, settings.inject, seed)
        history, block = readings.history, readings.block
        expected, spread = expectation(history, block, settings)
        values = block.values[:, :, block.sensors.index(settings.sensor)]
        scores = np.nan_to_num(np.abs(values - expected) / spread, nan=0.0)
        scored = ScoredReadings(block, scores, confirmed(scores >= settings.limit, settings.confirm), settings.limit)
        found = judged(scored, readings.truth)
        metrics = {name: found[name] for name in self.metrics if name in found}
        metrics |= {"mean": float(np.nanmean(values[:, 0])), "sd": float(spread[0])}
        return Outcome(metrics, _lanes(scored, settings, values[:, 0], expected[:, 0]))


def expectation(history: Block, block: Block, settings: Settings) -> tuple[FloatArray, FloatArray]:
    """Return the expected value at each tick (n_ticks, n_machines) and the spread of what is left (n_machines,)."""
    if settings.condition == "context stage":
        return _by_stage(history, block, settings.sensor)
    at = block.sensors.index(settings.sensor)
    expected = np.empty((len(block), block.n_machines))
    spread = np.empty(block.n_machines)
    for m in range(block.n_machines):
        known, now = _features(history, m, settings.condition), _features(block, m, settings.condition)
        y = history.values[:, m, at]
        good = np.isfinite(y) & np.isfinite(known).all(axis=1) & (history.status[:, m] == OPERATIONAL)
        weights = np.linalg.lstsq(known[good], y[good], rcond=None)[0]
        expected[:, m] = now @ weights
        spread[m] = np.std(y[good] - known[good] @ weights)
    return expected, spread


def _features(block: Block, machine: int, condition: str) -> FloatArray:
    """Return what the expected value is a weighted sum of, (n_ticks, n_features)."""
    columns = [np.ones(len(block))]
    if "hour" in condition:
        angle = 2 * np.pi * (block.times_us % DAY_US) / DAY_US
        columns += [f(k * angle) for k in (1, 2, 3) for f in (np.sin, np.cos)]
    if "load" in condition:
        load = block.values[:, machine, block.sensors.index(LOAD)]
        load = np.where(np.isfinite(load), load, np.nanmean(load))
        step_s = float(block.times_us[1] - block.times_us[0]) / SECOND_US
        columns += [_lagged(load, lag, step_s) for lag in LAGS_S]
    return np.stack(columns, axis=1)


def _lagged(values: FloatArray, lag_s: float, step_s: float) -> FloatArray:
    if lag_s == 0.0:
        return values
    gain, level = 1 - np.exp(-step_s / lag_s), float(values[0])
    out = np.empty(len(values))
    for i, value in enumerate(values.tolist()):
        level += gain * (value - level)
        out[i] = level
    return out


def _by_stage(history: Block, block: Block, sensor: str) -> tuple[FloatArray, FloatArray]:
    """Return the engine's own expectation: its residuals are in σ already, so they are turned back into units."""
    stage = Context()
    stage.fit(history)
    residuals = stage.residuals(replace(block)).values[:, :, block.sensors.index(sensor)]
    values = block.values[:, :, block.sensors.index(sensor)]
    scale = np.ones(block.n_machines)
    # One unit of residual is the stage's running spread; its median over the span turns σ into the sensor's unit.
    for m in range(block.n_machines):
        steps, rest = np.abs(np.diff(values[:, m])), np.abs(np.diff(residuals[:, m]))
        ok = np.isfinite(steps) & np.isfinite(rest) & (rest > 0)
        scale[m] = float(np.median(steps[ok]) / np.median(rest[ok])) if ok.any() else 1.0
    return values - np.nan_to_num(residuals, nan=0.0) * scale, scale


def _lanes(scored: ScoredReadings, settings: Settings, values: FloatArray, expected: FloatArray) -> tuple[Lane, ...]:
    block = scored.block
    place = np.unique(np.linspace(0, len(block) - 1, min(DRAWN, len(block))).astype(int))
    x = (block.times_us[place] / 1000).tolist()
    starts = [run for run in scored.runs() if run.machine == block.machines[0]][:300]
    marks = tuple((run.start_us / 1000, settings.limit) for run in starts)
    lanes = [(settings.sensor, values), ("expected", expected), ("score", scored.scores[:, 0])]
    drawn = [Lane(title, x, [None if np.isnan(v) else round(float(v), 3) for v in y[place]]) for title, y in lanes[:2]]
    return (*drawn, Lane("score", x, np.round(scored.scores[place, 0], 3).tolist(), limit=settings.limit, marks=marks))
