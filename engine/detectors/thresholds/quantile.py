"""A quantile of training scores."""

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
class Quantile(ThresholdRule):
    """The level that a small share of the training scores reached; it stays where it is then.

    Good at scores without a unit; bad at small shares (5,000 training scores leave the false-alarm rate of a share of
    0.001 anywhere between 0.2 and 3 times that) and when normal changes. Cost: nothing once trained.

    Parameters
    ----------
    share
        Share of normal scores that may reach the level.
    training
        Scores of each machine from which the level is taken.

    References
    ----------
    Hyndman, R. J., Fan, Y. (1996). Sample quantiles in statistical packages. American Statistician 50 (type 7).
    """

    name: ClassVar[str] = "quantile"
    title: ClassVar[str] = "Quantile of training"
    good_at: ClassVar[str] = "scores without a unit; each machine gets a level of its own"
    bad_at: ClassVar[str] = "small shares from little training; a normal that changes"

    share: Annotated[float, Range(1e-6, 0.5, unit="of normal scores", log=True)] = 0.001
    training: Annotated[int, Range(20, 100_000, unit="readings", log=True)] = 2000

    def start(self, n_machines: int) -> State:
        return new_window(self.training, n_machines)

    def advance(self, scores: FloatArray, times_us: IntArray) -> FloatArray:
        return rank_levels(scores, self.share, self.training, self.state or {}, stays=True)
