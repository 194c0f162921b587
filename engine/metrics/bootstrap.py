"""How sure is a number? Percentile intervals from resampled events or seeds.

References
----------
Efron, B. and Tibshirani, R. (1993). An Introduction to the Bootstrap. Chapman & Hall, chapter 13.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from engine.metrics.arrays import FloatArray

Limits = tuple[float, float] | None
DRAWS = 1000
COVERAGE = 0.95
FEWEST = 2
# More units than this are first added up in neighbouring groups (a block bootstrap), to bound time and memory.
MOST_UNITS = 500


def interval_of(
    units: FloatArray, statistic: Callable[[FloatArray], FloatArray], seed: int = 0, draws: int = DRAWS
) -> Limits:
    """Return the 95 % interval of a statistic of summed unit counts; None with fewer than two units.

    Parameters
    ----------
    units
        float64 (n_units, n_counts), such as tp, fp, fn of every event's zone.
    statistic
        Takes the sums (draws, n_counts), returns one value per draw (NaN = undefined).
    """
    if len(units) < FEWEST:
        return None
    with np.errstate(divide="ignore", invalid="ignore"):
        return limits(statistic(resampled_sums(units, seed, draws)))


def interval_of_mean(values: Sequence[float | None], seed: int = 0, draws: int = DRAWS) -> Limits:
    """Return the 95 % interval of the mean of the defined values; None with fewer than two of them."""
    known = [(value, 1.0) for value in values if value is not None]
    return interval_of(np.array(known, np.float64).reshape(-1, 2), lambda sums: sums[:, 0] / sums[:, 1], seed, draws)


def resampled_sums(units: FloatArray, seed: int = 0, draws: int = DRAWS) -> FloatArray:
    """Return float64 (draws, n_counts): the sums of as many units drawn with replacement."""
    if len(units) > MOST_UNITS:
        starts = np.linspace(0, len(units), MOST_UNITS, endpoint=False).astype(np.int64)
        units = np.add.reduceat(units, starts, axis=0)
    n = len(units)
    times = np.random.default_rng(seed).multinomial(n, np.full(n, 1 / n), size=draws)
    sums: FloatArray = times @ units
    return sums


def limits(values: FloatArray) -> Limits:
    """Return the middle 95 % of the finite values; None without any.

    None too when they are all alike: units that never differ tell nothing about how far the number may be off, and
    "1 … 1" would read as certainty.
    """
    values = values[np.isfinite(values)]
    if not len(values):
        return None
    tail = (1 - COVERAGE) / 2
    low, high = (float(edge) for edge in np.quantile(values, [tail, 1 - tail]))
    return None if math.isclose(low, high, rel_tol=1e-12, abs_tol=1e-12) else (low, high)
