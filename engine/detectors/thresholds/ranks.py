"""Order statistics of the newest scores, kept sorted: the loop behind the rolling and the conformal rule."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.detectors.kernels import kernel
from engine.detectors.sorted_window import replace_oldest

if TYPE_CHECKING:
    from engine.detectors.thresholds.base import State
    from engine.records import FloatArray


@kernel
def rank_kernel(scores, tail, training, stays, conformal, ring, ordered, filled, place, out):  # type: ignore[no-untyped-def]
    """Write the level that the share `tail` of the window reaches, then put the score into the sorted window."""
    n_ticks, n_machines = scores.shape
    for m in range(n_machines):
        n, at = filled[m], place[m]
        for i in range(n_ticks):
            x = scores[i, m]
            out[i, m] = np.inf
            if n >= training:
                if conformal:
                    # The rank of a new score among n old ones is uniform when nothing changed: p = (1 + k) / (n + 1).
                    k = int(np.floor(tail * (n + 1) + 1e-9))
                    if k >= 1:
                        out[i, m] = np.nextafter(ordered[m, n - k], np.inf)
                else:
                    h = (1.0 - tail) * (n - 1)
                    low = int(np.floor(h))
                    high = min(low + 1, n - 1)
                    out[i, m] = ordered[m, low] + (h - low) * (ordered[m, high] - ordered[m, low])
            if not np.isfinite(x) or (n == 0 and x == 0.0) or (stays and n >= training):
                continue
            n, at = replace_oldest(ordered[m], ring[m], n, at, x)
        filled[m], place[m] = n, at


def new_window(size: int, n_machines: int) -> State:
    """Return empty windows of `size` scores."""
    return {
        "ring": np.zeros((n_machines, size)),
        "ordered": np.zeros((n_machines, size)),
        "filled": np.zeros(n_machines, np.int64),
        "place": np.zeros(n_machines, np.int64),
    }


def rank_levels(
    scores: FloatArray, tail: float, training: int, state: State, *, stays: bool = False, conformal: bool = False
) -> FloatArray:
    """Return the level at each tick; infinite until `training` scores are in the window.

    Parameters
    ----------
    tail
        Share of scores that may reach the level.
    stays
        The window stops learning once trained.
    conformal
        The level is the smallest score whose conformal p-value is at most `tail`, instead of a quantile.
    """
    out = np.empty(scores.shape)
    rank_kernel(
        scores, tail, training, stays, conformal, state["ring"], state["ordered"], state["filled"], state["place"], out
    )
    return out
