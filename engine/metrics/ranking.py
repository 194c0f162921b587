"""How well the scores order rows: true ones above normal ones, whatever the threshold.

References
----------
Hanley, J. A. and McNeil, B. J. (1982). Radiology 143, 29–36 (ROC area).
Davis, J. and Goadrich, M. (2006). ICML, 233–240 (why the trapezoid is too kind to precision-recall curves).
"""

from __future__ import annotations

import numpy as np

from engine.metrics.arrays import Measured, undefined
from engine.metrics.sweep import Sweep

NAMES = ("roc_auc", "average_precision", "pr_auc_trapezoid")


def ranking(swept: Sweep) -> Measured:
    """Return ROC-AUC (half credit for ties), average precision (step sum) and the PR trapezoid area.

    average_precision = Σ (R_k − R_{k−1})·P_k over distinct scores from high to low; `pr_auc_trapezoid` joins the same
    points by straight lines from (recall 0, precision 1). With ties the two differ, sometimes a lot.
    """
    positives, negatives = swept.positives, swept.n - swept.positives
    if not positives or not negatives:
        return undefined(NAMES, "there are no true rows" if not positives else "there are no normal rows")
    recall, precision = swept.hits / positives, swept.hits / swept.alarms
    false_rate = (swept.alarms - swept.hits) / negatives
    steps = np.diff(recall, prepend=0.0)
    before = np.concatenate([[1.0], precision[:-1]])
    heights = np.concatenate([[0.0], recall])
    roc = np.sum(np.diff(false_rate, prepend=0.0) * (heights[1:] + heights[:-1]) / 2)
    values = (roc, np.sum(steps * precision), np.sum(steps * (precision + before) / 2))
    return Measured(dict(zip(NAMES, map(float, values), strict=True)))
