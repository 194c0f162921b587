"""A level set by hand."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np

from engine.detectors.thresholds.base import ThresholdRule
from engine.params import Range

if TYPE_CHECKING:
    from engine.detectors.thresholds.base import State
    from engine.records import FloatArray, IntArray


@dataclass
class Fixed(ThresholdRule):
    """One level for all machines and for ever.

    Good at being understood and at scores that have a meaning (standard deviations, a mark on a data sheet); bad where
    machines differ or scores have no unit. Cost: nothing.

    Parameters
    ----------
    level
        The score from which on an alarm is due.
    """

    name: ClassVar[str] = "fixed"
    title: ClassVar[str] = "Fixed level"
    good_at: ClassVar[str] = "scores with a meaning; easy to explain"
    bad_at: ClassVar[str] = "machines that differ; scores without a unit"

    level: Annotated[float, Range(0.0001, 1_000_000.0, unit="of the score", log=True)] = 3.0

    def start(self, n_machines: int) -> State:
        return {}

    def advance(self, scores: FloatArray, times_us: IntArray) -> FloatArray:
        return np.full(scores.shape, self.level)
