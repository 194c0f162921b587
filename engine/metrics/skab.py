"""SKAB's numbers: false-alarm and missed-alarm rate, and its change-point score. Not NAB's score; never mix the two.

References
----------
Katser, I. and Kozitsin, V. (2020). Skoltech Anomaly Benchmark (SKAB). doi 10.34740/KAGGLE/DSV/1693952.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.metrics.arrays import NOTHING, Measured, as_pair, f_score, ratio, without

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from engine.metrics.arrays import FloatArray, IntArray

ROLLING_ROWS = 30
CURVE_POINTS = 1000
DIFFERENCE, ROLLING_DIFFERENCE = "abs difference", "abs difference of 30-row rolling maximum"
# (A_tp, A_fp, A_fn): worth of the earliest hit, a false change point, a missed window.
PROFILES = {"standard": (1.0, -0.11, -1.0), "low_fp": (1.0, -0.22, -1.0), "low_fn": (1.0, -0.11, -2.0)}


@dataclass(frozen=True)
class SkabFile:
    """The scored rows of one file, training rows already cut off.

    Parameters
    ----------
    times_s
        float64 (n,), seconds.
    truth, changepoints, alarms
        int64 (n,), 0/1: anomalous rows, rows of true change points, predicted rows.
    """

    times_s: FloatArray
    truth: IntArray
    changepoints: IntArray
    alarms: IntArray


def skab_binary(files: Sequence[SkabFile]) -> Measured:
    """Return pooled tp, tn, fp, fn, F1, FAR = FP/(FP+TN) and MAR = FN/(FN+TP) in percent, and all three rounded."""
    counts = np.zeros(4, np.int64)
    for file in files:
        true, alarmed = as_pair(file.truth, file.alarms)
        tp = int((true & alarmed).sum())
        fp, fn = int(alarmed.sum()) - tp, int(true.sum()) - tp
        counts += (tp, fp, fn, len(true) - tp - fp - fn)
    tp, fp, fn, tn = map(int, counts)
    f1 = f_score(ratio(tp, tp + fp), ratio(tp, tp + fn))
    far, mar = _percent(fp, fp + tn), _percent(fn, fn + tp)
    values = {"tp": tp, "tn": tn, "fp": fp, "fn": fn, "f1": f1, "far_percent": far, "mar_percent": mar}
    rounded = {"f1_rounded": round(f1, 2), "far_rounded": _rounded(far), "mar_rounded": _rounded(mar)}
    reasons = {name: "there are no normal rows" for name in ("far_percent", "far_rounded") if far is None}
    reasons |= {name: "there are no true rows" for name in ("mar_percent", "mar_rounded") if mar is None}
    reasons |= {name: NOTHING for name in ("f1", "f1_rounded") if not tp + fp + fn}
    return without({**values, **rounded}, reasons)


def skab_nab(
    files: Sequence[SkabFile], window_s: float = 60.0, side: str = "after", changepoint_rule: str = DIFFERENCE
) -> Measured:
    """Return SKAB's change-point score in three profiles, normalised to 0 … 100 and rounded to 2 digits.

    The first predicted change point at fraction f of a window scores (A_tp − A_fp)/2·(1 − tanh x / tanh(π/2)) + A_fp
    with x from −π/2 to π/2; a missed window A_fn, each prediction outside all windows A_fp.
    """
    found = [_found(file, window_s, side, changepoint_rule) for file in files]
    windows = sum(len(fractions) for fractions, _, _ in found)
    parameters = {"window_s": window_s, "side": side, "changepoint_rule": changepoint_rule, "score": "tanh"}
    if not windows:
        names = [f"{name}_rounded" for name in PROFILES]
        reason = "there are no change points"
        return Measured(dict.fromkeys(names), dict.fromkeys(names, reason), parameters)
    values = {}
    for name, (a_tp, a_fp, a_fn) in PROFILES.items():
        score = sum(_window_score(fractions, a_tp, a_fp, a_fn) + a_fp * false for fractions, _, false in found)
        null, perfect = a_fn * windows, a_tp * windows
        values[f"{name}_rounded"] = round(100 * (score - null) / (perfect - null), 2)
    return Measured(values, parameters=parameters)


def skab_delay(
    files: Sequence[SkabFile], window_s: float = 60.0, side: str = "after", changepoint_rule: str = DIFFERENCE
) -> Measured:
    """Return the mean delay (s) from the possibly moved window start, missed windows and false change points."""
    found = [_found(file, window_s, side, changepoint_rule) for file in files]
    delays = np.concatenate([np.zeros(0), *(delays for _, delays, _ in found)])
    hit = delays[~np.isnan(delays)]
    values = {
        "mean_delay_s": float(hit.mean()) if len(hit) else None,
        "missed": int(np.isnan(delays).sum()),
        "false_positives": int(sum(false for _, _, false in found)),
        "changepoints": len(delays),
    }
    reasons = {} if len(hit) else {"mean_delay_s": "no change point was found"}
    return Measured(values, reasons, {"window_s": window_s, "side": side, "changepoint_rule": changepoint_rule})


def predicted_changepoints(alarms: ArrayLike, rule: str = DIFFERENCE) -> IntArray:
    """Return int64 (n,): 1 where the 0/1 prediction (or its 30-row rolling maximum) differs from the row before.

    The first row is the prediction itself; a rolling maximum is 0 until it has 30 rows.
    """
    if rule not in (DIFFERENCE, ROLLING_DIFFERENCE):
        raise ValueError(f"changepoint_rule must be {DIFFERENCE!r} or {ROLLING_DIFFERENCE!r}, got {rule!r}.")
    rows = np.asarray(alarms).astype(np.int64)
    if rule == ROLLING_DIFFERENCE:
        before = np.concatenate([[0], np.cumsum(rows)])
        full = (before[ROLLING_ROWS:] - before[:-ROLLING_ROWS] > 0).astype(np.int64)
        rows = np.concatenate([np.zeros(min(len(rows), ROLLING_ROWS - 1), np.int64), full])
    return np.abs(np.diff(rows, prepend=0))


def _found(file: SkabFile, window_s: float, side: str, rule: str) -> tuple[FloatArray, FloatArray, int]:
    """Return per window the fraction and the delay (s) of its first predicted change point (NaN = missed), and how
    many predictions lie outside all windows."""
    times = file.times_s[predicted_changepoints(file.alarms, rule) > 0]
    windows = _windows(file.times_s[np.asarray(file.changepoints) > 0], window_s, side)
    first = np.searchsorted(times, windows[:, 0], side="left")
    at = np.append(times, np.inf)[first]
    delays = np.where(at <= windows[:, 1], at - windows[:, 0], np.nan)
    lengths = windows[:, 1] - windows[:, 0]
    fractions = np.divide(delays, lengths, out=np.where(np.isnan(delays), np.nan, 0.0), where=lengths > 0)
    covered = np.zeros(len(times), bool)
    for start, end in windows:
        covered |= (times >= start) & (times <= end)
    return fractions, delays, int((~covered).sum())


def _windows(times: FloatArray, window_s: float, side: str) -> FloatArray:
    """Return float64 (n, 2): start and end of every window; one that reaches the next pushes the next one's start."""
    if side not in ("after", "before", "center"):
        raise ValueError(f"side must be 'after', 'before' or 'center', got {side!r}.")
    early = {"after": 0.0, "before": window_s, "center": window_s / 2}[side]
    windows = np.stack([times - early, times - early + window_s], axis=1)
    for k in range(1, len(windows)):
        windows[k, 0] = max(windows[k, 0], windows[k - 1, 1])
    return windows


def _window_score(fractions: FloatArray, a_tp: float, a_fp: float, a_fn: float) -> float:
    missed = int(np.isnan(fractions).sum())
    entries = np.minimum((fractions[~np.isnan(fractions)] * CURVE_POINTS).astype(np.int64), CURVE_POINTS - 1)
    x = np.linspace(-math.pi / 2, math.pi / 2, CURVE_POINTS)[entries]
    return float(np.sum((a_tp - a_fp) / 2 * (1 - np.tanh(x) / math.tanh(math.pi / 2)) + a_fp)) + missed * a_fn


def _percent(part: int, whole: int) -> float | None:
    return 100 * part / whole if whole else None


def _rounded(value: float | None) -> float | None:
    return None if value is None else round(value, 2)
