"""PCA: what the usual directions of movement cannot explain."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np

from engine.detectors.covariance import CovarianceDetector, chi2_limit
from engine.detectors.standard import BIGGEST
from engine.params import Range

if TYPE_CHECKING:
    from engine.detectors.base import State
    from engine.records import Block, FloatArray


@dataclass
class PcaSpe(CovarianceDetector):
    """Squared distance of a reading from the plane in which the sensors usually move (SPE, Q statistic).

    Good on raw readings: load moves readings within the plane, a fault out of it; bad on residuals, where no plane is
    left, and at faults along the plane (an overload looks like load). The score is the SPE over its limit. Cost: about
    0.3 µs per reading of 7 sensors.

    Parameters
    ----------
    kept
        Share of the variance that the plane should explain.
    alpha
        Share of independent normal readings that reach the limit.

    References
    ----------
    Jackson, J. E., Mudholkar, G. S. (1979). Control procedures for residuals associated with principal component
    analysis. Technometrics 21, 341–349. Box, G. E. P. (1954). Ann. Math. Stat. 25, 290–302 (the g χ² limit).
    """

    name: ClassVar[str] = "pca_spe"
    title: ClassVar[str] = "PCA, squared prediction error"
    family: ClassVar[str] = "multivariate"
    good_at: ClassVar[str] = "raw readings whose relations break, whatever the load"
    bad_at: ClassVar[str] = "residuals; faults that look like load"
    default_threshold: ClassVar[float] = 1.0

    kept: Annotated[float, Range(0.1, 0.999, unit="of the variance")] = 0.95
    alpha: Annotated[float, Range(1e-9, 0.1, log=True)] = 1e-6

    def model(self, covariance: FloatArray) -> State:
        values, vectors = np.linalg.eigh(covariance)
        values = np.maximum(values, 1e-6)
        # Ascending: the leading small ones are left over as long as they explain no more than 1 - kept.
        left = np.cumsum(values, axis=1) <= (1.0 - self.kept) * values.sum(axis=1, keepdims=True)
        left[:, 0] = True
        rest = np.einsum("mjk,mk,mik->mji", vectors, left.astype(np.float64), vectors)
        first = np.where(left, values, 0.0).sum(axis=1)
        second = np.where(left, values**2, 0.0).sum(axis=1)
        limits = [g * chi2_limit(h, self.alpha) for g, h in zip(second / first, first**2 / second, strict=True)]
        return super().model(covariance) | {"rest": rest, "limit": np.array(limits)}

    def measure(self, complete: FloatArray, distance: FloatArray, block: Block) -> FloatArray:
        outside = self._outside(complete)
        return np.asarray(np.minimum((outside**2).sum(axis=2) / (self.state or {})["limit"], BIGGEST))

    def contributions(self, z: FloatArray, block: Block) -> FloatArray:
        """Return each sensor's share of the squared prediction error."""
        return self._outside(np.nan_to_num(np.clip(z, -1e3, 1e3), nan=0.0)) ** 2

    def explain(self, block: Block) -> dict[str, Any]:
        """Return each sensor's share of the SPE and the limit at the block's last tick, per machine."""
        shares = self.blame(block)
        if self.state is None or shares is None or len(block) == 0:
            return {}
        machines = {
            machine: {"shares": shares[-1, i].tolist(), "limit": float(self.state["limit"][i])}
            for i, machine in enumerate(block.machines)
        }
        return {"kind": "prediction error", "sensors": list(block.sensors), "machines": machines}

    def _outside(self, complete: FloatArray) -> FloatArray:
        outside: FloatArray = np.einsum("mjk,imk->imj", (self.state or {})["rest"], complete)
        return outside
