"""Local outlier factor, through PyOD."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from engine.detectors.library import LibraryDetector
from engine.detectors.neighbours import nearest_rows
from engine.params import Range

if TYPE_CHECKING:
    from engine.records import Block


@dataclass
class LocalOutlierFactor(LibraryDetector):
    """Density around a reading against the density around its neighbours.

    Finds readings at the edge of a dense cloud that a global distance misses. Costs about 20 µs a reading in frames;
    the score says nothing where training readings repeat exactly (density infinite).

    Parameters
    ----------
    neighbours
        Neighbours that make up the local density.

    References
    ----------
    Breunig, M. M., Kriegel, H.-P., Ng, R. T., Sander, J. (2000). LOF: identifying density-based local outliers. SIGMOD.
    """

    name: ClassVar[str] = "lof"
    title: ClassVar[str] = "Local outlier factor"
    good_at: ClassVar[str] = "several operating points of different density"
    bad_at: ClassVar[str] = "training readings that repeat exactly; large windows (slow)"

    neighbours: Annotated[int, Range(2, 200, unit="readings")] = 20

    def estimator(self, n_rows: int) -> Any:
        from pyod.models.lof import LOF

        return LOF(n_neighbors=min(self.neighbours, n_rows - 1))

    def explain(self, block: Block) -> dict[str, Any]:
        """Return the training readings nearest to each machine's last reading, in the machine's own units."""
        return nearest_rows(self, block, self.neighbours)
