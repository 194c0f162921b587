"""The Page-Hinkley test: has the mean changed?"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np

from engine.detectors.kernels import kernel
from engine.detectors.smoothing import new_smoothing, smooth
from engine.detectors.standard import StandardisedDetector
from engine.params import Range
from engine.records import OPERATIONAL

if TYPE_CHECKING:
    from engine.detectors.base import State
    from engine.records import Block, FloatArray

LOOK_BACK = 0.02  # weight of the average whose spread tells the correlation in time


@kernel
def page_hinkley_kernel(z, inflation, working, slack, limit, fade, mean, seen, up, down, echo, out):  # type: ignore[no-untyped-def]
    """Sum what exceeds the segment's mean by more than the slack; beyond the limit a new segment begins."""
    n_ticks, n_machines, n_sensors = z.shape
    for m in range(n_machines):
        for k in range(n_sensors):
            for i in range(n_ticks):
                x = z[i, m, k]
                echo[m, k] *= fade
                if not working[i, m]:
                    mean[m, k], seen[m, k], up[m, k], down[m, k], echo[m, k] = 0.0, 0, 0.0, 0.0, 0.0
                elif np.isfinite(x):
                    x = min(max(x / inflation[i, m, k], -10.0), 10.0)
                    seen[m, k] += 1
                    # The normal is 0 by standardisation; it counts as 50 readings of each segment.
                    mean[m, k] += (x - mean[m, k]) / (seen[m, k] + 50)
                    up[m, k] = max(up[m, k] + x - mean[m, k] - slack, 0.0)
                    down[m, k] = max(down[m, k] - x + mean[m, k] - slack, 0.0)
                    if max(up[m, k], down[m, k]) >= limit:
                        echo[m, k] = max(up[m, k], down[m, k])
                        mean[m, k], seen[m, k], up[m, k], down[m, k] = x, 0, 0.0, 0.0
                out[i, m, k] = max(up[m, k], down[m, k], echo[m, k])


@dataclass
class PageHinkley(StandardisedDetector):
    """Tests for a change of the mean against the mean since the last change.

    Good at telling when a level changed, once, and then accepting the new one; bad at faults that must stay in alarm
    until repaired, at spikes, and at slow ramps (the mean follows them). After a change the sums start anew; the
    alarm fades over the next readings. Deviations are divided by the learned inflation of averages. Cost: 12 ns per
    value.

    Parameters
    ----------
    slack
        Deviation from the mean that is forgiven at each reading (δ).
    limit
        Sum at which a change is declared (λ).
    echo
        Readings over which a declared change fades to a third.

    References
    ----------
    Page, E. S. (1954). Continuous inspection schemes. Biometrika 41, 100–115.
    Hinkley, D. V. (1971). Inference about the change-point from cumulative sum tests. Biometrika 58, 509–523.
    """

    name: ClassVar[str] = "page_hinkley"
    title: ClassVar[str] = "Page-Hinkley"
    family: ClassVar[str] = "limit"
    good_at: ClassVar[str] = "the moment at which a level changed"
    bad_at: ClassVar[str] = "staying in alarm until repair; slow ramps; spikes"
    default_threshold: ClassVar[float] = 50.0

    slack: Annotated[float, Range(0.0, 5.0, unit="σ", step=0.05)] = 0.75
    limit: Annotated[float, Range(5.0, 1000.0, unit="σ", log=True)] = 60.0
    echo: Annotated[int, Range(1, 10_000, unit="readings", log=True)] = 300

    def begin(self, n_machines: int, n_sensors: int) -> State:
        shape = (n_machines, n_sensors)
        sums = {f"ph_{name}": np.zeros(shape) for name in ("mean", "up", "down", "echo")}
        return sums | {"ph_seen": np.zeros(shape, np.int64)} | new_smoothing(LOOK_BACK, n_machines, n_sensors)

    def judge(self, z: FloatArray, block: Block) -> FloatArray:
        scores: FloatArray = self.contributions(z, block).max(axis=2, initial=0.0)
        return scores

    def contributions(self, z: FloatArray, block: Block) -> FloatArray:
        state = self.state or {}
        working = block.status == OPERATIONAL
        _, inflation = smooth(z, working, LOOK_BACK, self.memory, state)
        out = np.empty(z.shape)
        page_hinkley_kernel(
            z, inflation, working, self.slack, self.limit, float(np.exp(-1.0 / self.echo)),
            state["ph_mean"], state["ph_seen"], state["ph_up"], state["ph_down"], state["ph_echo"], out,
        )  # fmt: skip
        return out
