"""Faults that start by themselves in a stream: with a probability for each data point (tick), as the guide says.

The plant's own automatic faults are made for days of plant time (1 to 4 hours each); a stream in class needs short
ones, one at a time on a machine, with the documented probability and not its square.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.catalog import part, parts
from engine.plant import noise
from engine.plant.journal import Injection, Journal
from engine.plant.physics_kinds import physics_named
from engine.records import HOUR_US, TruthEvent

if TYPE_CHECKING:
    from engine.plant.simulator import Plant
    from engine.records import IntArray

SHORTEST_S, LONGEST_S = 60.0, 300.0
LOW_SEVERITY = 0.4
_DRAWS = ("starts", "machine", "fault", "severity", "length", "ramp")
FORGET_AFTER_US = 2 * HOUR_US  # a fault that ended so long ago has no after-effects left


class ChanceFaults:
    """Starts a fault on a machine without one, with probability `probability` at each tick.

    The draws depend on (seed, time) alone, so any block size gives the same faults.
    """

    def __init__(self, plant: Plant, probability: float) -> None:
        self._probability = probability
        self._machines = plant.machines
        physics = physics_named(plant.spec.physics)
        known = parts("fault")
        self._faults = [(name, w) for name, w in plant.spec.automatic if w > 0 and known[name].suits(physics)]
        self._keys = noise.stream_keys(plant.seed, [(plant.spec.name, "stream faults", what) for what in _DRAWS])
        self.started = 0

    def extend(self, plant: Plant, times_us: IntArray) -> Journal:
        """Return the journal with the faults that start at those ticks; long past entries are left out.

        A machine that stands still starts no fault: nobody could see it.
        """
        journal = plant.journal
        if self._probability <= 0.0 or not self._faults:
            return journal
        draws = noise.uniform(self._keys, times_us)
        fresh = journal
        for i in np.flatnonzero(draws[:, 0] < self._probability):
            at = int(times_us[i])
            running = [machine for machine in self._machines if not plant.history.stops(machine, at, at + 1)]
            free = [machine for machine in running if not _is_faulty(fresh, machine, at)]
            if free:
                fresh = fresh.with_(self._drawn(free, at, draws[i].tolist()))
                self.started += 1
        return fresh if fresh is journal else _without_past(fresh, int(times_us[0]))

    def _drawn(self, free: list[str], at: int, draw: list[float]) -> Injection:
        machine = free[int(draw[1] * len(free))]
        edges = np.cumsum([weight for _, weight in self._faults])
        name = self._faults[min(int(np.searchsorted(edges, draw[2] * edges[-1], "right")), len(edges) - 1)][0]
        length = SHORTEST_S + draw[4] * (LONGEST_S - SHORTEST_S)
        severity = round(LOW_SEVERITY + (1.0 - LOW_SEVERITY) * draw[3], 3)
        ramp = (0.2 + 0.3 * draw[5]) * length
        return Injection(f"stream-{machine}-{at}", machine, name, severity, at, ramp, length, part("fault", name).shape)


def faults_between(plant: Plant, start_us: int, end_us: int) -> tuple[TruthEvent, ...]:
    """Return the faults that act in the span as truth, without the costly question of when each is detectable.

    For labels in an instructor's stream; a benign change is marked as such.
    """
    found = []
    for machine in plant.machines:
        for one in plant.history.active(machine, start_us, end_us):
            benign = part("fault", one.fault).kind == "benign"
            truth = TruthEvent(machine, one.fault, one.sensors, one.severity, one.start_us, None, one.end_us, benign)
            found.append(truth)
    return tuple(found)


def _is_faulty(journal: Journal, machine: str, at: int) -> bool:
    return any(one.machine == machine and one.start_us <= at < one.end_us for one in journal.injections)


def _without_past(journal: Journal, now_us: int) -> Journal:
    def ended(entry: object) -> int:
        return int(getattr(entry, "end_us", getattr(entry, "at_us", now_us)))

    return Journal(tuple(entry for entry in journal if ended(entry) > now_us - FORGET_AFTER_US))
