"""Cluster-based local outlier factor, through PyOD."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np

from engine.detectors.library import LibraryDetector
from engine.params import Range

if TYPE_CHECKING:
    from engine.records import FloatArray


@dataclass
class ClusterOutlierFactor(LibraryDetector):
    """Distance to the nearest large cluster of normal operation.

    Readings of small clusters are measured against the large ones. Fit about 0.1 s, a reading a few microseconds.

    Parameters
    ----------
    clusters
        Clusters that k-means looks for.

    References
    ----------
    He, Z., Xu, X., Deng, S. (2003). Discovering cluster-based local outliers. Pattern Recognition Letters 24,
    1641-1650.
    """

    name: ClassVar[str] = "cblof"
    title: ClassVar[str] = "Cluster-based local outlier factor"
    good_at: ClassVar[str] = "plants with a handful of operating points"
    bad_at: ClassVar[str] = "normal operation that has no clusters, such as a slow ramp"

    clusters: Annotated[int, Range(2, 50, unit="clusters")] = 8

    def estimator(self, n_rows: int) -> Any:
        from pyod.models.cblof import CBLOF

        return CBLOF(n_clusters=self.clusters, alpha=min(0.9, 1.0 - 1.0 / self.clusters), random_state=self.seed)

    def _fit_estimator(self, rows: FloatArray) -> Any:
        """Fit with fewer clusters where the readings have not that many different values."""
        from sklearn.cluster import KMeans

        different = len(np.unique(rows.round(9), axis=0))
        model = self.estimator(len(rows))
        model.n_clusters = max(2, min(self.clusters, different))
        model.alpha = min(0.9, 1.0 - 1.0 / model.n_clusters)
        if different < 2:
            rows = np.concatenate([rows, rows[:1] + 1.0])  # PyOD needs two clusters even where nothing ever moved
        model.clustering_estimator = KMeans(n_clusters=model.n_clusters, n_init=3, random_state=self.seed)
        return model.fit(rows)

    def training_scores(self, estimator: Any, rows: FloatArray) -> FloatArray:
        return np.asarray(estimator.decision_function(rows), dtype=np.float64)
