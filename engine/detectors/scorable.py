"""Which detectors may score readings whose truth nobody tells: all of the catalogue but those that peek."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from engine import catalog
from engine.errors import ParameterError

if TYPE_CHECKING:
    from engine.detectors.base import Detector


def scorable_detectors() -> dict[str, type[Detector]]:
    """Return the detectors that need no truth, by name in alphabetical order."""
    return {name: cls for name, cls in catalog.parts("detector").items() if not cls.peeks}


def make_scorable(name: str, values: dict[str, Any] | None = None) -> Detector:
    """Return a new detector that needs no truth, its parameters checked.

    Raises
    ------
    UnknownNameError
        When no detector has that name.
    ParameterError
        When the detector is told the truth, or a parameter is unknown or out of range.
    """
    cls = catalog.part("detector", name)
    if cls.peeks:
        raise ParameterError(f"Detector {name!r} is told the truth, which nobody knows here; choose another detector.")
    return cast("Detector", catalog.make("detector", name, values))
