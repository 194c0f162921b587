"""The arithmetic of the context stage: regression sums, slow baseline, scale, all per machine, in plain arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

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
