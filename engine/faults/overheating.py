"""Overheating."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from engine.faults.base import Fault


@dataclass(frozen=True)
class Overheating(Fault):
    """Cooling fails: the same losses heat the machine more.

    The thermal lag of 20 minutes hides its beginning.
    """

    name: ClassVar[str] = "overheating"
    title: ClassVar[str] = "Overheating"
    effects: ClassVar[dict[str, float]] = {"cooling": 1.0}
    severity: ClassVar[float] = 0.7
    ramp_s: ClassVar[float] = 600.0
    duration_s: ClassVar[float] = 4 * 3600.0
    shape: ClassVar[str] = "linear"
