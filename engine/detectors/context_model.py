"""The arithmetic of the context stage: regression sums, slow baseline, scale, all per machine, in plain arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from engine.detectors.kernels import kernel
from engine.records import DAY_US

if TYPE_CHECKING:
    from engine.detectors.base import State
    from engine.records import FloatArray, IntArray

WARM_UP = 120  # readings from which the raw scale of a sensor is taken when there is no history
LAGS_S = (300.0, 1200.0)  # recent averages of the other sensors: motors and bearings warm up in 5 to 20 minutes
N_HARMONICS = 2  # of the day
RIDGE = 1e-3  # keeps sensors that repeat each other from getting huge weights of opposite sign
PRIOR_S = 1800.0  # training this short counts as much as "no relation at all"
MOST_Z = 30.0  # raw deviations are cut here, in standard deviations
GAP_S = 600.0  # a silent sensor's last reading fades to its mean with this time constant

NUMBERS = ("scaled", "mean", "variance", "count", "last_z", "lags", "sums", "age", "since", "weights", "ready")
TRACKS = ("rate", "baseline", "settled", "scale", "scale_age", "alarm", "held")


def new_state(n_machines: int, n_sensors: int, rate: Any) -> State:
    """Return the empty arrays of a stage; `rate` marks the sensors judged by their change."""
    shape = (n_machines, n_sensors)
    n_features = (1 + len(LAGS_S)) * n_sensors + 1 + 2 * N_HARMONICS
    return {
        "scaled": np.zeros(shape, np.bool_),  # mean and variance are fixed
        "mean": np.zeros(shape),
        "variance": np.zeros(shape),
        "count": np.zeros(shape, np.int64),
        "last_z": np.zeros(shape),
        "lags": np.zeros((n_machines, len(LAGS_S), n_sensors)),
        "sums": np.zeros((n_machines, n_features, n_features)),  # running mean of features times features
        "age": np.zeros(n_machines),  # seconds of training in the sums
        "since": np.zeros(n_machines),  # seconds since the sums last learned
        "weights": np.zeros((n_machines, n_sensors, n_features)),
        "ready": np.zeros(n_machines, np.bool_),
        "rate": np.asarray(rate, np.bool_),
        "baseline": np.zeros(shape),
        "settled": np.full(n_machines, 1e9),  # seconds since the end of the last maintenance
        "scale": np.zeros(shape),  # variance of the residual
        "scale_age": np.zeros(shape),
        "alarm": np.zeros(n_machines),  # recent share of strange readings
        "held": np.zeros(n_machines),  # seconds for which learning has been stopped
    }


def arrays(state: State) -> list[Any]:
    """Return the arrays in the order in which the kernel takes them."""
    return [state[name] for name in NUMBERS + TRACKS]


def gains(steps_s: FloatArray) -> FloatArray:
    """Return how far each recent average moves in a step, (n_ticks, n_lags)."""
    return np.asarray(1.0 - np.exp(-np.maximum(steps_s, 0.0)[:, None] / np.array(LAGS_S)))


def harmonics(times_us: IntArray) -> FloatArray:
    """Return 1 and the sines and cosines of the hour of the day, (n_ticks, 1 + 2 N_HARMONICS)."""
    angle = 2.0 * np.pi * (times_us % DAY_US) / DAY_US
    waves = [wave(k * angle) for k in range(1, N_HARMONICS + 1) for wave in (np.sin, np.cos)]
    return np.stack([np.ones(len(times_us)), *waves], axis=1)


def forget_sums(state: State) -> None:
    """Empty what a pass over history gathers; scales, weights and readiness stay."""
    for name in ("sums", "age", "since", "baseline", "scale", "scale_age", "alarm", "held", "lags", "last_z"):
        state[name][:] = 0.0
    state["settled"][:] = 1e9


def rewind(state: State) -> None:
    """Put the stage before its history again with all that it learned, so that the history can be judged by it."""
    for name in ("lags", "last_z", "alarm", "held"):
        state[name][:] = 0.0
    state["baseline"][:, ~state["rate"]] = 0.0
    state["settled"][:] = 1e9
    state.update(last_us=None, next_fit_us=2**62)
    # A sawtooth starts wherever it stood then; NaN asks the kernel to take the first reading for its level.
    state["baseline"][:, state["rate"]] = np.nan


def solve(state: State) -> None:
    """Make the regression of every sensor on all the others from the sums; machines with too little stay not ready."""
    enough = state["age"] > 0.5 * PRIOR_S
    ridge = RIDGE + PRIOR_S / np.maximum(state["age"], 1.0) * 0.01
    for sensor in np.flatnonzero(~state["rate"]):
        used = _features_for(int(sensor), state)
        left = state["sums"][:, used[:, None], used[None, :]] + ridge[:, None, None] * np.eye(used.size)
        right = state["sums"][:, used, sensor]
        found = np.linalg.solve(left, right[:, :, None])[:, :, 0]
        fresh = np.zeros((len(enough), state["weights"].shape[2]))
        fresh[:, used] = found
        state["weights"][enough, sensor] = fresh[enough]
    # The size of the residuals shrinks with the first regression: learn it anew.
    newly = enough & ~state["ready"]
    for name in ("scale", "scale_age", "baseline"):
        state[name][np.ix_(newly, ~state["rate"])] = 0.0
    state["ready"] |= enough


def _features_for(sensor: int, state: State) -> Any:
    """Return the features that may explain a sensor: neither itself, nor its own past, nor a sawtooth."""
    n_sensors = state["rate"].size
    groups = 1 + len(LAGS_S)
    others = np.array([k for k in range(n_sensors) if k != sensor and not state["rate"][k]], np.int64)
    columns = [others + g * n_sensors for g in range(groups)]
    return np.concatenate([*columns, np.arange(groups * n_sensors, state["sums"].shape[1])])


@kernel
def residual_kernel(  # type: ignore[no-untyped-def]
    values, working, steps_s, lag_gains, waves, numbers,
    scaled, mean, variance, count, last_z, lags, sums, age, since, weights, ready,
    rate, baseline, settled, scale, scale_age, alarm, held, out,
):  # fmt: skip
    """Write the residual of each reading in standard deviations, then learn the reading; one machine at a time."""
    n_ticks, n_machines, n_sensors = values.shape
    n_lags, n_waves = lag_gains.shape[1], waves.shape[1]
    n_features = (1 + n_lags) * n_sensors + n_waves
    baseline_s, memory_s, settle_s, patience_s, grid_s = numbers[0], numbers[1], numbers[2], numbers[3], numbers[4]
    f = np.zeros(n_features)
    rest = np.zeros(n_sensors)
    for m in range(n_machines):
        for i in range(n_ticks):
            dt = steps_s[i]
            complete = True
            # Raw deviations; a silent sensor fades to its mean.
            for k in range(n_sensors):
                x = values[i, m, k]
                out[i, m, k] = np.nan
                if not np.isfinite(x):
                    last_z[m, k] *= np.exp(-dt / 600.0)
                    complete = complete and rate[k]
                    continue
                if not scaled[m, k]:
                    if working[i, m]:
                        n = count[m, k]
                        d = x - mean[m, k]
                        mean[m, k] += d / (n + 1)
                        variance[m, k] += (d * d * (n / (n + 1.0)) - variance[m, k]) / (n + 1)
                        count[m, k] = n + 1
                        scaled[m, k] = n + 1 >= 120
                    complete = False
                    continue
                spread = max(np.sqrt(variance[m, k]), 1e-9 * (1.0 + abs(mean[m, k])))
                # A sawtooth may wander arbitrarily far from the level of its training.
                most = 1e6 if rate[k] else 30.0
                last_z[m, k] = min(max((x - mean[m, k]) / spread, -most), most)
            for j in range(n_lags):
                for k in range(n_sensors):
                    lags[m, j, k] += lag_gains[i, j] * (last_z[m, k] - lags[m, j, k])
            if not working[i, m]:
                settled[m] = 0.0
                continue
            settled[m] += dt
            if settled[m] <= settle_s:
                continue
            for k in range(n_sensors):
                f[k] = last_z[m, k]
                for j in range(n_lags):
                    f[(1 + j) * n_sensors + k] = lags[m, j, k]
            for w in range(n_waves):
                f[(1 + n_lags) * n_sensors + w] = waves[i, w]
            # Residuals, judged before anything is learned.
            worst = 0.0
            for k in range(n_sensors):
                rest[k] = np.nan
                if not np.isfinite(values[i, m, k]) or not scaled[m, k]:
                    continue
                r = last_z[m, k]
                for c in range(n_features):
                    r -= weights[m, k, c] * f[c]
                if rate[k] and (np.isnan(baseline[m, k]) or scale_age[m, k] == 0.0):
                    baseline[m, k] = r
                rest[k] = r - baseline[m, k]
                if scale_age[m, k] > 600.0:
                    spread = max(np.sqrt(scale[m, k]), 1e-3)
                    if ready[m] or rate[k]:
                        out[i, m, k] = min(max(rest[k] / spread, -1e6), 1e6)
                    worst = max(worst, abs(rest[k]) / spread)
            # A sustained alarm stops learning until it ends or patience does.
            strange = 1.0 if worst > 6.0 else 0.0
            alarm[m] += min(dt / 300.0, 1.0) * (strange - alarm[m])
            if alarm[m] > 0.5 or (held[m] > 0.0 and alarm[m] > 0.1):
                held[m] += dt
            else:
                held[m] = 0.0
            stopped = 0.0 < held[m] < patience_s
            # The first half hour after maintenance settles the level anew: service resets wear.
            fresh = settled[m] < settle_s + 1800.0
            for k in range(n_sensors):
                if np.isnan(rest[k]):
                    continue
                spread = max(np.sqrt(scale[m, k]), 1e-3)
                known = scale_age[m, k] > 600.0
                clipped = min(max(rest[k], -3.0 * spread), 3.0 * spread) if known else rest[k]
                if rate[k]:
                    # Down with the usual hour, up as fast as a top-up; a leak is far faster than the clip allows.
                    rising = rest[k] > 3.0 * spread and known
                    gain = min(dt / 30.0, 0.5) if rising else min(dt / 3600.0, 0.5)
                    if rising:
                        baseline[m, k] += gain * min(rest[k], 20.0 * spread)
                    elif not stopped:
                        baseline[m, k] += gain * clipped
                elif not stopped and ready[m]:
                    gain = min(dt / 300.0, 0.5) if fresh else min(dt / baseline_s, 0.5)
                    baseline[m, k] += gain * clipped
                if not stopped:
                    step = min(dt, 60.0) if scale_age[m, k] > 0.0 else 60.0
                    gain = step / min(scale_age[m, k] + step, 86400.0)
                    # 0.995 = E[min(z², 9)] of a normal z.
                    scale[m, k] += gain * (clipped * clipped / (0.995 if known else 1.0) - scale[m, k])
                    scale_age[m, k] += step
            # The sums learn from complete readings, at most one per grid step; strange ones count for less.
            since[m] += dt
            if complete and not stopped and (since[m] >= grid_s or age[m] == 0.0):
                weight = 1.0 if worst <= 6.0 or not ready[m] else 36.0 / (worst * worst)
                step = min(max(since[m], 1e-3), 600.0)
                age[m] += step
                gain = min(weight * step / min(age[m], memory_s), 1.0)
                for a in range(n_features):
                    for b in range(a + 1):
                        sums[m, a, b] += gain * (f[a] * f[b] - sums[m, a, b])
                        sums[m, b, a] = sums[m, a, b]
                since[m] = 0.0
