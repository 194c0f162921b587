"""Events as units: an event is found when any alarm meets it.

References
----------
Hundman, K. et al. (2018). KDD, 387–395 (segment counts).
Garg, A. et al. (2021). IEEE Transactions on Neural Networks and Learning Systems 33, 2508–2517 (composite F1).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.metrics.arrays import Measured, as_pair, f_score, hits_in, ratio, runs, undefined, unless_nothing, without
from engine.metrics.sweep import Sweep, grows_to

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

NO_EVENTS, NO_ALARMS = "there are no events", "there are no alarms"


def segment_f1(truth: ArrayLike, alarms: ArrayLike) -> Measured:
    """Return tp (events met by any alarm), fn (the other events), fp (alarm runs that meet no event) and F1.

    Without any event or alarm F1 is undefined.
    """
    true, alarmed = as_pair(truth, alarms)
    events = runs(true)
    tp = int((hits_in(events, alarmed) > 0).sum())
    fn, fp = len(events) - tp, int((hits_in(runs(alarmed), true) == 0).sum())
    values = {"tp": tp, "fp": fp, "fn": fn, "f1": ratio(2 * tp, 2 * tp + fp + fn)}
    return without(values, unless_nothing(("f1",), true, alarmed))


def composite_f1(truth: ArrayLike, alarms: ArrayLike) -> Measured:
    """Return the harmonic mean of point-wise precision and event recall, with both parts."""
    true, alarmed = as_pair(truth, alarms)
    events = runs(true)
    precision = ratio(int((true & alarmed).sum()), int(alarmed.sum()))
    reasons = {} if alarmed.any() else {"point_precision": NO_ALARMS}
    if not len(events):
        values = {"point_precision": precision, "event_recall": None, "fc1": None}
        return without(values, {**reasons, "event_recall": NO_EVENTS, "fc1": NO_EVENTS})
    recall = float((hits_in(events, alarmed) > 0).mean())
    values = {"point_precision": precision, "event_recall": recall, "fc1": f_score(precision, recall)}
    return without(values, reasons)


def best_composite_f1(swept: Sweep) -> Measured:
    """Return the best composite F1 over every distinct score as threshold; the highest threshold when several tie."""
    events = runs(swept.truth)
    if not len(events):
        return undefined(("fc1", "threshold"), NO_EVENTS)
    precision = swept.hits / swept.alarms
    recall = grows_to(first_levels(swept), len(swept.thresholds)) / len(events)
    both = precision + recall
    fc1 = np.divide(2 * precision * recall, both, out=np.zeros_like(both), where=both > 0)
    at = int(np.argmax(fc1))
    return Measured({"fc1": float(fc1[at]), "threshold": float(swept.thresholds[at])})


def first_levels(swept: Sweep) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return int64 (n_events,): the level at which each event gets its first alarm."""
    events = runs(swept.truth)
    return np.minimum.reduceat(np.append(swept.levels, len(swept.thresholds)), _slices(events))[::2]


def _slices(events: np.ndarray[tuple[int, int], np.dtype[np.int64]]) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return start, stop, start, stop … so that `reduceat` folds every event in its even places."""
    return np.stack([events[:, 0], events[:, 1] + 1], axis=1).ravel()
