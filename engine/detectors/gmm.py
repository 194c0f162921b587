"""Gaussian mixture, through PyOD."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from engine.detectors.library import LibraryDetector
from engine.params import Range


@dataclass
class GaussianMixture(LibraryDetector):
    """How unlikely a reading is under a few overlapping bell-shaped clouds.

    Knows correlations, one cloud per operating point. A reading costs about a microsecond in frames.

    Parameters
    ----------
    components
        Clouds in the mixture.
    floor
        Variance added to every direction, in squared units of the machine's spread; keeps sensors that depend on each
        other exactly from being taken too seriously.

    References
    ----------
    McLachlan, G., Peel, D. (2000). Finite Mixture Models. Wiley.
    """

    name: ClassVar[str] = "gmm"
    title: ClassVar[str] = "Gaussian mixture"
    good_at: ClassVar[str] = "broken relations between sensors around several operating points"
    bad_at: ClassVar[str] = "heavy tails; too few readings for the clouds"

    components: Annotated[int, Range(1, 20, unit="clouds")] = 3
    floor: Annotated[float, Range(1e-6, 1.0, unit="σ²", log=True)] = 1e-3

    def estimator(self, n_rows: int) -> Any:
        from pyod.models.gmm import GMM

        return GMM(n_components=min(self.components, n_rows), reg_covar=self.floor, random_state=self.seed)
