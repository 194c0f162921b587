"""Every distinct score as a threshold, from high to low, found with one sort and used by all score metrics."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.metrics.arrays import as_labels, as_scores

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from engine.metrics.arrays import FloatArray, IntArray


@dataclass(frozen=True)
class Sweep:
    """Truth and scores, sorted once.

    Parameters
    ----------
    truth
        int64 (n,), 0/1.
    scores
        float64 (n,).
    descending
        float64 (n,), the scores from high to low.
    thresholds
        float64 (m,), the distinct scores from high to low.
    levels
        int64 (n,): row i is alarmed at threshold j exactly when `levels[i] <= j`.
    alarms, hits
        int64 (m,): alarmed rows, and alarmed true rows, at each threshold.
    """

    truth: IntArray
    scores: FloatArray
    descending: FloatArray
    thresholds: FloatArray
    levels: IntArray
    alarms: IntArray
    hits: IntArray

    @property
    def n(self) -> int:
        """Number of rows."""
        return len(self.truth)

    @property
    def positives(self) -> int:
        """Number of true rows."""
        return int(self.truth.sum())


def sweep(truth: ArrayLike, scores: ArrayLike) -> Sweep:
    """Return truth and scores as a sweep; labels and scores are checked here.

    Raises
    ------
    InputError
        When a label is not 0/1, a score is NaN or infinite, or the lengths differ.
    """
    labels = as_labels(truth, "truth")
    values = as_scores(scores, n=len(labels))
    order = np.argsort(-values, kind="stable")
    descending = values[order]
    last = np.append(descending[1:] != descending[:-1], True)[: len(values)]
    ends = np.flatnonzero(last)
    levels = np.empty(len(values), np.int64)
    levels[order] = np.concatenate([[0], np.cumsum(last)[:-1]]) if len(values) else 0
    hits = np.cumsum(labels[order])[ends]
    return Sweep(labels, values, descending, descending[ends], levels, ends + 1, hits)


def bins_of(scores: FloatArray, thresholds: FloatArray) -> IntArray:
    """Return int64 (n,): the first of the descending `thresholds` that alarms each row; len(thresholds) = none does."""
    return np.searchsorted(-thresholds, -scores, side="left").astype(np.int64)


def grows_to(levels: IntArray, n_levels: int, gains: FloatArray | IntArray | None = None) -> FloatArray:
    """Return float64 (n_levels,): the sum of `gains` (1 each by default) of all rows up to each level."""
    return np.cumsum(np.bincount(levels, weights=gains, minlength=n_levels)[:n_levels]).astype(np.float64)
