"""Measures of alarms, second edition: continuous, monotone, and nothing for chance.

An alarm counts by where it starts: whole from `tolerance_s` before the onset to the end of the event, fading to
nothing over `fade_s` beyond. Starting in the ramp before the event is detectable is early, not false. What as many
alarms as the false ones would find at random times is taken off the recall, with a lucky day's share on top: whoever
raises alarms without looking earns next to nothing, however few the faults are, and whoever raises no false one loses
nothing.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from engine.classroom.interval_measures import DIGITS, HALF, event_weights, name_credit, ramp, weighted
from engine.classroom.key import AnswerKey, counted_from
from engine.classroom.matching import Fate, Match, Matching
from engine.classroom.measures import log_scale, worst_load
from engine.metrics.intervals import tiou
from engine.records import SECOND_US, Label

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from engine.records import FloatArray

    Spans = list[tuple[str, int, int]]


def alarm_measures(
    key: AnswerKey, marks: Sequence[Label], settings: Mapping[str, float]
) -> tuple[dict[str, float], Matching]:
    """Return the measures of a detector's alarms, with the numbers behind them, and the matching."""
    events, target = key.judged, settings["target_delay_s"]
    credit = _credit(_spans(key, events), marks, settings)
    excused = _best(_credit(_idle(key, events), marks, settings), marks)
    false = np.where(_known(key, marks), 1.0 - np.maximum(_best(credit, marks), excused), 0.0)
    weights, delays = event_weights(key, events, settings["severity_weight"]), _delays_s(key, events, marks)
    prompt = np.clip((3 * target - delays) / (2 * target), 0.0, 1.0)
    recall, chance = weighted(weights, credit), _chance(key, events, weights, marks, false, settings)
    false_a_day = math.fsum(false.tolist()) / key.machine_days if key.machine_days > 0 else 0.0
    quiet = log_scale(false_a_day, settings["quiet_full"], settings["quiet_zero"])
    load, limit = worst_load(marks), settings["load_limit"]
    measures = {
        "recall": recall,
        "recall_above_chance": max(0.0, recall - chance),
        "quiet": quiet,
        "recall_gate": float(ramp(recall - chance, settings["recall_zero"], settings["recall_full"])),
        "quiet_gate": min(1.0, quiet / HALF),
        "promptness": weighted(weights, credit * prompt),
        "load": float(np.clip((3 * limit - load) / (2 * limit), 0.0, 1.0)),
        "types": weighted(weights, credit * name_credit(key, events, marks)),
        "events": float(len(events)),
        "chance": chance,
        "false_alarms_per_day": false_a_day,
        "worst_load": float(load),
    }
    return measures, _matching(key, events, marks, credit, false)


def _spans(key: AnswerKey, events: Sequence[int]) -> Spans:
    return [(key.events[i].machine, key.events[i].onset_us, key.events[i].end_us) for i in events]


def _idle(key: AnswerKey, events: Sequence[int]) -> Spans:
    """Don't-care time: zones, and faults that are really there but not owed."""
    hidden = [i for i, event in enumerate(key.events) if i not in events and not event.benign]
    zones = [(m, z.start_us, z.end_us) for z in key.zones for m in key.machines if z.machine in ("", m)]
    return [*_spans(key, hidden), *zones]


def _credit(spans: Spans, marks: Sequence[Label], settings: Mapping[str, float]) -> FloatArray:
    """Return float64 (n_spans, n_marks): 1 where the alarm starts in the span, fading to 0 outside of it."""
    starts = np.array([mark.start_us for mark in marks], np.int64)
    low = np.array([start for _, start, _ in spans], np.int64)[:, None] - round(settings["tolerance_s"] * SECOND_US)
    high = np.array([end for _, _, end in spans], np.int64)[:, None]
    outside_s = np.maximum(0, np.maximum(low - starts, starts - high)) / SECOND_US
    names = {name: at for at, name in enumerate(sorted({machine for machine, _, _ in spans}))}
    whose = np.array([names.get(mark.machine, -1) for mark in marks], np.int64)
    same = np.array([names[machine] for machine, _, _ in spans], np.int64)[:, None] == whose
    return np.where(same, np.clip(1.0 - outside_s / settings["fade_s"], 0.0, 1.0), 0.0)


def _best(credit: FloatArray, marks: Sequence[Label]) -> FloatArray:
    return np.asarray(credit.max(axis=0)) if credit.size else np.zeros(len(marks))


def _known(key: AnswerKey, marks: Sequence[Label]) -> FloatArray:
    return np.array([mark.machine in key.machines for mark in marks], bool)


def _delays_s(key: AnswerKey, events: Sequence[int], marks: Sequence[Label]) -> FloatArray:
    """Return float64 (n_events, n_marks): how long after the first detectable moment; early is 0."""
    begins = np.array([counted_from(key.events[i]) for i in events], np.int64)[:, None]
    starts = np.array([mark.start_us for mark in marks], np.int64)
    return np.asarray(np.maximum(0, starts - begins) / SECOND_US)


def _chance(
    key: AnswerKey,
    events: Sequence[int],
    weights: FloatArray,
    marks: Sequence[Label],
    false: FloatArray,
    settings: Mapping[str, float],
) -> float:
    """Return the recall that the false alarms would reach at random times: its mean and `luck` deviations more."""
    on_machine = dict.fromkeys(key.machines, 0.0)
    for share, mark in zip(false.tolist(), marks, strict=True):
        on_machine[mark.machine] = on_machine.get(mark.machine, 0.0) + share
    found, span_s = [], max((key.end_us - key.start_us) / SECOND_US, 1e-6)
    for weight, (machine, start, end) in zip(weights, _spans(key, events), strict=True):
        tries = on_machine[machine]
        share = min(1.0, ((end - start) / SECOND_US + settings["tolerance_s"] + settings["fade_s"]) / span_s)
        found.append(float(weight) * min(1.0, share * tries))
    mean = min(1.0, math.fsum(found))
    spread = math.sqrt(mean * (1.0 - mean) * math.fsum((weights**2).tolist()))
    return min(1.0, mean + settings["luck"] * spread * min(1.0, math.fsum(false.tolist())))


def _matching(
    key: AnswerKey, events: Sequence[int], marks: Sequence[Label], credit: FloatArray, false: FloatArray
) -> Matching:
    """Return which alarm found which event (the earliest good one), and the fate of every alarm."""
    matches = []
    for row, at in enumerate(events):
        good = np.flatnonzero(credit[row] >= HALF).tolist()
        if good:
            first = min(good, key=lambda i: (marks[i].start_us, i))
            delay = (marks[first].start_us - (counted_from(key.events[at]) or 0)) / SECOND_US
            matches.append(Match(at, first, round(tiou(key.events[at], marks[first]), DIGITS), delay))
    used, best = {match.mark for match in matches}, _best(credit, marks)
    known = _known(key, marks)
    return Matching(
        tuple(matches),
        tuple(_fate(i in used, best[i], bool(known[i]) and false[i] >= HALF) for i in range(len(marks))),
    )


def _fate(used: bool, best: float, false: bool) -> Fate:
    if used or best >= HALF:
        return "found" if used else "duplicate"
    return "false" if false else "ignored"
