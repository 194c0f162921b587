"""Experiment kind "desk": a fixed limit on one sensor, and the alarm desk of the engine between it and the operator."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import BaseModel, Field

from engine.alarms import AlarmDesk, AlarmRules
from engine.metrics.intervals import match_intervals
from engine.records import DAY_US, MINUTE_US, Label
from lessons.labs.base import LabKind, Lane, Number, Outcome
from lessons.labs.detector import DRAWN, FLOOD, TOLERANCE_S
from lessons.labs.plant_part import InjectPart, PlantPart, Readings
from lessons.spec import Strict

if TYPE_CHECKING:
    from engine.alarms import Alarm
    from engine.records import Block, FloatArray

DETECTOR = "limit"
NEWS_US = 10 * MINUTE_US  # whoever was called so long ago has looked, and nothing rings when the next fault comes
MARKS = 400  # crosses drawn at most, evenly thinned


class Settings(Strict):
    """The keys of this kind.

    The limit is either a value in the sensor's unit or the quantile of the machine's own history (`limit_quantile`),
    so that a machine can hover at it. `deadband` is in the sensor's unit, delays are in seconds.
    """

    plant: PlantPart = PlantPart()
    inject: tuple[InjectPart, ...] = ()
    sensor: str = "pressure"
    limit: float | None = None
    limit_quantile: float = Field(default=0.9, gt=0, lt=1)
    deadband: float = Field(default=0.0, ge=0, le=50)
    on_delay_s: float = Field(default=0.0, ge=0, le=3600)
    off_delay_s: float = Field(default=0.0, ge=0, le=3600)


class DeskLab(LabKind):
    """Alarm load, before and after the usual cures."""

    name: ClassVar[str] = "desk"
    metrics: ClassVar[tuple[str, ...]] = (
        "alarms_per_day", "alarms_10min_max", "flood_share", "event_recall", "delay_p50_minutes",
        "delay_p90_minutes", "alarm_minutes_per_day", "true_alarm_share", "alarms", "events", "threshold",
    )  # fmt: skip
    Settings: ClassVar[type[BaseModel]] = Settings

    def rows(self, settings: Settings) -> int:
        """Return the readings of one run."""
        return settings.plant.rows

    def run(self, settings: Settings, seed: int) -> Outcome:
        """Hold the sensor against its limit, let the desk work, and count what the operator hears."""
        readings = Readings(settings.plant, settings.inject, seed)
        block, at = readings.block, readings.block.sensors.index(settings.sensor)
        limits = _limits(settings, readings, at)
        # Each machine's readings are counted in its own limit, so that one threshold of 1 serves all.
        scores = np.maximum(block.values[:, :, at] / limits, 0.0)
        alarms = _desk(settings, float(limits.mean()), block, scores)
        matching = match_intervals(readings.truth, _labels(alarms, block), tolerance_s=TOLERANCE_S)
        delays = np.array([pair.delay_s / 60 for pair in matching.pairs])
        owed = len(matching.pairs) + len(matching.missed)
        metrics: dict[str, Number] = {
            **_load(alarms, block),
            "events": float(owed),
            "event_recall": len(matching.pairs) / owed if owed else None,
            "delay_p50_minutes": float(np.quantile(delays, 0.5)) if len(delays) else None,
            "delay_p90_minutes": float(np.quantile(delays, 0.9)) if len(delays) else None,
            "true_alarm_share": 1 - len(matching.false) / len(alarms) if alarms else None,
            "threshold": float(limits[0]),
        }
        return Outcome(metrics, _lanes(block, at, float(limits[0]), alarms, settings.sensor))


def _limits(settings: Settings, readings: Readings, at: int) -> FloatArray:
    machines = readings.block.n_machines
    if settings.limit is not None:
        return np.full(machines, settings.limit)
    found: FloatArray = np.nanquantile(readings.history.values[:, :, at], settings.limit_quantile, axis=0)
    return found


def _desk(settings: Settings, limit: float, block: Block, scores: FloatArray) -> list[Alarm]:
    """Return the alarms that the engine's desk raised, the oldest first."""
    rules = AlarmRules(
        hysteresis=min(settings.deadband / limit, 0.9), confirm=1, on_delay_s=settings.on_delay_s,
        off_delay_s=settings.off_delay_s, hold_off_s=0.0,
    )  # fmt: skip
    desk = AlarmDesk(rules)
    changes = desk.process(block, {DETECTOR: scores}, {DETECTOR: 1.0})
    last = {change.alarm.number: change.alarm for change in changes}
    return [last[number] for number in sorted(last)]


def _labels(alarms: list[Alarm], block: Block) -> list[Label]:
    """Return the alarms for as long as they are news: one that has stood for longer announces no other fault."""
    end = int(block.times_us[-1])
    stands = ((a, min(a.end_us or end, a.start_us + NEWS_US)) for a in alarms)
    return [Label(a.machine, a.start_us, max(until, a.start_us + 1)) for a, until in stands]


def _load(alarms: list[Alarm], block: Block) -> dict[str, Number]:
    """Return what the alarms ask of one operator for all machines."""
    first, last = int(block.times_us[0]), int(block.times_us[-1])
    days = (last - first) / DAY_US
    starts = np.array([alarm.start_us for alarm in alarms], dtype=np.int64)
    bins = np.bincount((starts - first) // (10 * MINUTE_US)) if len(starts) else np.zeros(1)
    stood = sum(((a.end_us or last) - a.start_us) / MINUTE_US for a in alarms)
    return {
        "alarms": float(len(alarms)),
        "alarms_per_day": len(alarms) / days,
        "alarms_10min_max": float(bins.max()),
        "flood_share": float((bins > FLOOD).sum() / max(1.0, days * 144)),
        "alarm_minutes_per_day": stood / days / block.n_machines,
    }


def _lanes(block: Block, at: int, limit: float, alarms: list[Alarm], sensor: str) -> tuple[Lane, ...]:
    machine = block.machines[0]
    place = np.unique(np.linspace(0, len(block) - 1, min(2 * DRAWN, len(block))).astype(int))
    x = (block.times_us[place] / 1000).tolist()
    y = [None if np.isnan(v) else round(float(v), 3) for v in block.values[place, 0, at]]
    mine = [alarm for alarm in alarms if alarm.machine == machine]
    marks = tuple((alarm.start_us / 1000, limit) for alarm in mine[:: len(mine) // MARKS + 1])
    hours = np.arange(int(block.times_us[0]), int(block.times_us[-1]) + 1, 10 * MINUTE_US)
    counts = np.histogram([alarm.start_us for alarm in alarms], bins=[*hours, hours[-1] + 10 * MINUTE_US])[0]
    load = Lane("alarms in 10 min", (hours / 1000).tolist(), counts.astype(float).tolist(), "bars", limit=float(FLOOD))
    return Lane(f"{sensor.replace('_', ' ')}, {machine}", x, y, limit=limit, marks=marks), load
