"""NAB: early alarms inside label windows earn most, alarms outside cost, missed windows cost.

References
----------
Lavin, A. and Ahmad, S. (2015). Evaluating real-time anomaly detection algorithms: the Numenta Anomaly Benchmark.
ICMLA, 38–44.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.metrics.arrays import Measured, as_scores, rows_in, rows_of
from engine.metrics.nab_weights import PROBATION, PROFILES, probation_rows, profile_named, row_weights

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from engine.metrics.arrays import BoolArray, FloatArray, IntArray

NO_ALARM = 1.1
__all__ = ["PROBATION", "PROFILES", "NabFile", "nab_at", "nab_at_corpus", "nab_corpus", "nab_optimum", "row_weights"]


@dataclass(frozen=True)
class NabFile:
    """Scores (n,) of one series and its label windows as inclusive row ranges, first matching row for a timestamp."""

    scores: FloatArray
    windows: tuple[tuple[int, int], ...]

    @staticmethod
    def of(scores: ArrayLike, windows: Sequence[Sequence[int]]) -> NabFile:
        """Return a file of checked scores (n,) and windows as inclusive row ranges."""
        return NabFile(as_scores(scores), tuple((int(first), int(last)) for first, last in windows))


def nab_at(
    scores: ArrayLike,
    windows: Sequence[Sequence[int]],
    threshold: float,
    profile: str = "standard",
    probation: float = PROBATION,
) -> Measured:
    """Return the NAB score of one series at a threshold, its row counts and the score normalised to 0 … 100."""
    return nab_at_corpus([NabFile.of(scores, windows)], threshold, profile, probation)


def nab_optimum(
    scores: ArrayLike, windows: Sequence[Sequence[int]], profile: str = "standard", probation: float = PROBATION
) -> Measured:
    """Return the best score of one series over every threshold, with that threshold (1.1 = no alarm)."""
    return nab_corpus([NabFile.of(scores, windows)], profile, probation)


def nab_corpus(files: Sequence[NabFile], profile: str = "standard", probation: float = PROBATION) -> Measured:
    """Return the best sum of scores over all series with one threshold for all: NAB's optimised corpus score."""
    judged = [_Judged(file, profile, probation) for file in files]
    threshold = _best_threshold(judged)
    total, counts = _total_at(judged, threshold)
    values = {"threshold": threshold, "score": total, **counts}
    return _normalised(values, judged, profile).with_(profile=profile, probation=probation)


def nab_at_corpus(
    files: Sequence[NabFile], threshold: float, profile: str = "standard", probation: float = PROBATION
) -> Measured:
    """Return the sum of scores over all series at one given threshold, counts and normalised score."""
    judged = [_Judged(file, profile, probation) for file in files]
    total, counts = _total_at(judged, threshold)
    values = {"score": total, **counts}
    return _normalised(values, judged, profile).with_(threshold=threshold, profile=profile, probation=probation)


class _Judged:
    """One series ready for scoring: which rows count, what each is worth, and the windows that can be found."""

    def __init__(self, file: NabFile, profile: str, probation: float) -> None:
        self.n = len(file.scores)
        self.skipped = probation_rows(self.n, probation)
        self.scores = file.scores[self.skipped :]
        self.weights = row_weights(self.n, file.windows, profile)[self.skipped :]
        self.inside: BoolArray = rows_of(file.windows, self.n)[self.skipped :] > 0
        self.miss = profile_named(profile).fn
        self.all_windows = len(file.windows)
        cut = [(max(a, self.skipped), min(b, self.n - 1)) for a, b in sorted(file.windows)]
        kept = [(a - self.skipped, b - self.skipped) for a, b in cut if a <= b]
        self.windows: IntArray = np.array(kept, np.int64).reshape(-1, 2)

    def gains(self) -> tuple[FloatArray, FloatArray]:
        """Return thresholds (k,) and what the total gains when the threshold falls to each, from all missed.

        In a window only the best alarmed row counts, and that is the earliest, because weights fall from row to row.
        """
        outside = ~self.inside
        which, rows = rows_in(self.windows[:, 0], self.windows[:, 1])
        order = np.lexsort((-self.scores[rows], which))
        which, rows = which[order], rows[order]
        # One running minimum for all windows: each starts below everything that came before it.
        lowered = which * (self.n + 1)
        best = self.weights[np.minimum.accumulate(rows - lowered) + lowered]
        before = np.append(0.0, best[:-1])[: len(best)]
        before[np.diff(which, prepend=-1) != 0] = -self.miss
        thresholds = np.concatenate([self.scores[outside], self.scores[rows]])
        return thresholds, np.concatenate([self.weights[outside], best - before])

    def total(self, threshold: float) -> float:
        """Return the score of this series at a threshold."""
        alarmed = self.scores >= threshold
        total = math.fsum(self.weights[alarmed & ~self.inside])
        if not len(self.windows):
            return total
        slices = np.stack([self.windows[:, 0], self.windows[:, 1] + 1], axis=1).ravel()
        caught = np.append(np.where(alarmed, self.weights, -np.inf), -np.inf)
        best = np.maximum.reduceat(caught, slices)[::2]
        return total + math.fsum(np.where(np.isfinite(best), best, -self.miss))


def _best_threshold(judged: Sequence[_Judged]) -> float:
    """Return the highest of the thresholds with the best total; 1.1 (or just above every score) alarms nothing."""
    parts = [file.gains() for file in judged]
    thresholds, gains = np.concatenate([p[0] for p in parts]), np.concatenate([p[1] for p in parts])
    order = np.argsort(-thresholds, kind="stable")
    thresholds, totals = thresholds[order], np.cumsum(gains[order])
    last: IntArray = np.flatnonzero(np.append(thresholds[1:] != thresholds[:-1], True)[: len(thresholds)])
    nothing = max([NO_ALARM, *(np.nextafter(thresholds[:1], np.inf))])
    reachable, candidates = np.append(0.0, totals[last]), np.append(nothing, thresholds[last])
    # Sums differ in their last bits; among totals that are equal but for that the highest threshold wins.
    best = reachable >= reachable.max() - 1e-12 * max(1.0, float(np.abs(totals).max(initial=0.0)))
    return float(candidates[np.argmax(best)])


def _total_at(judged: Sequence[_Judged], threshold: float) -> tuple[float, dict[str, int]]:
    counts = {"tp": 0, "fp": 0, "fn": 0, "tn": 0}
    for file in judged:
        alarmed = file.scores >= threshold
        hit = int((alarmed & file.inside).sum())
        counts["tp"] += hit
        counts["fp"] += int(alarmed.sum()) - hit
        counts["fn"] += int(file.inside.sum()) - hit
        counts["tn"] += int((~alarmed & ~file.inside).sum())
    return math.fsum(file.total(threshold) for file in judged), counts


def _normalised(values: dict[str, Any], judged: Sequence[_Judged], profile: str) -> Measured:
    """Return the values with `normalized` = 100·(score − null) / (perfect − null); all label windows count."""
    costs, windows = profile_named(profile), sum(file.all_windows for file in judged)
    values["windows"] = windows
    if not windows:
        return Measured({**values, "normalized": None}, {"normalized": "there are no label windows"})
    null, perfect = -costs.fn * windows, costs.tp * windows
    return Measured({**values, "normalized": 100 * (values["score"] - null) / (perfect - null)})
