"""How the sensors of a machine move together: a running robust covariance, and what detectors build on it."""

from __future__ import annotations

import math
from abc import abstractmethod
from dataclasses import dataclass
from statistics import NormalDist
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np

from engine.detectors.kernels import kernel
from engine.detectors.standard import StandardisedDetector
from engine.params import Range

if TYPE_CHECKING:
    from engine.detectors.base import State
    from engine.records import Block, FloatArray

RIDGE = 1e-3  # added to the diagonal: sensors that repeat each other must not make the inverse explode


@kernel
def relate_kernel(z, precision, covariance, count, memory, learning, complete, distance):  # type: ignore[no-untyped-def]
    """Fill gaps with what the other sensors say, write z' P z, then let the covariance learn (clipped, weighted)."""
    n_ticks, n_machines, n_sensors = z.shape
    for m in range(n_machines):
        for i in range(n_ticks):
            known = 0
            for k in range(n_sensors):
                x = z[i, m, k]
                complete[i, m, k] = 0.0
                if np.isfinite(x):
                    complete[i, m, k] = min(max(x, -1e3), 1e3)
                    known += 1
            distance[i, m] = 0.0
            if known == 0:
                continue
            if known < n_sensors:
                # Gauss-Seidel on the missing entries converges to their mean given the known ones.
                for _ in range(8):
                    for k in range(n_sensors):
                        if not np.isfinite(z[i, m, k]):
                            pull = 0.0
                            for j in range(n_sensors):
                                if j != k:
                                    pull += precision[m, k, j] * complete[i, m, j]
                            complete[i, m, k] = -pull / precision[m, k, k]
            d = 0.0
            for k in range(n_sensors):
                for j in range(n_sensors):
                    d += complete[i, m, k] * precision[m, k, j] * complete[i, m, j]
            d = max(d, 0.0)
            distance[i, m] = d
            if not learning or known < n_sensors:
                continue
            # A reading three times as far out as usual counts for less the further out it is.
            weight = 1.0 if d <= 9.0 * n_sensors else (9.0 * n_sensors / d) ** 2
            gain = weight / min(count[m] + 1, memory)
            for k in range(n_sensors):
                a = min(max(complete[i, m, k], -4.0), 4.0)
                for j in range(n_sensors):
                    b = min(max(complete[i, m, j], -4.0), 4.0)
                    covariance[m, k, j] += gain * (a * b - covariance[m, k, j])
            count[m] += 1


@dataclass
class CovarianceDetector(StandardisedDetector):
    """A detector that knows how the sensors of a machine move together.

    Parameters
    ----------
    refresh
        Readings after which the model is made anew from the running covariance.
    """

    multivariate: ClassVar[bool] = True

    refresh: Annotated[int, Range(1, 100_000, unit="readings", log=True)] = 100

    def begin(self, n_machines: int, n_sensors: int) -> State:
        eye = np.tile(np.eye(n_sensors), (n_machines, 1, 1))
        state: State = {"seen": 0, "related": np.zeros(n_machines, np.int64), "covariance": eye}
        return state | self.begin_model(n_machines, n_sensors) | self.model(eye)

    def begin_model(self, n_machines: int, n_sensors: int) -> State:
        """Return what a subclass keeps besides the model."""
        return {}

    def model(self, covariance: FloatArray) -> State:
        """Return what scores are made from, given the covariance (n_machines, n_sensors, n_sensors)."""
        return {"precision": np.linalg.inv(covariance + RIDGE * np.eye(covariance.shape[-1]))}

    @abstractmethod
    def measure(self, complete: FloatArray, distance: FloatArray, block: Block) -> FloatArray:
        """Return scores from deviations without gaps and their squared Mahalanobis distances."""

    def judge(self, z: FloatArray, block: Block) -> FloatArray:
        state = self.state or {}
        scores = np.zeros((len(block), block.n_machines))
        done = 0
        while done < len(block):
            stop = min(len(block), done + self.refresh - state["seen"] % self.refresh)
            scores[done:stop] = self._stretch(z[done:stop], block.ticks(done, stop), state)
            state["seen"] += stop - done
            if state["seen"] % self.refresh == 0:
                state.update(self.model(state["covariance"]))
                self.refreshed(state)
            done = stop
        return scores

    def fit(self, block: Block) -> None:
        super().fit(block)
        if self.state is not None:
            self.state.update(self.model(self.state["covariance"]))

    def refreshed(self, state: State) -> None:
        """Be told that the model was made anew; a subclass may decide here to learn no more."""

    def keeps_learning(self) -> bool:
        """Say whether the covariance goes on learning."""
        return True

    def _stretch(self, z: FloatArray, block: Block, state: State) -> FloatArray:
        """Score ticks between two refreshes; machines still in warm-up score 0.0."""
        complete, distance = np.empty(z.shape), np.empty(z.shape[:2])
        before = state["related"].copy()
        known = np.isfinite(z).all(axis=2)
        ahead = np.cumsum(known, axis=0) - known if self.keeps_learning() else np.zeros(known.shape, np.int64)
        relate_kernel(
            z, state["precision"], state["covariance"], state["related"], self.memory,
            self.keeps_learning(), complete, distance,
        )  # fmt: skip
        scores = self.measure(complete, distance, block)
        return np.where(before + ahead >= self.warm_up, scores, 0.0)

    def contributions(self, z: FloatArray, block: Block) -> FloatArray:
        """Return each sensor's share of the squared distance: z_k (P z)_k, cut at 0."""
        state = self.state or {}
        filled = np.nan_to_num(np.clip(z, -1e3, 1e3), nan=0.0)
        shares = filled * np.einsum("mkj,imj->imk", state["precision"], filled)
        return np.asarray(np.maximum(shares, 0.0))


def chi2_limit(degrees: float, probability: float) -> float:
    """Return the value that chi-squared exceeds with that probability (Wilson–Hilferty 1931, within 1 %)."""
    z = NormalDist().inv_cdf(1.0 - probability)
    spread = 2.0 / (9.0 * degrees)
    return float(degrees * (1.0 - spread + z * math.sqrt(spread)) ** 3)
