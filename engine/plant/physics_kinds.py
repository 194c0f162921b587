"""The kinds of physics by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.errors import UnknownNameError
from engine.plant.line_physics import LinePhysics
from engine.plant.pump_physics import PumpPhysics
from engine.plant.recorded_physics import RecordedPhysics

if TYPE_CHECKING:
    from engine.plant.physics import Physics

KINDS: dict[str, type[Physics]] = {one.name: one for one in (PumpPhysics, LinePhysics, RecordedPhysics)}


def physics_named(name: str) -> Physics:
    """Return the physics of that name, or raise UnknownNameError."""
    if name not in KINDS:
        raise UnknownNameError("physics", name, KINDS)
    return KINDS[name]()
