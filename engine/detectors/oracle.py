"""The baseline that was told the truth."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from engine.detectors.base import Detector

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.detectors.base import State
    from engine.records import Block, FloatArray, TruthEvent


@dataclass
class Oracle(Detector):
    """Knows the truth because an instructor told it: the best that alarms could be, marked as peeking.

    Good at showing the ceiling of every metric; bad at being real. It never finds truth by itself: instructors' code
    calls `tell`; until then it scores 0. Cost: nothing.

    Parameters
    ----------
    from_detectable
        Alarm from the first moment at which the fault can be known; false: from its onset.
    """

    name: ClassVar[str] = "oracle"
    title: ClassVar[str] = "Oracle (peeks)"
    family: ClassVar[str] = "baseline"
    good_at: ClassVar[str] = "the ceiling of every metric"
    bad_at: ClassVar[str] = "it is told the answers"
    default_threshold: ClassVar[float] = 1.0
    peeks: ClassVar[bool] = True

    from_detectable: bool = True

    def __post_init__(self) -> None:
        super().__post_init__()
        self._told: tuple[TruthEvent, ...] = ()

    def tell(self, events: Iterable[TruthEvent]) -> Oracle:
        """Tell the truth events; only instructors' code paths hold any. Benign ones owe no alarm. Returns self."""
        self._told = tuple(event for event in events if not event.benign)
        return self

    def start(self, n_machines: int, n_sensors: int) -> State:
        return {}

    def advance(self, block: Block) -> FloatArray:
        scores = np.zeros((len(block), block.n_machines))
        for event in self._told:
            begin = event.detectable_from_us if self.from_detectable else event.onset_us
            if begin is not None and event.machine in block.machines:
                inside = (block.times_us >= begin) & (block.times_us < event.end_us)
                scores[inside, block.machines.index(event.machine)] = 1.0
        return scores
