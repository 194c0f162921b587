"""k nearest neighbours, through PyOD."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from engine.detectors.library import LibraryDetector
from engine.detectors.neighbours import nearest_rows
from engine.params import Choice, Range

if TYPE_CHECKING:
    from engine.records import Block


@dataclass
class NearestNeighbours(LibraryDetector):
    """Distance to the k-th nearest training reading.

    The plainest distance method and often among the best. Costs about 15 µs a reading in frames. Needs the window to
    have shown all operating points.

    Parameters
    ----------
    neighbours
        Which neighbour's distance counts.
    method
        Distance to the k-th neighbour (largest), or the mean or median over the k nearest.

    References
    ----------
    Ramaswamy, S., Rastogi, R., Shim, K. (2000). Efficient algorithms for mining outliers from large data sets. SIGMOD.
    """

    name: ClassVar[str] = "knn"
    title: ClassVar[str] = "k nearest neighbours"
    good_at: ClassVar[str] = "anything far from all that was seen, whatever the shape of normal"
    bad_at: ClassVar[str] = "operating points that the window lacks; many useless sensors"

    neighbours: Annotated[int, Range(1, 200, unit="readings")] = 5
    method: Annotated[str, Choice(("largest", "mean", "median"))] = "largest"

    def estimator(self, n_rows: int) -> Any:
        from pyod.models.knn import KNN

        return KNN(n_neighbors=min(self.neighbours, n_rows - 1), method=self.method)

    def explain(self, block: Block) -> dict[str, Any]:
        """Return the training readings nearest to each machine's last reading, in the machine's own units."""
        return nearest_rows(self, block, self.neighbours)
