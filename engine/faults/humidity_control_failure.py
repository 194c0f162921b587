"""Humidity control failure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from engine.faults.base import Fault


@dataclass(frozen=True)
class HumidityControlFailure(Fault):
    """The dryer stops: moisture builds up in the hall.

    Only humidity shows it, slowly.
    """

    name: ClassVar[str] = "humidity_control_failure"
    title: ClassVar[str] = "Humidity control failure"
    effects: ClassVar[dict[str, float]] = {"moisture": 1.0}
    severity: ClassVar[float] = 0.7
    ramp_s: ClassVar[float] = 1200.0
    duration_s: ClassVar[float] = 4 * 3600.0
    shape: ClassVar[str] = "linear"
