"""SPOT: a threshold from extreme value theory."""

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
class Spot(ThresholdRule):
    """The level that a normal score passes with a chosen small probability, from the shape of the scores' tail.

    Good at small risks from little training, where a plain quantile is a lottery; bad when scores drift (see DSPOT).
    The textbook leaves alarms out of the tail; that cuts the tail off, the level sinks and false alarms come 4 to 9
    times as often as promised. Here alarms are fed back with their excess capped at twice the level's own, and only a
    sustained alarm teaches nothing. Cost: below 1 µs per score.

    Parameters
    ----------
    risk
        Probability that a normal score reaches the level.
    training
        Scores of each machine before the first level.
    feedback
        What an alarm teaches: capped (the default) or textbook (nothing).
    patience
        Alarms in a row from which the tail learns; a longer alarm teaches nothing more until the scores fall again.

    References
    ----------
    Siffer, A., Fouque, P.-A., Termier, A., Largouet, C. (2017). Anomaly detection in streams with extreme value theory.
    KDD, 1067–1075.
    """

    name: ClassVar[str] = "spot"
    title: ClassVar[str] = "SPOT"
    good_at: ClassVar[str] = "small risks from little training"
    bad_at: ClassVar[str] = "scores whose level drifts"

    risk: Annotated[float, Range(1e-7, 0.01, log=True)] = 1e-4
    training: Annotated[int, Range(50, 100_000, unit="readings", log=True)] = 1000
    feedback: Annotated[str, Choice(("capped", "textbook"))] = "capped"
    patience: Annotated[int, Range(1, 100_000, unit="readings", log=True)] = 1

    def start(self, n_machines: int) -> State:
        return new_tail(self.training, n_machines)

    def advance(self, scores: FloatArray, times_us: IntArray) -> FloatArray:
        capped = self.feedback == "capped"
        return tail_levels(scores, self.risk, self.training, 0, capped, self.patience, self.state or {})
