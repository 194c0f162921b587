"""Features derived from readings: calendar, ratios, and causal rolling statistics with z-scores.

All of it is safe on missing readings: NaN in, NaN out, and a ratio over nothing is NaN, never an error.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from engine.plant.calendar import calendar_columns
from engine.records import SECOND_US, join_blocks

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.records import Block, FloatArray

# Name → (operation, first sensor, second sensor, decimals): the ratios and products of the course material.
_COMBINED = {
    "temp_pressure_ratio": ("/", "temperature", "pressure", 4),
    "vibration_power_ratio": ("/", "vibration", "power_consumption", 4),
    "flow_pressure_product": ("*", "flow_rate", "pressure", 2),
}
# The derived columns of the streaming guide, in the order in which its files have them.
CALENDAR_FEATURES = ("hour", "day_of_week", "month", "is_weekend", "is_night_shift")
GUIDE_FEATURES = (*CALENDAR_FEATURES, *_COMBINED)
_DECIMALS = 4
ROLLING_WINDOW_S = 3600.0


def guide_features(block: Block) -> dict[str, NDArray[Any]]:
    """Return the documented columns: hour … is_night_shift, then those ratios whose sensors the plant has.

    Each array is (n_ticks, n_machines).
    """
    shape = block.values.shape[:2]
    found: dict[str, NDArray[Any]] = {
        name: np.broadcast_to(column[:, None], shape) for name, column in calendar_columns(block.times_us).items()
    }
    for name, (operation, first, second, decimals) in _COMBINED.items():
        if first in block.sensors and second in block.sensors:
            a = block.values[..., block.sensors.index(first)]
            b = block.values[..., block.sensors.index(second)]
            found[name] = np.round(_ratio(a, b) if operation == "/" else a * b, decimals)
    return found


def derived_features(
    block: Block, window_s: float = ROLLING_WINDOW_S, history: Block | None = None
) -> dict[str, NDArray[Any]]:
    """Return the documented columns and each sensor's rolling mean, standard deviation and z-score.

    Parameters
    ----------
    window_s
        Length of the rolling window in seconds; it reaches back from each reading and includes it: (t − window, t].
    history
        The readings before the block (at least one window), so that a stream gets the same numbers as a batch.
    """
    return guide_features(block) | rolling_features(block, window_s, history)


def rolling_features(
    block: Block, window_s: float = ROLLING_WINDOW_S, history: Block | None = None
) -> dict[str, FloatArray]:
    """Return `<sensor>_rolling_mean`, `<sensor>_rolling_std` and `<sensor>_zscore`, each (n_ticks, n_machines).

    The statistics are causal, skip missing readings and are rounded to 4 decimals. The z-score is 0 where the window
    does not vary, NaN where the reading is missing.
    """
    whole = block if history is None or len(history) == 0 else join_blocks([history, block])
    mean, std = _rolling(whole, round(window_s * SECOND_US))
    first = len(whole) - len(block)
    found: dict[str, FloatArray] = {}
    for k, sensor in enumerate(block.sensors):
        m, s = mean[first:, :, k], std[first:, :, k]
        deviation = block.values[..., k] - m
        flat: FloatArray = np.where(np.isnan(deviation), np.nan, 0.0)
        z: FloatArray = np.where(s > 0, _ratio(deviation, s), flat)
        found[f"{sensor}_rolling_mean"] = np.round(m, _DECIMALS)
        found[f"{sensor}_rolling_std"] = np.round(s, _DECIMALS)
        found[f"{sensor}_zscore"] = np.round(z, _DECIMALS)
    return found


def _rolling(block: Block, window_us: int) -> tuple[FloatArray, FloatArray]:
    """Return mean and population standard deviation over (t − window, t], each like the values.

    Sums are taken around the first reading of each channel, which keeps the cancellation far below the rounding.
    """
    known = np.isfinite(block.values)
    at = np.argmax(known, axis=0)
    centre = np.where(known.any(axis=0), np.take_along_axis(block.values, at[None], axis=0)[0], 0.0)
    shifted = np.where(known, block.values - centre, 0.0)
    start = np.searchsorted(block.times_us, block.times_us - window_us, side="right")
    count = _window_sums(known.astype(np.float64), start)
    mean = _ratio(_window_sums(shifted, start), count)
    square = _ratio(_window_sums(shifted * shifted, start), count)
    variance = np.maximum(square - mean * mean, 0.0)
    variance[variance < 1e-12 * np.maximum(square, 1.0)] = 0.0  # what is left of constant readings is rounding
    return mean + centre, np.sqrt(variance)


def _window_sums(values: FloatArray, start: NDArray[np.int64]) -> FloatArray:
    total = np.concatenate([np.zeros((1, *values.shape[1:])), np.cumsum(values, axis=0)])
    return np.asarray(total[1:] - total[start])


def _ratio(a: FloatArray, b: FloatArray) -> FloatArray:
    """Return a / b, NaN where b is 0."""
    out = np.full(np.broadcast(a, b).shape, np.nan)
    np.divide(a, b, out=out, where=(b != 0) & ~np.isnan(b))
    return out
