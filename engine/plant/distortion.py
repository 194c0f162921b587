"""Sensor faults at work: which sensors one acts on, and what they show instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.catalog import make, part
from engine.faults.base import DeliveryFault, SensorView
from engine.plant import noise

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.plant.history import Active
    from engine.plant.spec import PlantSpec
    from engine.records import FloatArray, IntArray


def distort(
    values: FloatArray,
    times: IntArray,
    one: Active,
    spec: PlantSpec,
    seed: int,
    read: Callable[[IntArray], FloatArray],
    skewed: bool = True,
) -> None:
    """Change the readings (n_ticks, n_sensors) of one machine in place as the sensor fault does.

    Parameters
    ----------
    read
        Event times → the machine's readings (m, n_sensors) without sensor faults.
    skewed
        Whether a wrong clock moves the readings; False where the stamps carry its error.
    """
    first = int(np.searchsorted(times, one.start_us, side="right"))
    last = int(np.searchsorted(times, one.end_us, side="right"))
    pattern = make("fault", one.fault, dict(one.values))
    if first == last or (isinstance(pattern, DeliveryFault) and not skewed):
        return
    columns = faulty_sensors(one, spec, seed)
    names = [(spec.name, one.machine, spec.sensor_names[column], one.id) for column in columns]
    view = SensorView(
        times_us=times[first:last],
        values=values[first:last, columns],
        level=one.level(times[first:last]),
        onset_us=one.start_us,
        noise=np.array([spec.sensors[column].noise for column in columns]),
        keys=lambda stream: noise.stream_keys(seed, [(*name, stream) for name in names]),
        read=lambda at_us: read(at_us)[:, columns],
    )
    values[first:last, columns] = pattern.distort(view)


def faulty_sensors(one: Active, spec: PlantSpec, seed: int) -> list[int]:
    """Return the positions of the sensors that a sensor fault acts on; one drawn by chance when none is named."""
    if part("fault", one.fault).whole_machine:
        return list(range(len(spec.sensors)))
    if one.sensors:
        return [spec.sensor_names.index(name) for name in one.sensors]
    key = noise.stream_keys(seed, [(spec.name, one.machine, one.id, "sensor")])
    return [int(noise.uniform(key, np.zeros(1, np.int64))[0, 0] * len(spec.sensors))]
