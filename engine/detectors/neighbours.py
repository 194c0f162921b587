"""The inside view of the neighbour methods: which training readings stand nearest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from engine.detectors.library import LibraryDetector
    from engine.records import Block, FloatArray


def nearest_rows(detector: LibraryDetector, block: Block, count: int) -> dict[str, Any]:
    """Return, for the last reading of each machine, its nearest training readings, their distances and its density."""
    state = detector.state
    head = {"kind": "neighbours", "machines": list(block.machines), "sensors": list(block.sensors)}
    if state is None or not state["is_fitted"] or len(block) == 0:
        return {**head, "ready": False}
    rows = detector.standardised(block.values[-1:])[0]
    near = [_nearest(state["train"], row, min(count, len(state["train"]))) for row in rows]
    return {
        **head,
        "ready": True,
        "reading": np.round(rows, 4).tolist(),
        "neighbours": [np.round(state["train"][at], 4).tolist() for at, _ in near],
        "distances": [np.round(distance, 4).tolist() for _, distance in near],
        "raw_score": detector.raw_scores(state, rows).tolist(),
    }


def _nearest(train: FloatArray, row: FloatArray, count: int) -> tuple[Any, FloatArray]:
    distance = np.sqrt(((train - row) ** 2).sum(axis=1))
    at = np.argsort(distance, kind="stable")[:count]
    return at, distance[at]
