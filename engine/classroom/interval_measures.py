"""Measures of labelled intervals, second edition: continuous, monotone, and nothing for a touch.

Every measure is a maximum or a sum of continuous functions of the fit (`interval_fit`), so that one second of an edge
moves little, and a closer edge, one more event or one false label less never lowers a point. Each is 0 to 1.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from engine.classroom.interval_fit import Fit, fit_labels
from engine.classroom.key import AnswerKey, counted_from
from engine.classroom.matching import Fate, Match, Matching
from engine.records import DAY_US, SECOND_US, Label

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.records import FloatArray

HALF = 0.5  # credit from which an event counts as found, and its label as no false one
FALSE_S = 300.0  # a label with so much time outside every fault is a whole false one
DIGITS = 9


def interval_measures(
    key: AnswerKey, marks: Sequence[Label], settings: Mapping[str, float]
) -> tuple[dict[str, float], Matching]:
    """Return the measures of labelled intervals, with the numbers behind them, and the matching."""
    fit = fit_labels(key, marks, settings["short_s"])
    credit = ramp(fit.fit, settings["fit_zero"], settings["fit_full"])
    weights = event_weights(key, fit.events, settings["severity_weight"])
    recall = weighted(weights, credit)
    right, wasted = _right_and_wasted(fit, np.minimum(1.0, credit / HALF))
    precision = right / max(1.0, right + wasted)
    excess, allowed = _excess(key, fit, settings)
    names = name_credit(key, fit.events, marks)
    measures = {
        "recall": recall,
        "precision": precision,
        "recall_gate": float(ramp(recall, settings["recall_zero"], settings["recall_full"])),
        "precision_gate": float(ramp(precision, settings["precision_zero"], settings["precision_full"])),
        "not_painted": min(1.0, max(0.0, 2.0 - excess / allowed)) if allowed > 0 else 1.0,
        "edges": weighted(weights, ramp(fit.fit, settings["edges_zero"], settings["edges_full"])),
        "types": weighted(weights, credit * names),
        "events": float(len(fit.events)),
        "right": right,
        "wasted": wasted,
        "excess_share": excess,
        "excess_allowed": allowed,
    }
    return measures, _matching(key, marks, fit, credit)


def event_weights(key: AnswerKey, events: Sequence[int], power: float) -> FloatArray:
    """Return weights that add up to 1: equal, or severity to the power that the instructor chose."""
    raw = np.array([key.events[i].severity ** power for i in events])
    return np.asarray(raw / raw.sum()) if len(raw) and raw.sum() > 0 else np.full(len(raw), 1.0 / max(1, len(raw)))


def ramp(value: float | FloatArray, zero: float, full: float) -> FloatArray:
    return np.asarray(np.clip((np.asarray(value) - zero) / (full - zero), 0.0, 1.0))


def weighted(weights: FloatArray, credit: FloatArray) -> float:
    """Return the weighted share of the events, each with the label that does most for it."""
    return math.fsum((weights * credit.max(axis=1)).tolist()) if credit.size else 0.0


def _right_and_wasted(fit: Fit, right: FloatArray) -> tuple[float, float]:
    """Return how many events have a label, and how many labels are no event's.

    A label over two events stands for both; a second label of one event is wasted, a label that meets none as well, as
    far as it lies outside every fault.
    """
    if not right.size:
        return 0.0, math.fsum(_strange(fit).tolist())
    events, labels = right.max(axis=1), np.maximum(_strange(fit), right.max(axis=0))
    return math.fsum(events.tolist()), max(0.0, math.fsum(labels.tolist()) - _most_pairs(right))


def _strange(fit: Fit) -> FloatArray:
    """Return, for every label, how much it counts as one that meets nothing: its time outside faults decides."""
    alone = np.minimum(1.0, fit.outside_s / FALSE_S) * np.minimum(
        1.0, 2 * fit.outside_s / np.maximum(fit.length_s, 1e-6)
    )
    return np.where(fit.known, alone * (1.0 - np.minimum(1.0, fit.elsewhere / HALF)), 0.0)


def _most_pairs(right: FloatArray) -> float:
    """Return the largest sum of credit in which every label and every event is used once."""
    if not right.size:
        return 0.0
    positive = right > 0
    if (positive.sum(axis=0) <= 1).all() and (positive.sum(axis=1) <= 1).all():
        return math.fsum(right[positive].tolist())
    from scipy.optimize import linear_sum_assignment

    rows, columns = linear_sum_assignment(right, maximize=True)
    return math.fsum(right[rows, columns].tolist())


def _excess(key: AnswerKey, fit: Fit, settings: Mapping[str, float]) -> tuple[float, float]:
    """Return the labelled time outside every fault and how much of it is forgiven, both as shares of all time."""
    whole = max(key.machine_days * DAY_US / SECOND_US, 1e-6)
    owed = math.fsum((key.events[i].end_us - key.events[i].onset_us) / SECOND_US for i in fit.events)
    allowed = max(settings["paint_of_truth"] * owed, settings["paint_of_time"] * whole)
    return math.fsum(fit.outside_s.tolist()) / whole, allowed / whole


def name_credit(key: AnswerKey, events: Sequence[int], marks: Sequence[Label]) -> FloatArray:
    """Return 1, 0.5 (right family) or 0 for every event and label; overlapping events answer to each other's names."""
    family, credit = dict(key.families), np.zeros((len(events), len(marks)))
    for row, at in enumerate(events):
        names = {key.events[i].fault for i in _together(key, events, at)}
        families = {family[name] for name in names if name in family}
        for column, said in enumerate(mark.fault for mark in marks):
            if said in names:
                credit[row, column] = 1.0
            elif said and family.get(said, said) in families:
                credit[row, column] = 0.5
    return credit


def _together(key: AnswerKey, events: Sequence[int], at: int) -> set[int]:
    """Return the events that the label reader would join to one with this one: they overlap, directly or in a chain."""
    found, machine = {at}, key.events[at].machine
    low, high = key.events[at].onset_us, key.events[at].end_us
    while True:
        same = [i for i in events if key.events[i].machine == machine]
        met = {i for i in same if key.events[i].onset_us < high and low < key.events[i].end_us} - found
        if not met:
            return found
        found |= met
        low = min(low, *(key.events[i].onset_us for i in met))
        high = max(high, *(key.events[i].end_us for i in met))


def _matching(key: AnswerKey, marks: Sequence[Label], fit: Fit, credit: FloatArray) -> Matching:
    """Return which label found which event, and the fate of every label."""
    matches = []
    for row, at in enumerate(fit.events):
        best = int(credit[row].argmax()) if credit.shape[1] else -1
        if best >= 0 and credit[row, best] >= HALF:
            delay = (marks[best].start_us - (counted_from(key.events[at]) or 0)) / SECOND_US
            matches.append(Match(at, best, round(float(fit.fit[row, best]), DIGITS), delay))
    used = {match.mark for match in matches}
    fates = tuple(_fate(key, mark, fit, credit, at, at in used) for at, mark in enumerate(marks))
    return Matching(tuple(matches), fates)


def _fate(key: AnswerKey, mark: Label, fit: Fit, credit: FloatArray, at: int, used: bool) -> Fate:
    most = float(credit[:, at].max()) if len(credit) else 0.0
    if used or most >= HALF:
        return "found" if used else "duplicate"
    if not fit.known[at] or fit.elsewhere[at] >= HALF:
        return "ignored"
    if most > 0.0:
        return "partly"
    if _strange(fit)[at] >= HALF:
        return "false"
    faults = [e for e in key.events if e.machine == mark.machine and not e.benign and counted_from(e) is not None]
    met = [e for e in faults if mark.start_us < e.end_us and e.onset_us < mark.end_us]
    if any((counted_from(e) or 0) < mark.end_us for e in met):
        return "partly"
    return "early" if met else "ignored"
