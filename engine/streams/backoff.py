"""Waiting between tries: exponential, with full jitter.

References
----------
Brooker, M. (2015). Exponential backoff and jitter. AWS Architecture Blog: full jitter spreads clients best.
"""

from __future__ import annotations

import random
from dataclasses import dataclass, field


@dataclass
class Backoff:
    """Returns how long to wait before the next try.

    Parameters
    ----------
    first_s, most_s
        Upper bound of the first wait, and of all waits; the bound doubles with each failure.
    rng
        Where the jitter comes from.
    """

    first_s: float = 0.1
    most_s: float = 5.0
    rng: random.Random = field(default_factory=lambda: random.Random(0))
    failures: int = field(default=0, init=False)

    def next_s(self) -> float:
        """Return the wait after one failure more: uniform in (0, min(most, first · 2^n)), never below a tenth."""
        bound = min(self.most_s, self.first_s * 2.0 ** min(self.failures, 30))
        self.failures += 1
        return bound * (0.1 + 0.9 * self.rng.random())

    def reset(self) -> None:
        """Begin again after a success."""
        self.failures = 0
