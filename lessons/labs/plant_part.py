"""The plant of an experiment: which machines, how long, what is injected; turned into readings and truth."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np
from pydantic import Field, field_validator

from engine.catalog import part
from engine.errors import LabError
from engine.plant.journal import Injection, Journal
from engine.plant.simulator import Plant
from engine.plant.spec import load_plant, plant_names
from engine.records import DAY_US, HOUR_US, MINUTE_US, SECOND_US, time_us
from lessons.spec import Strict

if TYPE_CHECKING:
    from engine.records import Block, IntArray, TruthEvent

MAX_ROWS = 5_000_000


class PlantPart(Strict):
    """`plant:` of lab.yaml."""

    name: str = "pump_station"
    machines: tuple[str, ...] = ("MACHINE_001",)
    rate_hz: float = Field(default=0.1, gt=0, le=100)
    hours: float | None = Field(default=None, gt=0, le=24 * 60)
    days: float | None = Field(default=None, gt=0, le=60)
    history_hours: float = Field(default=24.0, ge=0, le=24 * 30)
    start: str = "2026-01-05T00:00:00Z"
    seed: str = "fresh"
    maintenance_hours: float | None = Field(default=None, gt=0)

    @field_validator("name")
    @classmethod
    def _known_plant(cls, name: str) -> str:
        if name not in plant_names():
            raise ValueError(f"no plant is called {name!r}; use one of: {', '.join(plant_names())}")
        return name

    @field_validator("seed")
    @classmethod
    def _fixed_or_fresh(cls, seed: str) -> str:
        if seed != "fresh" and not re.fullmatch(r"fixed-\d{1,9}", seed):
            raise ValueError("seed is 'fresh' or 'fixed-' and a number")
        return seed

    def the_seed(self, fresh: int) -> int:
        """Return the fixed seed, or the fresh one."""
        return fresh if self.seed == "fresh" else int(self.seed.removeprefix("fixed-"))

    @property
    def span_us(self) -> int:
        """Length of the judged span in microseconds (one day unless said)."""
        if self.hours is not None:
            return round(self.hours * HOUR_US)
        return round((self.days or 1.0) * DAY_US)

    @property
    def rows(self) -> int:
        """Readings of one run, history included."""
        seconds = self.span_us / SECOND_US + self.history_hours * 3600
        return round(seconds * self.rate_hz) * len(self.machines)

    def times(self) -> tuple[IntArray, IntArray]:
        """Return the event times of the history and of the judged span."""
        step = round(SECOND_US / self.rate_hz)
        start = time_us(self.start)
        history = np.arange(start - round(self.history_hours * HOUR_US), start, step, dtype=np.int64)
        return history, np.arange(start, start + self.span_us, step, dtype=np.int64)


class InjectPart(Strict):
    """One entry of `inject:` in lab.yaml: so many of a fault, spread over span and machines by the seed."""

    fault: str
    sensors: tuple[str, ...] = ()
    machine: str | None = None
    count: int = Field(default=1, ge=1, le=200)
    minutes: float = Field(default=45.0, gt=0)
    ramp_minutes: float = Field(default=0.0, ge=0)
    shape: str = "linear"
    severity: float = Field(default=1.0, gt=0, le=1)
    at_minutes: float | None = Field(default=None, ge=0)
    hours_of_day: tuple[float, float] | None = None
    values: dict[str, Any] = Field(default_factory=dict)

    @field_validator("fault")
    @classmethod
    def _known_fault(cls, name: str) -> str:
        try:
            part("fault", name)
        except LabError as problem:
            raise ValueError(str(problem)) from None
        return name


class Readings:
    """The readings of a lesson's plant, and their truth."""

    def __init__(self, plant: PlantPart, inject: tuple[InjectPart, ...], seed: int) -> None:
        spec = load_plant(plant.name)
        self.part, self.seed = plant, plant.the_seed(seed)
        interval = None if plant.maintenance_hours is None else plant.maintenance_hours * 3600
        self.plant = Plant(
            spec, self.seed, journal_of(plant, inject, self.seed), plant.machines,
            scheduled_maintenance_interval_s=interval,
        )  # fmt: skip
        self._history, self._times = plant.times()

    @property
    def history(self) -> Block:
        """Unlabelled readings before the judged span."""
        return self.plant.block(self._history)

    @property
    def block(self) -> Block:
        """The judged readings."""
        return self.plant.block(self._times)

    @property
    def truth(self) -> tuple[TruthEvent, ...]:
        """The events in the judged span, benign changes left out."""
        start = int(self._times[0])
        return tuple(event for event in self.plant.truth(start, start + self.part.span_us) if not event.benign)


def journal_of(plant: PlantPart, inject: tuple[InjectPart, ...], seed: int) -> Journal:
    """Return the injections, at places that the seed draws so that none meets another on its machine.

    Raises
    ------
    LabError
        When the span is too short for them.
    """
    rng = np.random.default_rng([seed, 0x1E550])
    taken: dict[str, list[tuple[int, int]]] = {machine: [] for machine in plant.machines}
    entries = []
    for number, entry in enumerate(inject):
        for copy in range(entry.count):
            machine = entry.machine or str(rng.choice(plant.machines))
            if machine not in taken:
                raise LabError(f"inject: the plant of this experiment has no machine {machine!r}.")
            onset = _free_place(plant, entry, taken[machine], rng)
            taken[machine].append((onset, onset + round(entry.minutes * MINUTE_US)))
            entries.append(
                Injection(
                    id=f"lesson-{number}-{copy}", machine=machine, fault=entry.fault, severity=entry.severity,
                    start_us=onset, ramp_s=entry.ramp_minutes * 60, duration_s=entry.minutes * 60,
                    shape="sudden" if entry.ramp_minutes == 0 else entry.shape, sensors=entry.sensors,
                    values=tuple(sorted(entry.values.items())),
                )
            )  # fmt: skip
    return Journal(tuple(entries))


def _free_place(plant: PlantPart, entry: InjectPart, taken: list[tuple[int, int]], rng: np.random.Generator) -> int:
    start, length = time_us(plant.start), round(entry.minutes * MINUTE_US)
    if entry.at_minutes is not None:
        return start + round(entry.at_minutes * MINUTE_US)
    gap = min(length, 30 * MINUTE_US)
    room = plant.span_us - length - 2 * gap
    for _ in range(2000):
        onset = start + gap + int(rng.random() * max(room, 1))
        hour = (onset % DAY_US) / HOUR_US
        in_hours = entry.hours_of_day is None or entry.hours_of_day[0] <= hour < entry.hours_of_day[1]
        if room > 0 and in_hours and all(onset > b + gap or onset + length < a - gap for a, b in taken):
            return onset
    raise LabError(f"inject: {entry.count} × {entry.fault} of {entry.minutes:g} min do not fit; give more days.")
