"""The one-line rule: outside the normal range."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from engine.detectors.limit import Limit

if TYPE_CHECKING:
    from engine.records import Block, FloatArray


@dataclass
class RangeRule(Limit):
    """Alarm when any sensor leaves its normal range: the simplest rule there is, always in the table.

    Good where data are trivial (then it is all that is needed, and the data teach nothing); bad at faults inside the
    range and at sensors whose normal readings cross it. The score is 0 inside, 1 at the edge and 2 at the critical
    mark. Without a plant (`bind`) the range is learned: the outer quantiles of the first readings. Cost: 20 ns.

    Parameters
    ----------
    warm_up
        Readings from which the range is learned when no data sheet was bound.
    """

    name: ClassVar[str] = "range_rule"
    title: ClassVar[str] = "Range rule"
    family: ClassVar[str] = "baseline"
    good_at: ClassVar[str] = "trivial data; it shows how hard a scenario is"
    bad_at: ClassVar[str] = "faults inside the normal range"
    default_threshold: ClassVar[float] = 1.0

    def _scores(self, block: Block) -> FloatArray:
        beyond = super()._scores(block)
        return np.where(beyond > 0.0, 1.0 + beyond, 0.0)
