"""Peaks over threshold: the tail of the scores as a generalised Pareto distribution, refitted as peaks come in.

References
----------
Siffer, A., Fouque, P.-A., Termier, A., Largouet, C. (2017). Anomaly detection in streams with extreme value theory.
KDD, 1067–1075. Grimshaw, S. D. (1993). Computing maximum likelihood estimates for the generalized Pareto
distribution. Technometrics 35, 185–191 (the one-dimensional profile used here).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.detectors.kernels import kernel

if TYPE_CHECKING:
    from engine.detectors.thresholds.base import State
    from engine.records import FloatArray

KEPT_PEAKS = 1000  # newest excesses from which the tail is fitted
INITIAL_SHARE = 0.02  # Siffer et al. take the 98 % quantile of the training for the start of the tail


@kernel
def fit_tail(peaks, n):  # type: ignore[no-untyped-def]
    """Return shape and width of the generalised Pareto distribution most likely to give the n excesses."""
    top, total = 0.0, 0.0
    for j in range(n):
        top = max(top, peaks[j])
        total += peaks[j]
    # Profile likelihood over theta = shape / width on a grid around 0; 0 itself is the exponential tail.
    shape, width = 0.0, total / n
    best = -np.log(width) - 1.0
    for g in range(64):
        side = -0.95 / top if g < 32 else 8.0 * n / total
        theta = side * ((g % 32 + 1) / 32.0) ** 2
        mean_log = 0.0
        for j in range(n):
            mean_log += np.log(1.0 + theta * peaks[j])
        mean_log /= n
        if mean_log * theta <= 0.0 or mean_log < -0.5:
            continue
        likelihood = -np.log(mean_log / theta) - 1.0 - mean_log
        if likelihood > best:
            best = likelihood
            shape, width = mean_log, mean_log / theta
    return shape, width


@kernel
def tail_level(start, shape, width, ratio):  # type: ignore[no-untyped-def]
    """Return the level whose excess has probability `ratio` within the tail, never below the tail's start."""
    if abs(shape) < 1e-9:
        return max(start - width * np.log(ratio), start)
    return max(start + width / shape * (ratio ** (-shape) - 1.0), start)


@kernel
def first_tail(sample, share, peaks):  # type: ignore[no-untyped-def]
    """Put the largest numbers of the training into the peaks; return the tail's start and how many there are."""
    ordered = np.sort(sample)
    tail = max(int(share * sample.size), 10)
    start = ordered[sample.size - tail - 1]
    n = 0
    for j in range(sample.size - tail, sample.size):
        if ordered[j] > start:
            peaks[n % peaks.size] = ordered[j] - start
            n += 1
    return start, n


@kernel
def spot_kernel(  # type: ignore[no-untyped-def]
    scores, risk, training, depth, capped, patience, first_share,
    sample, seen, mean, start, level, peaks, n_peaks, fitted, counted, streak, shape, width, out,
):  # fmt: skip
    """Write the level before each score, then learn the score: one machine at a time, refits at counts of peaks."""
    n_ticks, n_machines = scores.shape
    for m in range(n_machines):
        for i in range(n_ticks):
            x = scores[i, m]
            trained = seen[m] >= training
            out[i, m] = level[m] + mean[m] if trained else np.inf
            if not np.isfinite(x) or (seen[m] == 0 and x == 0.0):
                continue
            if not trained:
                if depth > 0:
                    mean[m] += (x - mean[m]) / min(seen[m] + 1, depth)
                sample[m, seen[m]] = x - mean[m]
                seen[m] += 1
                if seen[m] < training:
                    continue
                start[m], n_peaks[m] = first_tail(sample[m], first_share, peaks[m])
                counted[m] = training
            else:
                above = x - mean[m]
                alarm = above >= level[m]
                streak[m] = streak[m] + 1 if alarm else 0
                if streak[m] > patience or (alarm and not capped):
                    # Textbook SPOT forgets every alarm, which cuts its own tail off; capped feedback keeps a part.
                    continue
                above = min(above, start[m] + 2.0 * (level[m] - start[m])) if alarm else above
                counted[m] += 1
                if depth > 0:
                    mean[m] += (min(x, mean[m] + level[m]) - mean[m]) / depth
                if above > start[m]:
                    peaks[m, n_peaks[m] % peaks.shape[1]] = above - start[m]
                    n_peaks[m] += 1
            if n_peaks[m] == 0:
                level[m] = start[m] + 1e-9
                continue
            if fitted[m] == 0 or n_peaks[m] >= fitted[m] + max(1, fitted[m] // 20):
                shape[m], width[m] = fit_tail(peaks[m], min(n_peaks[m], peaks.shape[1]))
                fitted[m] = n_peaks[m]
            level[m] = tail_level(start[m], shape[m], width[m], risk * counted[m] / n_peaks[m])


def new_tail(training: int, n_machines: int) -> State:
    """Return the state before the first score."""
    numbers = {name: np.zeros(n_machines) for name in ("mean", "start", "level", "shape", "width")}
    counts = {name: np.zeros(n_machines, np.int64) for name in ("seen", "n_peaks", "fitted", "counted", "streak")}
    arrays = {"sample": np.zeros((n_machines, training)), "peaks": np.zeros((n_machines, KEPT_PEAKS))}
    return numbers | counts | arrays


def tail_levels(
    scores: FloatArray, risk: float, training: int, depth: int, capped: bool, patience: int, state: State
) -> FloatArray:
    """Return the level at each tick; `depth` 0 = SPOT, else the readings of DSPOT's moving average."""
    out = np.empty(scores.shape)
    names = ("sample", "seen", "mean", "start", "level", "peaks", "n_peaks", "fitted", "counted", "streak")
    spot_kernel(
        scores, risk, training, depth, capped, patience, INITIAL_SHARE,
        *(state[name] for name in names), state["shape"], state["width"], out,
    )  # fmt: skip
    return out
