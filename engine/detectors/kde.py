"""Kernel density, through PyOD."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Annotated, Any, ClassVar

from engine.detectors.library import LibraryDetector
from engine.params import Range


@dataclass
class KernelDensity(LibraryDetector):
    """How thin the smoothed density of the training readings is at a reading.

    Costs about 400 µs a reading with 10,000 training readings, so it learns from few of them.

    Parameters
    ----------
    bandwidth
        Width of the bell around each training reading.

    References
    ----------
    Latecki, L. J., Lazarevic, A., Pokrajac, D. (2007). Outlier detection with kernel density functions. MLDM, 61-75.
    """

    name: ClassVar[str] = "kde"
    title: ClassVar[str] = "Kernel density"
    good_at: ClassVar[str] = "smooth regions of any shape"
    bad_at: ClassVar[str] = "more than about ten sensors; many readings a second"

    bandwidth: Annotated[float, Range(0.05, 10.0, unit="σ", log=True)] = 0.7
    train_rows: Annotated[int, Range(50, 5_000, unit="readings", log=True)] = 500

    def estimator(self, n_rows: int) -> Any:
        from pyod.models.kde import KDE

        return KDE(bandwidth=self.bandwidth)
