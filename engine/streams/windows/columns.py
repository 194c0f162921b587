"""Statistics of one window for many series at once: the figures of `Statistics`, on arrays instead of rows."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from engine.records import MINUTE_US
from engine.streams.windows.statistics import FEWEST_ROWS, MAD_TO_SIGMA, MEAN_DEVIATION_TO_SIGMA, OUTLIER_LIMIT

if TYPE_CHECKING:
    import numpy.typing as npt

    from engine.records import FloatArray, IntArray

FIGURES = ("mean", "std", "min", "max", "trend", "outliers")


def window_columns(times_us: IntArray, values: FloatArray, limit: float = OUTLIER_LIMIT) -> dict[str, npt.NDArray[Any]]:
    """Return count, mean, std, min, max, trend and outliers of each series of one window.

    Parameters
    ----------
    times_us
        (n_ticks,), ascending, each time once.
    values
        (n_ticks, n_series); NaN = no reading.
    limit
        Modified z-score from which a reading is an outlier.

    Returns
    -------
    Arrays (n_series,); where a figure is not known it is NaN.
    """
    seen = ~np.isnan(values)
    count = seen.sum(axis=0)
    known = np.where(seen, values, 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = known.sum(axis=0) / count
        away = np.where(seen, values - mean, 0.0)
        std = np.sqrt((away * away).sum(axis=0) / (count - 1))
        std[count < 2] = np.nan
    return {
        "count": count,
        "mean": mean,
        "std": std,
        "min": _extreme(np.min, values, seen, np.inf),
        "max": _extreme(np.max, values, seen, -np.inf),
        "trend": _trend(times_us, away, seen, count),
        "outliers": _outliers(values, seen, count, limit),
    }


def _extreme(which: Any, values: FloatArray, seen: npt.NDArray[np.bool_], fill: float) -> FloatArray:
    found: FloatArray = which(np.where(seen, values, fill), axis=0, initial=fill)
    return np.where(np.isinf(found), np.nan, found)


def _trend(times_us: IntArray, away: FloatArray, seen: npt.NDArray[np.bool_], count: IntArray) -> FloatArray:
    """Return least-squares slopes in units per minute."""
    minutes = np.where(seen, ((times_us - times_us[0]) / MINUTE_US)[:, None], 0.0)
    with np.errstate(invalid="ignore", divide="ignore"):
        centred = np.where(seen, minutes - minutes.sum(axis=0) / count, 0.0)
        spread = (centred * centred).sum(axis=0)
        slope: FloatArray = (centred * away).sum(axis=0) / spread
    slope[spread <= 0.0] = np.nan
    return slope


def _outliers(values: FloatArray, seen: npt.NDArray[np.bool_], count: IntArray, limit: float) -> IntArray:
    """Return how many readings have a modified z-score at or above the limit."""
    away = np.abs(values - _median(values, count))
    spread = _median(away, count) * MAD_TO_SIGMA
    with np.errstate(invalid="ignore", divide="ignore"):
        mean = np.where(seen, away, 0.0).sum(axis=0) / count
        spread = np.where(spread == 0.0, mean * MEAN_DEVIATION_TO_SIGMA, spread)
        far = seen & (away / spread >= limit) & (spread > 0.0)
    return np.where(count < FEWEST_ROWS, 0, far.sum(axis=0))


def _median(values: FloatArray, count: IntArray) -> FloatArray:
    """Return medians of what is there; NumPy sorts NaN to the end, and its own nanmedian takes ten times as long."""
    ordered = np.sort(values, axis=0)
    lower, upper = np.maximum(count - 1, 0) // 2, np.minimum(count // 2, len(values) - 1)
    series = np.arange(values.shape[1])
    middle: FloatArray = (ordered[lower, series] + ordered[upper, series]) / 2
    return middle
