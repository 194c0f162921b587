"""Distance to a random sample, through PyOD."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from engine.detectors.library import LibraryDetector
from engine.params import Range


@dataclass
class Sampling(LibraryDetector):
    """Distance to the nearest of a few training readings drawn at random.

    Twenty readings are often enough; a reading costs about a microsecond in frames.

    Parameters
    ----------
    sample
        Training readings drawn.

    References
    ----------
    Sugiyama, M., Borgwardt, K. (2013). Rapid distance-based outlier detection via sampling. NIPS 26.
    """

    name: ClassVar[str] = "sampling"
    title: ClassVar[str] = "Distance to a random sample"
    good_at: ClassVar[str] = "clear outliers for almost no cost"
    bad_at: ClassVar[str] = "small deviations: the draw decides"

    sample: Annotated[int, Range(2, 1000, unit="readings", log=True)] = 20

    def estimator(self, n_rows: int) -> Any:
        from pyod.models.sampling import Sampling as Model

        return Model(subset_size=min(self.sample, n_rows), random_state=self.seed)
