"""Cavitation."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from engine.faults.base import Fault


@dataclass(frozen=True)
class Cavitation(Fault):
    """Vapour bubbles collapse in the pump: rough running, restless flow, a little less head.

    Comes suddenly and swings within a minute.
    """

    name: ClassVar[str] = "cavitation"
    title: ClassVar[str] = "Cavitation"
    effects: ClassVar[dict[str, float]] = {"cavitation": 1.0}
    severity: ClassVar[float] = 0.6
    ramp_s: ClassVar[float] = 300.0
    duration_s: ClassVar[float] = 2 * 3600.0
    shape: ClassVar[str] = "smooth"
