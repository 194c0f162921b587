"""Are stated confidences true? The Brier score and its parts.

References
----------
Brier, G. W. (1950). Verification of forecasts expressed in terms of probability. Monthly Weather Review 78, 1–3.
Murphy, A. H. (1973). A new vector partition of the probability score. Journal of Applied Meteorology 12, 595–600.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.metrics.arrays import InputError, Measured, as_labels, as_scores, undefined

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

NAMES = ("brier", "reliability", "resolution", "uncertainty", "skill")


def brier(confidences: ArrayLike, outcomes: ArrayLike) -> Measured:
    """Return the mean squared distance between confidence and outcome, 0 (best) … 1, with Murphy's three parts.

    brier = reliability − resolution + uncertainty over the distinct confidences; skill = 1 − brier / uncertainty,
    that is against always stating the share of right labels.

    Parameters
    ----------
    confidences
        Stated probabilities (n,), 0 … 1.
    outcomes
        1 where the label was right (n,).
    """
    stated = as_scores(confidences, "confidences")
    right = as_labels(outcomes, "outcomes")
    if len(stated) != len(right):
        raise InputError(f"outcomes ({len(right)}) must be as many as confidences ({len(stated)}).")
    if not len(stated):
        return undefined(NAMES, "no confidence was stated")
    if stated.min() < 0 or stated.max() > 1:
        raise InputError(f"confidences must be from 0 to 1, got {stated.min():g} … {stated.max():g}.")
    levels, which, counts = np.unique(stated, return_inverse=True, return_counts=True)
    shares, base = np.bincount(which, weights=right) / counts, float(right.mean())
    uncertainty = base * (1 - base)
    score = float(np.mean((stated - right) ** 2))
    parts = (
        score,
        float(np.sum(counts * (levels - shares) ** 2) / len(stated)),
        float(np.sum(counts * (shares - base) ** 2) / len(stated)),
        uncertainty,
        1 - score / uncertainty if uncertainty else None,
    )
    reasons = {} if uncertainty else {"skill": "all labels were right, or all wrong"}
    return Measured(dict(zip(NAMES, parts, strict=True)), reasons, {"labels": len(stated)})


def calibration_table(confidences: ArrayLike, outcomes: ArrayLike, bins: int = 10) -> list[dict[str, float]]:
    """Return one row per used bin of confidence: mean stated confidence, share that was right, number of labels."""
    stated, right = as_scores(confidences, "confidences"), as_labels(outcomes, "outcomes")
    which = np.clip((stated * bins).astype(np.int64), 0, bins - 1)
    return [
        {"stated": float(stated[own].mean()), "right": float(right[own].mean()), "labels": int(own.sum())}
        for own in (which == b for b in np.unique(which))
    ]
