"""The multivariate EWMA chart."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np

from engine.detectors.covariance import CovarianceDetector, chi2_limit
from engine.detectors.smoothing import new_smoothing, smooth
from engine.params import Range
from engine.records import OPERATIONAL

if TYPE_CHECKING:
    from engine.detectors.base import State
    from engine.records import Block, FloatArray


@dataclass
class Mewma(CovarianceDetector):
    """T² of exponentially weighted averages: small shifts of several sensors together.

    Good at small lasting shifts, above all when several sensors share them: the best of the light family on the
    standard plant; bad at single spikes. The averages are divided by their learned inflation, and their covariance is
    learned, so that readings correlated in time do no harm. The score is T² over its limit. Cost: 0.3 µs per reading.

    Parameters
    ----------
    weight
        Weight of the newest reading (λ).
    alpha
        Share of independent normal averages that reach the limit.

    References
    ----------
    Lowry, C. A., Woodall, W. H., Champ, C. W., Rigdon, S. E. (1992). A multivariate exponentially weighted moving
    average control chart. Technometrics 34, 46–53.
    """

    name: ClassVar[str] = "mewma"
    title: ClassVar[str] = "MEWMA"
    family: ClassVar[str] = "multivariate"
    good_at: ClassVar[str] = "small lasting shifts that several sensors share"
    bad_at: ClassVar[str] = "single spikes"
    default_threshold: ClassVar[float] = 1.5

    weight: Annotated[float, Range(0.001, 1.0, unit="of each reading", log=True)] = 0.1
    alpha: Annotated[float, Range(1e-9, 0.1, log=True)] = 1e-7

    def begin_model(self, n_machines: int, n_sensors: int) -> State:
        return new_smoothing(self.weight, n_machines, n_sensors)

    def deviations(self, block: Block) -> FloatArray:
        z = super().deviations(block)
        averages, inflation = smooth(z, block.status == OPERATIONAL, self.weight, self.memory, self.state or {})
        # An average is known where its sensor is; its spread is made 1, as the covariance expects.
        return np.asarray(averages * ((2.0 - self.weight) / self.weight) ** 0.5 / inflation + 0.0 * z)

    def measure(self, complete: FloatArray, distance: FloatArray, block: Block) -> FloatArray:
        return distance / chi2_limit(block.n_sensors, self.alpha)
