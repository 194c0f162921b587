"""The slow physics: canonical chunks of six hours on a 10 s grid, computed once and cached.

A chunk's edges and its warm-up of 12 time constants are fixed, so a chunk has the same bits whoever asks first. A
change of the journal recomputes only the machines that it touches.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from typing import TYPE_CHECKING

import numpy as np

from engine.catalog import part
from engine.plant import noise
from engine.plant.calendar import smoothstep
from engine.plant.physics import Grid
from engine.plant.physics_kinds import physics_named
from engine.records import DAY_US, SECOND_US

if TYPE_CHECKING:
    from engine.plant.history import Active, History, Stop
    from engine.plant.spec import PlantSpec, SensorSpec
    from engine.records import FloatArray, IntArray

    Signature = tuple[tuple[Active, ...], tuple[Stop, ...]]

STEP_US = 10 * SECOND_US
CHUNK_STEPS = 2160  # six hours
CHUNK_US = STEP_US * CHUNK_STEPS
_WARM_STEPS = 1440  # 12 × the longest time constant of 1200 s
_GROUP = 64  # machines computed together: arrays of this size stay in the processor's cache
_CACHE_BYTES = 192_000_000
_WEAR_US = 60 * DAY_US  # how long wear takes to come back after maintenance
_COAST_US, _START_US = 60 * SECOND_US, 120 * SECOND_US


class SlowPhysics:
    """Chunks of noise-free sensor means for a fixed set of machines; safe to share between threads and journals."""

    def __init__(self, spec: PlantSpec, seed: int, machines: tuple[str, ...]) -> None:
        self.spec, self.seed, self.machines = spec, seed, machines
        self.physics = physics_named(spec.physics)
        self._lock = threading.RLock()
        self._chunks: OrderedDict[int, list[tuple[tuple[Signature, ...], FloatArray]]] = OrderedDict()
        size = (CHUNK_STEPS + 1) * len(machines) * len(spec.sensors) * 8
        self._keep = max(2, min(16, _CACHE_BYTES // max(size, 1)))

    def chunk(self, index: int, history: History) -> FloatArray:
        """Return the means of chunk `index`, (CHUNK_STEPS + 1, n_machines, n_sensors); do not write to it."""
        signatures = tuple(self._signature(index, name, history) for name in self.machines)
        with self._lock:
            known = self._chunks.get(index, [])
            for cached, values in known:
                if cached == signatures:
                    self._chunks.move_to_end(index)
                    return values
        values = self._changed(index, signatures, known)  # outside the lock: others may go on reading
        with self._lock:
            self._chunks[index] = [(signatures, values), *self._chunks.get(index, [])][:2]
            self._chunks.move_to_end(index)
            while sum(len(variants) for variants in self._chunks.values()) > self._keep and len(self._chunks) > 1:
                self._chunks.popitem(last=False)
        return values

    def _signature(self, index: int, machine: str, history: History) -> Signature:
        start, end = (index * CHUNK_STEPS - _WARM_STEPS) * STEP_US, (index + 1) * CHUNK_US + 1
        acting = (one for one in history.active(machine, start - STEP_US, end) if part("fault", one.fault).effects)
        return tuple(acting), history.stops(machine, start - _WEAR_US, end)

    def _changed(
        self, index: int, signatures: tuple[Signature, ...], known: list[tuple[tuple[Signature, ...], FloatArray]]
    ) -> FloatArray:
        """Return the chunk, taking over the machines that a cached variant already has."""
        shape = (CHUNK_STEPS + 1, len(self.machines), len(self.spec.sensors))
        stale = list(range(len(self.machines)))
        values = np.empty(shape)
        if known:
            best, base = max(known, key=lambda one: sum(a == b for a, b in zip(one[0], signatures, strict=True)))
            stale = [m for m in stale if best[m] != signatures[m]]
            values = base.copy()
        for first in range(0, len(stale), _GROUP):
            group = stale[first : first + _GROUP]
            values[:, group] = self._computed(index, group, [signatures[m] for m in group])
        values.setflags(write=False)
        return values

    def _computed(self, index: int, group: list[int], signatures: list[Signature]) -> FloatArray:
        steps = np.arange(index * CHUNK_STEPS - _WARM_STEPS, (index + 1) * CHUNK_STEPS + 1, dtype=np.int64)
        names = [self.machines[m] for m in group]
        grid = self._grid(steps * STEP_US, names, signatures)
        quantities = self.physics.quantities_on(grid)
        return np.stack([_measured(grid, quantities, sensor) for sensor in self.spec.sensors], axis=2)[_WARM_STEPS:]

    def _grid(self, times_us: IntArray, names: list[str], signatures: list[Signature]) -> Grid:
        def keys(stream: str) -> noise.KeyArray:
            return noise.stream_keys(self.seed, [(self.spec.name, name, "physics", stream) for name in names])

        def shared_keys(stream: str) -> noise.KeyArray:
            return noise.stream_keys(self.seed, [(self.spec.name, "weather", stream)])

        worn = 0.45 + 0.35 * np.clip(noise.white(keys("trait wear"), np.zeros(1, np.int64))[0], -1.0, 1.0)
        running = np.ones((len(times_us), len(names)))
        wear = np.empty_like(running)
        for m, (_, stops) in enumerate(signatures):
            for stop in stops:
                np.minimum(running[:, m], _running(times_us, stop), out=running[:, m])
            wear[:, m] = worn[m] * _regrown(times_us, stops)
        inputs = self._inputs(times_us, [acting for acting, _ in signatures])
        return Grid(times_us, STEP_US / SECOND_US, running, wear, inputs, keys, shared_keys)

    def _inputs(self, times_us: IntArray, acting: list[tuple[Active, ...]]) -> dict[str, FloatArray]:
        inputs: dict[str, FloatArray] = {}
        for m, faults in enumerate(acting):
            for one in faults:
                level = _level_on_grid(one, times_us)
                for variable, weight in part("fault", one.fault).effects.items():
                    if variable in self.physics.variables:
                        moved = inputs.setdefault(variable, np.zeros((len(times_us), len(acting))))
                        moved[:, m] += weight * level
        return inputs


def _measured(grid: Grid, quantities: dict[str, FloatArray], sensor: SensorSpec) -> FloatArray:
    value = np.full(grid.running.shape, sensor.offset)
    for quantity, weight in sensor.measures.items():
        value += weight * quantities[quantity]
    return grid.lag(value, sensor.lag_s) if sensor.lag_s > 0 else value


def _level_on_grid(one: Active, times_us: IntArray) -> FloatArray:
    """Return the fault's level at the grid points so that interpolation never shows it before onset or end.

    Onset and end count from the next grid point on: a reading before the injection keeps its bits.
    """
    late = -one.start_us % STEP_US
    last = -(-one.end_us // STEP_US) * STEP_US
    level = one.level(np.minimum(times_us - late, one.end_us))
    return np.where(times_us <= last, level, 0.0)


def _running(times_us: IntArray, stop: Stop) -> FloatArray:
    """Return 1 while the machine turns; it coasts down in a minute and starts up in the stop's last two minutes."""
    start, end = -(-stop[0] // STEP_US) * STEP_US, stop[1] // STEP_US * STEP_US
    down = 1.0 - smoothstep((times_us - start) * (1.0 / _COAST_US))
    up = smoothstep((times_us - (end - _START_US)) * (1.0 / _START_US))
    return np.maximum(down, up)


def _regrown(times_us: IntArray, stops: tuple[Stop, ...]) -> FloatArray:
    """Return wear as a share of its full size: 0 once a stopped machine stands still, 1 again 60 days later."""
    resets = np.sort(np.array([-(-start // STEP_US) * STEP_US + _COAST_US for start, _ in stops], dtype=np.int64))
    if len(resets) == 0:
        return np.ones(len(times_us))
    last = np.searchsorted(resets, times_us, side="right") - 1
    age = np.where(last >= 0, times_us - resets[np.maximum(last, 0)], _WEAR_US)
    return smoothstep(age * (1.0 / _WEAR_US))
