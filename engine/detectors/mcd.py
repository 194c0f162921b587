"""Minimum covariance determinant, through PyOD."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np

from engine.detectors.library import LibraryDetector
from engine.params import Range

if TYPE_CHECKING:
    from engine.records import FloatArray


@dataclass
class MinimumCovariance(LibraryDetector):
    """Mahalanobis distance from the tightest half of the training readings.

    Robust: faults inside the window do not widen the ellipse. A reading costs about a microsecond in frames.

    Parameters
    ----------
    support
        Share of the readings that the ellipse is drawn around.

    References
    ----------
    Rousseeuw, P. J., Van Driessen, K. (1999). A fast algorithm for the minimum covariance determinant estimator.
    Technometrics 41, 212-223.
    """

    name: ClassVar[str] = "mcd"
    title: ClassVar[str] = "Minimum covariance determinant"
    good_at: ClassVar[str] = "broken relations between sensors, even with faults in the window"
    bad_at: ClassVar[str] = "several operating points, curved relations"

    support: Annotated[float, Range(0.5, 1.0)] = 0.75

    def estimator(self, n_rows: int) -> Any:
        from pyod.models.mcd import MCD

        return MCD(support_fraction=self.support, random_state=self.seed)

    def _fit_estimator(self, rows: FloatArray) -> Any:
        """Fit with a thousandth of a spread of noise added: a sensor that never moved has no ellipse otherwise."""
        noise = np.random.default_rng(self.seed).normal(scale=1e-3, size=rows.shape)
        return super()._fit_estimator(rows + noise)

    def training_scores(self, estimator: Any, rows: FloatArray) -> FloatArray:
        return np.asarray(estimator.decision_function(rows), dtype=np.float64)
