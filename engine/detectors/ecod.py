"""ECOD over sorted columns: a reading's score depends on the training readings only.

PyOD's ECOD and COPOD append each batch to the training readings and keep intermediate results on the object, so scores
depend on what else is in the batch and on other threads (its issues 400, 401, 426 and 604). Live use needs this form.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from engine.detectors.windowed import Windowed

if TYPE_CHECKING:
    from engine.detectors.base import State
    from engine.records import Block, FloatArray


@dataclass
class TailProbability(Windowed):
    """Detectors that add up, over the sensors, how far out in its own distribution each value lies."""

    multivariate: ClassVar[bool] = False

    def fitted(self, rows: FloatArray) -> tuple[State, FloatArray]:
        model = {"sorted_columns": np.sort(rows.T, axis=1), "skew_signs": skew_signs(rows)}
        return model, self.raw_scores(model, rows)

    def raw_scores(self, model: State, rows: FloatArray) -> FloatArray:
        total: FloatArray = self.parts(model, rows).sum(axis=1)
        return total

    def parts(self, model: State, rows: FloatArray) -> FloatArray:
        """Return each sensor's share of the raw score (n, n_sensors)."""
        raise NotImplementedError

    def blame(self, block: Block) -> FloatArray | None:
        if self.state is None or not self.state["is_fitted"]:
            return None
        rows = self.standardised(block.values).reshape(-1, block.n_sensors)
        shares = self.parts(self.state, rows).reshape(block.values.shape)
        return np.where(np.isnan(block.values), 0.0, shares)

    def explain(self, block: Block) -> dict[str, Any]:
        """Return each sensor's tail probabilities for the last reading of each machine."""
        head = {"kind": "tails", "machines": list(block.machines), "sensors": list(block.sensors)}
        if self.state is None or not self.state["is_fitted"] or len(block) == 0:
            return {**head, "ready": False}
        rows = self.standardised(block.values[-1:])[0]
        left, right = tails(self.state["sorted_columns"], rows)
        parts = self.parts(self.state, rows)
        return {
            **head,
            "ready": True,
            "left": np.exp(-left).tolist(),
            "right": np.exp(-right).tolist(),
            "parts": parts.tolist(),
        }


@dataclass
class Ecod(TailProbability):
    """Adds up how small each sensor's tail probability is, taking the tail that the sensor's skew points to.

    No parameters to get wrong, 1.5 µs a reading in frames. Each sensor is judged alone.

    References
    ----------
    Li, Z., Zhao, Y., Hu, X., Botta, N., Ionescu, C., Chen, G. H. (2023). ECOD: unsupervised outlier detection using
    empirical cumulative distribution functions. IEEE TKDE 35, 12181-12193.
    """

    name: ClassVar[str] = "ecod"
    title: ClassVar[str] = "ECOD"
    good_at: ClassVar[str] = "values in the tails of single sensors, without any parameter"
    bad_at: ClassVar[str] = "relations between sensors; values beyond all seen ones score alike"
    default_threshold: ClassVar[float] = 1.5  # the score is bounded: beyond the last training reading all is alike

    def parts(self, model: State, rows: FloatArray) -> FloatArray:
        left, right = tails(model["sorted_columns"], rows)
        return np.maximum(by_skew(left, right, model["skew_signs"]), np.maximum(left, right))


def tails(sorted_columns: FloatArray, rows: FloatArray) -> tuple[FloatArray, FloatArray]:
    """Return -ln of the left and right tail probability (n, n_sensors), the reading itself counted in."""
    n = sorted_columns.shape[1]
    left, right = np.empty(rows.shape), np.empty(rows.shape)
    for k, column in enumerate(sorted_columns):
        left[:, k] = np.searchsorted(column, rows[:, k], "right")
        right[:, k] = n - np.searchsorted(column, rows[:, k], "left")
    return -np.log((left + 1.0) / (n + 1.0)), -np.log((right + 1.0) / (n + 1.0))


def by_skew(left: FloatArray, right: FloatArray, signs: FloatArray) -> FloatArray:
    """Return the tail that the skew points to: left for negative, right for positive, both where there is none."""
    picked: FloatArray = np.where(signs <= 0, left, 0.0) + np.where(signs >= 0, right, 0.0)
    return picked


def skew_signs(rows: FloatArray) -> FloatArray:
    """Return the sign of each column's skewness; 0 for a constant column."""
    centred = rows - rows.mean(axis=0)
    third: FloatArray = (centred**3).mean(axis=0)
    spread: FloatArray = (centred**2).mean(axis=0)
    return np.where(spread > 1e-24, np.sign(third), 0.0)
