"""The Hampel filter: distance from the median of the last readings."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np

from engine.detectors.kernels import kernel
from engine.detectors.sorted_window import median_and_width, replace_oldest
from engine.detectors.standard import BIGGEST, StandardisedDetector
from engine.params import Range

if TYPE_CHECKING:
    from engine.detectors.base import State
    from engine.records import Block, FloatArray


@kernel
def hampel_kernel(z, least, ring, ordered, filled, place, out):  # type: ignore[no-untyped-def]
    """Write |z - median| over the scaled median deviation of the window before it, then put z into the window."""
    n_ticks, n_machines, n_sensors = z.shape
    for m in range(n_machines):
        for k in range(n_sensors):
            n, at = filled[m, k], place[m, k]
            for i in range(n_ticks):
                x = z[i, m, k]
                out[i, m, k] = 0.0
                if not np.isfinite(x):
                    continue
                if n >= 8:
                    middle, width = median_and_width(ordered[m, k], n)
                    out[i, m, k] = abs(x - middle) / max(1.4826 * width, least)
                n, at = replace_oldest(ordered[m, k], ring[m, k], n, at, x)
            filled[m, k], place[m, k] = n, at


@dataclass
class Hampel(StandardisedDetector):
    """Distance from the median of the last readings, in median absolute deviations.

    Good at spikes, with no model of normal beyond the last minutes: half the window may be rubbish; bad at anything
    slower than its window, and at a stuck sensor's end. Cost: about 1.3 µs per reading of 7 sensors with a window of
    61.

    Parameters
    ----------
    window
        Readings before the judged one that count.
    least
        Smallest spread, so that a sensor with coarse steps does not alarm at one step.

    References
    ----------
    Hampel, F. R. (1974). The influence curve and its role in robust estimation. JASA 69, 383–393. Factor 1.4826: the
    standard deviation of a normal distribution over its median absolute deviation.
    """

    name: ClassVar[str] = "hampel"
    title: ClassVar[str] = "Hampel filter"
    family: ClassVar[str] = "limit"
    good_at: ClassVar[str] = "spikes, also among many of them"
    bad_at: ClassVar[str] = "everything slower than its window"
    default_threshold: ClassVar[float] = 9.0

    window: Annotated[int, Range(9, 2001, unit="readings", log=True)] = 61
    least: Annotated[float, Range(0.001, 1.0, unit="σ", log=True)] = 0.1

    def begin(self, n_machines: int, n_sensors: int) -> State:
        shape = (n_machines, n_sensors)
        return {
            "ring": np.zeros((*shape, self.window)),
            "ordered": np.zeros((*shape, self.window)),
            "filled": np.zeros(shape, np.int64),
            "place": np.zeros(shape, np.int64),
        }

    def judge(self, z: FloatArray, block: Block) -> FloatArray:
        scores: FloatArray = self.contributions(z, block).max(axis=2, initial=0.0)
        return scores

    def contributions(self, z: FloatArray, block: Block) -> FloatArray:
        state = self.state or {}
        out = np.empty(z.shape)
        hampel_kernel(z, self.least, state["ring"], state["ordered"], state["filled"], state["place"], out)
        return np.minimum(out, BIGGEST)
