"""How a block's readings arrive: in which order, how late, how often and with which time stamp.

The stream's own world: event time is when a reading was taken, arrival is when the receiver gets it. Healthy
readings arrive 20 to 200 ms after they were taken; the faults late, duplicate and clock_skew change that.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.catalog import make
from engine.faults.base import DeliveryFault
from engine.plant import noise
from engine.records import Block

if TYPE_CHECKING:
    from engine.plant.history import Active
    from engine.plant.simulator import Plant
    from engine.records import FloatArray, IntArray

_FASTEST_US, _SLOWEST_US = 20_000, 200_000


@dataclass(frozen=True)
class Deliveries:
    """One entry for each arrival, in the order of arrival.

    Parameters
    ----------
    block
        The readings; clock skew has not moved them, because here the stamps carry it.
    tick, machine
        int64 (n,): which reading of the block arrives.
    arrival_us
        int64 (n,), ascending.
    stamp_us
        int64 (n,): the event time that the machine's own clock wrote on the reading.
    """

    block: Block
    tick: IntArray
    machine: IntArray
    arrival_us: IntArray
    stamp_us: IntArray

    @property
    def values(self) -> FloatArray:
        """The readings in the order of arrival, (n, n_sensors)."""
        return np.asarray(self.block.values[self.tick, self.machine])

    def __len__(self) -> int:
        return len(self.arrival_us)


def deliveries(plant: Plant, times_us: IntArray) -> Deliveries:
    """Return how the plant's readings of those event times (ascending) arrive."""
    times = np.ascontiguousarray(times_us, dtype=np.int64)
    block = plant.block_before_delivery(times)
    parts = [_of_machine(plant, m, times) for m in range(len(plant.machines))]
    tick, machine, arrival, stamp = (np.concatenate(columns) for columns in zip(*parts, strict=True))
    order = np.lexsort((machine, tick, arrival))
    return Deliveries(block, tick[order], machine[order], arrival[order], stamp[order])


def _of_machine(plant: Plant, m: int, times: IntArray) -> tuple[IntArray, IntArray, IntArray, IntArray]:
    name = plant.machines[m]
    latency = noise.uniform(noise.stream_keys(plant.seed, [(plant.spec.name, name, "latency")]), times)[:, 0]
    delay = _FASTEST_US + (latency * (_SLOWEST_US - _FASTEST_US)).astype(np.int64)
    copies, error = np.ones_like(times), np.zeros_like(times)
    if len(times):
        for one in plant.history.active(name, int(times[0]), int(times[-1]) + 1):
            pattern = make("fault", one.fault, dict(one.values))
            if isinstance(pattern, DeliveryFault):
                what = pattern.delivered(times, one.level(times), one.start_us, _keys(plant, one))
                delay, error = delay + what.delay_us, error + what.stamp_error_us
                copies = np.maximum(copies, what.copies)
    tick = np.repeat(np.arange(len(times), dtype=np.int64), copies)
    again = np.arange(len(tick)) - np.repeat(np.cumsum(copies) - copies, copies)
    arrival = (times + delay)[tick] + again * _SLOWEST_US
    return tick, np.full(len(tick), m, np.int64), arrival, (times + error)[tick]


def _keys(plant: Plant, one: Active) -> noise.KeyArray:
    return noise.stream_keys(plant.seed, [(plant.spec.name, one.machine, one.id, "delivery")])
