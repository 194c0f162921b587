"""Noisy sensor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from engine.faults.base import SensorFault, SensorView
from engine.params import Range
from engine.plant.noise import white

if TYPE_CHECKING:
    from engine.records import FloatArray


@dataclass(frozen=True)
class NoiseUp(SensorFault):
    """The sensor gets noisy around the right value, as with a broken shield.

    Parameters
    ----------
    gain
        Standard deviation of the added noise at level 1, in noise σ.
    """

    name: ClassVar[str] = "noise_up"
    title: ClassVar[str] = "Noisy sensor"
    shape: ClassVar[str] = "linear"
    gain: Annotated[float, Range(0.5, 50.0, unit="σ")] = 5.0

    def distort(self, view: SensorView) -> FloatArray:
        """Add white noise, keyed by the time of the reading."""
        added = white(view.keys("noise"), view.times_us)
        return view.values + self.gain * view.level[:, None] * added * view.noise
