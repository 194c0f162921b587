"""Stuck sensor."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from engine.faults.base import SensorFault, SensorView

if TYPE_CHECKING:
    from engine.records import FloatArray


@dataclass(frozen=True)
class Stuck(SensorFault):
    """The sensor freezes at the last value it showed: frozen, not zero."""

    name: ClassVar[str] = "stuck"
    title: ClassVar[str] = "Stuck sensor"

    def distort(self, view: SensorView) -> FloatArray:
        """Show the reading of the onset from then on."""
        frozen = view.read(np.array([view.onset_us], dtype=np.int64))
        return np.where(view.level[:, None] > 0.0, frozen, view.values)
