"""Maintenance reset."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from engine.faults.base import Fault


@dataclass(frozen=True)
class MaintenanceReset(Fault):
    """The machine stops for work nobody announced and comes back with its wear reset, which is normal."""

    name: ClassVar[str] = "maintenance_reset"
    title: ClassVar[str] = "Maintenance reset"
    kind: ClassVar[str] = "benign"
    stops_machine: ClassVar[bool] = True
    severity: ClassVar[float] = 1.0
    ramp_s: ClassVar[float] = 0.0
    duration_s: ClassVar[float] = 2400.0
    shape: ClassVar[str] = "sudden"
