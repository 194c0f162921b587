"""What happened near a false alarm: sensor excursions, maintenance, benign changes, faults of the same machine."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.metrics.arrays import runs
from engine.metrics.cared_time import Zone
from engine.records import MAINTENANCE, SECOND_US, TruthEvent

if TYPE_CHECKING:
    from engine.metrics.arrays import FloatArray, IntArray
    from engine.records import Block

SIGMAS = 3.0
# 1.4826 · median absolute deviation estimates σ of a normal distribution.
MAD_TO_SIGMA = 1.4826
NEAR_S = 1800.0
Spans = list[tuple[str, int, int]]


@dataclass(frozen=True)
class Excursion:
    """A span on which one sensor of a machine left its usual level by at least three robust σ."""

    machine: str
    sensor: str
    start_us: int
    end_us: int
    sigmas: float


@dataclass(frozen=True)
class Clue:
    """Something near a false alarm: `kind` is "sensor", "maintenance", "benign" or "fault"; 0 s = they overlap."""

    kind: str
    what: str
    start_us: int
    end_us: int
    distance_s: float


class Clues:
    """All that could explain a false alarm, sorted by machine and kind once."""

    def __init__(self, truth: Sequence[TruthEvent], works: Sequence[Zone], found: Sequence[Excursion]) -> None:
        machines = {e.machine for e in truth} | {z.machine for z in works} | {x.machine for x in found}
        self._by_machine = {machine: self._of(machine, truth, works, found) for machine in machines | {""}}

    @staticmethod
    def _of(
        machine: str, truth: Sequence[TruthEvent], works: Sequence[Zone], found: Sequence[Excursion]
    ) -> dict[str, tuple[Spans, IntArray]]:
        own = [event for event in truth if event.machine == machine]
        kinds: dict[str, Spans] = {
            "sensor": [(f"{x.sensor} {x.sigmas:+.1f} σ", x.start_us, x.end_us) for x in found if x.machine == machine],
            "maintenance": [
                (z.reason or "maintenance", z.start_us, z.end_us) for z in works if z.machine in ("", machine)
            ],
            "benign": [(e.fault, e.onset_us, e.end_us) for e in own if e.benign],
            "fault": [(e.fault, e.onset_us, e.end_us) for e in own if not e.benign],
        }
        return {
            kind: (spans, np.array([(start, end) for _, start, end in spans], np.int64))
            for kind, spans in kinds.items()
            if spans
        }

    def near(self, label: Any) -> tuple[Clue, ...]:
        """Return the nearest clue of each kind within half an hour of a label, nearest first."""
        kinds = self._by_machine.get(label.machine, self._by_machine[""])
        clues = [_nearest(kind, spans, bounds, label) for kind, (spans, bounds) in kinds.items()]
        return tuple(sorted((clue for clue in clues if clue.distance_s <= NEAR_S), key=lambda clue: clue.distance_s))


def _nearest(kind: str, spans: Spans, bounds: IntArray, label: Any) -> Clue:
    """Return the span with the smallest gap to the label; among equals the one that starts nearest to it."""
    gaps = np.maximum(np.maximum(bounds[:, 0] - label.end_us, label.start_us - bounds[:, 1]), 0)
    closest = np.flatnonzero(gaps == gaps.min())
    best = int(closest[np.argmin(np.abs(bounds[closest, 0] - label.start_us))])
    what, start, end = spans[best]
    return Clue(kind, what, start, end, int(gaps[best]) / SECOND_US)


def excursions(readings: Block, sigmas: float = SIGMAS) -> tuple[Excursion, ...]:
    """Return every run of ticks on which a sensor of a machine is `sigmas` robust deviations from its median."""
    out = []
    period = _period_us(readings)
    for m, machine in enumerate(readings.machines):
        for s, sensor in enumerate(readings.sensors):
            z = _robust_z(readings.values[:, m, s])
            for first, last in runs(np.abs(z) >= sigmas):
                peak = z[first : last + 1][np.argmax(np.abs(z[first : last + 1]))]
                start, end = int(readings.times_us[first]), int(readings.times_us[last]) + period
                out.append(Excursion(machine, sensor, start, end, float(peak)))
    return tuple(out)


def maintenance_spans(readings: Block) -> tuple[Zone, ...]:
    """Return the spans on which each machine was under maintenance, read from the status of its ticks."""
    period = _period_us(readings)
    return tuple(
        Zone(machine, int(readings.times_us[first]), int(readings.times_us[last]) + period, "maintenance")
        for m, machine in enumerate(readings.machines)
        for first, last in runs(readings.status[:, m] == MAINTENANCE)
    )


def _period_us(readings: Block) -> int:
    return int(np.median(np.diff(readings.times_us))) if len(readings) > 1 else SECOND_US


def _robust_z(values: FloatArray) -> FloatArray:
    """Return (value − median) / (1.4826 · MAD); missing readings and a sensor that never moves give 0."""
    known = values[~np.isnan(values)]
    if not len(known):
        return np.zeros(len(values))
    middle = np.median(known)
    spread = MAD_TO_SIGMA * np.median(np.abs(known - middle)) or float(np.std(known))
    z: FloatArray = np.nan_to_num((values - middle) / (spread or np.inf), nan=0.0)
    return z
