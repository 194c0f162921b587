"""Stretches of readings to compare detectors on: of a scenario, of the running plant, or of a stranger's table.

A stretch holds readings only, never truth; whoever may know the truth asks the plant for it (engine.comparing.judging).
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.detectors.base import Detector
from engine.errors import ParameterError
from engine.metrics.event_baselines import Span
from engine.plant.scenario import load_scenario
from engine.records import DAY_US, HOUR_US, SECOND_US, Block

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.plant.simulator import Plant
    from engine.reading.series import Table
    from engine.records import IntArray

HISTORY_DAYS, HISTORY_STEP_S = 7.0, 60.0  # a whole week, so that nights and the weekend are in it
RECENT_TICKS = 3000  # then the newest readings at the judged rate: rates matter to stretches, and rules need scores
LEAST_HISTORY_TICKS = 200  # below it, batch models learn from the first part of what is judged
FIT_SHARE = 0.15  # of a table without a past: this first part is what batch models learn from


@dataclass(frozen=True)
class Stretch:
    """Readings to judge, and unlabelled readings before them to learn from.

    Parameters
    ----------
    name
        Shown where several stretches are told apart.
    judged
        What detectors are compared on.
    history, recent
        What comes before: the past at a slow rate, then the newest past at the judged rate; None = there is none.
    data_sheet
        Has `sensors` with limits (a PlantSpec); None = detectors learn their limits.
    """

    name: str
    judged: Block
    history: Block | None = None
    recent: Block | None = None
    data_sheet: Any = field(default=None, repr=False)

    @property
    def span(self) -> Span:
        """Machines and event time that are judged."""
        times = self.judged.times_us
        return Span(self.judged.machines, int(times[0]), int(times[-1]) + self.step_us)

    @property
    def step_us(self) -> int:
        """Usual time from tick to tick, microseconds."""
        times = self.judged.times_us
        return max(1, int(np.median(np.diff(times)))) if len(times) > 1 else SECOND_US

    def prepared(self, detector: Detector) -> Detector:
        """Tell the detector the data sheet and let it learn what came before; returns it."""
        if self.data_sheet is not None:
            detector.bind(self.data_sheet)
        if self.history is not None:
            detector.fit(self.history)
        elif not detector.online:
            detector.fit(self.judged.ticks(0, max(1, int(FIT_SHARE * len(self.judged)))))
        return detector


def plant_stretch(name: str, plant: Plant, start_us: int, end_us: int, rate: float = 0.1) -> Stretch:
    """Return a stretch of a plant, start ≤ t < end, and the week before it.

    Parameters
    ----------
    rate
        Readings per second.

    Raises
    ------
    ParameterError
        When the span is empty or the rate is not positive.
    """
    if end_us <= start_us:
        raise ParameterError(f"start ({start_us}) must lie before end ({end_us}).")
    if rate <= 0:
        raise ParameterError(f"rate must be positive, got {rate!r}.")
    step = max(1, round(SECOND_US / rate))
    first = start_us - min(RECENT_TICKS * step, DAY_US // step * step)
    return Stretch(
        name,
        plant.block(_ticks(start_us, end_us, step)),
        plant.block(_ticks(first - round(HISTORY_DAYS * DAY_US), first, round(HISTORY_STEP_S * SECOND_US))),
        plant.block(_ticks(first, start_us, step)),
        plant.spec,
    )


def stored_stretch(name: str, block: Block, start_us: int, rate: float, spec: Any) -> Stretch:
    """Return the stored readings of a plant that others feed from `start_us` on, and those before to learn from.

    Parameters
    ----------
    block
        All there is, before the start too.
    rate
        Readings per second at most; of several in a step the newest counts.
    spec
        Names the sensors that the plant has now, with their normal ranges.
    """
    picked = [block.sensors.index(sensor.name) for sensor in spec.sensors]
    mine = Block(block.times_us, block.values[:, :, picked], block.status, block.machines, spec.sensor_names)
    whole = thinned(mine, max(1, round(SECOND_US / rate)))
    cut = int(np.searchsorted(whole.times_us, start_us))
    history = whole.ticks(0, cut) if cut >= LEAST_HISTORY_TICKS else None
    return Stretch(name, whole.ticks(cut, len(whole)), history, None, spec)


def thinned(block: Block, step_us: int) -> Block:
    """Return a block with one tick in each step that has any, of each machine its newest reading in it."""
    steps, at = np.unique(block.times_us // step_us, return_inverse=True)
    values = np.full((len(steps), block.n_machines, block.n_sensors), np.nan)
    status = np.zeros((len(steps), block.n_machines), np.uint8)
    for m in range(block.n_machines):
        there = np.flatnonzero(~np.isnan(block.values[:, m]).all(axis=1))
        _, last = np.unique(at[there][::-1], return_index=True)
        newest = there[len(there) - 1 - last]
        values[at[newest], m], status[at[newest], m] = block.values[newest, m], block.status[newest, m]
    return Block(steps * step_us, values, status, block.machines, block.sensors)


def scenario_stretch(name: str, seed: int | None = None, hours: float = 24.0, rate: float = 0.1) -> Stretch:
    """Return the first hours of a scenario, played with that seed (None = the scenario's own)."""
    scenario = load_scenario(name)
    end = scenario.start_us + round(min(hours, scenario.hours) * HOUR_US)
    return plant_stretch(scenario.title, scenario.plant(seed), scenario.start_us, end, rate)


def table_stretches(table: Table) -> tuple[Stretch, ...]:
    """Return one stretch per machine of a table; a table has no past, so batch models learn from its first part."""
    return tuple(Stretch(block.machines[0], block) for block in table.blocks if len(block))


def readings_of(stretches: Sequence[Stretch]) -> int:
    """Return how many readings (ticks × machines) the stretches hold."""
    return sum(len(one.judged) * one.judged.n_machines for one in stretches)


def _ticks(start_us: int, end_us: int, step_us: int) -> IntArray:
    return np.arange(start_us, end_us, step_us, dtype=np.int64)
