"""Isolation by nearest neighbours, through PyOD."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from engine.detectors.library import LibraryDetector
from engine.params import Range


@dataclass
class NearestNeighbourEnsemble(LibraryDetector):
    """Spheres around sampled readings, as wide as the way to their nearest neighbour.

    Local like LOF and random like Isolation Forest. Every call costs about 30 ms with PyOD's 200 estimators, so it is
    for uploads and comparisons, less for many readings a second.

    Parameters
    ----------
    estimators
        Sets of spheres.
    sample
        Spheres in a set.

    References
    ----------
    Bandaragoda, T. R., Ting, K. M., Albrecht, D., Liu, F. T., Zhu, Y., Wells, J. R. (2018). Isolation-based anomaly
    detection using nearest-neighbor ensembles. Computational Intelligence 34, 968-998.
    """

    name: ClassVar[str] = "inne"
    title: ClassVar[str] = "Isolation by nearest neighbours"
    good_at: ClassVar[str] = "local clusters of different density"
    bad_at: ClassVar[str] = "live use: each call is dear"
    default_threshold: ClassVar[float] = 1.05  # the raw score is 1 outside all spheres, and cannot be more

    estimators: Annotated[int, Range(10, 500)] = 50
    sample: Annotated[int, Range(4, 256, unit="readings")] = 16
    train_rows: Annotated[int, Range(50, 5_000, unit="readings", log=True)] = 1000

    def estimator(self, n_rows: int) -> Any:
        from pyod.models.inne import INNE

        return INNE(n_estimators=self.estimators, max_samples=min(self.sample, n_rows), random_state=self.seed)
