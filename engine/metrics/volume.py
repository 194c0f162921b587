"""VUS and R-AUC, generation 0.0.6 / TSB-AD: areas under soft-label curves, averaged over buffer widths.

Four incompatible generations share the name, so window and threshold count stand beside every number.

References
----------
Paparrizos, J. et al. (2022). Volume under the surface. PVLDB 15, 2774–2787.
Liu, Q. and Paparrizos, J. (2024). The elephant in the room: TSB-AD. NeurIPS 37.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.metrics.arrays import Measured, runs, undefined
from engine.metrics.soft_labels import buffers
from engine.metrics.sweep import Sweep, bins_of

if TYPE_CHECKING:
    from engine.metrics.arrays import FloatArray, IntArray

GENERATION = "VUS 0.0.6 / TSB-AD"
THRESHOLDS = 250


@dataclass(frozen=True)
class _Grid:
    """The T thresholds: the bin (n,) that first alarms each row, alarmed rows and alarmed true rows at each (T,)."""

    bins: IntArray
    alarms: FloatArray
    hits: FloatArray

    @property
    def size(self) -> int:
        """How many thresholds there are."""
        return len(self.alarms)


def vus(swept: Sweep, window: int = 100, thresholds: int = THRESHOLDS) -> Measured:
    """Return VUS-ROC and VUS-PR: the mean area over soft-label widths w = 0 … `window` rows.

    Soft labels: 1 on true rows, √(1 − k/w) at distance k ≤ ⌊w/2⌋, added up and capped at 1. With B the soft labels
    of alarmed normal rows: recall = (alarmed true rows + B) / (P + B/2), at most 1, times the share of extended
    events that hold an alarm; precision = (alarmed true rows + B) / alarms. The PR area is a step sum.

    Parameters
    ----------
    window
        Largest width in rows; TSB-AD takes the period of the series.
    thresholds
        How many of the sorted scores are tried; 250 in every published number.
    """
    parameters = {"window": window, "thresholds": thresholds, "generation": GENERATION}
    positives = swept.positives
    if positives in (0, swept.n):
        reason = "there are no true rows" if not positives else "there are no normal rows"
        return undefined(("vus_roc", "vus_pr"), reason).with_(**parameters)
    grid = _grid(swept, thresholds)
    near = buffers(swept.truth, window // 2)
    soft = near.soft_sums(grid.bins, grid.size, np.arange(window + 1))
    existence = _existence(runs(swept.truth), grid, window // 2, swept.n)[np.arange(window + 1) // 2]
    hits = grid.hits + soft
    wanted = positives + soft / 2
    tpr = np.minimum(hits / wanted, 1.0) * existence
    fpr = (grid.alarms - hits) / (swept.n - wanted)
    steps = np.diff(tpr, axis=1, prepend=0.0)
    values = {"vus_roc": _roc_area(fpr, tpr), "vus_pr": float(np.mean(np.sum(steps * hits / grid.alarms, axis=1)))}
    return Measured(values, parameters=parameters)


def r_auc(swept: Sweep, window: int = 100, thresholds: int = THRESHOLDS) -> Measured:
    """Return R-AUC-ROC and R-AUC-PR (vus 0.0.6) for one width of `window` rows.

    Not a slice of the volume: P' = (P + Σ soft labels) / 2 is fixed, extended events are the runs with a soft
    label above 0, and the PR area joins the points by straight lines from precision 1, which pays a constant score
    about 0.5.
    """
    parameters = {"window": window, "thresholds": thresholds, "generation": GENERATION}
    positives = swept.positives
    if positives in (0, swept.n):
        reason = "there are no true rows" if not positives else "there are no normal rows"
        return undefined(("r_auc_roc", "r_auc_pr"), reason).with_(**parameters)
    grid = _grid(swept, thresholds)
    near = buffers(swept.truth, window // 2)
    hits = grid.hits + near.soft_sums(grid.bins, grid.size, np.array([window]))
    wanted = (positives + positives + near.total(window)) / 2
    existence = _existence(_extended(runs(swept.truth), window // 2, swept.n), grid, 0, swept.n)
    tpr = np.minimum(hits / wanted, 1.0) * existence
    fpr = (grid.alarms - hits) / (swept.n - wanted)
    precision = np.concatenate([[1.0], (hits / grid.alarms)[0]])
    area = np.sum(np.diff(tpr[0], prepend=0.0) * (precision[1:] + precision[:-1]) / 2)
    return Measured({"r_auc_roc": _roc_area(fpr, tpr), "r_auc_pr": float(area)}, parameters=parameters)


def _grid(swept: Sweep, thresholds: int) -> _Grid:
    positions = np.linspace(0, swept.n - 1, thresholds).astype(np.int64)
    tried = swept.descending[positions]
    bins = bins_of(swept.scores, tried)
    alarms = np.cumsum(np.bincount(bins, minlength=thresholds)[:thresholds]).astype(np.float64)
    hits = np.cumsum(np.bincount(bins, weights=swept.truth, minlength=thresholds)[:thresholds]).astype(np.float64)
    return _Grid(bins, alarms, hits)


def _existence(events: IntArray, grid: _Grid, reach: int, n: int) -> FloatArray:
    """Return float64 (reach + 1, T): for every half width h, the share of extended events that hold an alarm.

    An extended event is [a−h, b+h]; neighbours merge unless b + h < a' − h. The first bin in each grows by one row
    on either side from h to h + 1, so all widths come from one running minimum.
    """
    widths = np.arange(reach + 1)
    before = np.maximum(events[:, :1] - widths, 0)
    after = np.minimum(events[:, 1:] + widths, n - 1)
    firsts = np.minimum(grid.bins[before], grid.bins[after])
    padded = np.append(grid.bins, grid.size)
    slices = np.stack([events[:, 0], events[:, 1] + 1], axis=1).ravel()
    firsts[:, 0] = np.minimum.reduceat(padded, slices)[::2]
    firsts = np.minimum.accumulate(firsts, axis=1)
    shares = np.empty((reach + 1, grid.size))
    for h in widths:
        apart = events[:-1, 1] + h < events[1:, 0] - h
        groups = np.concatenate([[0], np.flatnonzero(apart) + 1])
        first = np.minimum.reduceat(firsts[:, h], groups)
        shares[h] = np.cumsum(np.bincount(first, minlength=grid.size)[: grid.size]) / len(groups)
    return shares


def _extended(events: IntArray, reach: int, n: int) -> IntArray:
    """Return the runs of rows within `reach` rows of an event: int64 (k, 2)."""
    starts, ends = np.maximum(events[:, 0] - reach, 0), np.minimum(events[:, 1] + reach, n - 1)
    apart = np.flatnonzero(starts[1:] > ends[:-1] + 1)
    return np.stack([starts[np.append(0, apart + 1)], ends[np.append(apart, len(events) - 1)]], axis=1)


def _roc_area(fpr: FloatArray, tpr: FloatArray) -> float:
    """Return the mean trapezoid area through (0, 0), the points (n_widths, T) and (1, 1)."""
    x = np.pad(fpr, ((0, 0), (1, 1)), constant_values=((0, 0), (0.0, 1.0)))
    y = np.pad(tpr, ((0, 0), (1, 1)), constant_values=((0, 0), (0.0, 1.0)))
    return float(np.mean(np.sum(np.diff(x, axis=1) * (y[:, 1:] + y[:, :-1]) / 2, axis=1)))
