"""Streaming half-space trees."""

from __future__ import annotations

import copy
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np

from engine.detectors.forest import ForestDetector
from engine.detectors.kernels import kernel
from engine.params import Range

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from engine.detectors.base import State
    from engine.detectors.standard import BoolArray
    from engine.records import Block, FloatArray

REACH = 6.0  # deviations from -6 to 6 σ fill the working space; a fixed padded range, never an adaptive scaler


@kernel
def mass_kernel(x, known, cut_on, cut_at, window, size, reference, latest, count, total, gate, streak, patience, out):  # type: ignore[no-untyped-def]
    """Write -log2 of the mean relative mass where each reading falls, then count it into the latest window."""
    n_ticks, n_machines, _ = x.shape
    n_trees, inner = cut_on.shape
    path = np.zeros((n_trees, 32), np.int64)
    length = 0
    for m in range(n_machines):
        for i in range(n_ticks):
            # A node with less than a tenth of the window is not halved further (Tan et al. 2011).
            limit = 0.1 * total[m]
            out[i, m] = np.nan
            if not known[i, m]:
                continue
            found = 0.0
            for t in range(n_trees):
                node, scale, done, length = 0, 1.0, False, 0
                while True:
                    if not done:
                        mass = reference[m, t, node]
                        if mass <= limit or node >= inner:
                            found += mass * scale
                            done = True
                    path[t, length] = node
                    length += 1
                    if node >= inner:
                        break
                    right = x[i, m, cut_on[t, node]] >= cut_at[t, node]
                    node = 2 * node + (2 if right else 1)
                    scale *= 2.0
            if total[m] > 0:
                # One reading in all trees is the smallest mass that can be told from none.
                out[i, m] = -np.log2((found + 1.0) / (n_trees * total[m]))
            # A reading far stranger than usual is not learned, unless such readings go on and on.
            if out[i, m] >= gate[m]:
                streak[m] += 1
                if streak[m] <= patience:
                    continue
            else:
                streak[m] = 0
            for t in range(n_trees):
                for depth in range(length):
                    latest[m, t, path[t, depth]] += 1
            count[m] += 1
            if count[m] >= size[m]:
                for t in range(n_trees):
                    for n in range(2 * inner + 1):
                        reference[m, t, n] = latest[m, t, n]
                        latest[m, t, n] = 0
                total[m] = count[m]
                size[m] = min(2 * size[m], window)
                count[m] = 0


@dataclass
class HalfSpaceTrees(ForestDetector):
    """Random halvings of the sensor space; strange is where the last window of readings rarely was.

    Good at new combinations of several sensors and at forgetting an old normal; bad at the start, at faults slower
    than a window, and at small shifts. Trees are shared by all machines, the counts are each machine's own; windows of
    different machines end at different times so that no tick is slow; the first windows are shorter and double up to
    the full one. Cost: about 1.3 µs per reading of 7 sensors with 25 trees of height 8; 100 kB a machine.

    Parameters
    ----------
    trees
        Number of trees.
    height
        Halvings from the root to a leaf.
    window
        Readings counted before the counts are exchanged.

    References
    ----------
    Tan, S. C., Ting, K. M., Liu, T. F. (2011). Fast anomaly detection for streaming data. IJCAI, 1511–1516.
    """

    name: ClassVar[str] = "half_space_trees"
    title: ClassVar[str] = "Half-space trees"
    good_at: ClassVar[str] = "new combinations of several sensors; follows a changing normal"
    bad_at: ClassVar[str] = "faults slower than its window; small shifts"

    trees: Annotated[int, Range(1, 200, unit="trees")] = 25
    height: Annotated[int, Range(2, 12, unit="levels")] = 8
    window: Annotated[int, Range(20, 100_000, unit="readings", log=True)] = 4000

    def plant_trees(self, n_machines: int, n_sensors: int, rng: np.random.Generator) -> State:
        cut_on, cut_at = half_spaces(self.trees, self.height, n_sensors, rng)
        counts = np.zeros((n_machines, self.trees, 2 ** (self.height + 1) - 1), np.int32)
        # Staggered ends: machine m's first window is longer by its share of one first window.
        first = max(self.window // 16, 20)
        size = first + np.arange(n_machines, dtype=np.int64) * first // n_machines
        return {
            "cut_on": cut_on, "cut_at": cut_at, "reference": counts, "latest": counts.copy(),
            "filled": np.zeros(n_machines, np.int64), "size": size, "total": np.zeros(n_machines, np.int64),
        }  # fmt: skip

    def strangeness(self, z: FloatArray, known: BoolArray, gate: FloatArray, state: State) -> FloatArray:
        raw = np.empty(z.shape[:2])
        mass_kernel(
            unit_space(z), known, state["cut_on"], state["cut_at"], self.window, state["size"],
            state["reference"], state["latest"], state["filled"], state["total"],
            gate, state["streak"], self.patience, raw,
        )  # fmt: skip
        return raw

    def explain(self, block: Block) -> dict[str, Any]:
        """Return, per machine, the mass and depth at which the block's last reading stops in each tree."""
        if self.state is None:
            return {}
        before = copy.deepcopy(self.state)
        x = unit_space(np.nan_to_num(self.deviations(block)[-1], nan=0.0))
        self.state = before
        machines = {name: self._stops(x[i], self.state, i) for i, name in enumerate(block.machines)}
        return {
            "kind": "half-space mass",
            "window": [int(n) for n in self.state["total"]],
            "trees": self.trees,
            "machines": machines,
        }

    def _stops(self, x: FloatArray, state: State, machine: int) -> dict[str, list[int]]:
        masses, depths = [], []
        inner = state["cut_on"].shape[1]
        for tree in range(self.trees):
            node, depth = 0, 0
            while node < inner and state["reference"][machine, tree, node] > 0.1 * state["total"][machine]:
                right = x[state["cut_on"][tree, node]] >= state["cut_at"][tree, node]
                node, depth = 2 * node + (2 if right else 1), depth + 1
            masses.append(int(state["reference"][machine, tree, node]))
            depths.append(depth)
        return {"mass": masses, "depth": depths}


def unit_space(z: FloatArray) -> FloatArray:
    """Return deviations as places in the working space [0, 1]; beyond ±REACH they lie at its edge."""
    return np.clip((z + REACH) / (2.0 * REACH), 0.0, 1.0)


def half_spaces(
    trees: int, height: int, n_sensors: int, rng: np.random.Generator
) -> tuple[NDArray[np.int32], FloatArray]:
    """Return which sensor each node halves and where; (trees, nodes), in the layout of a complete binary tree.

    Each tree's space is drawn around a random point so that it covers [0, 1] (Tan et al. 2011, section 3).
    """
    inner = 2**height - 1
    cut_on = rng.integers(0, n_sensors, size=(trees, inner)).astype(np.int32)
    cut_at = np.empty((trees, inner))
    middle = rng.random((trees, n_sensors))
    reach = 2.0 * np.maximum(middle, 1.0 - middle)
    low = np.full((trees, 2 * inner + 1, n_sensors), np.nan)
    high = low.copy()
    low[:, 0], high[:, 0] = middle - reach, middle + reach
    every = np.arange(trees)
    for node in range(inner):
        on = cut_on[:, node]
        cut_at[:, node] = 0.5 * (low[every, node, on] + high[every, node, on])
        for child in (2 * node + 1, 2 * node + 2):
            low[:, child], high[:, child] = low[:, node], high[:, node]
        high[every, 2 * node + 1, on] = cut_at[:, node]
        low[every, 2 * node + 2, on] = cut_at[:, node]
    return cut_on, cut_at
