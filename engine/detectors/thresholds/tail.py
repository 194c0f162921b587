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
def spot_kernel(  # type: ignore[no-untyped-def]
    scores, risk, training, depth, capped, patience, first_share,
    sample, seen, mean, start, level, peaks, n_peaks, fitted, counted, streak, shape, width, out,
):  # fmt: skip
    """Write the level before each score, then learn the score: one machine at a time, refits at counts of peaks."""
    n_ticks, n_machines = scores.shape
    kept = peaks.shape[1]
    for m in range(n_machines):
        for i in range(n_ticks):
            x = scores[i, m]
            trained = seen[m] >= training
            out[i, m] = level[m] + mean[m] if trained else np.inf
            if not np.isfinite(x) or (seen[m] == 0 and x == 0.0):
                continue
            refit = False
            if not trained:
                if depth > 0:
                    mean[m] += (x - mean[m]) / min(seen[m] + 1, depth)
                sample[m, seen[m]] = x - mean[m]
                seen[m] += 1
                if seen[m] < training:
                    continue
                ordered = np.sort(sample[m])
                tail = max(int(first_share * training), 10)
                start[m] = ordered[training - tail - 1]
                for j in range(training - tail, training):
                    if ordered[j] > start[m]:
                        peaks[m, n_peaks[m] % kept] = ordered[j] - start[m]
                        n_peaks[m] += 1
                counted[m] = training
                refit = True
            else:
                above = x - mean[m]
                alarm = above >= level[m]
                streak[m] = streak[m] + 1 if alarm else 0
                if streak[m] > patience or (alarm and not capped):
                    # Textbook SPOT forgets every alarm, which cuts its own tail off; capped feedback keeps a part.
                    continue
                if alarm:
                    above = min(above, start[m] + 2.0 * (level[m] - start[m]))
                counted[m] += 1
                if depth > 0:
                    mean[m] += (min(x, mean[m] + level[m]) - mean[m]) / depth
                if above > start[m]:
                    peaks[m, n_peaks[m] % kept] = above - start[m]
                    n_peaks[m] += 1
                    refit = n_peaks[m] >= fitted[m] + max(1, fitted[m] // 20)
            if refit and n_peaks[m] > 0:
                n = min(n_peaks[m], kept)
                top, total = 0.0, 0.0
                for j in range(n):
                    top = max(top, peaks[m, j])
                    total += peaks[m, j]
                # Profile likelihood over theta = shape / width on a grid around 0; 0 is the exponential tail.
                best = -np.log(total / n) - 1.0
                shape[m], width[m] = 0.0, total / n
                for g in range(64):
                    side = -0.95 / top if g < 32 else 8.0 * n / total
                    theta = side * ((g % 32 + 1) / 32.0) ** 2
                    mean_log = 0.0
                    for j in range(n):
                        mean_log += np.log(1.0 + theta * peaks[m, j])
                    mean_log /= n
                    if mean_log * theta <= 0.0 or mean_log < -0.5:
                        continue
                    likelihood = -np.log(mean_log / theta) - 1.0 - mean_log
                    if likelihood > best:
                        best = likelihood
                        shape[m], width[m] = mean_log, mean_log / theta
                fitted[m] = n_peaks[m]
            if n_peaks[m] == 0:
                level[m] = start[m] + 1e-9
                continue
            ratio = risk * counted[m] / n_peaks[m]
            if abs(shape[m]) < 1e-9:
                level[m] = start[m] - width[m] * np.log(ratio)
            else:
                level[m] = start[m] + width[m] / shape[m] * (ratio ** (-shape[m]) - 1.0)
            level[m] = max(level[m], start[m])


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
