"""A quantile of the newest scores."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from engine.detectors.thresholds.base import ThresholdRule
from engine.detectors.thresholds.ranks import new_window, rank_levels
from engine.params import Range

if TYPE_CHECKING:
    from engine.detectors.thresholds.base import State
    from engine.records import FloatArray, IntArray


@dataclass
class RollingQuantile(ThresholdRule):
    """The level that a small share of the newest scores reached; it follows the scores.

    Good when normal changes slowly; bad at long faults: once a fault fills the share, it is the new normal and the
    alarm ends. Never silent for long: about `share` of all readings alarm, whatever happens. Cost: about 1 µs per
    score with a window of 2,000.

    Parameters
    ----------
    share
        Share of the window that may reach the level.
    window
        Newest scores of each machine that count.
    training
        Scores before the first level.
    """

    name: ClassVar[str] = "rolling_quantile"
    title: ClassVar[str] = "Rolling quantile"
    good_at: ClassVar[str] = "a normal that changes slowly"
    bad_at: ClassVar[str] = "long faults: they become normal; never quite silent"

    share: Annotated[float, Range(1e-6, 0.5, unit="of the window", log=True)] = 0.001
    window: Annotated[int, Range(50, 100_000, unit="readings", log=True)] = 2000
    training: Annotated[int, Range(20, 100_000, unit="readings", log=True)] = 300

    def start(self, n_machines: int) -> State:
        return new_window(self.window, n_machines)

    def advance(self, scores: FloatArray, times_us: IntArray) -> FloatArray:
        return rank_levels(scores, self.share, min(self.training, self.window), self.state or {})
