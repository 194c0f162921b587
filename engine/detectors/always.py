"""The baseline that shouts."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from engine.detectors.base import Detector

if TYPE_CHECKING:
    from engine.detectors.base import State
    from engine.records import Block, FloatArray


@dataclass
class Always(Detector):
    """Always in alarm: catches every fault without knowing anything.

    Good at recall; bad at everything else: one alarm without end. Cost: nothing. Where a metric puts it high (point
    F1 where faults are common, point-adjusted F1 anywhere) the metric is at fault.
    """

    name: ClassVar[str] = "always"
    title: ClassVar[str] = "Always"
    family: ClassVar[str] = "baseline"
    good_at: ClassVar[str] = "misses nothing"
    bad_at: ClassVar[str] = "tells nothing: in alarm all the time"
    default_threshold: ClassVar[float] = 1.0

    def start(self, n_machines: int, n_sensors: int) -> State:
        return {}

    def advance(self, block: Block) -> FloatArray:
        return np.ones((len(block), block.n_machines))
