"""The simulated plant: every reading is a pure function of plant, seed, machine, sensor, time and journal.

Slow physics comes from cached chunks on a 10 s grid (`engine.plant.slow`); readings interpolate it at their own time
and add noise keyed by that time. So block size, order of calls, machine subset and rate cannot change a reading: a
1 Hz stream is exactly every hundredth reading of a 100 Hz stream.
"""

from __future__ import annotations

import itertools
from functools import partial
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.catalog import part
from engine.errors import ParameterError
from engine.faults.base import SensorFault
from engine.plant.checks import check_journal
from engine.plant.distortion import distort
from engine.plant.history import History
from engine.plant.journal import Journal
from engine.plant.sensing import Sensing
from engine.plant.slow import CHUNK_US, SlowPhysics
from engine.records import MAINTENANCE, OPERATIONAL, Block

if TYPE_CHECKING:
    from engine.plant.history import Active, Stop
    from engine.plant.spec import PlantSpec
    from engine.records import FloatArray, IntArray, StatusArray, TruthEvent

_CHUNKS_AT_HAND = 2
_SOLOS_AT_HAND = 32
_EVENTS_AT_HAND = 64


class Plant:
    """A plant that can be read at any time, in any order.

    Parameters
    ----------
    spec
        What the plant is made of.
    seed
        Whole number that decides all chance.
    journal
        What people did to it.
    machines
        The machines to read, in this order; None = all.
    auto_faults_per_machine_hour
        Rate of automatic faults, in events per machine and hour of plant time.
    scheduled_maintenance_interval_s
        Plant time between scheduled stops; each stops one machine of the plant for 15 to 119 minutes. None = none.

    Raises
    ------
    LabError
        When the journal names a machine, fault or sensor that does not exist, or a rate is out of range.

    Examples
    --------
    >>> plant = Plant(load_plant("pump_station"), seed=7)
    >>> plant.block(np.arange(10, dtype=np.int64) * 1_000_000).values.shape
    (10, 5, 7)
    """

    source = "plant"  # where readings come from; a subclass that reads them elsewhere says so

    def __init__(
        self,
        spec: PlantSpec,
        seed: int,
        journal: Journal | None = None,
        machines: tuple[str, ...] | None = None,
        auto_faults_per_machine_hour: float = 0.0,
        scheduled_maintenance_interval_s: float | None = None,
    ) -> None:
        self.spec, self.seed = spec, int(seed)
        self.journal = Journal() if journal is None else journal
        self.machines = spec.machines if machines is None else tuple(machines)
        self.auto_faults_per_machine_hour = _checked_rate(auto_faults_per_machine_hour)
        self.scheduled_maintenance_interval_s = _checked_interval(scheduled_maintenance_interval_s)
        for name in self.machines:
            spec.require_machine(name)
        check_journal(self.journal, spec)
        self._slow = SlowPhysics(spec, self.seed, self.machines)
        self._sensing = Sensing(spec, self.seed, self.machines)
        self._solos: dict[str, tuple[SlowPhysics, Sensing]] = {}
        self._hidden: frozenset[str] | None = frozenset()
        self._prepare()

    @property
    def recorded_history(self) -> Block | None:
        """Readings to learn from where the past cannot be simulated; None where it can."""
        return None

    def _prepare(self) -> None:
        rate, interval = self.auto_faults_per_machine_hour, self.scheduled_maintenance_interval_s
        self.history = History(self.spec, self.seed, self.journal, rate, interval, self._hidden)
        self._events: dict[int, tuple[list[tuple[int, Stop]], list[tuple[int, Active]]]] = {}
        self._means: dict[int, FloatArray] = {}
        self._truths: dict[str, TruthEvent] = {}

    # ---- other plants like this one

    def with_journal(self, journal: Journal) -> Plant:
        """Return this plant with another journal; caches are shared, so it is cheap."""
        check_journal(journal, self.spec)
        return self._like(journal=journal)

    def twin(self, without: str | None = None) -> Plant:
        """Return the counterfactual twin: without that injection, or without any fault; all else is bit-identical."""
        hidden = None if without is None or self._hidden is None else self._hidden | {without}
        return self._like(_hidden=hidden)

    def only(self, *machines: str) -> Plant:
        """Return the plant with those machines only; their readings keep their bits."""
        for name in machines:
            self.spec.require_machine(name)
        slow, sensing = self._solo(machines)
        return self._like(machines=tuple(machines), _slow=slow, _sensing=sensing)

    def _solo(self, machines: tuple[str, ...]) -> tuple[SlowPhysics, Sensing]:
        """Return the caches for some machines; those of the single machines asked for last are kept."""
        if machines == self.machines:
            return self._slow, self._sensing
        known = self._solos.get(machines[0]) if len(machines) == 1 else None
        if known is None:
            known = SlowPhysics(self.spec, self.seed, machines), Sensing(self.spec, self.seed, machines)
            if len(machines) == 1:
                if len(self._solos) >= _SOLOS_AT_HAND:
                    self._solos.clear()
                self._solos[machines[0]] = known
        return known

    def _like(self, **changes: Any) -> Plant:
        other = object.__new__(type(self))  # a recording stays a recording
        other.__dict__.update(self.__dict__)
        other.__dict__.update(changes)
        other._prepare()
        return other

    # ---- readings

    def block(self, times_us: IntArray) -> Block:
        """Return the readings at those event times, int64 ascending (n,); never any truth.

        Raises
        ------
        ValueError
            When the times do not ascend.
        """
        times = np.ascontiguousarray(times_us, dtype=np.int64)
        if len(times) > 1 and bool(np.any(times[1:] < times[:-1])):
            raise ValueError("times_us must ascend.")
        return self._block(times)

    def prepare(self, at_us: int) -> None:
        """Compute the slow physics for that time now, so that a later reading does not wait for it.

        Worth calling from another thread shortly before a six-hour edge of a plant with hundreds of machines.
        """
        self._means_of(at_us // CHUNK_US)
        self._events_of(at_us // CHUNK_US)

    def block_before_delivery(self, times_us: IntArray) -> Block:
        """Return the readings as each machine took them: clock skew, which is in the stamps, does not move them."""
        return self._block(np.ascontiguousarray(times_us, dtype=np.int64), skewed=False)

    def _block(self, times: IntArray, distorted: bool = True, skewed: bool = True) -> Block:
        values = np.empty((len(times), len(self.machines), len(self.spec.sensors)))
        status: StatusArray = np.full(values.shape[:2], OPERATIONAL, np.uint8)
        for index, span in _chunks_of(times):
            self._sensing.fill(values[span], times[span], self._means_of(index), index)
            stops, faults = self._events_of(index)
            for m, (start, end) in stops:
                first, last = np.searchsorted(times[span], (start, end))
                status[span][first:last, m] = MAINTENANCE
            for m, one in faults if distorted else ():
                read = partial(self._healthy, one.machine)
                distort(values[span][:, m], times[span], one, self.spec, self.seed, read, skewed)
        self._sensing.quantise(values)
        return Block(times, values, status, self.machines, self.spec.sensor_names)

    def _means_of(self, index: int) -> FloatArray:
        """Return the slow means of one chunk; a plant never changes, so the last few need no second look-up."""
        means = self._means.get(index)
        if means is None:
            means = self._slow.chunk(index, self.history)
            if len(self._means) >= _CHUNKS_AT_HAND:
                self._means.clear()
            self._means[index] = means
        return means

    # ---- what acts on the readings

    def _events_of(self, index: int) -> tuple[list[tuple[int, Stop]], list[tuple[int, Active]]]:
        """Return the stops and the sensor faults of one chunk, with machine positions; cached."""
        known = self._events.get(index)
        if known is None:
            start, end = index * CHUNK_US, (index + 1) * CHUNK_US
            stops, faults = [], []
            for m, name in enumerate(self.machines):
                stops += [(m, stop) for stop in self.history.stops(name, start, end)]
                active = self.history.active(name, start, end)
                faults += [(m, one) for one in active if issubclass(part("fault", one.fault), SensorFault)]
            if len(self._events) >= _EVENTS_AT_HAND:
                self._events.clear()
            known = self._events[index] = (stops, faults)
        return known

    def _healthy(self, machine: str, times: IntArray) -> FloatArray:
        """Return one machine's readings without sensor faults at ascending times, (n, n_sensors)."""
        return self.only(machine)._block(times, distorted=False).values[:, 0]

    def active(self, at_us: int) -> tuple[Active, ...]:
        """Return the faults and benign changes that act at that time (for instructors' code paths only)."""
        found = (one for name in self.machines for one in self.history.active(name, at_us, at_us + 1))
        return tuple(found)

    # ---- truth, for instructors' code paths only

    def truth(self, start_us: int, end_us: int) -> tuple[TruthEvent, ...]:
        """Return the faults and benign changes that touch the span, by onset."""
        from engine.plant.truth import truth_events

        return truth_events(self, start_us, end_us, self._truths)


def _checked_rate(rate: float) -> float:
    if not 0.0 <= rate <= 60.0:
        raise ParameterError(
            f"auto_faults_per_machine_hour must be from 0 to 60 events per machine-hour, got {rate!r}."
        )
    return float(rate)


def _checked_interval(interval_s: float | None) -> float | None:
    if interval_s is not None and not 60.0 <= interval_s <= 365 * 86_400.0:
        raise ParameterError(f"scheduled_maintenance_interval_s must be from 60 to 31536000 s, got {interval_s!r}.")
    return interval_s


def _chunks_of(times: IntArray) -> list[tuple[int, slice]]:
    """Return the canonical chunks that the times lie in, each with the slice of its times."""
    if len(times) == 0:
        return []
    chunk = times // CHUNK_US
    cuts = np.flatnonzero(np.diff(chunk)) + 1
    edges = [0, *cuts.tolist(), len(times)]
    return [(int(chunk[first]), slice(first, last)) for first, last in itertools.pairwise(edges)]
