"""Rows of the simulated plant, tick by tick, with faults by chance, services, and commands from a person."""

from __future__ import annotations

import threading
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np

from engine.errors import LabError, UnknownNameError
from engine.params import Range
from engine.plant.features import GUIDE_FEATURES
from engine.records import HOUR_US, MINUTE_US, SECOND_US, iso_times
from engine.streams.chance import ChanceFaults, faults_between
from engine.streams.rows import Rows, rows_of
from engine.streams.sources.base import Row, Source

if TYPE_CHECKING:
    from engine.plant.simulator import Plant
    from engine.records import Block

START = "2026-01-05T00:00:00+00:00"  # a Monday; where a seeded stream begins unless told otherwise
ROLLING_US = HOUR_US  # the window of the rolling features
DAY_S = 86_400.0
MANUAL_S = 600.0  # a fault started by hand lasts ten minutes unless it is cleared


@dataclass
class PlantSource(Source):
    """The simulated plant as a stream.

    Parameters
    ----------
    plant
        Name or file of the plant.
    seed
        Decides all chance.
    machines
        The machines that send; empty = all.
    start_us
        Event time of the first tick.
    tick_us
        Event time from one tick to the next.
    fault_probability
        Probability that a fault starts at a tick.
    service_interval_s
        Event time between two services; 0 = none.
    features, labels, rolling
        Extra columns; labels are for instructors.
    naive_time
        Timestamps without the offset.
    ticks
        How many ticks there are; 0 = no end.
    """

    name: ClassVar[str] = "plant"
    title: ClassVar[str] = "Simulated plant"
    plant: str = "pump_station"
    seed: int = 0
    machines: tuple[str, ...] = ()
    start_us: int = 0
    tick_us: Annotated[int, Range(1, 1e15, unit="µs")] = SECOND_US
    fault_probability: Annotated[float, Range(0.0, 1.0)] = 0.0
    service_interval_s: Annotated[float, Range(0.0, 1e9, unit="s")] = 0.0
    features: bool = True
    labels: bool = False
    rolling: bool = False
    naive_time: bool = False
    ticks: Annotated[int, Range(0, 1e15)] = 0
    tick: int = field(default=0, init=False)

    def __post_init__(self) -> None:
        from engine.plant.simulator import Plant
        from engine.plant.spec import load_plant

        spec = load_plant(self.plant)
        chosen = tuple(self.machines) or None
        interval = self.service_interval_s or None
        self._plant = Plant(spec, self.seed, machines=chosen, scheduled_maintenance_interval_s=interval)
        self._chance = ChanceFaults(self._plant, self.fault_probability)
        self._lock = threading.Lock()
        self._past: Block | None = None

    @property
    def finished(self) -> bool:  # type: ignore[override]
        return self.ticks > 0 and self.tick >= self.ticks

    @property
    def _whole_seconds(self) -> bool:
        """Whether every tick is a whole second, now and later: the timestamps of a stream have one form."""
        return self.start_us % SECOND_US == 0 and self.tick_us % SECOND_US == 0

    @property
    def now_us(self) -> int:
        """Event time of the tick that comes next."""
        return self.start_us + self.tick * self.tick_us

    @property
    def machine_names(self) -> tuple[str, ...]:
        """The machines that send."""
        return self._plant.machines

    @property
    def simulated(self) -> Plant:
        """The plant as it is now, with all that was injected; for instructors' code paths and tests."""
        return self._plant

    def fault_names(self) -> tuple[str, ...]:
        """The failure patterns that this plant can show."""
        from engine.catalog import parts
        from engine.plant.physics_kinds import physics_named

        physics = physics_named(self._plant.spec.physics)
        return tuple(name for name, fault in parts("fault").items() if fault.suits(physics))

    def next_block(self, ticks: int = 1) -> Block:
        """Return the readings of the next ticks."""
        return self._next(ticks)[0]

    def next_rows(self, ticks: int = 1) -> Rows:
        """Return the next ticks as rows with the columns asked for."""
        from engine.plant.features import derived_features, guide_features

        block, plant = self._next(ticks)
        truth = None
        if self.labels:
            truth = faults_between(plant, int(block.times_us[0]), int(block.times_us[-1]) + 1)
        times = iso_times(block.times_us, self._whole_seconds, naive=self.naive_time)
        if not self.features and not self.rolling:
            return rows_of(block, truth=truth, times=times)
        if not self.rolling:
            return rows_of(block, guide_features(block), truth, times=times)
        recent = derived_features(block, history=self._past)
        self._remember(block)
        wanted = GUIDE_FEATURES if self.features else ()
        shown = [*wanted, *(name for name in recent if name not in GUIDE_FEATURES)]
        return rows_of(block, recent, truth, shown, times)

    def read(self, timeout_s: float = 0.5) -> list[Row]:
        return [] if self.finished else self.next_rows().dicts()

    # ---- what a person may do

    def inject(self, machine: str, fault: str = "") -> str:
        """Start a fault now; without a name the first of the plant's usual ones; returns the name of the fault."""
        from engine.plant.journal import Injection

        with self._lock:
            self._must_be_known(machine)
            known = self.fault_names()
            fault = fault or self._plant.spec.automatic[0][0]
            if fault not in known:
                raise UnknownNameError("fault", fault, known)
            journal = self._plant.journal
            entry = Injection(journal.new_id("hand"), machine, fault, 0.8, self.now_us, 60.0, MANUAL_S)
            self._plant = self._plant.with_journal(journal.with_(entry))
            return fault

    def clear(self, machine: str) -> None:
        """End the faults of a machine."""
        with self._lock:
            self._must_be_known(machine)
            self._plant = self._plant.with_journal(self._plant.journal.cleared(machine, self.now_us))

    def maintain(self, machine: str, duration_s: float = 1800.0) -> None:
        """Stop a machine for work; this repairs it."""
        from engine.plant.journal import Maintenance

        if not 0.0 < duration_s <= DAY_S:
            raise LabError(f"The duration must be more than 0 s and at most 24 h ({DAY_S:g} s), got {duration_s:g} s.")
        with self._lock:
            self._must_be_known(machine)
            journal = self._plant.journal
            entry = Maintenance(journal.new_id("work"), machine, self.now_us, duration_s)
            self._plant = self._plant.with_journal(journal.with_(entry))

    def states(self) -> dict[str, tuple[str, str]]:
        """Return for each machine whether it runs, and what a person has started on it (never faults by chance)."""
        now = self.now_us
        found = {}
        with self._lock:
            for machine in self.machine_names:
                stopped = any(start <= now < end for start, end in self._plant.history.stops(machine, now, now + 1))
                active = self._plant.history.active(machine, now - 1, now + MINUTE_US)
                mine = [one.fault for one in active if one.id.startswith("hand")]
                found[machine] = ("maintenance" if stopped else "operational", mine[-1] if mine else "")
        return found

    def _next(self, ticks: int) -> tuple[Block, Plant]:
        if self.ticks:
            ticks = min(ticks, self.ticks - self.tick)
        with self._lock:
            times = self.now_us + np.arange(ticks, dtype=np.int64) * self.tick_us
            journal = self._chance.extend(self._plant, times)
            if journal is not self._plant.journal:
                self._plant = self._plant.with_journal(journal)
            plant = self._plant
            self.tick += ticks
        return plant.block(times), plant

    def _remember(self, block: Block) -> None:
        """Keep what the rolling windows reach back to."""
        from engine.records import join_blocks

        joined = block if self._past is None else join_blocks([self._past, block])
        oldest = int(joined.times_us[-1] - ROLLING_US)
        self._past = joined.ticks(int(np.searchsorted(joined.times_us, oldest)), len(joined))

    def _must_be_known(self, machine: str) -> None:
        if machine not in self.machine_names:
            raise UnknownNameError("machine", machine, self.machine_names)
