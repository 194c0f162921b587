"""The simulated plant: every reading is a pure function of plant, seed, machine, sensor, time and journal.

Slow physics comes from cached chunks on a 10 s grid (`engine.plant.slow`); readings interpolate it at their own time
and add noise keyed by that time. So block size, order of calls, machine subset and rate cannot change a reading: a
1 Hz stream is exactly every hundredth reading of a 100 Hz stream.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.catalog import make, part
from engine.errors import ParameterError
from engine.faults.base import DeliveryFault, SensorFault, SensorView
from engine.plant import noise
from engine.plant.checks import check_journal
from engine.plant.history import History
from engine.plant.journal import Journal
from engine.plant.slow import CHUNK_US, STEP_US, SlowPhysics
from engine.records import MAINTENANCE, OPERATIONAL, Block

if TYPE_CHECKING:
    from engine.plant.history import Active, Stop
    from engine.plant.spec import PlantSpec
    from engine.records import FloatArray, IntArray, StatusArray, TruthEvent

# Noise of a sensor = 0.8 σ white + 0.6 σ correlated over seconds; the squares add up to σ².
_WHITE_SHARE, _WANDER_SHARE = 0.8, 0.6
_WANDER_US, _WANDER_OCTAVES = 4_000_000, 2
_CHUNKS_AT_HAND = 3
_CELLS = 16_384  # values worked on at once: arrays of this size stay in the processor's second-level cache


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
        self._solos: dict[str, SlowPhysics] = {}
        self._hidden: frozenset[str] | None = frozenset()
        self._prepare()

    def _prepare(self) -> None:
        rate, interval = self.auto_faults_per_machine_hour, self.scheduled_maintenance_interval_s
        self.history = History(self.spec, self.seed, self.journal, rate, interval, self._hidden)
        pairs = [(machine, sensor) for machine in self.machines for sensor in self.spec.sensor_names]
        names = [(self.spec.name, *pair) for pair in pairs]
        self._white_keys = noise.stream_keys(self.seed, [(*name, "white") for name in names])
        self._wander_keys = noise.stream_keys(self.seed, [(*name, "wander") for name in names])
        self._sigma = np.array([sensor.noise for sensor in self.spec.sensors])
        self._steps_per_unit = np.array([round(1.0 / sensor.resolution) for sensor in self.spec.sensors], np.float64)
        self._low, self._high = np.array([sensor.limits for sensor in self.spec.sensors]).T
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
        slow = self._slow if machines == self.machines else self._solo_physics(machines)
        return self._like(machines=tuple(machines), _slow=slow)

    def _solo_physics(self, machines: tuple[str, ...]) -> SlowPhysics:
        if len(machines) != 1:
            return SlowPhysics(self.spec, self.seed, machines)
        return self._solos.setdefault(machines[0], SlowPhysics(self.spec, self.seed, machines))

    def _like(self, **changes: Any) -> Plant:
        other = object.__new__(Plant)
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
        return self._block(times, distort=True)

    def prepare(self, at_us: int) -> None:
        """Compute the slow physics for that time now, so that a later reading does not wait for it.

        Worth calling from another thread shortly before a six-hour edge of a plant with hundreds of machines.
        """
        self._means_of(at_us // CHUNK_US)
        self._events_of(at_us // CHUNK_US)

    def block_before_delivery(self, times_us: IntArray) -> Block:
        """Return the readings as each machine took them: clock skew, which is in the stamps, does not move them."""
        return self._block(np.ascontiguousarray(times_us, dtype=np.int64), distort=True, skewed=False)

    def _block(self, times: IntArray, distort: bool, skewed: bool = True) -> Block:
        values = np.empty((len(times), len(self.machines), len(self.spec.sensors)))
        status: StatusArray = np.full(values.shape[:2], OPERATIONAL, np.uint8)
        for index, part_of in _chunks_of(times):
            self._fill(values[part_of], times[part_of], index)
            stops, faults = self._events_of(index)
            for m, (start, end) in stops:
                first, last = np.searchsorted(times[part_of], (start, end))
                status[part_of][first:last, m] = MAINTENANCE
            if distort:
                self._distort(values[part_of], times[part_of], faults, skewed)
        self._quantise(values)
        return Block(times, values, status, self.machines, self.spec.sensor_names)

    def _fill(self, values: FloatArray, times: IntArray, index: int) -> None:
        """Write the readings of one chunk before rounding: interpolated physics plus noise."""
        slow = self._means_of(index).reshape(-1, values[0].size)
        flat = values.reshape(len(times), -1)
        sigma = np.tile(self._sigma, len(self.machines))
        white_sigma, wander_sigma = _WHITE_SHARE * sigma, _WANDER_SHARE * sigma
        rows = max(1, _CELLS // flat.shape[1])
        for first in range(0, len(times), rows):
            t = times[first : first + rows]
            out = flat[first : first + rows]
            _interpolate(slow, t, index, out)
            wander = noise.lattice(self._wander_keys, t, _WANDER_US, _WANDER_OCTAVES)
            wander *= wander_sigma
            out += wander
            white = noise.white(self._white_keys, t)
            white *= white_sigma
            out += white

    def _means_of(self, index: int) -> FloatArray:
        """Return the slow means of one chunk; a plant never changes, so the last few need no second look-up."""
        means = self._means.get(index)
        if means is None:
            means = self._slow.chunk(index, self.history)
            if len(self._means) >= _CHUNKS_AT_HAND:
                self._means.clear()
            self._means[index] = means
        return means

    def _quantise(self, values: FloatArray) -> None:
        """Round to each sensor's resolution and hold the readings between the transducer's rails."""
        np.clip(values, self._low, self._high, out=values)
        values *= self._steps_per_unit
        np.rint(values, out=values)
        values /= self._steps_per_unit
        values += 0.0  # no negative zeros

    # ---- what acts on the readings

    def _events_of(self, index: int) -> tuple[list[tuple[int, Stop]], list[tuple[int, Active]]]:
        """Return the stops and the sensor faults of one chunk, with machine positions; cached."""
        if index not in self._events:
            start, end = index * CHUNK_US, (index + 1) * CHUNK_US
            stops, faults = [], []
            for m, name in enumerate(self.machines):
                stops += [(m, stop) for stop in self.history.stops(name, start, end)]
                active = self.history.active(name, start, end)
                faults += [(m, one) for one in active if issubclass(part("fault", one.fault), SensorFault)]
            if len(self._events) > 64:
                self._events.clear()
            self._events[index] = (stops, faults)
        return self._events[index]

    def _distort(self, values: FloatArray, times: IntArray, faults: list[tuple[int, Active]], skewed: bool) -> None:
        for m, one in faults:
            first = int(np.searchsorted(times, one.start_us, side="right"))
            last = int(np.searchsorted(times, one.end_us, side="right"))
            pattern = make("fault", one.fault, dict(one.values))
            if first == last or (isinstance(pattern, DeliveryFault) and not skewed):
                continue
            columns = self.faulty_sensors(one)
            rows = values[first:last, m]
            view = self._view(one, columns, times[first:last], rows[:, columns])
            rows[:, columns] = pattern.distort(view)

    def _view(self, one: Active, columns: list[int], times: IntArray, shown: FloatArray) -> SensorView:
        def keys(stream: str) -> noise.KeyArray:
            names = [self.spec.sensor_names[column] for column in columns]
            return noise.stream_keys(self.seed, [(self.spec.name, one.machine, name, one.id, stream) for name in names])

        def read(at_us: IntArray) -> FloatArray:
            return self._healthy(one.machine, at_us)[:, columns]

        return SensorView(times, shown, one.level(times), one.start_us, self._sigma[columns], keys, read)

    def _healthy(self, machine: str, times: IntArray) -> FloatArray:
        """Return one machine's readings without sensor faults at ascending times, (n, n_sensors)."""
        return self.only(machine)._block(times, distort=False).values[:, 0]

    def faulty_sensors(self, one: Active) -> list[int]:
        """Return the positions of the sensors that a sensor fault acts on; one drawn by chance when none is named."""
        names = self.spec.sensor_names
        if part("fault", one.fault).whole_machine:
            return list(range(len(names)))
        if one.sensors:
            return [names.index(name) for name in one.sensors]
        key = noise.stream_keys(self.seed, [(self.spec.name, one.machine, one.id, "sensor")])
        return [int(noise.uniform(key, np.zeros(1, np.int64))[0, 0] * len(names))]

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


def _interpolate(slow: FloatArray, times: IntArray, index: int, out: FloatArray) -> None:
    """Write the linear interpolation of the slow means at the times."""
    step = times // STEP_US
    fraction = (times - step * STEP_US) * (1.0 / STEP_US)
    at = step - index * (CHUNK_US // STEP_US)
    low, high = int(at[0]), int(at[-1]) + 2
    span = slow[low:high]
    if len(span) <= len(times):
        rise = np.diff(span, axis=0)
        np.take(rise, at - low, axis=0, out=out)
    else:
        np.subtract(slow[at + 1], slow[at], out=out)
    out *= fraction[:, None]
    out += slow[at]
