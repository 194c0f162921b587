"""Conformal p-values: how many of the recent scores were at least this strange?"""

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
class Conformal(ThresholdRule):
    """Alarm when the conformal p-value of the score is small: (1 + scores at least as large) / (n + 1).

    Good at a promise: while scores are exchangeable, the false-alarm rate is at most `p`, whatever their distribution;
    bad with few scores (below 1 / p of them no alarm is possible) and when scores depend on their neighbours. Cost:
    about 1 µs per score with a window of 2,000.

    Parameters
    ----------
    p
        Largest p-value that raises an alarm.
    window
        Newest scores of each machine that count.

    References
    ----------
    Laxhammar, R., Falkman, G. (2014). Online learning and sequential anomaly detection in trajectories. IEEE TPAMI 36.
    Vovk, V., Gammerman, A., Shafer, G. (2005). Algorithmic Learning in a Random World. Springer.
    """

    name: ClassVar[str] = "conformal"
    title: ClassVar[str] = "Conformal p-value"
    good_at: ClassVar[str] = "a promised false-alarm rate, whatever the distribution of the scores"
    bad_at: ClassVar[str] = "silent until 1 / p scores are known; long faults become normal"

    p: Annotated[float, Range(1e-5, 0.5, log=True)] = 0.002
    window: Annotated[int, Range(50, 100_000, unit="readings", log=True)] = 2000

    def start(self, n_machines: int) -> State:
        return new_window(self.window, n_machines)

    def advance(self, scores: FloatArray, times_us: IntArray) -> FloatArray:
        return rank_levels(scores, self.p, 20, self.state or {}, conformal=True)
