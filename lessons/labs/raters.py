"""Experiment kind "raters": two people mark the same readings by one labelling guide, and their marks are compared.

The readings come from the plant; the two people are simulated. Where the guide is silent each follows a habit: what
counts as outside (a level of their own), where an excursion begins (the first reading outside, or when it looks
serious), whether short blips and short gaps count. Both overlook a few excursions.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import Field

from engine.metrics.agreement import cohen_kappa, event_agreement, slices
from engine.records import MINUTE_US, Label
from lessons.labs.base import LabKind, Lane, Outcome
from lessons.labs.plant_part import InjectPart, PlantPart, Readings
from lessons.spec import Strict

if TYPE_CHECKING:
    from engine.records import FloatArray, IntArray

EDGES = ("not said", "first reading outside", "when it looks serious")
CURVE_MINUTES = (0, 1, 2, 5, 10, 20, 40, 80)
OVERLOOKED = 0.04  # chance that a person does not see an excursion


class Settings(Strict):
    """The keys of this kind: the guide (0 = it says nothing about this) and how marks are compared."""

    plant: PlantPart = PlantPart(rate_hz=0.0333333, days=4, history_hours=0)
    inject: tuple[InjectPart, ...] = ()
    sensor: str = "temperature"
    level_sigma: float = Field(default=0, ge=0, le=20)
    shortest_minutes: float = Field(default=0, ge=0, le=120)
    join_minutes: float = Field(default=0, ge=0, le=240)
    edge: str = Field(default=EDGES[0], pattern=f"^({'|'.join(EDGES)})$")
    tolerance_minutes: float = Field(default=2, ge=0, le=120)
    slice_seconds: float = Field(default=30, ge=30, le=7200)


@dataclass(frozen=True)
class Habit:
    """What a person does where the guide is silent."""

    level: float
    shortest: float
    join: float
    edge: str


ANNA = Habit(level=3.0, shortest=1.0, join=2.0, edge=EDGES[1])
BEN = Habit(level=6.0, shortest=10.0, join=25.0, edge=EDGES[2])


class RatersLab(LabKind):
    """Two people, one guide."""

    name: ClassVar[str] = "raters"
    metrics: ClassVar[tuple[str, ...]] = (
        "agreement",
        "key_agreement",
        "kappa",
        "overlap_agreement",
        "events",
        "alarms",
    )
    Settings: ClassVar[type[Settings]] = Settings

    def rows(self, settings: Settings) -> int:
        """Return the readings of one run."""
        return settings.plant.rows

    def run(self, settings: Settings, seed: int) -> Outcome:
        """Let both mark, then compare them with each other and with the adjudicated key."""
        readings = Readings(settings.plant, settings.inject, seed)
        block, truth = readings.block, readings.truth
        noise = next(s.noise for s in readings.plant.spec.sensors if s.name == settings.sensor)
        values = block.values[:, 0, block.sensors.index(settings.sensor)]
        strange = strangeness(readings, settings.sensor, noise)
        marks = [
            marked(
                strange, block.times_us, guided(habit, settings), block.machines[0], np.random.default_rng([seed, k])
            )
            for k, habit in enumerate((ANNA, BEN))
        ]
        key = [Label(e.machine, e.onset_us, e.end_us) for e in truth]
        near = settings.tolerance_minutes * 60
        start, end = int(block.times_us[0]), int(block.times_us[-1])
        rows = [slices(one, block.machines[0], start, end, settings.slice_seconds) for one in marks]
        with_key = [within(one, key, near) for one in marks]
        metrics = {
            "agreement": within(*marks, near), "kappa": cohen_kappa(*rows)["kappa"],
            "key_agreement": None if None in with_key else float(np.mean([v for v in with_key if v is not None])),
            "overlap_agreement": event_agreement(*marks)["event_f1"], "events": float(len(key)),
            "alarms": float(np.mean([len(one) for one in marks])),
        }  # fmt: skip
        return Outcome(metrics, lanes_of(block.times_us, values, marks))


def guided(habit: Habit, settings: Settings) -> Habit:
    """Return what a person does with the guide: its words where it has any, the habit elsewhere."""
    return Habit(
        settings.level_sigma or habit.level, settings.shortest_minutes or habit.shortest,
        settings.join_minutes or habit.join, habit.edge if settings.edge == EDGES[0] else settings.edge,
    )  # fmt: skip


def strangeness(readings: Readings, sensor: str, noise: float) -> FloatArray:
    """Return what a trained eye sees (n_ticks,): how far each reading lies from the machine's ordinary course, in σ.

    The ordinary course is the fault-free twin of the plant: an eye that knows the machine is assumed.
    """
    at = readings.block.sensors.index(sensor)
    twin = readings.plant.twin().block(readings.block.times_us)
    seen: FloatArray = np.abs(readings.block.values[:, 0, at] - twin.values[:, 0, at]) / noise
    return seen + np.abs(np.random.default_rng([readings.seed, 0xE1E]).normal(0, 0.6, len(seen)))


def marked(
    strange: FloatArray, times_us: IntArray, habit: Habit, machine: str, rng: np.random.Generator
) -> list[Label]:
    """Return the intervals that a person with that habit marks."""
    outside = np.concatenate(([False], strange >= habit.level, [False]))
    spans = np.stack([np.flatnonzero(outside[1:] & ~outside[:-1]), np.flatnonzero(outside[:-1] & ~outside[1:])], axis=1)
    step = int(times_us[1] - times_us[0])
    joined: list[list[int]] = []
    for first, stop in spans:
        start, end = int(times_us[first]), int(times_us[stop - 1]) + step
        if joined and start - joined[-1][1] <= habit.join * MINUTE_US:
            joined[-1][1] = end
        else:
            joined.append([start, end])
    found = []
    for start, end in joined:
        if end - start < habit.shortest * MINUTE_US or rng.random() < OVERLOOKED:
            continue
        late = rng.uniform(2, 14) * MINUTE_US if habit.edge == EDGES[2] else rng.uniform(0, 0.8) * MINUTE_US
        found.append(Label(machine, start + round(min(late, (end - start) / 2)), end))
    return found


def within(first: list[Label], second: list[Label], tolerance_s: float) -> float | None:
    """Return event F1 of marks whose *starts* lie within the tolerance of each other, each matched once."""
    if not first and not second:
        return None
    free, hits = [label.start_us for label in second], 0
    for label in first:
        near = [start for start in free if abs(start - label.start_us) <= tolerance_s * 1_000_000]
        if near:
            free.remove(min(near, key=lambda start: abs(start - label.start_us)))
            hits += 1
    return 2 * hits / (len(first) + len(second))


def lanes_of(times_us: IntArray, values: FloatArray, marks: list[list[Label]]) -> tuple[Lane, ...]:
    """Return the readings with Anna's marks, the same with Ben's, and agreement over the tolerance."""
    place = np.unique(np.linspace(0, len(values) - 1, min(1500, len(values))).astype(int))
    x, y = (times_us[place] / 1000).tolist(), [None if np.isnan(v) else round(float(v), 3) for v in values[place]]
    lanes = [
        Lane(f"{who} marks", x, y, spans=tuple((m.start_us / 1000, m.end_us / 1000, "") for m in one))
        for who, one in zip(("Anna", "Ben"), marks, strict=True)
    ]
    curve = [within(*marks, minutes * 60) for minutes in CURVE_MINUTES]
    return (
        *lanes,
        Lane("agreement", [float(m) for m in CURVE_MINUTES], curve, "points", time=False, x_title="tolerance, minutes"),
    )
