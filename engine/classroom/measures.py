"""The named measures, each 0 to 1, that a rubric multiplies into points."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

from engine.classroom.key import AnswerKey
from engine.classroom.matching import Matching, match_alarms, match_intervals
from engine.records import DAY_US, MINUTE_US, Label

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

INTERVAL_MEASURES = ("recall", "precision", "recall_gate", "precision_gate", "not_painted", "edges", "types")
ALARM_MEASURES = ("recall", "quiet", "recall_gate", "quiet_gate", "promptness", "load", "types")
CHANCE_FREE_MEASURES = ("recall_above_chance", *ALARM_MEASURES)
ANSWER_MEASURES = ("right_answers",)
MEASURES = {  # by kind of work and edition of the measures; quizzes have had one edition only
    ("labels", 1): INTERVAL_MEASURES,
    ("labels", 2): INTERVAL_MEASURES,
    ("alarms", 1): ALARM_MEASURES,
    ("alarms", 2): CHANCE_FREE_MEASURES,
    ("params", 1): ALARM_MEASURES,
    ("params", 2): CHANCE_FREE_MEASURES,
    ("answers", 1): ANSWER_MEASURES,
    ("answers", 2): ANSWER_MEASURES,
}
LOAD_WINDOW_US = 10 * MINUTE_US


def interval_measures(
    key: AnswerKey, marks: Sequence[Label], settings: Mapping[str, float]
) -> tuple[dict[str, float], Matching]:
    """Return the measures of labelled intervals and the matching behind them."""
    matching = match_intervals(key, marks, settings["tolerance_s"])
    recall, gate = _recall(key, matching), settings["gate"]
    wrong = matching.count("false") + matching.count("duplicate")
    precision = _share(len(matching.matches), len(matching.matches) + wrong)
    painted = _labelled_share(key, marks)
    return {
        "recall": recall,
        "precision": precision,
        "recall_gate": min(1.0, gate * recall),
        "precision_gate": min(1.0, gate * precision),
        "not_painted": 1.0 if painted <= settings["max_labelled_share"] else 0.0,
        "edges": _edges(matching, settings["edges_zero"], settings["edges_full"]),
        "types": _types(key, marks, matching),
        "labelled_share": painted,
    }, matching


def alarm_measures(
    key: AnswerKey, marks: Sequence[Label], settings: Mapping[str, float]
) -> tuple[dict[str, float], Matching]:
    """Return the measures of a detector's alarms and the matching behind them."""
    matching = match_alarms(key, marks, settings["tolerance_s"])
    recall, gate = _recall(key, matching), settings["gate"]
    false_a_day = matching.count("false") / key.machine_days if key.machine_days > 0 else 0.0
    quiet = log_scale(false_a_day, settings["quiet_full"], settings["quiet_zero"])
    return {
        "recall": recall,
        "quiet": quiet,
        "recall_gate": min(1.0, gate * recall),
        "quiet_gate": min(1.0, gate * quiet),
        "promptness": _promptness(matching, settings["target_delay_s"]),
        "load": 1.0 if worst_load(marks) <= settings["load_limit"] else 0.0,
        "types": _types(key, marks, matching),
        "false_alarms_per_day": false_a_day,
    }, matching


def worst_load(marks: Sequence[Label]) -> int:
    """Return the largest number of alarms that start within ten minutes, over all machines."""
    starts = np.sort(np.array([m.start_us for m in marks], dtype=np.int64))
    if not len(starts):
        return 0
    return int((np.arange(1, len(starts) + 1) - np.searchsorted(starts, starts - LOAD_WINDOW_US, side="right")).max())


def _recall(key: AnswerKey, matching: Matching) -> float:
    """Share of the events that were found, each weighing its severity."""
    weights = {i: key.events[i].severity for i in key.owed}
    return _share(math.fsum(weights[m.event] for m in matching.matches), math.fsum(weights.values()))


def _edges(matching: Matching, zero: float, full: float) -> float:
    if not matching.matches:
        return 0.0
    mean = math.fsum(m.tiou for m in matching.matches) / len(matching.matches)
    return min(1.0, max(0.0, (mean - zero) / (full - zero)))


def _types(key: AnswerKey, marks: Sequence[Label], matching: Matching) -> float:
    """Share of the matches with the right fault; the right family is worth half."""
    family = dict(key.families)
    credit = 0.0
    for match in matching.matches:
        said, true = marks[match.mark].fault, key.events[match.event].fault
        if said == true:
            credit += 1.0
        elif said and family.get(true) is not None and family.get(said, said) == family[true]:
            credit += 0.5
    return _share(credit, len(matching.matches))


def _promptness(matching: Matching, target_s: float) -> float:
    if not matching.matches:
        return 0.0
    median = float(np.median([max(0.0, m.delay_s) for m in matching.matches]))
    return min(1.0, max(0.0, (3 * target_s - median) / (2 * target_s)))


def log_scale(value: float, full: float, zero: float) -> float:
    if value <= full:
        return 1.0
    return max(0.0, 1.0 - math.log(value / full) / math.log(zero / full))


def _labelled_share(key: AnswerKey, marks: Sequence[Label]) -> float:
    """Share of the machines' time that is marked; marks of one machine were merged when they were read."""
    known = set(key.machines)
    marked = math.fsum(m.end_us - m.start_us for m in marks if m.machine in known)
    return _share(marked / DAY_US, key.machine_days)


def _share(part: float, whole: float) -> float:
    return part / whole if whole > 0 else 0.0
