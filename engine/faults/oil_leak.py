"""Oil leak."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from engine.faults.base import Fault


@dataclass(frozen=True)
class OilLeak(Fault):
    """Lubrication oil runs out; a starved bearing then runs hot.

    The level falls steadily; heat follows only below about 72 %.
    """

    name: ClassVar[str] = "oil_leak"
    title: ClassVar[str] = "Oil leak"
    effects: ClassVar[dict[str, float]] = {"oil_loss": 1.0}
    severity: ClassVar[float] = 0.7
    ramp_s: ClassVar[float] = 3600.0
    duration_s: ClassVar[float] = 6 * 3600.0
    shape: ClassVar[str] = "linear"
