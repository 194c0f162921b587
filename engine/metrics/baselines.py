"""What every score is compared with: nothing, everything, random alarms of the same number, and three sigma."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.metrics.arrays import runs

if TYPE_CHECKING:
    from numpy.typing import ArrayLike

    from engine.metrics.arrays import FloatArray, IntArray

TRAINING_SHARE = 0.2
SIGMAS = 3.0


def random_alarms(alarms: IntArray, rng: np.random.Generator) -> IntArray:
    """Return 0/1 rows (n,) with the same runs, by number and length, in random order at random places.

    The runs stay apart by at least one row, so that their number is the same.
    """
    found, n = runs(alarms), len(alarms)
    lengths = rng.permutation(found[:, 1] - found[:, 0] + 1)
    k = len(lengths)
    spare = n - int(lengths.sum()) - max(k - 1, 0)
    out = np.zeros(n, np.int64)
    if not k:
        return out
    # k sorted draws of spare + 1 places with repetition: the free rows before each run.
    gaps = np.sort(rng.integers(0, spare + 1, k))
    starts = gaps + np.arange(k) + np.concatenate([[0], np.cumsum(lengths)[:-1]])
    for start, length in zip(starts, lengths, strict=True):
        out[start : start + length] = 1
    return out


def three_sigma_scores(readings: ArrayLike, training_rows: int | None = None) -> FloatArray:
    """Return float64 (n,): the largest |z| of any sensor, mean and deviation from the first rows; NaN readings are 0.

    Parameters
    ----------
    readings
        (n,) or (n, n_sensors).
    training_rows
        How many first rows tell the normal level; a fifth of all by default.
    """
    table = np.asarray(readings, np.float64)
    table = table[:, None] if table.ndim == 1 else table
    rows = training_rows or max(2, int(TRAINING_SHARE * len(table)))
    training = table[:rows]
    known = ~np.isnan(training)
    counts = np.maximum(known.sum(axis=0), 1)
    mean = np.where(known, training, 0.0).sum(axis=0) / counts
    spread = np.sqrt(np.where(known, (training - mean) ** 2, 0.0).sum(axis=0) / counts)
    z = np.abs(table - mean) / np.where(spread > 0, spread, np.inf)
    scores: FloatArray = np.where(np.isnan(z), 0.0, z).max(axis=1, initial=0.0)
    return scores
