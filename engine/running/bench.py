"""The detectors at work: each scores every block; one that fails is taken out with its reason, the others go on."""

from __future__ import annotations

import logging
import math
from time import perf_counter
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.errors import LabError, ParameterError, UnknownNameError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from engine.alarming.marks import Marks
    from engine.detectors.base import Detector
    from engine.records import Block, FloatArray

log = logging.getLogger(__name__)
SMALLEST_SHARE = 0.5  # a sensor is blamed when it drives the score at least half as much as the first one
MOST_BLAMED = 3


class Bench:
    """Detectors by name, their thresholds and what became of them.

    Parameters
    ----------
    detectors
        By the name under which they are shown and stored.
    marks
        Used to blame a sensor when the detector cannot say which; None = then nobody is blamed.
    """

    def __init__(self, detectors: Mapping[str, Detector], marks: Marks | None = None) -> None:
        self.detectors: dict[str, Detector] = dict(detectors)
        self.thresholds = {name: float(detector.default_threshold) for name, detector in self.detectors.items()}
        self.disabled: dict[str, str] = {}
        self.marks = marks
        self._seconds = dict.fromkeys(self.detectors, 0.0)
        self._readings = dict.fromkeys(self.detectors, 0)

    def score(self, block: Block) -> dict[str, FloatArray]:
        """Return each detector's scores, (n_ticks, n_machines); NaN for a disabled one."""
        return {name: self._scores_of(name, block) for name in tuple(self.detectors)}

    def unscored(self, block: Block) -> dict[str, FloatArray]:
        """Return NaN for every detector: ticks that overload took from them."""
        nothing = np.full((len(block), block.n_machines), np.nan)
        return dict.fromkeys(self.detectors, nothing)

    def add(self, name: str, detector: Detector, threshold: float | None = None) -> None:
        """Put a detector to work, in place of the one of that name if there is one."""
        self.detectors[name] = detector
        self.thresholds[name] = float(detector.default_threshold)
        self._seconds[name], self._readings[name] = 0.0, 0
        self.disabled.pop(name, None)
        if threshold is not None:
            self.set_threshold(name, threshold)

    def remove(self, name: str) -> None:
        """Take a detector out."""
        self._require(name)
        for table in (self.detectors, self.thresholds, self._seconds, self._readings):
            table.pop(name)
        self.disabled.pop(name, None)

    def warm(self, name: str, block: Block) -> FloatArray:
        """Show one detector the past and return its scores, (n_ticks, n_machines)."""
        return self._scores_of(name, block)

    def set_threshold(self, name: str, threshold: float) -> None:
        """Set the score from which on the detector raises alarms."""
        self._require(name)
        if not math.isfinite(threshold) or threshold <= 0.0:
            raise ParameterError(f"threshold must be above 0, got {threshold!r}.")
        self.thresholds[name] = float(threshold)

    def reset(self) -> None:
        """Make all detectors forget; disabled ones get another chance."""
        for detector in self.detectors.values():
            detector.reset()
        self.disabled.clear()

    def blame(self, name: str, block: Block, tick: int, at: int) -> tuple[str, ...]:
        """Return the sensors that drive the score of one machine at one tick, the strongest first."""
        try:
            shares = self.detectors[name].blame(block)
        except Exception:
            log.exception("detector %s could not say which sensors it blames", name)
            shares = None
        if shares is None:
            return () if self.marks is None else self.marks.farthest(block.values[tick, at])
        return strongest(np.nan_to_num(shares[tick, at]), block.sensors)

    def figures(self) -> dict[str, dict[str, Any]]:
        """Return for each detector whether it works, why not, and its cost in microseconds per reading."""
        return {
            name: {
                "working": name not in self.disabled,
                "reason": self.disabled.get(name, ""),
                "us_per_reading": round(1e6 * self._seconds[name] / max(1, self._readings[name]), 3),
            }
            for name in tuple(self.detectors)
        }

    def _scores_of(self, name: str, block: Block) -> FloatArray:
        shape = (len(block), block.n_machines)
        if name in self.disabled:
            return np.full(shape, np.nan)
        began = perf_counter()
        try:
            scores = _checked(self.detectors[name].score_then_learn(block), shape)
        except Exception as problem:
            self._disable(name, problem)
            return np.full(shape, np.nan)
        self._seconds[name] += perf_counter() - began
        self._readings[name] += shape[0] * shape[1]
        return scores

    def _disable(self, name: str, problem: Exception) -> None:
        words = str(problem) if isinstance(problem, LabError) else f"{type(problem).__name__}: {problem}"
        self.disabled[name] = words.splitlines()[0][:300] if words else type(problem).__name__
        log.error("detector %s failed and is disabled; the stream goes on", name, exc_info=problem)

    def _require(self, name: str) -> None:
        if name not in self.detectors:
            raise UnknownNameError("running detector", name, self.detectors)


def strongest(shares: FloatArray, sensors: tuple[str, ...]) -> tuple[str, ...]:
    """Return the sensors with at least half of the greatest share, the greatest first, at most three."""
    order = np.argsort(-shares, kind="stable")[:MOST_BLAMED]
    best = float(shares[order[0]]) if len(order) else 0.0
    return tuple(sensors[i] for i in order if best > 0.0 and shares[i] >= SMALLEST_SHARE * best)


def _checked(scores: Any, shape: tuple[int, int]) -> FloatArray:
    checked = np.asarray(scores, dtype=np.float64)
    if checked.shape != shape:
        raise ValueError(f"scores must have shape {shape}, got {checked.shape}.")
    if not np.isfinite(checked).all():
        raise ValueError("scores must be finite, got NaN or infinity.")
    return checked
