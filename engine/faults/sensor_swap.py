"""Sensor swap."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np

from engine.faults.base import SensorFault, SensorView
from engine.params import Range
from engine.plant.noise import uniform

if TYPE_CHECKING:
    from engine.records import FloatArray


@dataclass(frozen=True)
class SensorSwap(SensorFault):
    """A sensor is replaced by a new one, calibrated a little differently, which is normal.

    Parameters
    ----------
    offset
        Largest difference between old and new at level 1, in noise σ.
    """

    name: ClassVar[str] = "sensor_swap"
    title: ClassVar[str] = "Sensor swap"
    kind: ClassVar[str] = "benign"
    duration_s: ClassVar[float] = 365 * 86_400.0
    offset: Annotated[float, Range(0.0, 20.0, unit="σ")] = 5.0

    def distort(self, view: SensorView) -> FloatArray:
        """Add the calibration difference of the new sensor."""
        difference = 2.0 * uniform(view.keys("offset"), np.zeros(1, np.int64)) - 1.0
        return view.values + self.offset * difference * view.level[:, None] * view.noise
