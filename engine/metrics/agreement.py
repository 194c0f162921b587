"""How far people who marked the same data agree: events at a tolerance, kappa on slices, Krippendorff's alpha.

References
----------
Cohen, J. (1960). A coefficient of agreement for nominal scales. Educational and Psychological Measurement 20, 37–46.
Krippendorff, K. (2011). Computing Krippendorff's alpha-reliability. University of Pennsylvania.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.metrics.arrays import Measured, undefined
from engine.records import SECOND_US

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from engine.metrics.arrays import FloatArray, IntArray

NOTHING_MARKED = "nobody marked anything"


def event_agreement(first: Sequence[Any], second: Sequence[Any], tolerance_s: float = 0.0) -> Measured:
    """Return event F1 of one person against another: 2·matches / (events of one + events of the other).

    Two intervals of one machine match when they overlap or the gap between them is at most `tolerance_s`; each
    matches once. Choose the tolerance before looking, or show `agreement_curve`.
    """
    matches = 0
    for machine in {label.machine for label in first} | {label.machine for label in second}:
        matches += _matches(_spans(first, machine), _spans(second, machine), tolerance_s * SECOND_US)
    total = len(first) + len(second)
    values = {"matches": matches, "event_f1": 2 * matches / total if total else None}
    reasons = {} if total else {"event_f1": NOTHING_MARKED}
    return Measured(values, reasons, {"tolerance_s": tolerance_s})


def agreement_curve(first: Sequence[Any], second: Sequence[Any], tolerances_s: Sequence[float]) -> list[float | None]:
    """Return event F1 between two people at each tolerance (s): the default picture of agreement."""
    return [event_agreement(first, second, tolerance)["event_f1"] for tolerance in tolerances_s]


def _spans(labels: Sequence[Any], machine: str) -> list[tuple[int, int]]:
    return sorted((label.start_us, label.end_us) for label in labels if label.machine == machine)


def _matches(first: list[tuple[int, int]], second: list[tuple[int, int]], tolerance_us: float) -> int:
    """Return the number of one-to-one matches; for sorted disjoint spans, dropping the earlier end is best."""
    i = j = found = 0
    while i < len(first) and j < len(second):
        gap = max(first[i][0], second[j][0]) - min(first[i][1], second[j][1])
        if gap < 0 or gap <= tolerance_us:
            i, j, found = i + 1, j + 1, found + 1
        elif first[i][1] <= second[j][1]:
            i += 1
        else:
            j += 1
    return found


def slices(labels: Sequence[Any], machine: str, start_us: int, end_us: int, slice_s: float) -> IntArray:
    """Return int64 (n_slices,): 1 where a label of the machine covers any part of the slice."""
    width = round(slice_s * SECOND_US)
    n = max(0, -(-(end_us - start_us) // width))
    marked = np.zeros(n, np.int64)
    for first, last in _spans(labels, machine):
        if last > start_us and first < end_us:
            marked[max(0, (first - start_us) // width) : -(-(last - start_us) // width)] = 1
    return marked


def cohen_kappa(first: ArrayLike, second: ArrayLike) -> Measured:
    """Return kappa = (observed − chance agreement) / (1 − chance agreement) of two raters on slices (n,).

    Rare events make chance agreement on "nothing" high, and the value depends on the slice width.
    """
    a, b = np.asarray(first), np.asarray(second)
    if len(a) != len(b) or not len(a):
        return undefined(("kappa",), "the raters did not judge the same slices" if len(a) else "there are no slices")
    observed = float(np.mean(a == b))
    chance = sum(float(np.mean(a == word)) * float(np.mean(b == word)) for word in np.union1d(a, b))
    values = {"observed": observed, "chance": chance}
    if chance >= 1.0:
        return Measured({**values, "kappa": None}, {"kappa": "both raters gave every slice the same mark"})
    return Measured({**values, "kappa": (observed - chance) / (1 - chance)})


def krippendorff_alpha(ratings: ArrayLike) -> Measured:
    """Return Krippendorff's alpha for nominal marks: 1 − observed / expected disagreement.

    Parameters
    ----------
    ratings
        (n_raters, n_slices), NaN where a rater did not judge; slices judged by one rater only are left out.
    """
    table = np.atleast_2d(np.asarray(ratings, np.float64))
    words = np.unique(table[~np.isnan(table)])
    counts = np.stack([(table == word).sum(axis=0) for word in words], axis=1) if len(words) else np.zeros((0, 0))
    judged = counts.sum(axis=1)
    counts, judged = counts[judged > 1], judged[judged > 1]
    total = int(judged.sum())
    if not total:
        return undefined(("alpha",), "no slice was judged by two raters")
    observed = float(np.sum((judged**2 - (counts**2).sum(axis=1)) / (judged - 1)) / total)
    margins = counts.sum(axis=0)
    expected = float((total**2 - (margins**2).sum()) / (total * (total - 1)))
    if expected == 0:
        return undefined(("alpha",), "all marks are the same")
    return Measured({"alpha": 1 - observed / expected, "observed": observed, "expected": expected})


def consensus(marks: ArrayLike) -> FloatArray:
    """Return float64 (n_slices,): the share of raters (n_raters, n_slices) that marked each slice; NaN = not judged."""
    table = np.atleast_2d(np.asarray(marks, np.float64))
    judged = (~np.isnan(table)).sum(axis=0)
    share: FloatArray = np.divide(np.nansum(table, axis=0), judged, out=np.full(len(judged), np.nan), where=judged > 0)
    return share
