"""Levels and states: what varies is judged by its distance from usual.

What only switches by combinations never seen.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np

from engine.detectors.base import Detector
from engine.detectors.kernels import kernel
from engine.params import Range
from engine.records import OPERATIONAL

if TYPE_CHECKING:
    from engine.detectors.base import State
    from engine.records import Block, FloatArray

MOST_STATES = 3  # distinct values up to which a sensor is taken for a switch
ROOM = 256  # combinations that are remembered
NEWS = 10.0  # score of a combination never seen
RARE = 0.02  # share of ticks with a new combination, up to which one is news


@kernel
def level_kernel(values, working, warm_up, memory, number, known, n_known, mean, variance, count, out):  # type: ignore[no-untyped-def]
    """Write |value - mean| / spread of sensors that vary, then learn; keep the distinct values of those that switch."""
    n_ticks, n_machines, n_sensors = values.shape
    for m in range(n_machines):
        for k in range(n_sensors):
            mu, var, n = mean[m, k], variance[m, k], count[m, k]
            for i in range(n_ticks):
                x = values[i, m, k]
                out[i, m, k] = 0.0
                if not working[i, m] or not np.isfinite(x):
                    continue
                if not number[m, k]:
                    at = -1
                    for j in range(n_known[m, k]):
                        if known[m, k, j] == x:
                            at = j
                    if at >= 0:
                        continue
                    if n_known[m, k] < 3:
                        known[m, k, n_known[m, k]] = x
                        n_known[m, k] += 1
                        continue
                    number[m, k], n = True, 0
                    for j in range(3):  # the values so far are the first it is known by
                        d = known[m, k, j] - mu
                        n += 1
                        mu += d / n
                        var += (d * d * (1.0 - 1.0 / n) - var) / n
                spread = max(np.sqrt(var), 1e-9 * (1.0 + abs(mu)))
                d = x - mu
                if n >= warm_up:
                    far = d / spread
                    out[i, m, k] = min(abs(far), 1e6)
                    # As in the z-score: a reading may move the normal by 3 spreads at most, and less the further out.
                    gain = (1.0 if far * far <= 9.0 else max(9.0 / (far * far), 0.02)) / min(n + 1, memory)
                    d = min(max(d, -3.0 * spread), 3.0 * spread)
                    var += gain * (d * d / 0.995 - var)
                else:
                    gain = 1.0 / (n + 1)
                    var += gain * (d * d * (1.0 - gain) - var)
                mu += gain * d
                n += 1
            mean[m, k], variance[m, k], count[m, k] = mu, var, n


@kernel
def state_kernel(  # type: ignore[no-untyped-def]
    values, working, warm_up, switch, known, last, seen, n_seen, ticks, news, quiet, width, left, fresh, changed, out
):
    """Write NEWS for sensors that switched into a combination never seen; `switch` (n_machines.

    N_sensors) says which do.
    """
    n_ticks, n_machines, n_sensors = values.shape
    for m in range(n_machines):
        for i in range(n_ticks):
            if not working[i, m]:
                continue
            key, moved, n_switches = 1469598103934665603, False, 0
            for k in range(n_sensors):
                if not switch[i, m, k]:
                    continue
                before = last[m, k]
                x = values[i, m, k]
                if np.isfinite(x):
                    for j in range(3):
                        if known[m, k, j] == x:
                            last[m, k] = j + 1
                changed[m, k] = last[m, k] != before
                if changed[m, k]:
                    moved = True
                key = (key ^ (last[m, k] + 8 * (k + 1))) * 1099511628211
                n_switches += 1
            ticks[m] += 1
            if n_switches != width[m]:  # one began to vary: all combinations of the others are new, and none is news
                width[m], quiet[m], n_seen[m], left[m], news[m] = n_switches, ticks[m] + warm_up, 0, 0, 0
            if n_switches == 0:
                continue
            found = False
            for j in range(n_seen[m]):
                if seen[m, j] == key:
                    found = True
                    break
            if not found and n_seen[m] < 256:
                seen[m, n_seen[m]] = key
                n_seen[m] += 1
                share = (news[m] + 1.0) / (ticks[m] + 1.0)
                news[m] += 1
                left[m] = 60 if ticks[m] > warm_up and share <= 0.02 and ticks[m] > quiet[m] else 0
                for k in range(n_sensors):
                    fresh[m, k] = switch[i, m, k] and (changed[m, k] or not moved)
            elif moved:
                left[m] = 0
            if ticks[m] > warm_up:  # a combination that is known was looked at, too
                for k in range(n_sensors):
                    if switch[i, m, k]:
                        out[i, m, k] = 0.01
            if left[m] > 0:
                left[m] -= 1
                for k in range(n_sensors):
                    if fresh[m, k]:
                        out[i, m, k] = max(out[i, m, k], 10.0)


@dataclass
class LevelAndState(Detector):
    """Distance of each sensor from its usual level, and combinations of switches that were never seen.

    A sensor with at most three distinct values so far is a switch; once it shows a fourth it is judged by its level, in
    standard deviations, after `warm_up` readings. Good at any mixture of sensors without settings, such as a stranger's
    file; bad at slow drift, at relations between sensors that vary, and at patterns in time.
    Cost: about 8 ns per value.

    Parameters
    ----------
    warm_up
        Readings of each sensor before it is judged.
    memory
        Readings over which the level is averaged: the larger, the slower it follows changes.

    References
    ----------
    Shewhart, W. A. (1931). Economic Control of Quality of Manufactured Product: the chart of single values.
    Good, I. J. (1953). The population frequencies of species. Biometrika 40, 237–264 (how likely something new is).
    """

    name: ClassVar[str] = "level_and_state"
    title: ClassVar[str] = "Level and state"
    family: ClassVar[str] = "limit"
    good_at: ClassVar[str] = "sudden changes of any sensor, and switches that do not fit together, without settings"
    bad_at: ClassVar[str] = "slow drift; relations between sensors that vary"
    default_threshold: ClassVar[float] = 6.5

    warm_up: Annotated[int, Range(8, 100_000, unit="readings", log=True)] = 120
    memory: Annotated[int, Range(50, 10_000_000, unit="readings", log=True)] = 5000

    def start(self, n_machines: int, n_sensors: int) -> State:
        shape = (n_machines, n_sensors)
        return {
            "mean": np.zeros(shape), "variance": np.zeros(shape), "count": np.zeros(shape, np.int64),
            "number": np.zeros(shape, np.bool_), "known": np.full((*shape, MOST_STATES), np.nan),
            "n_known": np.zeros(shape, np.int64), "last": np.zeros(shape, np.int64),
            "seen": np.zeros((n_machines, ROOM), np.int64), "n_seen": np.zeros(n_machines, np.int64),
            "ticks": np.zeros(n_machines, np.int64), "news": np.zeros(n_machines, np.int64),
            "quiet": np.zeros(n_machines, np.int64), "width": np.zeros(n_machines, np.int64), "left": np.zeros(n_machines, np.int64),  # noqa: E501
            "fresh": np.zeros(shape, np.bool_),
        }  # fmt: skip

    def advance(self, block: Block) -> FloatArray:
        scores: FloatArray = self._each(block, self.state or {}).max(axis=2, initial=0.0)
        return scores

    def blame(self, block: Block) -> FloatArray | None:
        """Return each sensor's own distance, or NEWS for switches in a new combination."""
        if self.state is None:
            return None
        return self._each(block, {name: array.copy() for name, array in self.state.items()})

    def explain(self, block: Block) -> dict[str, Any]:
        """Return each sensor's distance over the block, in standard deviations, per machine."""
        sizes = self.blame(block)
        lanes = {} if sizes is None else {m: sizes[:, i].T.tolist() for i, m in enumerate(block.machines)}
        return {"kind": "averages", "sensors": list(block.sensors), "unit": "σ", "machines": lanes}

    def _each(self, block: Block, s: State) -> FloatArray:
        working, out = block.status == OPERATIONAL, np.zeros(block.values.shape)
        varied = s["number"].copy()
        level_kernel(
            block.values, working, self.warm_up, self.memory, s["number"], s["known"], s["n_known"], s["mean"],
            s["variance"], s["count"], out,
        )  # fmt: skip
        switch = self._switches(block, varied, s)
        state_kernel(
            block.values, working, self.warm_up, switch, s["known"], s["last"], s["seen"], s["n_seen"], s["ticks"],
            s["news"], s["quiet"], s["width"], s["left"], s["fresh"], np.zeros(s["fresh"].shape, np.bool_), out,
        )  # fmt: skip
        return out

    def _switches(self, block: Block, varied: np.ndarray, s: State) -> np.ndarray:
        """Return which sensors are switches at each tick: until the tick at which one shows a fourth value."""
        switch = np.broadcast_to(~varied, block.values.shape).copy()
        for m, k in np.argwhere(s["number"] & ~varied):
            column = block.values[:, m, k]
            strange = np.isfinite(column) & ~np.isin(column, s["known"][m, k]) & (block.status[:, m] == OPERATIONAL)
            switch[int(np.argmax(strange)) :, m, k] = False
        return switch
