"""Experiment kind "moving": a baseline that follows a sensor, a slow fault, and maintenance that changes normal.

What the hour and the load explain is taken away first (weights learned from the history and kept). A baseline then
follows what is left with a time constant, and the score is the distance from it. After each maintenance stop the plant
has a new thermometer, calibrated a little differently: a benign change that the maintenance log announces.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import BaseModel, Field

from engine.plant.journal import Maintenance
from engine.records import HOUR_US, MAINTENANCE, MINUTE_US, time_us
from lessons.labs.base import LabKind, Lane, Number, Outcome
from lessons.labs.conditional import Settings as Conditional
from lessons.labs.conditional import expectation
from lessons.labs.detector import DRAWN, ScoredReadings, confirmed, judged
from lessons.labs.plant_part import InjectPart, PlantPart, Readings
from lessons.spec import Strict

if TYPE_CHECKING:
    from engine.records import FloatArray, StatusArray

CALM_MINUTES = 10.0  # the distance is averaged over so long before it is held against the limit
STOP_MINUTES = 90.0
AFTER_STOP_MINUTES = 60.0  # alarms that begin so soon after a stop are counted apart


class Settings(Strict):
    """The keys of this kind.

    `follow_h` is the baseline's time constant; `use_log` takes a new baseline after maintenance, `hold_off_minutes`
    is how long nothing is said then. Every `stop_every_h` hours (0 = never) the machine is stopped; `swap` is the
    largest calibration error of a new sensor, in its noise σ.
    """

    plant: PlantPart = PlantPart(history_hours=168)
    inject: tuple[InjectPart, ...] = ()
    sensor: str = "bearing_temperature"
    stop_every_h: float = Field(default=0.0, ge=0, le=1000)
    swap: float = Field(default=0.0, ge=0, le=20)
    follow_h: float = Field(default=24.0, gt=0, le=2000)
    limit: float = Field(default=4.0, gt=0, le=50)
    use_log: bool = True
    hold_off_minutes: float = Field(default=0.0, ge=0, le=600)


class MovingLab(LabKind):
    """A normal that moves."""

    name: ClassVar[str] = "moving"
    metrics: ClassVar[tuple[str, ...]] = (
        "event_recall", "false_alarms_per_day", "delay_p50_minutes", "alarm_minutes_per_day", "alarms_after_stop",
        "alarms", "events", "sd",
    )  # fmt: skip
    Settings: ClassVar[type[BaseModel]] = Settings

    def rows(self, settings: Settings) -> int:
        """Return the readings of one run."""
        return settings.plant.rows

    def run(self, settings: Settings, seed: int) -> Outcome:
        """Learn what hour and load explain, let the baseline follow the rest, and alarm on the distance."""
        readings = _with_stops(settings, seed)
        history, block = readings.history, readings.block
        what = Conditional(plant=settings.plant, sensor=settings.sensor, condition="hour and load")
        expected, spread = expectation(history, block, what)
        at = block.sensors.index(settings.sensor)
        rest = block.values[:, :, at] - expected
        step_h = float(block.times_us[1] - block.times_us[0]) / HOUR_US
        scores, base = np.zeros(rest.shape), np.zeros(rest.shape)
        for m in range(block.n_machines):
            base[:, m], distance = follow(rest[:, m], block.status[:, m], step_h, settings)
            scores[:, m] = np.abs(distance) / spread[m]
        scored = ScoredReadings(block, scores, confirmed(scores >= settings.limit, 2), settings.limit)
        found = judged(scored, readings.truth)
        metrics = {name: found[name] for name in self.metrics if name in found}
        metrics |= {"alarms_after_stop": _after_stop(scored), "sd": float(spread[0])}
        return Outcome(metrics, _lanes(scored, settings, rest[:, 0], base[:, 0]))


def _with_stops(settings: Settings, seed: int) -> Readings:
    """Return the readings; each stop of the judged span ends with a new sensor, which the next stop replaces."""
    first = time_us(settings.plant.start)
    end = first + settings.plant.span_us
    length, every = round(STOP_MINUTES * MINUTE_US), round(settings.stop_every_h * HOUR_US)
    starts = list(range(first + every // 2, end - length, every)) if every else []
    borders = [*[start + length for start in starts], end]
    swaps = [
        InjectPart(
            fault="sensor_swap", machine=machine, sensors=(settings.sensor,), minutes=(until - since) / MINUTE_US,
            at_minutes=(since - first) / MINUTE_US, values={"offset": settings.swap},
        )
        for machine in settings.plant.machines for since, until in pairwise(borders) if settings.swap
    ]  # fmt: skip
    readings = Readings(settings.plant, (*settings.inject, *swaps), seed)
    for machine in settings.plant.machines:
        for number, start in enumerate(starts):
            stop = Maintenance(f"stop-{machine}-{number}", machine, start, STOP_MINUTES * 60, scheduled=True)
            readings.plant = readings.plant.with_journal(readings.plant.journal.with_(stop))
    return readings


def _stop_ends(status: StatusArray) -> list[int]:
    """Return the ticks at which the machine runs again after maintenance."""
    stopped = (status == MAINTENANCE).astype(np.int8)
    return (np.flatnonzero(np.diff(stopped) == -1) + 1).tolist()


def follow(rest: FloatArray, status: StatusArray, step_h: float, settings: Settings) -> tuple[FloatArray, FloatArray]:
    """Return the baseline and the calmed distance from it at each tick; the distance is 0 while nothing is said.

    The baseline learns each reading after it was judged. With the log in use it starts anew after a stop: from the mean
    of the second half of the hold-off, or from the first reading when there is none.
    """
    gain, calm = 1 - np.exp(-step_h / settings.follow_h), 1 - np.exp(-step_h / (CALM_MINUTES / 60))
    hold = settings.hold_off_minutes / 60
    base, distance = np.empty(len(rest)), np.zeros(len(rest))
    level, far, quiet_h, fresh = 0.0, 0.0, np.inf, []
    for i, (value, stopped) in enumerate(zip(rest.tolist(), (status == MAINTENANCE).tolist(), strict=True)):
        base[i] = level
        if stopped:
            quiet_h, fresh, far = 0.0, [], 0.0
            continue
        quiet_h += step_h
        if not np.isfinite(value):
            continue
        if settings.use_log and quiet_h <= max(hold, step_h):
            fresh += [value] if quiet_h >= hold / 2 else []
            level = float(np.mean(fresh)) if fresh else level
            continue
        if quiet_h <= hold:
            continue
        far += calm * (value - level - far)
        distance[i] = far
        level += gain * (value - level)
    return base, distance


def _after_stop(scored: ScoredReadings) -> Number:
    """Return how many alarms began within an hour after a stop."""
    soon, runs = 0, scored.runs()
    for place, machine in enumerate(scored.block.machines):
        ends = scored.block.times_us[_stop_ends(scored.block.status[:, place])]
        for run in runs:
            soon += run.machine == machine and any(0 <= run.start_us - e < AFTER_STOP_MINUTES * MINUTE_US for e in ends)
    return float(soon)


def _lanes(scored: ScoredReadings, settings: Settings, rest: FloatArray, base: FloatArray) -> tuple[Lane, ...]:
    block = scored.block
    place = np.unique(np.linspace(0, len(block) - 1, min(DRAWN, len(block))).astype(int))
    x = (block.times_us[place] / 1000).tolist()
    starts = [run.start_us for run in scored.runs() if run.machine == block.machines[0]][:300]
    marks = tuple((start / 1000, settings.limit) for start in starts)
    stops = _stop_ends(block.status[:, 0])
    spans = tuple((block.times_us[max(i - 3, 0)] / 1000, block.times_us[i] / 1000, "stop") for i in stops)
    running = block.status[place, 0] != MAINTENANCE
    shown = [round(float(v), 3) if ok and np.isfinite(v) else None for v, ok in zip(rest[place], running, strict=True)]
    return (
        Lane("unexplained, °C", x, shown, spans=spans),
        Lane("baseline, °C", x, np.round(base[place], 3).tolist(), spans=spans),
        Lane("score", x, np.round(scored.scores[place, 0], 3).tolist(), limit=settings.limit, marks=marks),
    )
