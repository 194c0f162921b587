"""Intervals against intervals: who found which fault, how tightly, how late. Aware of machines and don't-care zones.

Truth events and labels (or alarms) of one machine are paired one-to-one so that the sum of temporal IoU is largest.
Time that nobody is judged on (a fault's ramp-in before it is detectable, maintenance, ambiguous spans) is cut out
of the time axis first: what lies wholly inside it is neither found, missed nor false.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.metrics.cared_time import CaredTime, Zone
from engine.records import SECOND_US, Label, TruthEvent

if TYPE_CHECKING:
    from numpy.typing import NDArray

    IntArray = NDArray[np.int64]
    FloatArray = NDArray[np.float64]

__all__ = ["Matching", "Pair", "Zone", "alarm_labels", "match_intervals", "tiou", "type_accuracy"]


@dataclass(frozen=True)
class Pair:
    """One truth event and the label that found it: positions in the given lists, tIoU, delays in seconds.

    `delay_s` is level delay (a label that began earlier gives 0), `edge_delay_s` is None unless it starts inside.
    Both are measured from `detectable_from`.
    """

    truth: int
    label: int
    tiou: float
    delay_s: float
    edge_delay_s: float | None


@dataclass(frozen=True)
class Matching:
    """What matching found, as positions in the given lists.

    Parameters
    ----------
    pairs
        One per found event, in the order of the truth.
    missed
        Truth events that nobody found.
    false
        Labels that meet no event: the false alarms.
    duplicates
        Labels inside an event that another label already found.
    ignored_labels, ignored_truth
        Wholly inside don't-care zones; benign and never-detectable truth is ignored too.
    """

    pairs: tuple[Pair, ...]
    missed: tuple[int, ...]
    false: tuple[int, ...]
    duplicates: tuple[int, ...]
    ignored_labels: tuple[int, ...]
    ignored_truth: tuple[int, ...]

    @property
    def events(self) -> int:
        """How many events are judged."""
        return len(self.pairs) + len(self.missed)

    @property
    def event_recall(self) -> float | None:
        """Share of judged events that were found; None without events."""
        return len(self.pairs) / self.events if self.events else None

    @property
    def event_precision(self) -> float | None:
        """Share of judged labels that found an event (duplicates lower it); None without labels."""
        judged = len(self.pairs) + len(self.false) + len(self.duplicates)
        return len(self.pairs) / judged if judged else None

    @property
    def tiou_mean(self) -> float | None:
        """Mean temporal IoU of the pairs; None without a pair."""
        return float(np.mean([pair.tiou for pair in self.pairs])) if self.pairs else None

    def delays_s(self) -> list[float]:
        """Return the level delay of every found event in seconds."""
        return [pair.delay_s for pair in self.pairs]


def tiou(first: Any, second: Any) -> float:
    """Return temporal intersection over union of two spans with `start_us`/`onset_us` and `end_us`, 0.0 … 1.0."""
    (a, b), (c, d) = _ends(first), _ends(second)
    overlap = max(0, min(b, d) - max(a, c))
    union = (b - a) + (d - c) - overlap
    return overlap / union if union else 0.0


def match_intervals(
    truth: Sequence[TruthEvent],
    labels: Sequence[Any],
    *,
    zones: Iterable[Zone] = (),
    tolerance_s: float = 0.0,
) -> Matching:
    """Return the one-to-one matching of largest total tIoU between truth events and labels, machine by machine.

    Parameters
    ----------
    truth
        Events; benign ones and those that never become detectable are ignored.
    labels
        Anything with `machine`, `start_us`, `end_us` (Label, alarms).
    zones
        Don't-care spans; the ramp-in of each event, onset to `detectable_from`, is added by itself.
    tolerance_s
        A label that starts at most so many seconds before `detectable_from` counts as finding the event.

    References
    ----------
    Kuhn, H. W. (1955). The Hungarian method for the assignment problem. Naval Research Logistics 2, 83–97.
    """
    zones = [*zones, *_ramp_ins(truth)]
    parts: list[Matching] = []
    for machine in sorted({event.machine for event in truth} | {label.machine for label in labels}):
        t_index = [i for i, event in enumerate(truth) if event.machine == machine]
        l_index = [i for i, label in enumerate(labels) if label.machine == machine]
        axis = CaredTime([zone for zone in zones if zone.machine in ("", machine)])
        parts.append(_match_machine(truth, labels, t_index, l_index, axis, int(tolerance_s * SECOND_US)))
    return _joined(parts)


def alarm_labels(alarms: Iterable[Any], until_us: int) -> list[Label]:
    """Return alarms (with `machine`, `start_us`, `end_us`) as labels; one that still stands ends at `until_us`."""
    return [
        Label(alarm.machine, alarm.start_us, until_us if alarm.end_us is None else alarm.end_us) for alarm in alarms
    ]


def type_accuracy(truth: Sequence[TruthEvent], labels: Sequence[Label], matching: Matching) -> float | None:
    """Return the share of found events whose label names the right fault; None without a found event."""
    right = [labels[pair.label].fault == truth[pair.truth].fault for pair in matching.pairs]
    return float(np.mean(right)) if right else None


def _ends(span: Any) -> tuple[int, int]:
    start = span.onset_us if isinstance(span, TruthEvent) else span.start_us
    return start, max(span.end_us, start + 1)


def _judged(event: TruthEvent) -> bool:
    return not event.benign and event.detectable_from_us is not None


def _detectable_us(event: TruthEvent) -> int:
    return event.onset_us if event.detectable_from_us is None else event.detectable_from_us


def _ramp_ins(truth: Iterable[TruthEvent]) -> list[Zone]:
    """Return what nobody is judged on because of the truth itself: ramp-ins, and faults that never show."""
    hidden = [event for event in truth if not event.benign]
    return [
        Zone(
            e.machine, e.onset_us, e.end_us if e.detectable_from_us is None else e.detectable_from_us, "not detectable"
        )
        for e in hidden
    ]


def _bounds(spans: Iterable[tuple[int, int]]) -> IntArray:
    return np.array(list(spans), np.int64).reshape(-1, 2)


def _match_machine(
    truth: Sequence[TruthEvent],
    labels: Sequence[Any],
    t_index: list[int],
    l_index: list[int],
    axis: CaredTime,
    tolerance_us: int,
) -> Matching:
    spans_t = _bounds((_detectable_us(truth[i]), truth[i].end_us) for i in t_index)
    spans_l = _bounds(_ends(labels[i]) for i in l_index)
    cared_t, cared_l = axis(spans_t), axis(spans_l)
    alive_t = np.array([_judged(truth[i]) for i in t_index], bool) & (cared_t[:, 1] > cared_t[:, 0])
    iou = _iou_matrix(cared_t, cared_l)
    early = spans_t[:, None, 0] - spans_l[None, :, 0]
    near = (early >= 0) & (early <= tolerance_us) if tolerance_us > 0 else np.zeros(iou.shape, bool)
    eligible = ((iou > 0) | near) & alive_t[:, None]
    chosen = _assigned(iou, eligible)
    pairs = tuple(_pair(t_index[t], l_index[k], iou[t, k], spans_t[t], spans_l[k]) for t, k in chosen)
    return _sorted_out(pairs, t_index, l_index, alive_t, cared_l, eligible)


def _iou_matrix(first: IntArray, second: IntArray) -> FloatArray:
    """Return float64 (n_first, n_second): temporal IoU of every pair of spans."""
    overlap = np.minimum(first[:, None, 1], second[None, :, 1]) - np.maximum(first[:, None, 0], second[None, :, 0])
    overlap = np.maximum(overlap, 0)
    lengths = (first[:, 1] - first[:, 0])[:, None] + (second[:, 1] - second[:, 0])[None, :]
    iou: FloatArray = overlap / np.maximum(lengths - overlap, 1)
    return iou


def _assigned(iou: FloatArray, eligible: NDArray[np.bool_]) -> list[tuple[int, int]]:
    """Return the pairs of largest total IoU among eligible ones, one per row and column at most."""
    if not eligible.any():
        return []
    from scipy.optimize import linear_sum_assignment

    # A pair without overlap that is within the tolerance must still beat no pair at all.
    gain = np.where(eligible, iou + 1e-9, 0.0)
    rows, columns = linear_sum_assignment(gain, maximize=True)
    return [(int(r), int(c)) for r, c in zip(rows, columns, strict=True) if eligible[r, c]]


def _pair(t: int, label: int, iou: float, event: IntArray, span: IntArray) -> Pair:
    late = (int(span[0]) - int(event[0])) / SECOND_US
    return Pair(t, label, float(iou), max(late, 0.0), late if late >= 0 else None)


def _sorted_out(
    pairs: tuple[Pair, ...],
    t_index: list[int],
    l_index: list[int],
    alive_t: NDArray[np.bool_],
    cared_l: IntArray,
    eligible: NDArray[np.bool_],
) -> Matching:
    """Return the matching of one machine with every event and label put in exactly one place."""
    found, used = {pair.truth for pair in pairs}, {pair.label for pair in pairs}
    met = [bool(column.any()) for column in eligible.T]
    empty = [bool(end <= start) for start, end in cared_l]
    rest = [(k, i) for k, i in enumerate(l_index) if i not in used]
    return Matching(
        pairs=pairs,
        missed=tuple(i for k, i in enumerate(t_index) if alive_t[k] and i not in found),
        false=tuple(i for k, i in rest if not met[k] and not empty[k]),
        duplicates=tuple(i for k, i in rest if met[k]),
        ignored_labels=tuple(i for k, i in rest if not met[k] and empty[k]),
        ignored_truth=tuple(i for k, i in enumerate(t_index) if not alive_t[k]),
    )


def _joined(parts: Sequence[Matching]) -> Matching:
    def flat(name: str) -> tuple[int, ...]:
        return tuple(sorted(i for part in parts for i in getattr(part, name)))

    pairs = sorted((pair for part in parts for pair in part.pairs), key=lambda pair: pair.truth)
    names = ("missed", "false", "duplicates", "ignored_labels", "ignored_truth")
    return Matching(tuple(pairs), *(flat(name) for name in names))
