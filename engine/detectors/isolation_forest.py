"""Isolation Forest: scikit-learn grows the trees, our own array layout walks them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

import numpy as np

from engine.detectors.compiled import compiled
from engine.detectors.kernels import kernel
from engine.detectors.windowed import Windowed
from engine.params import Range

if TYPE_CHECKING:
    from engine.detectors.base import State
    from engine.records import Block, FloatArray


@dataclass
class IsolationForest(Windowed):
    """Random cuts that separate a strange reading from the rest sooner than a normal one.

    Sees values and combinations that are rare; slow changes inside the usual range pass unnoticed. A fit costs about
    a tenth of a second, a reading about a microsecond: the trees lie in complete binary arrays, and 64 readings go
    down a tree together. The raw score is scikit-learn's to 1e-9.

    Parameters
    ----------
    n_trees
        Trees in the forest.
    sample
        Readings that each tree is grown from.

    References
    ----------
    Liu, F. T., Ting, K. M., Zhou, Z.-H. (2008). Isolation Forest. ICDM, 413-422.
    """

    name: ClassVar[str] = "isolation_forest"
    title: ClassVar[str] = "Isolation Forest"
    good_at: ClassVar[str] = "rare values and rare combinations in many sensors, with no assumption on their shape"
    bad_at: ClassVar[str] = "slow drift inside the usual range; what a window of only one shift has not shown"
    default_threshold: ClassVar[float] = 1.5  # the raw score cannot pass 1, so the tail is short

    n_trees: Annotated[int, Range(10, 500, unit="trees")] = 100
    sample: Annotated[int, Range(16, 2048, unit="readings", log=True)] = 256

    def fitted(self, rows: FloatArray) -> tuple[State, FloatArray]:
        from sklearn.ensemble import IsolationForest as Forest

        forest = Forest(n_estimators=self.n_trees, max_samples=min(self.sample, len(rows)), random_state=self.seed)
        model = flattened(forest.fit(rows))
        return model, self.raw_scores(model, rows)

    def raw_scores(self, model: State, rows: FloatArray) -> FloatArray:
        return forest_scores(model, rows)

    def explain(self, block: Block) -> dict[str, Any]:
        """Return how many cuts each tree needs to isolate the last reading of each machine; few cuts = strange."""
        if self.state is None or not self.state["is_fitted"] or len(block) == 0:
            return {"kind": "isolation_paths", "machines": list(block.machines), "ready": False}
        rows = self.standardised(block.values[-1:])[0]
        paths = path_lengths(self.state, rows)
        return {
            "kind": "isolation_paths",
            "ready": True,
            "machines": list(block.machines),
            "paths": np.round(paths, 3).tolist(),
            "mean_path": np.round(paths.mean(axis=1), 3).tolist(),
            "normal_path": float(self.state["forest_normal_path"]),
            "raw_score": forest_scores(self.state, rows).tolist(),
        }


def flattened(forest: Any) -> State:
    """Return a fitted scikit-learn forest as complete binary trees of equal depth.

    `forest_feature` and `forest_cut` are (n_trees, 2^depth - 1), `forest_leaf` (n_trees, 2^depth): depth of the leaf
    plus the average path in an unbuilt tree of its readings. Below an early leaf every cut is +inf, so the walk goes
    left to the bottom, where the leaf's value stands.
    """
    trees = [tree.tree_ for tree in forest.estimators_]
    depth = max(1, *(tree.max_depth for tree in trees))
    feature = np.zeros((len(trees), 2**depth - 1), np.int32)
    cut = np.full((len(trees), 2**depth - 1), np.inf)
    leaf = np.zeros((len(trees), 2**depth))
    for i, (tree, columns) in enumerate(zip(trees, forest.estimators_features_, strict=True)):
        lay_out_kernel(
            tree.children_left, tree.children_right, tree.feature, tree.threshold, average_path(tree.n_node_samples),
            np.asarray(columns), depth, feature[i], cut[i], leaf[i],
        )  # fmt: skip
    normal = float(average_path(np.array([forest.max_samples_]))[0])
    return {"forest_feature": feature, "forest_cut": cut, "forest_leaf": leaf, "forest_normal_path": normal}


@kernel
def lay_out_kernel(left, right, on, threshold, length, columns, depth, feature, cut, leaf):  # type: ignore[no-untyped-def]
    """Write one scikit-learn tree into its row of the complete layout."""
    waiting = np.zeros((left.size + 1, 3), np.int64)  # node in its tree, its level, its place in the level
    n = 1
    while n > 0:
        n -= 1
        node, level, place = waiting[n]
        if left[node] < 0:
            leaf[place << (depth - level)] = level + length[node]
            continue
        at = 2**level - 1 + place
        feature[at], cut[at] = columns[on[node]], threshold[node]
        waiting[n] = left[node], level + 1, 2 * place
        waiting[n + 1] = right[node], level + 1, 2 * place + 1
        n += 2


def average_path(n_readings: Any) -> FloatArray:
    """Return the average path of an unsuccessful search in a binary tree of n readings, c(n) of the paper."""
    n = np.asarray(n_readings, dtype=np.float64)
    big = np.maximum(n, 3.0)
    long = 2.0 * (np.log(big - 1.0) + np.euler_gamma) - 2.0 * (big - 1.0) / big
    return np.where(n > 2, long, np.where(n == 2, 1.0, 0.0))


def forest_scores(model: State, rows: FloatArray) -> FloatArray:
    """Return the anomaly score 2^(-mean path / normal path) of rows (n, n_sensors), between 0 and 1."""
    walk = compiled(_walk)
    narrow = np.ascontiguousarray(rows, dtype=np.float32)  # scikit-learn compares float32 readings with float64 cuts
    if walk is None:
        total = path_lengths(model, rows).sum(axis=1)
    else:
        total = np.zeros(len(rows))
        walk(narrow, model["forest_feature"].view(np.uint32), model["forest_cut"], model["forest_leaf"], total)
    trees = len(model["forest_feature"])
    scores: FloatArray = np.exp2(-total / (trees * model["forest_normal_path"]))
    return scores


def path_lengths(model: State, rows: FloatArray) -> FloatArray:
    """Return the path of each row in each tree (n, n_trees), in cuts."""
    feature, cut, leaf = model["forest_feature"], model["forest_cut"], model["forest_leaf"]
    narrow = np.asarray(rows, dtype=np.float32)
    trees, readings = np.arange(len(feature))[None, :], np.arange(len(rows))[:, None]
    node = np.zeros((len(rows), len(feature)), np.int64)
    for _ in range(leaf.shape[1].bit_length() - 1):
        right = narrow[readings, feature[trees, node]] > cut[trees, node]
        node = 2 * node + 1 + right
    lengths: FloatArray = leaf[trees, node - cut.shape[1]]
    return lengths


def _walk(rows: Any, feature: Any, cut: Any, leaf: Any, total: Any) -> None:
    """Add the path lengths of all trees to `total`, 64 readings at a time so that their look-ups overlap.

    One tree's arrays at a time and unsigned places spare the look-ups their tests for negative indices.
    """
    n_rows, inner = rows.shape[0], cut.shape[1]
    depth = 0
    while (1 << depth) < leaf.shape[1]:
        depth += 1
    node = np.zeros(64, np.uint32)
    for first in range(0, n_rows, 64):
        group = min(64, n_rows - first)
        some = rows[first : first + group]
        for tree in range(feature.shape[0]):
            on, at, ends = feature[tree], cut[tree], leaf[tree]
            node[:group] = 0
            for _ in range(depth):
                for i in range(group):
                    here = node[i]
                    node[i] = 2 * here + 1 + (some[i, on[here]] > at[here])
            for i in range(group):
                total[first + i] += ends[node[i] - inner]
