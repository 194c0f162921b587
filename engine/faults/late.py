"""Late readings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np

from engine.faults.base import Delivery, DeliveryFault
from engine.params import Range
from engine.plant.noise import uniform
from engine.records import SECOND_US

if TYPE_CHECKING:
    from engine.plant.noise import KeyArray
    from engine.records import FloatArray, IntArray


@dataclass(frozen=True)
class Late(DeliveryFault):
    """Readings arrive late and out of order; their event time and values are right.

    Parameters
    ----------
    delay_s
        Longest delay at level 1.
    """

    name: ClassVar[str] = "late"
    title: ClassVar[str] = "Late readings"
    delay_s: Annotated[float, Range(0.1, 3600.0, unit="s")] = 60.0

    def delivered(self, times_us: IntArray, level: FloatArray, onset_us: int, keys: KeyArray) -> Delivery:
        """Delay each reading by chance, evenly between nothing and the longest delay."""
        share = uniform(keys, times_us)[:, 0] * level
        delay = np.rint(share * (self.delay_s * SECOND_US)).astype(np.int64)
        return Delivery(delay, np.ones_like(delay), np.zeros_like(delay))
