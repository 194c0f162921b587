"""Histogram-based outlier score, through PyOD."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from engine.detectors.library import LibraryDetector
from engine.params import Range


@dataclass
class Hbos(LibraryDetector):
    """Product of how rare each sensor's value is in its own histogram.

    The quickest of the batch models (about 2 µs a reading in frames). Looks at each sensor alone, so a broken relation
    between usual values stays unseen.

    Parameters
    ----------
    bins
        Bars in each sensor's histogram.

    References
    ----------
    Goldstein, M., Dengel, A. (2012). Histogram-based outlier score (HBOS). KI-2012, 59-63.
    """

    name: ClassVar[str] = "hbos"
    title: ClassVar[str] = "Histogram-based outlier score"
    good_at: ClassVar[str] = "rare values of single sensors, many machines, little time"
    bad_at: ClassVar[str] = "relations between sensors"
    multivariate: ClassVar[bool] = False

    bins: Annotated[int, Range(3, 100, unit="bars")] = 10

    def estimator(self, n_rows: int) -> Any:
        from pyod.models.hbos import HBOS

        return HBOS(n_bins=self.bins)
