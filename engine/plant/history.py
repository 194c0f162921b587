"""What acts on each machine and when: injections, automatic faults, clearings and stops, as plain intervals.

Everything here is a pure function of (plant, seed, journal, rates), so any span can be asked for in any order.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.catalog import parts
from engine.plant import noise
from engine.plant.calendar import smoothstep
from engine.plant.journal import Cleared, Injection, Journal, Maintenance
from engine.plant.physics_kinds import physics_named
from engine.records import HOUR_US, MINUTE_US, SECOND_US

if TYPE_CHECKING:
    from engine.plant.spec import PlantSpec
    from engine.records import FloatArray, IntArray

    Stop = tuple[int, int]

_LONGEST_AUTOMATIC_US = 4 * HOUR_US
_SHORTEST_AUTOMATIC_US = HOUR_US
_SHORTEST_STOP_US, _LONGEST_STOP_US = 15 * MINUTE_US, 119 * MINUTE_US  # as in the course material's simulator
_SERVICE_SHARE = 0.2  # services never take more than this share of the machines' time, however often they come


@dataclass(frozen=True)
class Active:
    """An injection as it really goes: its end already cut by maintenance or clearing."""

    id: str
    machine: str
    fault: str
    severity: float
    start_us: int
    end_us: int
    ramp_us: int
    shape: str
    sensors: tuple[str, ...]
    values: tuple[tuple[str, Any], ...]

    def level(self, times_us: IntArray) -> FloatArray:
        """Return severity times onset shape at the times; 0 up to the onset and after the end."""
        age = times_us - self.start_us
        inside = (age > 0) & (times_us <= self.end_us)
        return np.where(inside, self.severity * _grown(age, self.ramp_us, self.shape), 0.0)


def _grown(age_us: IntArray, ramp_us: int, shape: str) -> FloatArray:
    """Return the onset shape: 0 at the onset, 1 from the end of the ramp on."""
    if shape == "sudden" or ramp_us <= 0:
        return np.ones(len(age_us))
    x = np.clip(age_us * (1.0 / ramp_us), 0.0, 1.0)
    if shape == "smooth":
        return smoothstep(x)
    if shape == "exponential":  # grows as e^3x, so that most of it comes in the last third
        return np.asarray((np.exp(3.0 * x) - 1.0) * (1.0 / (np.exp(np.float64(3.0)) - 1.0)))
    return np.asarray(x)


class History:
    """The intervals that act on the machines of a plant.

    Parameters
    ----------
    rate
        Automatic faults per machine-hour of plant time.
    interval_s
        Plant time between two scheduled stops of the plant; each stops one machine, drawn by chance. None = none.
    hidden
        Ids of injections left out; None = all faults left out (benign changes stay).
    """

    def __init__(
        self,
        spec: PlantSpec,
        seed: int,
        journal: Journal,
        rate: float = 0.0,
        interval_s: float | None = None,
        hidden: frozenset[str] | None = frozenset(),
    ) -> None:
        self.spec, self.seed, self.journal = spec, seed, journal
        self.rate, self.interval_s, self.hidden = rate, interval_s, hidden
        self._faults = parts("fault")
        physics = physics_named(spec.physics)
        drawable = [(n, w) for n, w in spec.automatic if w > 0 and self._faults[n].suits(physics)]
        self._names = tuple(name for name, _ in drawable)
        self._edges = np.cumsum([weight for _, weight in drawable]) if drawable else np.zeros(0)
        self._by_machine: dict[str, list[Any]] = {}
        for entry in journal:
            self._by_machine.setdefault(entry.machine, []).append(entry)
        self._machine_number = {name: i for i, name in enumerate(spec.machines)}
        self._schedules: dict[tuple[int, int], tuple[IntArray, IntArray, IntArray]] = {}

    # ---- stops

    def stops(self, machine: str, start_us: int, end_us: int) -> tuple[Stop, ...]:
        """Return the stops (start, end) of the machine that touch the span, in order."""
        found = [stop for stop in self._journal_stops(machine) if stop[0] < end_us and stop[1] > start_us]
        if self.interval_s is not None:
            numbers, starts, ends = self._schedule(start_us, end_us)
            mine = numbers == self._machine_number[machine]
            found += list(zip(starts[mine].tolist(), ends[mine].tolist(), strict=True))
        return tuple(sorted(set(found)))

    def _journal_stops(self, machine: str) -> list[Stop]:
        entries = self._by_machine.get(machine, [])
        stops = [(entry.start_us, entry.end_us) for entry in entries if isinstance(entry, Maintenance)]
        for entry in entries:
            if isinstance(entry, Injection) and self._faults[entry.fault].stops_machine and self._shown(entry):
                stops.append((entry.start_us, entry.end_us))
        return stops

    def _schedule(self, start_us: int, end_us: int) -> tuple[IntArray, IntArray, IntArray]:
        """Return machine number, start and end of all scheduled stops that touch the span."""
        known = self._schedules.get((start_us, end_us))
        if known is None:
            assert self.interval_s is not None
            interval = max(1, round(self.interval_s * SECOND_US))
            slots = np.arange((start_us - _LONGEST_STOP_US) // interval, end_us // interval + 1, dtype=np.int64)
            keys = noise.stream_keys(self.seed, [(self.spec.name, "schedule", part) for part in ("machine", "length")])
            draws = noise.uniform(keys, slots)
            numbers = (draws[:, 0] * len(self.spec.machines)).astype(np.int64)
            shortest, longest = _service_us(interval, len(self.spec.machines))
            length = shortest + draws[:, 1] * (longest - shortest)
            starts = slots * interval
            ends = starts + length.astype(np.int64)
            touching = (starts < end_us) & (ends > start_us)
            if len(self._schedules) > 16:
                self._schedules.clear()
            known = self._schedules[start_us, end_us] = (numbers[touching], starts[touching], ends[touching])
        return known

    # ---- faults and benign changes

    def active(self, machine: str, start_us: int, end_us: int) -> tuple[Active, ...]:
        """Return what acts on the machine in the span, as it really goes: journal first, then automatic."""
        entries = self._by_machine.get(machine, [])
        found = [_active(entry) for entry in entries if isinstance(entry, Injection) and self._shown(entry)]
        found += self._automatic(machine, start_us, end_us)
        cut = (self._cut(one, entries) for one in found if one.start_us < end_us and one.end_us > start_us)
        return tuple(one for one in cut if one.end_us > start_us and one.end_us > one.start_us)

    def _shown(self, entry: Injection) -> bool:
        if self.hidden is None:
            return bool(self._faults[entry.fault].kind == "benign")
        return entry.id not in self.hidden

    def _cut(self, one: Active, entries: list[Any]) -> Active:
        """End the fault at the first clearing, and unless it is benign at the first stop, after its onset."""
        end = one.end_us
        for entry in entries:
            if isinstance(entry, Cleared) and one.start_us <= entry.at_us < end:
                end = entry.at_us
        if self._faults[one.fault].kind != "benign":
            after = (s for s, _ in self.stops(one.machine, one.start_us, end) if one.start_us < s < end)
            end = min(after, default=end)
        return one if end == one.end_us else replace(one, end_us=end)

    def _automatic(self, machine: str, start_us: int, end_us: int) -> list[Active]:
        """Draw at most one fault in each slot of plant time, with the chance that makes the rate come true."""
        if self.rate <= 0 or self.hidden is None or not self._names:
            return []
        slot_h = min(1.0, 0.5 / self.rate)
        slot = round(slot_h * HOUR_US)
        numbers = np.arange((start_us - _LONGEST_AUTOMATIC_US) // slot - 1, end_us // slot + 1, dtype=np.int64)
        what = ("happens", "when", "which", "severity", "length", "ramp")
        names = [(self.spec.name, machine, "automatic", part) for part in what]
        draws = noise.uniform(noise.stream_keys(self.seed, names), numbers)
        found = []
        for i in np.flatnonzero(draws[:, 0] < self.rate * (slot / HOUR_US)):
            one = self._drawn(machine, int(numbers[i]), slot, draws[i])
            if one.id not in self.hidden:
                found.append(one)
        return found

    def _drawn(self, machine: str, number: int, slot: int, draw: FloatArray) -> Active:
        start = number * slot + int(draw[1] * slot)
        which = int(np.searchsorted(self._edges, draw[2] * self._edges[-1], side="right"))
        name = self._names[min(which, len(self._names) - 1)]
        length = _SHORTEST_AUTOMATIC_US + int(draw[4] * (_LONGEST_AUTOMATIC_US - _SHORTEST_AUTOMATIC_US))
        return Active(
            id=f"auto-{machine}-{number}",
            machine=machine,
            fault=name,
            severity=round(0.4 + 0.6 * float(draw[3]), 3),
            start_us=start,
            end_us=start + length,
            ramp_us=int((0.2 + 0.3 * draw[5]) * length),
            shape=self._faults[name].shape,
            sensors=(),
            values=(),
        )


def _service_us(interval_us: int, n_machines: int) -> tuple[int, int]:
    """Return the shortest and longest service: over before the next one, and within the share that services may take.

    A machine is stopped for at most length / (interval * machines) of the time; from 119 minutes on nothing is cut.
    """
    longest = min(_LONGEST_STOP_US, interval_us, int(_SERVICE_SHARE * interval_us * n_machines))
    return min(_SHORTEST_STOP_US, longest // 2), longest


def _active(entry: Injection) -> Active:
    return Active(
        id=entry.id,
        machine=entry.machine,
        fault=entry.fault,
        severity=entry.severity,
        start_us=entry.start_us,
        end_us=entry.end_us,
        ramp_us=round(entry.ramp_s * SECOND_US),
        shape=entry.shape,
        sensors=entry.sensors,
        values=entry.values,
    )
