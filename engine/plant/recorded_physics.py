"""The physics of a plant that was recorded: there are no equations, and no fault can move anything."""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

import numpy as np

from engine.plant.physics import Grid, Physics

if TYPE_CHECKING:
    from engine.records import FloatArray


class RecordedPhysics(Physics):
    """Stands where a simulated plant has its equations."""

    name: ClassVar[str] = "recording"
    quantities: ClassVar[tuple[str, ...]] = ("recorded",)
    variables: ClassVar[dict[str, tuple[str, ...]]] = {}

    def quantities_on(self, grid: Grid) -> dict[str, FloatArray]:
        """Return the one quantity as missing: readings come from the recording."""
        return {"recorded": np.full(grid.running.shape, np.nan)}
