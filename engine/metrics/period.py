"""The dominant period of a series, as TSB-AD chooses its VUS window.

References
----------
Liu, Q. and Paparrizos, J. (2024). The elephant in the room: TSB-AD. NeurIPS 37.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.metrics.arrays import as_scores

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from engine.metrics.arrays import FloatArray

DEFAULT_PERIOD = 125
ROWS_USED = 20_000
LAGS = 400
FIRST_LAG, SHORTEST, LONGEST = 4, 6, 303


def period(series: ArrayLike) -> int:
    """Return the lag in rows of the highest strict local maximum of the autocorrelation, or 125 without a usable one.

    The series (n,) is cut to its first 20,000 rows; lags 4 … 400 are searched, and a peak below 6 or above 303 is not
    used. For several sensors TSB-AD takes the first.
    """
    correlation = autocorrelation(as_scores(series, "series")[:ROWS_USED], LAGS)
    middle = correlation[FIRST_LAG:-1]
    if len(middle) < 1:
        return DEFAULT_PERIOD
    peaks = (middle > correlation[FIRST_LAG - 1 : -2]) & (middle > correlation[FIRST_LAG + 1 :])
    if not peaks.any():
        return DEFAULT_PERIOD
    lag = FIRST_LAG + int(np.argmax(np.where(peaks, middle, -np.inf)))
    return lag if SHORTEST <= lag <= LONGEST else DEFAULT_PERIOD


def autocorrelation(series: FloatArray, lags: int) -> FloatArray:
    """Return the biased autocorrelation at lags 0 … `lags` (fewer for a short series); zeros for a constant one."""
    n = len(series)
    if n == 0 or np.ptp(series) == 0:
        return np.zeros(min(n, lags + 1))
    size = 1 << (2 * n - 1).bit_length()
    spectrum = np.fft.rfft(series - series.mean(), size)
    covariance = np.fft.irfft(spectrum * np.conj(spectrum), size)[: min(n, lags + 1)]
    correlation: FloatArray = covariance / covariance[0]
    return correlation
