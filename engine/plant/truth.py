"""What really was wrong, and from when it could be known: for instructors' code paths only.

`detectable_from` comes from the counterfactual twin. An ideal observer who knows the twin's readings and the noise
gains, from each reading of a sensor, the expected log-likelihood ratio δ² / 2σ² for a difference δ (Gaussian noise
of standard deviation σ, one reading of every sensor each 10 s). The fault counts as detectable once the sum since
its onset reaches ln(1 / 0.00001) = 11.5: by Wald's inequality the observer errs at most once in 100,000.

References
----------
Wald, A. (1945). Sequential tests of statistical hypotheses. Ann. Math. Statist. 16, 117–186.
Lorden, G. (1971). Procedures for reacting to a change in distribution. Ann. Math. Statist. 42, 1897–1908.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.catalog import part
from engine.faults.base import SensorFault
from engine.plant.distortion import faulty_sensors
from engine.plant.physics_kinds import physics_named
from engine.records import OPERATIONAL, TruthEvent

if TYPE_CHECKING:
    from engine.plant.history import Active
    from engine.plant.simulator import Plant
    from engine.records import FloatArray

BOUND = 11.512925464970229  # ln(100,000)
_READ_EVERY_US = 10_000_000
_AT_ONCE = 360  # readings looked at in one step: one hour
_MISSING = 5.0  # a reading missing in one plant only counts as a difference of so many σ


def truth_events(plant: Plant, start_us: int, end_us: int, known: dict[str, TruthEvent]) -> tuple[TruthEvent, ...]:
    """Return what touches start ≤ t < end on the plant's machines, by onset; `known` caches what was computed."""
    found = []
    for machine in plant.machines:
        for one in plant.history.active(machine, start_us, end_us):
            if one.id not in known:
                known[one.id] = event_of(plant, one)
            found.append(known[one.id])
    return tuple(sorted(found, key=lambda event: (event.onset_us, event.machine, event.fault)))


def event_of(plant: Plant, one: Active, *, measured: bool = True) -> TruthEvent:
    """Return one event; not `measured`, for benign changes, leaves out from when an observer could know."""
    return TruthEvent(
        machine=one.machine,
        fault=one.fault,
        sensors=affected_sensors(plant, one),
        severity=one.severity,
        onset_us=one.start_us,
        detectable_from_us=_detectable_from(plant, one) if measured else None,
        end_us=one.end_us,
        benign=part("fault", one.fault).kind == "benign",
    )


def affected_sensors(plant: Plant, one: Active) -> tuple[str, ...]:
    """Return the names of the sensors that show the fault, the clearest first."""
    pattern = part("fault", one.fault)
    if issubclass(pattern, SensorFault):
        return tuple(plant.spec.sensor_names[column] for column in faulty_sensors(one, plant.spec, plant.seed))
    variables = physics_named(plant.spec.physics).variables
    quantities = [q for variable in pattern.effects for q in variables.get(variable, ())]
    if pattern.stops_machine:
        return plant.spec.sensor_names
    names = [s.name for q in quantities for s in plant.spec.sensors if q in s.measures]
    return tuple(dict.fromkeys(names))


def _detectable_from(plant: Plant, one: Active) -> int | None:
    """Return the first time at which the ideal observer's evidence reaches the bound, or None."""
    alone = plant.only(one.machine)
    twin = alone.twin(without=one.id)
    first = one.start_us // _READ_EVERY_US + 1
    last = one.end_us // _READ_EVERY_US
    evidence = 0.0
    for begin in range(first, last + 1, _AT_ONCE):
        times = np.arange(begin, min(begin + _AT_ONCE, last + 1), dtype=np.int64) * _READ_EVERY_US
        with_fault, without = alone.block(times), twin.block(times)
        gain = _gain(with_fault.values - without.values, alone)
        gain[with_fault.status[:, 0] != OPERATIONAL] = 0.0
        total = evidence + np.cumsum(gain)
        if total[-1] >= BOUND:
            return int(times[int(np.argmax(total >= BOUND))])
        evidence = float(total[-1])
    return None


def _gain(difference: FloatArray, plant: Plant) -> FloatArray:
    """Return the expected log-likelihood ratio of each tick, (n,)."""
    sigma = np.array([sensor.noise for sensor in plant.spec.sensors])
    shift = np.where(np.isnan(difference), _MISSING, difference / sigma)
    return np.asarray(0.5 * (shift * shift).sum(axis=(1, 2)))
