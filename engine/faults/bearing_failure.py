"""Bearing failure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from engine.faults.base import Fault


@dataclass(frozen=True)
class BearingFailure(Fault):
    """A bearing's raceway breaks up: vibration rises, friction heats the bearing, the housing follows.

    Shows first in vibration, minutes later in bearing temperature.
    """

    name: ClassVar[str] = "bearing_failure"
    title: ClassVar[str] = "Bearing failure"
    effects: ClassVar[dict[str, float]] = {"bearing": 1.0}
    severity: ClassVar[float] = 0.7
    ramp_s: ClassVar[float] = 900.0
    duration_s: ClassVar[float] = 4 * 3600.0
    shape: ClassVar[str] = "linear"
