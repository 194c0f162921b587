"""Range-based precision and recall: existence, size, position and number of the overlaps of alarm runs with events.

References
----------
Tatbul, N. et al. (2018). Precision and recall for time series. NeurIPS 31.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from engine.metrics.arrays import Measured, as_pair, f_score, runs

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from engine.metrics.arrays import FloatArray, IntArray

BIASES = ("flat", "front", "middle", "back")
CARDINALITIES = ("one", "reciprocal")


def range_pr(
    truth: ArrayLike,
    alarms: ArrayLike,
    *,
    alpha_recall: float = 0.0,
    alpha_precision: float = 0.0,
    cardinality: str = "reciprocal",
    bias_recall: str = "flat",
    bias_precision: str = "flat",
) -> Measured:
    """Return range precision, recall, F1 and F0.5.

    For an event met by x alarm runs: reward = α·[x ≥ 1] + (1−α)·γ(x)·Σ overlapped δ / Σ δ, with γ = 1 (`one`) or 1/x
    (`reciprocal`) and δ(i) the weight of position i: flat 1, front L−i+1, back i, middle the smaller of both. Range
    recall is the mean over events, range precision the same with the roles swapped.
    """
    true, alarmed = as_pair(truth, alarms)
    events, found = runs(true), runs(alarmed)
    precision = mean_reward(found, events, alpha_precision, cardinality, bias_precision)
    recall = mean_reward(events, found, alpha_recall, cardinality, bias_recall)
    reasons = _reasons(events, found)
    both = precision is not None and recall is not None
    values = {
        "precision": precision,
        "recall": recall,
        "f1": f_score(precision, recall) if both else None,  # type: ignore[arg-type]
        "f05": f_score(precision, recall, 0.5) if both else None,  # type: ignore[arg-type]
    }
    parameters = {
        "alpha_recall": alpha_recall,
        "alpha_precision": alpha_precision,
        "cardinality": cardinality,
        "bias_recall": bias_recall,
        "bias_precision": bias_precision,
    }
    return Measured(values, {k: reasons for k, v in values.items() if v is None}, parameters)


def range_precision_biased(
    truth: ArrayLike, alarms: ArrayLike, *, alpha: float = 0.0, cardinality: str = "reciprocal", bias: str = "front"
) -> Measured:
    """Return range precision alone, with a positional bias counted inside each alarm run and an existence share α."""
    true, alarmed = as_pair(truth, alarms)
    events, found = runs(true), runs(alarmed)
    value = mean_reward(found, events, alpha, cardinality, bias)
    reasons = {} if value is not None else {"precision": _reasons(events, found)}
    return Measured({"precision": value}, reasons, {"alpha": alpha, "cardinality": cardinality, "bias": bias})


def mean_reward(ranges: IntArray, others: IntArray, alpha: float, cardinality: str, bias: str) -> float | None:
    """Return the mean reward of `ranges` for how `others` overlap them; None without ranges."""
    if bias not in BIASES or cardinality not in CARDINALITIES:
        raise ValueError(
            f"bias must be one of {BIASES} and cardinality of {CARDINALITIES}, got {bias!r}, {cardinality!r}."
        )
    if not len(ranges):
        return None
    which, other = meeting_pairs(ranges, others)
    lengths = ranges[:, 1] - ranges[:, 0] + 1
    first = np.maximum(ranges[which, 0], others[other, 0]) - ranges[which, 0]
    last = np.minimum(ranges[which, 1], others[other, 1]) - ranges[which, 0] + 1
    weight = _WEIGHTS_UP_TO[bias]
    overlapped = weight(last, lengths[which]) - weight(first, lengths[which])
    met = np.bincount(which, minlength=len(ranges))
    share = np.bincount(which, weights=overlapped, minlength=len(ranges)) / weight(lengths, lengths)
    if cardinality == "reciprocal":
        share = share / np.maximum(met, 1)
    return float(np.mean(alpha * (met > 0) + (1 - alpha) * share))


def meeting_pairs(ranges: IntArray, others: IntArray) -> tuple[IntArray, IntArray]:
    """Return the positions (k,), (k,) of all ranges and others that share a row; both ascending, not touching."""
    first = np.searchsorted(others[:, 1], ranges[:, 0], side="left")
    stop = np.searchsorted(others[:, 0], ranges[:, 1], side="right")
    counts = np.maximum(stop - first, 0)
    which = np.repeat(np.arange(len(ranges)), counts)
    offset = np.arange(len(which)) - np.repeat(np.cumsum(counts) - counts, counts)
    return which, first[which] + offset


def _flat(p: IntArray, length: IntArray) -> IntArray:
    return p


def _back(p: IntArray, length: IntArray) -> IntArray:
    return p * (p + 1) // 2


def _front(p: IntArray, length: IntArray) -> IntArray:
    return p * (2 * length - p + 1) // 2


def _middle(p: IntArray, length: IntArray) -> IntArray:
    half = length // 2
    rising, falling = np.minimum(p, half), np.maximum(p - half, 0)
    weight: IntArray = rising * (rising + 1) // 2 + falling * (2 * (length - half) - falling + 1) // 2
    return weight


# The sum of δ over positions 1 … p of a range of that length, in closed form.
_WEIGHTS_UP_TO: dict[str, Callable[[IntArray, IntArray], IntArray]] = {
    "flat": _flat,
    "front": _front,
    "middle": _middle,
    "back": _back,
}


def _reasons(events: IntArray | FloatArray, found: IntArray | FloatArray) -> str:
    return "there are no events" if not len(events) else "there are no alarms"
