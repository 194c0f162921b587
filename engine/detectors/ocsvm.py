"""One-class SVM, through PyOD."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from engine.detectors.library import LibraryDetector
from engine.params import Range


@dataclass
class OneClassSvm(LibraryDetector):
    """A smooth border around most of the training readings.

    Costs up to 90 µs a reading and grows with the square of the training readings, so it learns from few of them.

    Parameters
    ----------
    nu
        Share of training readings that may lie outside the border.

    References
    ----------
    Schölkopf, B., Platt, J. C., Shawe-Taylor, J., Smola, A. J., Williamson, R. C. (2001). Estimating the support of a
    high-dimensional distribution. Neural Computation 13, 1443-1471.
    """

    name: ClassVar[str] = "ocsvm"
    title: ClassVar[str] = "One-class SVM"
    good_at: ClassVar[str] = "a curved but connected region of normal"
    bad_at: ClassVar[str] = "many readings a second; far outliers all score alike"

    nu: Annotated[float, Range(0.001, 0.9)] = 0.05
    train_rows: Annotated[int, Range(50, 5_000, unit="readings", log=True)] = 500

    def estimator(self, n_rows: int) -> Any:
        from pyod.models.ocsvm import OCSVM

        return OCSVM(nu=self.nu)
