"""Filter clogging."""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from engine.faults.base import Fault


@dataclass(frozen=True)
class FilterClog(Fault):
    """The filter behind the pump clogs: flow falls while pressure rises.

    The two move against each other, which no load change does.
    """

    name: ClassVar[str] = "filter_clog"
    title: ClassVar[str] = "Filter clogging"
    effects: ClassVar[dict[str, float]] = {"clogging": 1.0}
    severity: ClassVar[float] = 0.7
    ramp_s: ClassVar[float] = 3600.0
    duration_s: ClassVar[float] = 6 * 3600.0
    shape: ClassVar[str] = "exponential"
