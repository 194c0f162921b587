"""Point-adjusted scores: one alarmed row can count as a whole event. A pitfall to show, never a grade.

References
----------
Xu, H. et al. (2018). Unsupervised anomaly detection via variational auto-encoder. WWW, 187–196 (point adjustment).
Kim, S. et al. (2022). Towards a rigorous evaluation of time-series anomaly detection. AAAI 36, 7194–7201 (PA%K).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.metrics.arrays import Measured, as_pair, f_score, hits_in, ratio, runs, undefined, unless_nothing, without
from engine.metrics.pointwise import f1_of
from engine.metrics.sweep import Sweep, grows_to

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from engine.metrics.arrays import FloatArray, IntArray

ALL_K = np.arange(101)


def pa_k(truth: ArrayLike, alarms: ArrayLike, k: float) -> Measured:
    """Return precision, recall and F1 after adjustment: an event hit on more than K % of its rows counts wholly.

    K = 0 is the classical point-adjust, K = 100 never adjusts. `adjusted_positives` counts alarmed rows afterwards.
    """
    true, alarmed = as_pair(truth, alarms)
    hits, false = _adjusted_hits(true, alarmed, np.array([k]))
    tp, total = int(hits[0]), int(true.sum())
    precision, recall = ratio(tp, tp + false), ratio(tp, total)
    values = {
        "precision": precision,
        "recall": recall,
        "f1": f_score(precision, recall),
        "adjusted_positives": tp + false,
    }
    return without(values, unless_nothing(("precision", "recall", "f1"), true, alarmed)).with_(K=k)


def pa_k_auc(truth: ArrayLike, alarms: ArrayLike, ks: ArrayLike = ALL_K) -> Measured:
    """Return the trapezoid area of F1 over K (in percent), divided by the span of K: 0 … 100 by default."""
    true, alarmed = as_pair(truth, alarms)
    percents = np.asarray(ks, np.float64)
    hits, false = _adjusted_hits(true, alarmed, percents)
    f1 = f1_of(hits, hits + false, int(true.sum()))
    area = np.sum(np.diff(percents) * (f1[1:] + f1[:-1]) / 2) / (percents[-1] - percents[0])
    measured = without({"auc": float(area)}, unless_nothing(("auc",), true, alarmed))
    return measured.with_(K=f"{percents[0]:g}..{percents[-1]:g}")


def _adjusted_hits(true: IntArray, alarmed: IntArray, ks: FloatArray) -> tuple[IntArray, int]:
    """Return the true rows alarmed after adjustment for every K, int64 (n_ks,), and the alarmed normal rows."""
    events = runs(true)
    caught, lengths = hits_in(events, alarmed), events[:, 1] - events[:, 0] + 1
    whole = caught[None, :] > (ks[:, None] / 100) * lengths[None, :]
    hits = np.where(whole, lengths, caught).sum(axis=1)
    return hits, int(alarmed.sum() - caught.sum())


def best_pa_k_f1(swept: Sweep, k: float) -> Measured:
    """Return the best adjusted F1 over every distinct score as threshold; the highest threshold when several tie."""
    if not swept.positives:
        return undefined(("f1", "threshold"), "there are no true rows").with_(K=k)
    hits = _adjusted_sweep(swept, k)
    f1 = f1_of(hits, hits + (swept.alarms - swept.hits), swept.positives)
    at = int(np.argmax(f1))
    return Measured({"f1": float(f1[at]), "threshold": float(swept.thresholds[at])}, parameters={"K": k})


def _adjusted_sweep(swept: Sweep, k: float) -> FloatArray:
    """Return float64 (m,): true rows alarmed after adjustment at each threshold.

    An event turns whole at the level of its (needed)-th highest row; until then each row counts at its own level.
    """
    events = runs(swept.truth)
    lengths = events[:, 1] - events[:, 0] + 1
    rows = np.flatnonzero(swept.truth)
    event = np.repeat(np.arange(len(events)), lengths)
    levels = swept.levels[rows]
    sorted_levels = levels[np.lexsort((levels, event))]
    needed = np.floor((k / 100) * lengths).astype(np.int64) + 1
    starts = np.cumsum(lengths) - lengths
    never = len(swept.thresholds)
    turns = np.where(needed <= lengths, sorted_levels[np.minimum(starts + needed - 1, starts + lengths - 1)], never)
    return grows_to(np.minimum(levels, turns[event]), never)
