"""Dropouts."""

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
class Dropout(SensorFault):
    """Readings are missing (NaN) in bursts, as over a bad radio link.

    Parameters
    ----------
    burst_s
        Length of a burst.
    chance
        Share of time without readings at level 1.
    """

    name: ClassVar[str] = "dropout"
    title: ClassVar[str] = "Dropouts"
    burst_s: Annotated[float, Range(1.0, 600.0, unit="s")] = 20.0
    chance: Annotated[float, Range(0.01, 1.0)] = 0.6

    def distort(self, view: SensorView) -> FloatArray:
        """Blank whole bursts of event time by chance."""
        burst = view.times_us // round(self.burst_s * SECOND_US)
        gone = uniform(view.keys("gone"), burst) < self.chance * view.level[:, None]
        return np.where(gone, np.nan, view.values)
