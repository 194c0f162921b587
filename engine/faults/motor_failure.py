"""Motor failure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from engine.faults.base import Fault


@dataclass(frozen=True)
class MotorFailure(Fault):
    """A winding short: power rises and hunts, the rotor shakes, heat follows.

    Adds slow swings of power that a load change does not have.
    """

    name: ClassVar[str] = "motor_failure"
    title: ClassVar[str] = "Motor failure"
    effects: ClassVar[dict[str, float]] = {"winding": 1.0}
    severity: ClassVar[float] = 0.7
    ramp_s: ClassVar[float] = 900.0
    duration_s: ClassVar[float] = 4 * 3600.0
    shape: ClassVar[str] = "linear"
