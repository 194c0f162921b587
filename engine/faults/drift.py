"""Sensor drift."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from engine.faults.base import SensorFault, SensorView
from engine.params import Range

if TYPE_CHECKING:
    from engine.records import FloatArray


@dataclass(frozen=True)
class Drift(SensorFault):
    """The sensor's zero wanders off while the machine is healthy (sensor drift, not concept drift).

    Parameters
    ----------
    size
        Shift at level 1, in noise σ; negative shifts downwards.
    """

    name: ClassVar[str] = "drift"
    title: ClassVar[str] = "Sensor drift"
    ramp_s: ClassVar[float] = 3600.0
    duration_s: ClassVar[float] = 6 * 3600.0
    shape: ClassVar[str] = "linear"
    size: Annotated[float, Range(-100.0, 100.0, unit="σ")] = 15.0

    def distort(self, view: SensorView) -> FloatArray:
        """Add the shift."""
        return view.values + self.size * view.level[:, None] * view.noise
