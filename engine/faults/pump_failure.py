"""Pump failure."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from engine.faults.base import Fault


@dataclass(frozen=True)
class PumpFailure(Fault):
    """The impeller wears out: flow and pressure fall together along the pump curve.

    Flow and pressure leave their ranges at severities above about 0.3.
    """

    name: ClassVar[str] = "pump_failure"
    title: ClassVar[str] = "Pump failure"
    effects: ClassVar[dict[str, float]] = {"impeller": 1.0}
    severity: ClassVar[float] = 0.7
    ramp_s: ClassVar[float] = 1200.0
    duration_s: ClassVar[float] = 4 * 3600.0
    shape: ClassVar[str] = "linear"
