"""KMeansAD: distance of a stretch to the nearest of k learned ones."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np

from engine.detectors.embedding import Embedded
from engine.params import Range

if TYPE_CHECKING:
    from engine.detectors.base import State
    from engine.records import Block, FloatArray


@dataclass
class KMeansAd(Embedded):
    """Distance from the last stretch of all sensors together to the nearest of a few learned stretches.

    Simple, and near the top of benchmarks of multivariate series. A fit costs about a tenth of a second.

    Parameters
    ----------
    clusters
        Learned stretches.

    References
    ----------
    Yairi, T., Kato, Y., Hori, K. (2001). Fault detection by mining association rules from house-keeping data.
    i-SAIRAS. Schmidl, S., Wenig, P., Papenbrock, T. (2022). Anomaly detection in time series. PVLDB 15, 1779-1797.
    """

    name: ClassVar[str] = "kmeans_ad"
    title: ClassVar[str] = "KMeansAD"
    multivariate: ClassVar[bool] = True
    good_at: ClassVar[str] = "shapes over several sensors at once"
    bad_at: ClassVar[str] = "slow change; a window that lacks an operating point"

    clusters: Annotated[int, Range(2, 200, unit="clusters", log=True)] = 20

    def fitted_stretches(self, stretches: FloatArray) -> State:
        from sklearn.cluster import KMeans

        flat = stretches.reshape(len(stretches), -1)
        different = len(np.unique(flat.round(9), axis=0))
        means = KMeans(min(self.clusters, different), n_init=1, random_state=self.seed).fit(flat)
        return {"cluster_centres": np.asarray(means.cluster_centers_, dtype=np.float64)}

    def part_scores(self, model: State, stretches: FloatArray) -> FloatArray:
        nearest: FloatArray = self._distances(model, stretches).min(axis=1)[:, None]
        return nearest

    def _distances(self, model: State, stretches: FloatArray) -> FloatArray:
        flat = stretches.reshape(len(stretches), -1)
        squares = [((flat - centre) ** 2).sum(axis=1) for centre in model["cluster_centres"]]
        distances: FloatArray = np.sqrt(np.stack(squares, axis=1))
        return distances

    def explain(self, block: Block) -> dict[str, Any]:
        """Return, for the last tick, each machine's stretch, the learned one nearest to it, and the distance."""
        head = {"kind": "stretches", "machines": list(block.machines), "sensors": list(block.sensors)}
        if self.state is None or not self.state["is_fitted"] or len(block) == 0:
            return {**head, "ready": False}
        last = block.ticks(len(block) - 1, len(block))
        stretches = self._stretches(self._before(last), last.values)
        distances = self._distances(self.state, stretches)
        nearest = self.state["cluster_centres"][distances.argmin(axis=1)].reshape(stretches.shape)
        return {
            **head,
            "ready": True,
            "stretch": np.round(stretches, 4).tolist(),
            "usual": np.round(nearest, 4).tolist(),
            "distance": distances.min(axis=1).tolist(),
        }
