"""The parts that the tricks of the pitfall theatre are made of."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from engine.metrics.arrays import runs

if TYPE_CHECKING:
    from engine.metrics.arrays import FloatArray, IntArray

MOST_ROWS = 2000
# NAB spreads windows of 10 % of the series over its anomalies, centred on each (Lavin & Ahmad 2015).
WINDOW_SHARE = 0.10


def top_share(scores: FloatArray, share: float) -> IntArray:
    """Return 0/1 rows (n,): alarm on the highest `share` of the scores (ties included, so a constant alarms all)."""
    if not len(scores):
        return np.zeros(0, np.int64)
    count = min(max(round(share * len(scores)), 1), len(scores))
    limit = np.partition(scores, len(scores) - count)[len(scores) - count]
    alarms: IntArray = (scores >= limit).astype(np.int64)
    return alarms


def halfway(truth: IntArray) -> int:
    """Return the row that splits the series into two halves, moved to the end of an event that it would cut."""
    half = len(truth) // 2
    for first, last in runs(truth):
        if first < half <= last:
            return int(last) + 1
    return half


def two_halves(truth: IntArray) -> tuple[IntArray, IntArray]:
    """Return the rows (k,) of the first and of the second half, thinned evenly to at most 2,000 each."""
    half = halfway(truth)
    return _thinned(0, half), _thinned(half, len(truth))


def _thinned(first: int, stop: int) -> IntArray:
    count = min(max(stop - first, 0), MOST_ROWS)
    return np.linspace(first, max(stop - 1, first), count).astype(np.int64)


def remembered(known: FloatArray, labels: IntArray, asked: FloatArray) -> IntArray:
    """Return 0/1 rows (n_asked,): the label of the nearest known row; readings scaled by the known rows' spread.

    Shapes: known (n_known, n_sensors), labels (n_known,), asked (n_asked, n_sensors).
    """
    if not len(known):
        return np.zeros(len(asked), np.int64)
    spread = known.std(axis=0)
    scale = np.where(spread > 0, spread, 1.0)
    a, b = asked / scale, known / scale
    # |a|² is the same for every known row, so the nearest has the smallest |b|² − 2ab.
    distance = (b**2).sum(axis=1)[None, :] - 2 * a @ b.T
    nearest: IntArray = labels[np.argmin(distance, axis=1)]
    return nearest


def nearest_alarms(truth: IntArray, alarms: IntArray) -> IntArray:
    """Return 0/1 rows (n,): per event only the alarmed row nearest to its middle, within the event's own zone."""
    events, rows = runs(truth), np.flatnonzero(alarms)
    kept = np.zeros(len(truth), np.int64)
    borders = np.concatenate([[0], (events[:-1, 1] + events[1:, 0] + 1) // 2, [len(truth)]])
    for k, (first, last) in enumerate(events):
        own = rows[np.searchsorted(rows, borders[k]) : np.searchsorted(rows, borders[k + 1])]
        if len(own):
            kept[own[np.argmin(np.abs(own - (first + last) / 2))]] = 1
    return kept


def wide_windows(truth: IntArray) -> list[tuple[int, int]]:
    """Return NAB's kind of label windows: 10 % of the series shared by the events, each centred on an event's start.

    A window is never narrower than its event, and neighbours stop at each other.
    """
    events, n = runs(truth), len(truth)
    half = int(WINDOW_SHARE * n / max(len(events), 1) / 2)
    windows: list[tuple[int, int]] = []
    for first, last in events:
        start = max(int(first) - half, windows[-1][1] + 1 if windows else 0)
        windows.append((start, min(max(int(first) + half, int(last)), n - 1)))
    for k in range(len(windows) - 1):
        windows[k] = (windows[k][0], min(windows[k][1], int(events[k + 1][0]) - 1))
    return windows
