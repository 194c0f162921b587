"""How well each label fits each event, 0 to 1: the ground of the second edition of the rubrics.

Fit is temporal IoU where only time that counts is measured. For an event and a label,

    fit = 1 − error / length,    error = |start − first detectable moment| + |end − end|,

with `length` the span of both together, at least `short_s`. For overlapping spans of usual length that is the IoU; an
event of which less than `short_s` counts is a point, and a label beside it is near enough. The ramp from onset to the
first detectable moment is cut out of the axis, as are don't-care zones: starting anywhere in the ramp is no error.

A label is compared with an event inside the event's own ground, which reaches half way to its neighbours. One label
over two events is therefore worth as much as two labels that touch between them, and it makes no difference whether
the label reader joined overlapping labels. Where events overlap, each is compared over its whole span.

Fit moves by at most 1 / `short_s` for a second of an edge, never falls when an edge comes closer, and a label that
leaves the event's ground altogether has none.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.classroom.key import OTHER_PART, AnswerKey, counted_from
from engine.metrics.cared_time import CaredTime, Zone
from engine.records import SECOND_US, Label

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.metrics.arrays import IntArray
    from engine.records import FloatArray

    Spans = list[tuple[int, int]]


@dataclass(frozen=True)
class Fit:
    """Labels against the events of a key.

    Parameters
    ----------
    events
        Positions in `key.events` of the judged ones, one for each row.
    fit
        float64 (n_events, n_labels), 0 to 1; 0 on another machine.
    elsewhere
        float64 (n_labels,): the best IoU with an event of the other part of a split, which is judged there.
    outside_s, length_s
        float64 (n_labels,): seconds outside faults and don't-care zones, and in all.
    known
        bool (n_labels,): the label is on a machine of the key.
    """

    events: tuple[int, ...]
    fit: FloatArray
    elsewhere: FloatArray
    outside_s: FloatArray
    length_s: FloatArray
    known: np.ndarray


def fit_labels(key: AnswerKey, labels: Sequence[Label], short_s: float) -> Fit:
    """Return the fit of every label with every judged event of the key."""
    events, count = key.judged, len(labels)
    starts = np.array([x.start_us for x in labels], np.int64)
    ends = np.array([x.end_us for x in labels], np.int64)
    found = Fit(
        events=events,
        fit=np.zeros((len(events), count)),
        elsewhere=np.zeros(count),
        outside_s=np.zeros(count),
        length_s=(ends - starts) / SECOND_US,
        known=np.zeros(count, bool),
    )
    for machine in key.machines:
        mine = np.array([i for i, x in enumerate(labels) if x.machine == machine], np.intp)
        if len(mine):
            _fill(found, key, machine, mine, starts[mine], ends[mine], short_s)
    return found


def _fill(
    found: Fit, key: AnswerKey, machine: str, at: IntArray, starts: IntArray, ends: IntArray, short: float
) -> None:
    rows = [row for row, event in enumerate(found.events) if key.events[event].machine == machine]
    if rows:
        events = [key.events[found.events[row]] for row in rows]
        times_of = [(e.onset_us, counted_from(e) or e.onset_us, e.end_us) for e in events]
        onset, begins, end = np.clip(np.array(times_of, np.int64).T, key.start_us, key.end_us)
        axis = CaredTime([z for z in _zones(key, machine) if z.reason != OTHER_PART])
        low, high = _grounds(onset, end)
        first, last = np.maximum(starts, low[:, None]), np.minimum(ends, high[:, None])
        opens, seen, closes, start, stop = (axis(x) / SECOND_US for x in (onset, begins, end, first, last))
        fit = _fit(opens, seen, closes, start, stop, short)
        found.fit[np.ix_(np.array(rows), at)] = np.where((last > first) & (stop > start), fit, 0.0)
    others = [(z.start_us, z.end_us) for z in _zones(key, machine) if z.reason == OTHER_PART]
    found.elsewhere[at] = _best_iou(others, starts, ends)
    outside = CaredTime([*_zones(key, machine), *_faulty(key, machine)])
    found.outside_s[at] = (outside(ends) - outside(starts)) / SECOND_US
    found.known[at] = True


def _fit(
    onset: FloatArray, begins: FloatArray, end: FloatArray, first: FloatArray, last: FloatArray, short: float
) -> FloatArray:
    """Return 1 − error / length, (n_events, n_labels), all times in seconds of the cared axis."""
    onset, begins, end = onset[:, None], begins[:, None], end[:, None]
    start, stop = (np.where(x >= begins, x, np.minimum(x, onset) + begins - onset) for x in (first, last))
    error = np.abs(start - begins) + np.abs(stop - end)
    length = np.maximum(np.maximum(stop, end) - np.minimum(start, begins), short)
    return np.asarray(np.clip(1.0 - error / length, 0.0, 1.0))


def _grounds(onset: IntArray, end: IntArray) -> tuple[IntArray, IntArray]:
    """Return where the ground of each event begins and ends: half way to the neighbours, never inside the event."""
    far = np.iinfo(np.int64).max // 4
    before = np.where(end[None, :] <= onset[:, None], end[None, :], -far).max(axis=1)
    after = np.where(onset[None, :] >= end[:, None], onset[None, :], far).min(axis=1)
    other = ~np.eye(len(onset), dtype=bool)
    over_onset = (other & (onset[None, :] <= onset[:, None]) & (end[None, :] > onset[:, None])).any(axis=1)
    over_end = (other & (onset[None, :] < end[:, None]) & (end[None, :] >= end[:, None])).any(axis=1)
    low = np.where(over_onset, onset, np.where(before == -far, -far, before + (onset - before) // 2))
    high = np.where(over_end, end, np.where(after == far, far, end + (after - end) // 2))
    return low, high


def _zones(key: AnswerKey, machine: str) -> list[Zone]:
    return [zone for zone in key.zones if zone.machine in ("", machine)]


def _faulty(key: AnswerKey, machine: str) -> list[Zone]:
    """All time in which something is wrong with the machine, detectable or not: no label there is invented."""
    return [Zone(machine, e.onset_us, e.end_us) for e in key.events if e.machine == machine and not e.benign]


def _best_iou(spans: Spans, starts: IntArray, ends: IntArray) -> FloatArray:
    if not spans:
        return np.zeros(len(starts))
    low, high = (np.array(side, np.int64)[:, None] for side in zip(*spans, strict=True))
    overlap = np.maximum(0, np.minimum(high, ends) - np.maximum(low, starts))
    union = np.maximum(high, ends) - np.minimum(low, starts)
    return np.asarray((overlap / np.maximum(union, 1)).max(axis=0))
