"""A detector whose score is measured against a threshold rule: 1.0 is the rule's level, machine by machine."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from engine.detectors.base import Detector
from engine.detectors.standard import BIGGEST

if TYPE_CHECKING:
    from engine.detectors.base import State
    from engine.detectors.thresholds.base import ThresholdRule
    from engine.records import Block, FloatArray


@dataclass
class Thresholded(Detector):
    """Any detector with a moving threshold of its own on each machine; alarms at 1.0 wherever the rule stands.

    Parameters
    ----------
    detector
        The detector that scores.
    rule
        The rule whose level divides the scores.
    """

    good_at: ClassVar[str] = "one alarm mark for all detectors and machines"
    bad_at: ClassVar[str] = "the score no longer has the detector's own unit"

    detector: Detector
    rule: ThresholdRule

    def __post_init__(self) -> None:
        super().__post_init__()
        inner = self.detector
        # The wrapper answers to what it wraps; written to the instance, so the catalogue does not list the wrapper.
        self.__dict__.update(
            name=f"{inner.name}_{self.rule.name}", title=f"{inner.title}, {self.rule.title}", family=inner.family,
            online=inner.online, multivariate=inner.multivariate, default_threshold=1.0, peeks=inner.peeks,
        )  # fmt: skip

    def start(self, n_machines: int, n_sensors: int) -> State:
        return {"detector": None, "rule": None}

    def fit(self, block: Block) -> None:
        """Fit the detector on the history, then the rule on the scores that the fitted detector gives it."""
        self.detector.fit(block)
        self.rule.reset()
        self.rule.levels(self.detector.score(block), block.times_us)
        self._keep()

    def advance(self, block: Block) -> FloatArray:
        self._restore()
        scores = self.detector.score_then_learn(block)
        levels = self.rule.levels(scores, block.times_us)
        self._keep()
        return np.clip(scores / levels, 0.0, BIGGEST)

    def blame(self, block: Block) -> FloatArray | None:
        """Return the detector's blame."""
        self._restore()
        return self.detector.blame(block)

    def explain(self, block: Block) -> dict[str, Any]:
        """Return the detector's inside view and the rule's level at the block's last tick, per machine."""
        self._restore()
        view = self.detector.explain(block)
        levels = self.rule.peek(self.detector.score(block), block.times_us)
        last = levels[-1] if len(levels) else np.zeros(0)
        return view | {"rule": self.rule.name, "levels": [float(v) if np.isfinite(v) else None for v in last]}

    def reset(self) -> None:
        super().reset()
        self.detector.reset()
        self.rule.reset()

    def bind(self, spec: Any) -> Detector:
        """Tell the limits to the detector; returns self."""
        self.detector.bind(spec)
        return super().bind(spec)

    def _restore(self) -> None:
        if self.state is not None:
            self.detector.state, self.rule.state = self.state["detector"], self.state["rule"]

    def _keep(self) -> None:
        self.state = {"detector": self.detector.state, "rule": self.rule.state}
