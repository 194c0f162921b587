"""Clock skew."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np

from engine.faults.base import Delivery, DeliveryFault, SensorView
from engine.params import Range
from engine.records import SECOND_US

if TYPE_CHECKING:
    from engine.plant.noise import KeyArray
    from engine.records import FloatArray, IntArray


@dataclass(frozen=True)
class ClockSkew(DeliveryFault):
    """The machine's clock runs off: its readings carry a wrong time.

    In deliveries the stamps are wrong; on the fixed ticks of a block the values appear shifted in time.

    Parameters
    ----------
    skew_s
        How far the clock is ahead at level 1.
    """

    name: ClassVar[str] = "clock_skew"
    title: ClassVar[str] = "Clock skew"
    ramp_s: ClassVar[float] = 3600.0
    duration_s: ClassVar[float] = 6 * 3600.0
    shape: ClassVar[str] = "linear"
    skew_s: Annotated[float, Range(1.0, 7200.0, unit="s")] = 900.0

    def distort(self, view: SensorView) -> FloatArray:
        """Show under each stamp what was measured when the fast clock showed it, which is earlier."""
        return view.read(view.times_us - self._skew_us(view.level))

    def delivered(self, times_us: IntArray, level: FloatArray, onset_us: int, keys: KeyArray) -> Delivery:
        """Stamp the readings too late."""
        nothing = np.zeros(len(times_us), np.int64)
        return Delivery(nothing, nothing + 1, self._skew_us(level))

    def _skew_us(self, level: FloatArray) -> IntArray:
        return np.rint(level * (self.skew_s * SECOND_US)).astype(np.int64)
