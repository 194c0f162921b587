"""Misalignment."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from engine.faults.base import Fault


@dataclass(frozen=True)
class Misalignment(Fault):
    """Shaft and coupling are out of line: vibration rises, the bearing warms a little.

    Milder than a bearing failure and without its growing friction.
    """

    name: ClassVar[str] = "misalignment"
    title: ClassVar[str] = "Misalignment"
    effects: ClassVar[dict[str, float]] = {"alignment": 1.0}
    severity: ClassVar[float] = 0.6
    ramp_s: ClassVar[float] = 1200.0
    duration_s: ClassVar[float] = 6 * 3600.0
    shape: ClassVar[str] = "smooth"
