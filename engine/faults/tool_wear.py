"""Tool wear."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from engine.faults.base import Fault


@dataclass(frozen=True)
class ToolWear(Fault):
    """A worn cutting tool gets louder and cuts warmer.

    Louder at the same load.
    """

    name: ClassVar[str] = "tool_wear"
    title: ClassVar[str] = "Tool wear"
    effects: ClassVar[dict[str, float]] = {"tool": 1.0}
    severity: ClassVar[float] = 0.7
    ramp_s: ClassVar[float] = 1800.0
    duration_s: ClassVar[float] = 4 * 3600.0
    shape: ClassVar[str] = "exponential"
