"""Shifted cycle."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np

from engine.faults.base import SensorFault, SensorView
from engine.params import Range
from engine.records import SECOND_US

if TYPE_CHECKING:
    from engine.records import FloatArray


@dataclass(frozen=True)
class CycleShift(SensorFault):
    """The sensor shows what was true a while ago, as behind a stuck buffer.

    Levels and noise are all normal; only the timing against the other sensors is wrong.

    Parameters
    ----------
    shift_s
        How long ago at level 1.
    """

    name: ClassVar[str] = "cycle_shift"
    title: ClassVar[str] = "Shifted cycle"
    duration_s: ClassVar[float] = 6 * 3600.0
    shift_s: Annotated[float, Range(1.0, 43200.0, unit="s")] = 7200.0

    def distort(self, view: SensorView) -> FloatArray:
        """Read at the earlier times."""
        shift = np.rint(view.level * (self.shift_s * SECOND_US)).astype(np.int64)
        return view.read(view.times_us - shift)
