"""Decoupled sensor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np

from engine.faults.base import SensorFault, SensorView
from engine.params import Range
from engine.plant.noise import lattice, white
from engine.records import MINUTE_US, SECOND_US

if TYPE_CHECKING:
    from engine.records import FloatArray

_SECONDS_BEFORE = 60  # the level at which the sensor is left is the mean of the minute before


@dataclass(frozen=True)
class Decouple(SensorFault):
    """The sensor comes loose and wanders by itself in its usual range, no longer following the machine.

    Each reading alone looks normal; only its relation to the other sensors is lost.

    Parameters
    ----------
    spread
        Standard deviation of the wandering, in noise σ.
    """

    name: ClassVar[str] = "decouple"
    title: ClassVar[str] = "Decoupled sensor"
    ramp_s: ClassVar[float] = 300.0
    duration_s: ClassVar[float] = 6 * 3600.0
    shape: ClassVar[str] = "smooth"
    spread: Annotated[float, Range(0.0, 30.0, unit="σ")] = 4.0

    def distort(self, view: SensorView) -> FloatArray:
        """Blend from the true reading into the sensor's own wandering around where it was."""
        before = view.onset_us - np.arange(_SECONDS_BEFORE, 0, -1, dtype=np.int64) * SECOND_US
        home: FloatArray = view.read(before).mean(axis=0)
        own = self.spread * lattice(view.keys("own"), view.times_us, 30 * MINUTE_US, 2)
        own += white(view.keys("noise"), view.times_us)
        share: FloatArray = np.minimum(view.level, 1.0)[:, None]
        return view.values * (1.0 - share) + share * (home + own * view.noise)
