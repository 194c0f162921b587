"""Champion and challenger on one stream: the champion decides, the challenger is only written down."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from engine.detectors.base import Detector
    from engine.records import Block, FloatArray

KEPT = 100_000  # scores per machine that the comparison remembers


class Shadow:
    """Runs two detectors on the same blocks and compares what they would have alarmed."""

    def __init__(self, champion: Detector, challenger: Detector) -> None:
        self.champion, self.challenger = champion, challenger
        self._scores: list[tuple[FloatArray, FloatArray]] = []
        self._seconds = [0.0, 0.0]
        self._readings = 0

    def score_then_learn(self, block: Block) -> FloatArray:
        """Return the champion's scores; a failure of the challenger never reaches the stream."""
        began = time.perf_counter()
        scores = self.champion.score_then_learn(block)
        between = time.perf_counter()
        try:
            shadowed = self.challenger.score_then_learn(block)
        except Exception:
            shadowed = np.full(scores.shape, np.nan)
        self._seconds[0] += between - began
        self._seconds[1] += time.perf_counter() - between
        self._readings += int(scores.size)
        self._scores.append((scores, shadowed))
        while sum(len(kept) for kept, _ in self._scores[1:]) > KEPT:
            del self._scores[0]
        return scores

    def summary(self) -> dict[str, Any]:
        """Return how the two agree: alarmed ticks, both and one only, rank agreement, cost; JSON-ready."""
        if not self._scores:
            return {"ticks": 0}
        ours, theirs = (np.concatenate([pair[i] for pair in self._scores]) for i in (0, 1))
        failed = np.isnan(theirs)
        alarmed = ours >= self.champion.default_threshold
        shadow_alarmed = np.nan_to_num(theirs, nan=0.0) >= self.challenger.default_threshold
        cost = [1e6 * seconds / max(self._readings, 1) for seconds in self._seconds]
        return {
            "ticks": len(ours),
            "champion_alarmed": int(alarmed.sum()),
            "challenger_alarmed": int(shadow_alarmed.sum()),
            "both_alarmed": int((alarmed & shadow_alarmed).sum()),
            "challenger_failed": int(failed.sum()),
            "rank_agreement": _rank_agreement(ours[~failed], theirs[~failed]),
            "champion_us": round(cost[0], 3),
            "challenger_us": round(cost[1], 3),
        }


def _rank_agreement(ours: FloatArray, theirs: FloatArray) -> float | None:
    """Return Spearman's rank correlation, ties by order; None where one of them never moved."""
    if len(ours) < 2 or np.ptp(ours) == 0 or np.ptp(theirs) == 0:
        return None
    first, second = (np.unique(x, return_inverse=True)[1].astype(float) for x in (ours, theirs))
    return round(float(np.corrcoef(first, second)[0, 1]), 6)
