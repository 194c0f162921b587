"""Settings of an assignment file that its schema cannot judge: they work, or they are refused when it is saved."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.classroom.drawing import wanted_of
from engine.classroom.gate import BASELINES
from engine.errors import FileProblemError, LabError, nearest
from engine.plant.recipe import drawable

if TYPE_CHECKING:
    from engine.classroom.spec import AssignmentSpec


def check_settings(spec: AssignmentSpec, file: str) -> None:
    """Raise FileProblemError when a fault or a baseline is named that the lab cannot give."""
    for name in spec.board.baselines if spec.board is not None else ():
        if name not in BASELINES:
            near = nearest(name, list(BASELINES))
            hint = f"; did you mean {near!r}" if near else ""
            cure = f"choose from {', '.join(BASELINES)}{hint}"
            raise FileProblemError(file, "board.baselines", f"no baseline is called {name!r}", cure)
    if not spec.plant.faults:
        return
    try:
        drawable(wanted_of(spec, spec.plant.machines, spec.plant.events, 0))
    except LabError as problem:
        raise FileProblemError(
            file, "plant.faults", str(problem).rstrip("."), "name faults that the plant can have"
        ) from None
