"""Makes what happens in a graded run: faults, benign changes and stops of a level, never without a fault.

A draw is measured before it is handed out: every fault must be detectable, and the best one-line rule must stay
under the cap of the level. A draw that fails is replaced by the next one, so the result is still a pure function of
plant, seed, level and span.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.catalog import part
from engine.errors import LabError, UnknownNameError
from engine.plant import noise
from engine.plant.checks import fitting
from engine.plant.journal import Entry, Injection, Journal
from engine.records import HOUR_US, MINUTE_US, SECOND_US

if TYPE_CHECKING:
    from engine.plant.spec import PlantSpec
    from engine.records import FloatArray

_ATTEMPTS = 60
_LEAST_HOURS = 6.0
_MEASURE_EVERY_US = MINUTE_US


@dataclass(frozen=True)
class LevelPlan:
    """What a level draws from.

    Parameters
    ----------
    faults
        Names to draw from; those that the plant does not have are left out.
    severity
        Range of severities.
    ramp_share
        Length of the onset as a share of the fault's duration.
    benign
        Benign changes drawn for each fault.
    """

    faults: tuple[str, ...]
    severity: tuple[float, float]
    ramp_share: float
    benign: float


_MACHINE = (
    "bearing_failure",
    "pump_failure",
    "overheating",
    "oil_leak",
    "motor_failure",
    "cavitation",
    "filter_clog",
    "misalignment",
    "humidity_control_failure",
    "tool_wear",
    "ventilation_failure",
)
PLANS = {
    "easy": LevelPlan(_MACHINE, (0.30, 0.60), 0.3, 0.5),
    "medium": LevelPlan((*_MACHINE, "drift", "decouple", "stuck", "noise_up"), (0.14, 0.34), 0.4, 1.0),
    "hard": LevelPlan((*_MACHINE, "drift", "decouple", "stuck", "cycle_shift", "noise_up"), (0.06, 0.20), 0.5, 1.5),
}
# Below these a draw counts as too hard for its level, so that classmates get plants of like difficulty.
FLOORS = {"easy": 0.5, "medium": 0.3, "hard": 0.2}
BENIGN = ("product_change", "recipe_step", "maintenance_reset", "sensor_swap")


def make_journal(
    spec: PlantSpec,
    seed: int,
    level: str,
    start_us: int,
    hours: float,
    machines: tuple[str, ...] | None = None,
    faults: int | None = None,
) -> Journal:
    """Return what happens in a run of that level: `faults` faults (default: one for every 12 machine-hours, 3 to 60).

    Raises
    ------
    LabError
        When the span is too short, or no draw stays under the level's cap.
    """
    if level not in PLANS:
        raise UnknownNameError("level", level, PLANS)
    names = spec.machines if machines is None else machines
    if hours < _LEAST_HOURS:
        raise LabError(f"hours must be at least {_LEAST_HOURS:g} for a level to be measured, got {hours:g}.")
    count = max(3, min(60, round(hours * len(names) / 12.0))) if faults is None else faults
    if count < 1:
        raise LabError(f"A graded run never goes without a fault: faults must be at least 1, got {faults!r}.")
    floor, cap = FLOORS[level], _cap(level)
    measured: list[tuple[float, Journal]] = []
    for attempt in range(_ATTEMPTS):
        journal = _draw(spec, seed, level, start_us, hours, names, count, attempt)
        reached = _measured(spec, seed, journal, names, start_us, hours)
        if floor <= reached <= cap:
            return journal
        measured.append((reached, journal))
    reached, journal = max((one for one in measured if one[0] < floor), key=_reached, default=measured[0])
    if reached > cap:
        raise LabError(
            f"No draw for level {level!r} stays under its cap of {cap:.2f} "
            f"(best: {min(measured, key=_reached)[0]:.2f}); give it more hours or more machines."
        )
    return journal


def _reached(one: tuple[float, Journal]) -> float:
    return one[0]


def _cap(level: str) -> float:
    from engine.difficulty import CAPS

    return CAPS[level]


def _measured(
    spec: PlantSpec, seed: int, journal: Journal, machines: tuple[str, ...], start_us: int, hours: float
) -> float:
    """Return the event-F1 of the best one-liner, or 1.0 when a fault can never be detected."""
    from engine.difficulty import best_one_liner
    from engine.plant.simulator import Plant

    plant = Plant(spec, seed, journal, machines)
    end = start_us + round(hours * HOUR_US)
    truth = plant.truth(start_us, end)
    if any(event.detectable_from_us is None and not event.benign for event in truth):
        return 1.0
    return best_one_liner(plant.block(_ticks(start_us, end)), truth, spec)[1]


def _ticks(start_us: int, end_us: int) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    return np.arange(start_us, end_us, _MEASURE_EVERY_US, dtype=np.int64)


def _draw(
    spec: PlantSpec,
    seed: int,
    level: str,
    start_us: int,
    hours: float,
    machines: tuple[str, ...],
    count: int,
    attempt: int,
) -> Journal:
    plan = PLANS[level]
    known = fitting(spec)
    faults = [name for name in plan.faults if name in known]
    benign = [name for name in BENIGN if name in known]
    n_benign = round(plan.benign * count)
    key = noise.stream_keys(seed, [(spec.name, "level", level, str(attempt))])
    draws = noise.uniform(key, np.arange(8 * (count + n_benign), dtype=np.int64))[:, 0].reshape(-1, 8)
    entries: list[Entry] = []
    for number, draw in enumerate(draws):
        names = faults if number < count else benign
        taken = [entry for entry in entries if isinstance(entry, Injection)]
        machine = machines[int(draw[0] * len(machines))]
        entries.append(_one(number, names, plan, machine, start_us, hours, draw, taken))
    return Journal(tuple(entries))


def _one(
    number: int,
    names: list[str],
    plan: LevelPlan,
    machine: str,
    start_us: int,
    hours: float,
    draw: FloatArray,
    taken: list[Injection],
) -> Injection:
    """Return one happening, moved along the span until it does not overlap another one on its machine."""
    fault = names[int(draw[1] * len(names))]
    usual = part("fault", fault)
    low, high = plan.severity
    severity = usual.severity if usual.kind == "benign" else low + (high - low) * float(draw[2])
    duration_s = min(usual.duration_s, 3600.0 * (1.0 + 2.0 * float(draw[3])), hours * 900.0)
    first, last = 0.05 * hours, max(0.05 * hours, 0.98 * hours - duration_s / 3600.0)
    at = start_us
    for shift in range(12):
        share = (float(draw[4]) + shift / 12.0) % 1.0
        at = start_us + round((first + share * (last - first)) * HOUR_US) // (10 * SECOND_US) * (10 * SECOND_US)
        free = all(
            one.machine != machine or one.end_us + HOUR_US < at or one.start_us > at + duration_s * SECOND_US + HOUR_US
            for one in taken
        )
        if free:
            break
    return Injection(
        id=f"made-{number + 1}",
        machine=machine,
        fault=fault,
        severity=round(severity, 3),
        start_us=at,
        ramp_s=round(plan.ramp_share * duration_s, 0),
        duration_s=round(duration_s, 0),
        shape="smooth" if usual.shape == "sudden" and usual.kind == "machine" else usual.shape,
    )


def journal_with_faults(spec: PlantSpec, seed: int, start_us: int, hours: float, count: int) -> Journal:
    """Return exactly `count` faults of an easy severity, spread over the span by chance: no measuring, never zero."""
    if count < 1:
        raise LabError(f"A graded run never goes without a fault: count must be at least 1, got {count!r}.")
    drawn = _draw(spec, seed, "easy", start_us, hours, spec.machines, count, 0)
    return Journal(drawn.entries[:count])
