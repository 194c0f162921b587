"""Duplicate readings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np

from engine.faults.base import Delivery, DeliveryFault
from engine.params import Range
from engine.plant.noise import uniform

if TYPE_CHECKING:
    from engine.plant.noise import KeyArray
    from engine.records import FloatArray, IntArray


@dataclass(frozen=True)
class Duplicate(DeliveryFault):
    """Readings are delivered twice, as by a sender that repeats what was already acknowledged.

    Parameters
    ----------
    chance
        Share of readings delivered twice at level 1.
    """

    name: ClassVar[str] = "duplicate"
    title: ClassVar[str] = "Duplicate readings"
    chance: Annotated[float, Range(0.001, 1.0)] = 0.3

    def delivered(self, times_us: IntArray, level: FloatArray, onset_us: int, keys: KeyArray) -> Delivery:
        """Choose the doubled readings by chance."""
        twice = uniform(keys, times_us)[:, 0] < self.chance * level
        nothing = np.zeros(len(times_us), np.int64)
        return Delivery(nothing, np.where(twice, 2, 1).astype(np.int64), nothing)
