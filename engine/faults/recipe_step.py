"""Recipe step."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from engine.faults.base import Fault


@dataclass(frozen=True)
class RecipeStep(Fault):
    """The recipe asks for less for a while, which is normal."""

    name: ClassVar[str] = "recipe_step"
    title: ClassVar[str] = "Recipe step"
    kind: ClassVar[str] = "benign"
    effects: ClassVar[dict[str, float]] = {"demand": -1.0}
    severity: ClassVar[float] = 0.7
    ramp_s: ClassVar[float] = 180.0
    duration_s: ClassVar[float] = 1 * 3600.0
    shape: ClassVar[str] = "smooth"
