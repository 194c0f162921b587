"""How big an event is to the eye: the bump it makes, against the ordinary wobble of the plot.

Visibility is the root mean square difference between a machine's readings and those of its twin without the event, in
the best half hour of the worst sensor, in natural standard deviations of that sensor: its readings once a minute on
the machine without any fault, while it runs. 1 is a bump as big as the wobble; below `LINE` nobody is asked to see it.

The line is an assumption of the house: below 0.3 a simulated careful person (`engine.classroom.labelers`) finds fewer
than one event in a hundred.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from engine.records import MINUTE_US, OPERATIONAL

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.plant.history import Active
    from engine.plant.simulator import Plant
    from engine.records import FloatArray, IntArray, TruthEvent

LINE = 0.3
HALF_HOUR = 30  # readings, one a minute
_MISSING = 3.0  # a reading missing in one of the two counts as a difference of so many natural SDs
_DIGITS = 4


def minutes(start_us: int, end_us: int) -> IntArray:
    """Return the full minutes of the span as event times, int64."""
    return np.arange(-(-start_us // MINUTE_US), -(-end_us // MINUTE_US), dtype=np.int64) * MINUTE_US


def natural_sds(plant: Plant, machine: str, start_us: int, end_us: int) -> FloatArray:
    """Return the natural standard deviation of each sensor of a machine, (n_sensors,); never below its noise."""
    healthy = plant.only(machine).twin().block(minutes(start_us, end_us))
    running = healthy.values[healthy.status[:, 0] == OPERATIONAL, 0]
    noise = np.array([sensor.noise for sensor in plant.spec.sensors])
    return np.asarray(np.maximum(np.nanstd(running, axis=0), noise))


def visibility(plant: Plant, one: Active, sds: FloatArray) -> float:
    """Return how visible one event of a plant is, in natural SDs; 0.0 when it is shorter than two readings."""
    times = minutes(one.start_us, one.end_us)
    if len(times) < 2:
        return 0.0
    alone = plant.only(one.machine)
    apart = alone.block(times).values[:, 0] - alone.twin(without=one.id).block(times).values[:, 0]
    squares = np.square(np.where(np.isnan(apart), _MISSING, apart / sds))
    total = np.concatenate([np.zeros((1, squares.shape[1])), np.cumsum(squares, axis=0)])
    length = min(HALF_HOUR, len(times))
    return round(float(np.sqrt(np.max(total[length:] - total[:-length]) / length)), _DIGITS)


def seen(plant: Plant, start_us: int, end_us: int, events: Iterable[TruthEvent]) -> tuple[TruthEvent, ...]:
    """Return the events with their visibility filled in; benign ones have none (no alarm is owed)."""
    sds: dict[str, FloatArray] = {}
    found = []
    for event in events:
        if event.benign:
            found.append(event)
            continue
        name = event.machine
        if name not in sds:
            sds[name] = natural_sds(plant, name, start_us, end_us)
        active = plant.history.active(name, event.onset_us, event.onset_us + 1)
        one = next(one for one in active if (one.fault, one.start_us) == (event.fault, event.onset_us))
        found.append(replace(event, visibility=visibility(plant, one, sds[name])))
    return tuple(found)
