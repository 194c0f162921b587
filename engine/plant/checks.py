"""Checks of what people order from a plant, and the usual course of a fault filled in."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from engine.catalog import make, part, parts
from engine.errors import LabError, ParameterError, UnknownNameError
from engine.plant.journal import SHAPES, Cleared, Injection, Journal, Maintenance
from engine.plant.physics_kinds import physics_named

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from engine.plant.spec import PlantSpec

_LONGEST_S = 366 * 86_400.0


def injection_for(
    spec: PlantSpec,
    journal: Journal,
    *,
    machine: str,
    fault: str,
    start_us: int,
    severity: float | None = None,
    ramp_s: float | None = None,
    duration_s: float | None = None,
    shape: str | None = None,
    sensors: Iterable[str] = (),
    values: Mapping[str, Any] | None = None,
) -> Injection:
    """Return a checked injection with an id new to the journal; what is None is the pattern's usual course.

    Raises
    ------
    LabError
        When machine, fault or sensor do not exist, the fault does not suit the plant, or a number is out of range.
    """
    pattern = part("fault", fault)
    injection = Injection(
        id=journal.new_id("fault"),
        machine=machine,
        fault=fault,
        severity=pattern.severity if severity is None else severity,
        start_us=int(start_us),
        ramp_s=pattern.ramp_s if ramp_s is None else ramp_s,
        duration_s=pattern.duration_s if duration_s is None else duration_s,
        shape=pattern.shape if shape is None else shape,
        sensors=tuple(sensors),
        values=values or {},  # type: ignore[arg-type]  # turned into pairs by the record itself
    )
    check_injection(injection, spec)
    return injection


def check_journal(journal: Journal, spec: PlantSpec) -> None:
    """Raise LabError when an entry cannot be obeyed by that plant."""
    for entry in journal:
        if isinstance(entry, Injection):
            check_injection(entry, spec)
        elif isinstance(entry, Maintenance):
            spec.require_machine(entry.machine)
            _between("duration_s", entry.duration_s, 60.0, _LONGEST_S, "s")
        elif isinstance(entry, Cleared):
            spec.require_machine(entry.machine)


def check_injection(injection: Injection, spec: PlantSpec) -> None:
    """Raise LabError when the injection cannot be obeyed by that plant."""
    spec.require_machine(injection.machine)
    pattern = part("fault", injection.fault)
    if not pattern.suits(physics_named(spec.physics)):
        raise LabError(f"{pattern.title} does not occur in {spec.title}; choose one of: {', '.join(fitting(spec))}.")
    if not 0.0 < injection.severity <= 1.0:
        raise ParameterError(f"severity must be above 0 and at most 1, got {injection.severity!r}.")
    _between("ramp_s", injection.ramp_s, 0.0, _LONGEST_S, "s")
    _between("duration_s", injection.duration_s, 1.0, _LONGEST_S, "s")
    if injection.shape not in SHAPES:
        raise UnknownNameError("onset shape", injection.shape, SHAPES)
    for name in injection.sensors:
        spec.sensor(name)
    make("fault", injection.fault, dict(injection.values))


def fitting(spec: PlantSpec) -> tuple[str, ...]:
    """Return the names of the failure patterns that can act on that plant."""
    physics = physics_named(spec.physics)
    return tuple(name for name, pattern in parts("fault").items() if pattern.suits(physics))


def _between(name: str, value: float, low: float, high: float, unit: str) -> None:
    if not (math.isfinite(value) and low <= value <= high):
        raise ParameterError(f"{name} must be from {low:g} to {high:g} {unit}, got {value!r}.")
