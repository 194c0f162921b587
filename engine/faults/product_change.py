"""Product change."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from engine.faults.base import Fault


@dataclass(frozen=True)
class ProductChange(Fault):
    """The plant makes another product: load and fluid change for hours, which is normal."""

    name: ClassVar[str] = "product_change"
    title: ClassVar[str] = "Product change"
    kind: ClassVar[str] = "benign"
    effects: ClassVar[dict[str, float]] = {"demand": 0.6, "viscosity": 0.8}
    severity: ClassVar[float] = 0.7
    ramp_s: ClassVar[float] = 600.0
    duration_s: ClassVar[float] = 6 * 3600.0
    shape: ClassVar[str] = "smooth"
