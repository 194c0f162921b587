"""DSPOT: SPOT for scores that drift."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

from engine.detectors.thresholds.base import ThresholdRule
from engine.detectors.thresholds.tail import new_tail, tail_levels
from engine.params import Choice, Range

if TYPE_CHECKING:
    from engine.detectors.thresholds.base import State
    from engine.records import FloatArray, IntArray


@dataclass
class Dspot(ThresholdRule):
    """SPOT on what is left of the scores after their recent average is taken away; the level follows the average.

    Good when the level of the scores drifts; bad at slow faults: the average follows them too. Alarms move the average
    by the level's own distance at most, and a sustained alarm not at all. Cost: below 1 µs per score.

    Parameters
    ----------
    risk
        Probability that a normal score reaches the level.
    training
        Scores of each machine before the first level.
    depth
        Scores over which the recent average is taken.
    feedback
        What an alarm teaches: capped (the default) or textbook (nothing).
    patience
        Alarms in a row from which the tail learns; a longer alarm teaches nothing more until the scores fall again.

    References
    ----------
    Siffer, A., Fouque, P.-A., Termier, A., Largouet, C. (2017). Anomaly detection in streams with extreme value theory.
    KDD, 1067–1075; section 4.3. The average is exponential instead of a window: one number instead of `depth`.
    """

    name: ClassVar[str] = "dspot"
    title: ClassVar[str] = "DSPOT"
    good_at: ClassVar[str] = "small risks when the level of the scores drifts"
    bad_at: ClassVar[str] = "slow faults: the average follows them"

    risk: Annotated[float, Range(1e-7, 0.01, log=True)] = 1e-4
    training: Annotated[int, Range(50, 100_000, unit="readings", log=True)] = 1000
    depth: Annotated[int, Range(2, 100_000, unit="readings", log=True)] = 450
    feedback: Annotated[str, Choice(("capped", "textbook"))] = "capped"
    patience: Annotated[int, Range(1, 100_000, unit="readings", log=True)] = 1

    def start(self, n_machines: int) -> State:
        return new_tail(self.training, n_machines)

    def advance(self, scores: FloatArray, times_us: IntArray) -> FloatArray:
        capped = self.feedback == "capped"
        return tail_levels(scores, self.risk, self.training, self.depth, capped, self.patience, self.state or {})
