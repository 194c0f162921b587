"""Ventilation failure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from engine.faults.base import Fault


@dataclass(frozen=True)
class VentilationFailure(Fault):
    """The fans stop: damp and warm air stays, and the hall gets quieter.

    Humidity and temperature rise together, which weather does not do indoors.
    """

    name: ClassVar[str] = "ventilation_failure"
    title: ClassVar[str] = "Ventilation failure"
    effects: ClassVar[dict[str, float]] = {"ventilation": 1.0}
    severity: ClassVar[float] = 0.7
    ramp_s: ClassVar[float] = 900.0
    duration_s: ClassVar[float] = 4 * 3600.0
    shape: ClassVar[str] = "smooth"
