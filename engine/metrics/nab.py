"""NAB: early alarms inside label windows earn most, alarms outside cost, missed windows cost.

References
----------
Lavin, A. and Ahmad, S. (2015). Evaluating real-time anomaly detection algorithms: the Numenta Anomaly Benchmark.
ICMLA, 38–44.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.errors import UnknownNameError
from engine.metrics.arrays import Measured, as_scores, rows_of

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from engine.metrics.arrays import BoolArray, FloatArray, IntArray

PROBATION = 0.15
PROBATION_ROWS = 5_000
NO_ALARM = 1.1
NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True)
class Profile:
    """What a found window earns, and what a false alarm and a missed window cost."""

    tp: float
    fp: float
    fn: float


PROFILES = {
    "standard": Profile(1.0, 0.11, 1.0),
    "reward_low_FP_rate": Profile(1.0, 0.22, 1.0),
    "reward_low_FN_rate": Profile(1.0, 0.11, 2.0),
}


@dataclass(frozen=True)
class NabFile:
    """Scores (n,) of one series and its label windows as inclusive row ranges, first matching row for a timestamp."""

    scores: FloatArray
    windows: tuple[tuple[int, int], ...]

    @staticmethod
    def of(scores: ArrayLike, windows: Sequence[Sequence[int]]) -> NabFile:
        return NabFile(as_scores(scores), tuple((int(first), int(last)) for first, last in windows))


def profile_named(name: str) -> Profile:
    """Return the profile of that name, or raise UnknownNameError."""
    if name not in PROFILES:
        raise UnknownNameError("NAB profile", name, PROFILES)
    return PROFILES[name]


def probation_rows(n: int, probation: float = PROBATION) -> int:
    """Return how many first rows are not scored: min(⌊p·n⌋, p·5000)."""
    return min(math.floor(probation * n), math.floor(probation * PROBATION_ROWS))


def _falling(z: FloatArray) -> FloatArray:
    """Return S(z) = 2 / (1 + e^(5z)) − 1: from about 1 at z = −1 over 0 at 0 to about −1."""
    falling: FloatArray = 2 / (1 + np.exp(np.minimum(5 * z, 700.0))) - 1
    return falling


def row_weights(n: int, windows: Sequence[Sequence[int]], profile: str = "standard") -> FloatArray:
    """Return float64 (n,): what an alarm on each row is worth before "only the best of a window counts".

    In a window [a, b] of w rows: S(−(b − i + 1)/w) / S(−1)·tp, so the first row earns tp exactly. Outside: −fp until
    a window has ended, then S((i − b)/(w − 1))·fp of the last one, −fp beyond three widths. After a window of one row
    every row is far away.
    """
    costs = profile_named(profile)
    weights = np.full(n, -costs.fp)
    ordered = sorted((int(a), int(b)) for a, b in windows)
    for (first, last), following in itertools.pairwise([*ordered, (n, n)]):
        width = last - first + 1
        rows = np.arange(last + 1, max(following[0], last + 1))
        if width > 1 and len(rows):
            z = (rows - last) / (width - 1)
            weights[rows] = np.where(z > 3, -costs.fp, _falling(z) * costs.fp)
    for first, last in ordered:
        rows, width = np.arange(first, min(last + 1, n)), last - first + 1
        weights[rows] = _falling(-(last - rows + 1) / width) / _falling(np.array([-1.0])) * costs.tp
    return weights


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
        cut = [(max(a - self.skipped, 0), b - self.skipped) for a, b in file.windows if b >= self.skipped]
        self.windows = [(a, min(b, len(self.scores) - 1)) for a, b in cut if a < len(self.scores)]

    def gains(self) -> tuple[FloatArray, FloatArray]:
        """Return thresholds (k,) and what the total gains when the threshold falls to each, from all missed."""
        outside = ~self.inside
        thresholds, gains = [self.scores[outside]], [self.weights[outside]]
        for first, last in self.windows:
            own = self.scores[first : last + 1]
            order = np.argsort(-own, kind="stable")
            best = np.maximum.accumulate(self.weights[first : last + 1][order])
            thresholds.append(own[order])
            gains.append(np.diff(best, prepend=-self.miss))
        return np.concatenate(thresholds), np.concatenate(gains)

    def total(self, threshold: float) -> float:
        alarmed = self.scores >= threshold
        total = math.fsum(self.weights[alarmed & ~self.inside])
        for first, last in self.windows:
            caught = self.weights[first : last + 1][alarmed[first : last + 1]]
            total += float(caught.max()) if len(caught) else -self.miss
        return total


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
