"""Row by row: how many alarmed rows are true, how many true rows are alarmed.

References
----------
van Rijsbergen, C. J. (1979). Information Retrieval, 2nd ed. (F measure).
Matthews, B. W. (1975). Biochimica et Biophysica Acta 405, 442–451 (correlation).
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from engine.metrics.arrays import Measured, as_pair, f_score, ratio, undefined, unless_nothing, without
from engine.metrics.sweep import Sweep

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from engine.metrics.arrays import FloatArray


def point(truth: ArrayLike, alarms: ArrayLike) -> Measured:
    """Return tp, fp, fn, tn, precision, recall, F1, F0.5, F2, false-positive rate and Matthews correlation.

    Shapes: truth and alarms 0/1 (n,). 0/0 counts as 0, but without normal rows the false-positive rate is undefined,
    and without any event or alarm all but the counts and that rate.
    """
    true, alarmed = as_pair(truth, alarms)
    tp = int((true & alarmed).sum())
    fp, fn = int(alarmed.sum()) - tp, int(true.sum()) - tp
    tn = len(true) - tp - fp - fn
    precision, recall = ratio(tp, tp + fp), ratio(tp, tp + fn)
    spread = math.sqrt(tp + fp) * math.sqrt(tp + fn) * math.sqrt(tn + fp) * math.sqrt(tn + fn)
    values = {
        "tp": tp,
        "fp": fp,
        "fn": fn,
        "tn": tn,
        "precision": precision,
        "recall": recall,
        "f1": f_score(precision, recall),
        "f05": f_score(precision, recall, 0.5),
        "f2": f_score(precision, recall, 2.0),
        "fpr": fp / (fp + tn) if fp + tn else None,
        "mcc": ratio(tp * tn - fp * fn, spread),
    }
    reasons = unless_nothing(("precision", "recall", "f1", "f05", "f2", "mcc"), true, alarmed)
    return without(values, reasons if fp + tn else {**reasons, "fpr": "there are no normal rows"})


def best_f1(swept: Sweep) -> Measured:
    """Return the best F1 over every distinct score as threshold; the highest threshold when several tie.

    A threshold chosen on the rows that it is judged on is a pitfall, not a result.
    """
    if not swept.positives:
        return undefined(("f1", "threshold", "precision", "recall"), "there are no true rows")
    f1 = f1_of(swept.hits, swept.alarms, swept.positives)
    at = int(np.argmax(f1))
    return Measured(
        {
            "f1": float(f1[at]),
            "threshold": float(swept.thresholds[at]),
            "precision": float(swept.hits[at] / swept.alarms[at]),
            "recall": float(swept.hits[at] / swept.positives),
        }
    )


def f1_of(hits: ArrayLike, alarms: ArrayLike, positives: ArrayLike) -> FloatArray:
    """Return 2·hits / (alarms + positives) elementwise: F1 from counts, 0 for 0/0."""
    hits, both = np.asarray(hits, np.float64), np.add(alarms, positives)
    f1: FloatArray = np.divide(2 * hits, both, out=np.zeros_like(hits), where=both > 0)
    return f1
