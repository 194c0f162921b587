"""Sub-PCA: principal components of stretches."""

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
class SubPca(Embedded):
    """Distance of each sensor's last stretch from the shapes that usually occur, by principal components.

    One set of components per sensor, shared by all machines. Among the best on the TSB-AD benchmark of single series.
    Needs a window that holds several repetitions; a few microseconds per reading.

    Parameters
    ----------
    kept
        Share of the variance whose components count as usual shapes.

    References
    ----------
    Liu, Q., Paparrizos, J. (2024). The elephant in the room: towards a reliable time-series anomaly detection
    benchmark (TSB-AD). NeurIPS 2024. Shyu, M.-L. et al. (2003). A novel anomaly detection scheme based on principal
    component classifier. ICDM workshop.
    """

    name: ClassVar[str] = "sub_pca"
    title: ClassVar[str] = "Sub-PCA"
    good_at: ClassVar[str] = "odd shapes in repeating signals"
    bad_at: ClassVar[str] = "relations between sensors; windows without repetitions"

    kept: Annotated[float, Range(0.5, 0.999)] = 0.9

    def fitted_stretches(self, stretches: FloatArray) -> State:
        mean = stretches.mean(axis=0)
        axes = np.zeros((stretches.shape[1], self.length, self.length))
        inverse = np.zeros((stretches.shape[1], self.length))
        for k in range(stretches.shape[1]):
            centred = stretches[:, k] - mean[k]
            variance, axes[k] = np.linalg.eigh(np.einsum("ni,nj->ij", centred, centred) / len(centred))
            inverse[k] = self._inverse(variance)
        return {"pca_mean": mean, "pca_axes": axes, "pca_inverse": inverse}

    def _inverse(self, variance: FloatArray) -> FloatArray:
        """Return the weights of the components: 1/variance of the usual ones, one shared weight for all the rest."""
        floor = max(float(variance.sum()) / self.length * 1e-3, 1e-6)
        above = np.cumsum(variance[::-1])[::-1] - variance  # variance of the components that are larger
        usual = above < self.kept * variance.sum()
        rest = float(variance[~usual].mean()) if (~usual).any() else floor
        return np.where(usual, 1.0 / np.maximum(variance, floor), 1.0 / max(rest, floor))

    def part_scores(self, model: State, stretches: FloatArray) -> FloatArray:
        along = np.einsum("nkl,klc->nkc", stretches - model["pca_mean"], model["pca_axes"])
        score: FloatArray = np.einsum("nkc,kc->nk", along**2, model["pca_inverse"])
        return np.sqrt(score)

    def explain(self, block: Block) -> dict[str, Any]:
        """Return, for the last tick, each sensor's stretch and the usual shape nearest to it."""
        head = {"kind": "stretches", "machines": list(block.machines), "sensors": list(block.sensors)}
        if self.state is None or not self.state["is_fitted"] or len(block) == 0:
            return {**head, "ready": False}
        last = block.ticks(len(block) - 1, len(block))
        stretches = self._stretches(self._before(last), last.values)
        model = self.state
        along = np.einsum("nkl,klc->nkc", stretches - model["pca_mean"], model["pca_axes"])
        lowest = model["pca_inverse"].max(axis=1, keepdims=True)
        usual = np.where(model["pca_inverse"] < lowest, along, 0.0)
        shape = model["pca_mean"] + np.einsum("nkc,klc->nkl", usual, model["pca_axes"])
        return {**head, "ready": True, "stretch": np.round(stretches, 4).tolist(), "usual": np.round(shape, 4).tolist()}
