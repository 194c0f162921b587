"""Season shift."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from engine.faults.base import Fault


@dataclass(frozen=True)
class SeasonShift(Fault):
    """The weather turns: air gets warmer for days, which is normal."""

    name: ClassVar[str] = "season_shift"
    title: ClassVar[str] = "Season shift"
    kind: ClassVar[str] = "benign"
    effects: ClassVar[dict[str, float]] = {"weather": 1.0}
    severity: ClassVar[float] = 0.6
    ramp_s: ClassVar[float] = 21600.0
    duration_s: ClassVar[float] = 72 * 3600.0
    shape: ClassVar[str] = "smooth"
