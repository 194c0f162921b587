"""Online isolation forest: trees that grow where readings are and shrink where they were."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np

from engine.detectors.forest import ForestDetector
from engine.detectors.kernels import kernel
from engine.params import Range

if TYPE_CHECKING:
    from engine.detectors.base import State
    from engine.detectors.standard import BoolArray
    from engine.records import FloatArray


@kernel
def grow_kernel(  # type: ignore[no-untyped-def]
    z,
    known,
    leaf_size,
    max_depth,
    least,
    ring,
    kept,
    cut_on,
    cut_at,
    count,
    low,
    high,
    dice,
    gate,
    streak,
    patience,
    out,
):
    """Write 2^(-mean depth / usual depth), then let every tree learn the reading and forget the oldest one."""
    n_ticks, n_machines, n_sensors = z.shape
    n_trees = cut_on.shape[1]
    window = ring.shape[1]
    for m in range(n_machines):
        for i in range(n_ticks):
            out[i, m] = np.nan
            if not known[i, m]:
                continue
            place = kept[m] % window
            forget = kept[m] >= window
            depths = 0.0
            for t in range(n_trees):
                # Score: the depth of the leaf, and what a full split of its readings would add.
                node, depth = 0, 0
                while cut_on[m, t, node] >= 0:
                    right = z[i, m, cut_on[m, t, node]] > cut_at[m, t, node]
                    node = 2 * node + (2 if right else 1)
                    depth += 1
                depths += depth + max(np.log2(max(count[m, t, node], 1) / leaf_size), 0.0)
            if kept[m] >= least:
                usual = max(np.log2(min(kept[m], window) / leaf_size), 1.0)
                out[i, m] = 2.0 ** (-depths / n_trees / usual)
            # A reading far stranger than usual is not learned, unless such readings go on and on.
            if out[i, m] >= gate[m]:
                streak[m] += 1
                if streak[m] <= patience:
                    continue
            else:
                streak[m] = 0
            for t in range(n_trees):
                # Learn: count down the path, widen the boxes, split the leaf when it holds enough.
                node, depth = 0, 0
                while True:
                    if count[m, t, node] == 0:
                        for k in range(n_sensors):
                            low[m, t, node, k] = z[i, m, k]
                            high[m, t, node, k] = z[i, m, k]
                    for k in range(n_sensors):
                        low[m, t, node, k] = min(low[m, t, node, k], z[i, m, k])
                        high[m, t, node, k] = max(high[m, t, node, k], z[i, m, k])
                    count[m, t, node] += 1
                    on = cut_on[m, t, node]
                    if on < 0:
                        break
                    right = z[i, m, on] > cut_at[m, t, node]
                    node = 2 * node + (2 if right else 1)
                    depth += 1
                if depth < max_depth and count[m, t, node] >= leaf_size * 2.0**depth:
                    # Park-Miller generator: small, seeded, the same in machine code and in plain Python.
                    dice[m, t] = dice[m, t] * 48271 % 2147483647
                    on = dice[m, t] % n_sensors
                    dice[m, t] = dice[m, t] * 48271 % 2147483647
                    share = dice[m, t] / 2147483647.0
                    if high[m, t, node, on] > low[m, t, node, on]:
                        at = low[m, t, node, on] + share * (high[m, t, node, on] - low[m, t, node, on])
                        cut_on[m, t, node], cut_at[m, t, node] = on, at
                        left = int(np.floor(share * count[m, t, node] + 0.5))
                        # The readings are taken to fill their box evenly, as the paper's sampling does on average.
                        for side in range(2):
                            child = 2 * node + 1 + side
                            cut_on[m, t, child] = -1
                            count[m, t, child] = left if side == 0 else count[m, t, node] - left
                            for k in range(n_sensors):
                                low[m, t, child, k] = low[m, t, node, k]
                                high[m, t, child, k] = high[m, t, node, k]
                            if side == 0:
                                high[m, t, child, on] = at
                            else:
                                low[m, t, child, on] = at
                if forget:
                    node, depth = 0, 0
                    while True:
                        count[m, t, node] = max(count[m, t, node] - 1, 0)
                        on = cut_on[m, t, node]
                        if on < 0:
                            break
                        if count[m, t, node] < leaf_size * 2.0**depth:
                            cut_on[m, t, node] = -1
                            break
                        right = ring[m, place, on] > cut_at[m, t, node]
                        node = 2 * node + (2 if right else 1)
                        depth += 1
            for k in range(n_sensors):
                ring[m, place, k] = z[i, m, k]
            kept[m] += 1


@dataclass
class OnlineIsolationForest(ForestDetector):
    """Isolation trees that split a leaf once enough readings are in it and merge it when they are forgotten.

    Good at new regions of the sensor space, with a window that slides reading by reading; bad at small shifts and in
    the middle of the data. Cost: about 3 µs per reading of 7 sensors with 32 trees.

    Parameters
    ----------
    trees
        Number of trees.
    window
        Readings that a tree remembers.
    leaf_size
        Readings at which the root splits; each level needs twice as many.

    References
    ----------
    Leveni, F., Cassales, G. W., Pfahringer, B., Bifet, A., Boracchi, G. (2024). Online isolation forest. ICML, PMLR
    235, 27288–27298. New leaves share the readings by the volume of their boxes instead of sampled points.
    """

    name: ClassVar[str] = "online_isolation_forest"
    title: ClassVar[str] = "Online isolation forest"
    good_at: ClassVar[str] = "new regions of the sensor space; forgets reading by reading"
    bad_at: ClassVar[str] = "small shifts; holes in the middle of the data"
    default_threshold: ClassVar[float] = 6.5

    trees: Annotated[int, Range(1, 200, unit="trees")] = 32
    window: Annotated[int, Range(50, 100_000, unit="readings", log=True)] = 2048
    leaf_size: Annotated[int, Range(2, 256, unit="readings", log=True)] = 8

    def plant_trees(self, n_machines: int, n_sensors: int, rng: np.random.Generator) -> State:
        leaf = max(1, min(self.leaf_size, self.window // 8))
        depth = max(1, int(np.log2(self.window / leaf)))
        shape = (n_machines, self.trees, 2 ** (depth + 1) - 1)
        return {
            "ring": np.zeros((n_machines, self.window, n_sensors)),
            "kept": np.zeros(n_machines, np.int64),
            "cut_on": np.full(shape, -1, np.int64),
            "cut_at": np.zeros(shape),
            "nodes": np.zeros(shape, np.int64),
            "low": np.zeros((*shape, n_sensors)),
            "high": np.zeros((*shape, n_sensors)),
            "dice": rng.integers(1, 2**31 - 2, size=shape[:2]),
            "leaf": leaf,
            "depth": depth,
        }

    def strangeness(self, z: FloatArray, known: BoolArray, gate: FloatArray, state: State) -> FloatArray:
        raw = np.empty(z.shape[:2])
        least = min(self.warm_up, self.window)
        grow_kernel(
            z, known, state["leaf"], state["depth"], least, state["ring"], state["kept"], state["cut_on"],
            state["cut_at"], state["nodes"], state["low"], state["high"], state["dice"],
            gate, state["streak"], self.patience, raw,
        )  # fmt: skip
        return raw
