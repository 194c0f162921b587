"""Spikes."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np

from engine.faults.base import SensorFault, SensorView
from engine.params import Range
from engine.plant.noise import uniform
from engine.records import SECOND_US

if TYPE_CHECKING:
    from engine.records import FloatArray


@dataclass(frozen=True)
class Spike(SensorFault):
    """Single readings jump far away and come straight back, as after a loose contact.

    Parameters
    ----------
    height
        Size of a spike at level 1, in noise σ.
    chance
        Share of readings hit at level 1.
    """

    name: ClassVar[str] = "spike"
    title: ClassVar[str] = "Spikes"
    height: Annotated[float, Range(3.0, 100.0, unit="σ")] = 25.0
    chance: Annotated[float, Range(0.0005, 0.5)] = 0.02

    def distort(self, view: SensorView) -> FloatArray:
        """Hit whole seconds of event time by chance, so that the share does not depend on the rate."""
        second = view.times_us // SECOND_US
        hit = uniform(view.keys("hit"), second) < self.chance * view.level[:, None]
        sign = np.where(uniform(view.keys("sign"), second) < 0.5, -1.0, 1.0)
        return view.values + hit * sign * self.height * (0.5 + 0.5 * view.level[:, None]) * view.noise
