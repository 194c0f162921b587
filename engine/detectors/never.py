"""The baseline that sleeps."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from engine.detectors.base import Detector

if TYPE_CHECKING:
    from engine.detectors.base import State
    from engine.records import Block, FloatArray


@dataclass
class Never(Detector):
    """Never raises an alarm: what it costs to do nothing.

    Good at false alarms (none); bad at everything else. Cost: nothing. Every metric must put it below a detector
    that works; in rare-fault data its accuracy is above 99 %, which is why accuracy is not a metric here.
    """

    name: ClassVar[str] = "never"
    title: ClassVar[str] = "Never"
    family: ClassVar[str] = "baseline"
    good_at: ClassVar[str] = "no false alarms, ever"
    bad_at: ClassVar[str] = "misses every fault"
    default_threshold: ClassVar[float] = 1.0

    def start(self, n_machines: int, n_sensors: int) -> State:
        return {}

    def advance(self, block: Block) -> FloatArray:
        return np.zeros((len(block), block.n_machines))
