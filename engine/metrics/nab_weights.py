"""NAB's profiles, and what an alarm on each row is worth.

References
----------
Lavin, A. and Ahmad, S. (2015). ICMLA, 38–44; profiles of numenta/NAB.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import UnknownNameError
from engine.metrics.arrays import rows_in

if TYPE_CHECKING:
    from engine.metrics.arrays import FloatArray

PROBATION = 0.15
PROBATION_ROWS = 5_000
# Beyond so many widths after a window an alarm is as false as any other.
FAR_AWAY = 3


@dataclass(frozen=True)
class Profile:
    """What a found window earns, and what a false alarm and a missed window cost."""

    tp: float
    fp: float
    fn: float


PROFILES = {
    "standard": Profile(1.0, 0.11, 1.0),
    "reward_low_FP_rate": Profile(1.0, 0.22, 1.0),
    "reward_low_FN_rate": Profile(1.0, 0.11, 2.0),
}


def profile_named(name: str) -> Profile:
    """Return the profile of that name, or raise UnknownNameError."""
    if name not in PROFILES:
        raise UnknownNameError("NAB profile", name, PROFILES)
    return PROFILES[name]


def probation_rows(n: int, probation: float = PROBATION) -> int:
    """Return how many first rows are not scored: those below min(⌊p·n⌋, p·5000)."""
    return math.ceil(min(math.floor(probation * n), probation * PROBATION_ROWS))


def _falling(z: FloatArray) -> FloatArray:
    """Return S(z) = 2 / (1 + e^(5z)) − 1: from about 1 at z = −1 over 0 at 0 to about −1."""
    falling: FloatArray = 2 / (1 + np.exp(np.minimum(5 * z, 700.0))) - 1
    return falling


def row_weights(n: int, windows: Sequence[Sequence[int]], profile: str = "standard") -> FloatArray:
    """Return float64 (n,): what an alarm on each row is worth before "only the best of a window counts".

    In a window [a, b] of w rows: S(−(b − i + 1)/w) / S(−1)·tp, so the first row earns tp exactly. Outside: −fp until
    a window has ended, then S((i − b)/(w − 1))·fp of the last one, −fp beyond three widths. After a window of one row
    every row is far away.
    """
    costs = profile_named(profile)
    weights = np.full(n, -costs.fp)
    ordered = np.array(sorted((int(a), int(b)) for a, b in windows), np.int64).reshape(-1, 2)
    firsts, lasts = ordered[:, 0], ordered[:, 1]
    widths = lasts - firsts + 1
    which, rows = rows_in(lasts + 1, np.append(firsts[1:], n)[: len(lasts)] - 1)
    near = (widths[which] > 1) & (rows - lasts[which] <= FAR_AWAY * (widths[which] - 1)) & (rows < n)
    which, rows = which[near], rows[near]
    weights[rows] = _falling((rows - lasts[which]) / (widths[which] - 1)) * costs.fp
    which, rows = rows_in(firsts, np.minimum(lasts, n - 1))
    place = -(lasts[which] - rows + 1) / widths[which]
    weights[rows] = _falling(place) / _falling(np.array([-1.0])) * costs.tp
    return weights
