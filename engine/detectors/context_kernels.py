"""The loop of the context stage, in short kernels; the numbers in it are those of `context_model`, said there."""

from __future__ import annotations

import numpy as np

from engine.detectors.kernels import kernel


@kernel
def take_reading(x, dt, works, rate, m, k, scaled, mean, variance, count, last_z):  # type: ignore[no-untyped-def]
    """Bring one reading to raw standard deviations in `last_z`, or learn its scale; say whether it is usable."""
    if not np.isfinite(x):
        # A silent sensor fades to its mean (time constant GAP_S).
        last_z[m, k] *= np.exp(-dt / 600.0)
        return rate[k]
    if not scaled[m, k]:
        if works:
            n = count[m, k]
            d = x - mean[m, k]
            mean[m, k] += d / (n + 1)
            variance[m, k] += (d * d * (n / (n + 1.0)) - variance[m, k]) / (n + 1)
            count[m, k] = n + 1
            scaled[m, k] = n + 1 >= 120  # WARM_UP
        return False
    spread = max(np.sqrt(variance[m, k]), 1e-9 * (1.0 + abs(mean[m, k])))
    # A sawtooth may wander arbitrarily far from the level of its training; others are cut at MOST_Z.
    most = 1e6 if rate[k] else 30.0
    last_z[m, k] = min(max((x - mean[m, k]) / spread, -most), most)
    return True


@kernel
def collect(m, i, last_z, lags, waves, f):  # type: ignore[no-untyped-def]
    """Put the features of one machine at one tick into f: deviations, their recent averages, the hour."""
    n_sensors, n_lags = last_z.shape[1], lags.shape[1]
    for k in range(n_sensors):
        f[k] = last_z[m, k]
        for j in range(n_lags):
            f[(1 + j) * n_sensors + k] = lags[m, j, k]
    for w in range(waves.shape[1]):
        f[(1 + n_lags) * n_sensors + w] = waves[i, w]


@kernel
def judge(readings, m, f, weights, ready, rate, scaled, last_z, baseline, scale, scale_age, rest, out):  # type: ignore[no-untyped-def]
    """Write what prediction and baseline leave of each reading; return the largest, in usual sizes."""
    worst = 0.0
    for k in range(readings.size):
        rest[k] = np.nan
        if not np.isfinite(readings[k]) or not scaled[m, k]:
            continue
        r = last_z[m, k]
        for c in range(f.size):
            r -= weights[m, k, c] * f[c]
        if rate[k] and (np.isnan(baseline[m, k]) or scale_age[m, k] == 0.0):
            baseline[m, k] = r
        rest[k] = r - baseline[m, k]
        if scale_age[m, k] > 600.0:
            size = abs(rest[k]) / max(np.sqrt(scale[m, k]), 1e-3)
            worst = max(worst, size)
            if ready[m] or rate[k]:
                out[k] = min(size, 1e6) * np.sign(rest[k])
    return worst


@kernel
def stops_learning(m, worst, dt, patience_s, alarm, held):  # type: ignore[no-untyped-def]
    """Say whether a sustained alarm stops learning: from half of five minutes strange until a tenth, or patience."""
    strange = 1.0 if worst > 6.0 else 0.0
    alarm[m] += min(dt / 300.0, 1.0) * (strange - alarm[m])
    if alarm[m] > 0.5 or (held[m] > 0.0 and alarm[m] > 0.1):
        held[m] += dt
    else:
        held[m] = 0.0
    return 0.0 < held[m] < patience_s


@kernel
def learn_baseline(m, k, dt, gain, rest, known, stopped, rate, baseline, scale):  # type: ignore[no-untyped-def]
    """Move the baseline by a clipped residual; a sawtooth goes down with its usual hour, up as fast as a top-up."""
    spread = max(np.sqrt(scale[m, k]), 1e-3)
    clipped = min(max(rest, -3.0 * spread), 3.0 * spread) if known else rest
    if rate[k] and known and rest > 3.0 * spread:
        baseline[m, k] += min(dt / 30.0, 0.5) * min(rest, 20.0 * spread)
    elif rate[k] and not stopped:
        # A leak is far faster than the clip allows.
        baseline[m, k] += min(dt / 3600.0, 0.5) * clipped
    elif not stopped:
        baseline[m, k] += gain * clipped
    return clipped


@kernel
def learn_scale(m, k, dt, clipped, known, scale, scale_age):  # type: ignore[no-untyped-def]
    """Move the variance of the residual, over a day at most."""
    step = min(dt, 60.0) if scale_age[m, k] > 0.0 else 60.0
    gain = step / min(scale_age[m, k] + step, 86400.0)
    # 0.995 = E[min(z², 9)] of a normal z.
    scale[m, k] += gain * (clipped * clipped / (0.995 if known else 1.0) - scale[m, k])
    scale_age[m, k] += step


@kernel
def learn_sums(m, f, worst, memory_s, sums, age, since, ready):  # type: ignore[no-untyped-def]
    """Move the running mean of features times features; strange readings count for less."""
    weight = 1.0 if worst <= 6.0 or not ready[m] else 36.0 / (worst * worst)
    step = min(max(since[m], 1e-3), 600.0)
    age[m] += step
    gain = min(weight * step / min(age[m], memory_s), 1.0)
    for a in range(f.size):
        for b in range(a + 1):
            sums[m, a, b] += gain * (f[a] * f[b] - sums[m, a, b])
            sums[m, b, a] = sums[m, a, b]
    since[m] = 0.0


@kernel
def residual_kernel(  # type: ignore[no-untyped-def]
    values, working, steps_s, lag_gains, waves, numbers,
    scaled, mean, variance, count, last_z, lags, sums, age, since, weights, ready,
    rate, baseline, settled, scale, scale_age, alarm, held, out,
):  # fmt: skip
    """Write the residual of each reading in standard deviations, then learn the reading; one machine at a time."""
    n_ticks, n_machines, n_sensors = values.shape
    baseline_s, memory_s, settle_s, patience_s, grid_s = numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]
    f, rest = np.zeros(weights.shape[2]), np.zeros(n_sensors)
    for m in range(n_machines):
        for i in range(n_ticks):
            dt, complete = steps_s[i], True
            for k in range(n_sensors):
                out[i, m, k] = np.nan
                x, works = values[i, m, k], working[i, m]
                complete &= take_reading(x, dt, works, rate, m, k, scaled, mean, variance, count, last_z)
                for j in range(lags.shape[1]):
                    lags[m, j, k] += lag_gains[i, j] * (last_z[m, k] - lags[m, j, k])
            settled[m] = settled[m] + dt if working[i, m] else 0.0
            if not working[i, m] or settled[m] <= settle_s:
                continue
            collect(m, i, last_z, lags, waves, f)
            worst = judge(
                values[i, m], m, f, weights, ready, rate, scaled, last_z, baseline, scale, scale_age, rest, out[i, m]
            )
            stopped = stops_learning(m, worst, dt, patience_s, alarm, held)
            # The first half hour after maintenance settles the level anew: service resets wear.
            gain = min(dt / (300.0 if settled[m] < settle_s + 1800.0 else baseline_s), 0.5) if ready[m] else 0.0
            for k in range(n_sensors):
                if np.isfinite(rest[k]):
                    known = scale_age[m, k] > 600.0
                    clipped = learn_baseline(m, k, dt, gain, rest[k], known, stopped, rate, baseline, scale)
                    if not stopped:
                        learn_scale(m, k, dt, clipped, known, scale, scale_age)
            since[m] += dt
            if complete and not stopped and (since[m] >= grid_s or age[m] == 0.0):
                learn_sums(m, f, worst, memory_s, sums, age, since, ready)
