"""The panel for a whole plant: labels or alarms of several machines against truth events, in event time.

Delay counts from `detectable_from`; false alarms are labels that meet no event, per machine-day of normal time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.economics import Attention, Prices, alarm_cost, run_to_failure
from engine.metrics.bootstrap import Limits, interval_of_mean
from engine.metrics.calibration import brier
from engine.metrics.event_baselines import Span, covered_us, random_labels, three_sigma_labels
from engine.metrics.intervals import Matching, Zone, match_intervals, type_accuracy
from engine.metrics.numbers import Number, Panel, in_order, mean_numbers, numbers_of
from engine.metrics.panel_load import delay_numbers
from engine.metrics.timing import alarm_load
from engine.records import DAY_US, MINUTE_US, SECOND_US, Label, TruthEvent

if TYPE_CHECKING:
    from engine.records import Block

RANDOM_DRAWS = 5

__all__ = ["Rules", "Span", "covered_us", "event_panel", "random_labels", "three_sigma_labels"]


@dataclass(frozen=True)
class Rules:
    """What is chosen before looking: don't-care zones, tolerance, prices, operator model, seed."""

    zones: tuple[Zone, ...] = ()
    tolerance_s: float = 0.0
    prices: Prices | None = None
    attention: Attention | None = None
    seed: int = 0


def event_panel(
    truth: Sequence[TruthEvent],
    labels: Sequence[Any],
    span: Span,
    rules: Rules | None = None,
    readings: Block | None = None,
    *,
    baselines: bool = True,
) -> Panel:
    """Return event, delay, load, type, calibration and cost numbers of labels or alarms, with baselines.

    Parameters
    ----------
    truth, labels
        Truth events; anything with `machine`, `start_us`, `end_us`, and if known `fault` and `confidence`.
    span
        Machines and time that are judged.
    readings
        A block, for the three-sigma baseline.
    """
    chosen = rules or Rules()
    numbers = _measured(truth, labels, span, chosen)
    made, missing = _baselines(truth, labels, span, chosen, readings) if baselines else ({}, {})
    return Panel(in_order(numbers), made, missing)


def _measured(truth: Sequence[TruthEvent], labels: Sequence[Any], span: Span, rules: Rules) -> dict[str, Number]:
    matching = match_intervals(truth, labels, zones=rules.zones, tolerance_s=rules.tolerance_s)
    return {
        **_event_numbers(truth, labels, matching, rules),
        **_delay_numbers(matching, rules.seed),
        **_load_numbers(truth, labels, matching, span),
        **_confidence_numbers(labels, matching),
        **_cost_numbers(truth, labels, matching, span, rules),
    }


def _event_numbers(
    truth: Sequence[TruthEvent], labels: Sequence[Any], matching: Matching, rules: Rules
) -> dict[str, Number]:
    recall, precision = matching.event_recall, matching.event_precision
    no_events, no_labels = "there are no judged events", "there are no judged labels"
    found = [1.0] * len(matching.pairs) + [0.0] * len(matching.missed)
    told = {"tolerance_s": rules.tolerance_s, "matching": "one-to-one, largest total tIoU"}
    f1 = None if recall is None or precision is None else 2 * len(matching.pairs) / _both(matching)
    named = [label for label in labels if getattr(label, "fault", "")]
    kind = type_accuracy(truth, labels, matching) if named else None
    tious = [pair.tiou for pair in matching.pairs]
    none_found = "no event was found" if matching.events else no_events
    return {
        "event_recall": _number("event_recall", recall, no_events, told, interval_of_mean(found, rules.seed)),
        "event_precision": _number("event_precision", precision, no_labels, told),
        "event_f1": _number("event_f1", f1, no_events if recall is None else no_labels, told),
        "tiou_mean": _number("tiou_mean", matching.tiou_mean, none_found, told, interval_of_mean(tious, rules.seed)),
        "type_accuracy": _number("type_accuracy", kind, none_found if named else "no label names a fault", told),
    }


def _both(matching: Matching) -> int:
    return matching.events + len(matching.pairs) + len(matching.false) + len(matching.duplicates)


def _number(name: str, value: float | None, reason: str, told: dict[str, Any], found: Limits = None) -> Number:
    limits = found if value is not None else None
    return Number(name, value, "" if value is not None else reason, told, limits, "events" if limits else "")


def _delay_numbers(matching: Matching, seed: int) -> dict[str, Number]:
    delays = matching.delays_s()
    edges = [pair.edge_delay_s for pair in matching.pairs if pair.edge_delay_s is not None]
    told, nothing = {"delay": "level, from detectable_from"}, "no event was found"
    mean = float(np.mean(delays)) if delays else None
    edge = float(np.mean(edges)) if edges else None
    return {
        **{name: replace(n, parameters=n.parameters and told) for name, n in delay_numbers(delays).items()},
        "delay_mean_s": _number("delay_mean_s", mean, nothing, told, interval_of_mean(delays, seed)),
        "edge_delay_mean_s": _number("edge_delay_mean_s", edge, "no label starts inside an event", {"delay": "edge"}),
    }


def _load_numbers(
    truth: Sequence[TruthEvent], labels: Sequence[Any], matching: Matching, span: Span
) -> dict[str, Number]:
    faulty_us = sum(
        covered_us([(e.onset_us, e.end_us) for e in truth if e.machine == machine and not e.benign], span)
        for machine in span.machines
    )
    normal_days = (len(span.machines) * span.length_us - faulty_us) / DAY_US
    days = span.length_us / DAY_US
    rate = len(matching.false) / normal_days if normal_days > 0 else None
    starts = [label.start_us / SECOND_US for label in labels]
    minutes = sum(max(0, min(x.end_us, span.end_us) - max(x.start_us, span.start_us)) for x in labels) / MINUTE_US
    load = alarm_load(starts, span.length_us / SECOND_US)
    told = {"per": "machine-day of normal time", "machines": len(span.machines)}
    names = ("alarms_per_day", "alarms_10min_max", "flood_share")
    return {
        "false_alarms_per_day": _number("false_alarms_per_day", rate, "there is no normal time", told),
        **numbers_of(load, {name: name for name in names}),
        "alarm_minutes_per_day": Number("alarm_minutes_per_day", minutes / days, parameters={"per": "plant-day"}),
    }


def _confidence_numbers(labels: Sequence[Any], matching: Matching) -> dict[str, Number]:
    right = {pair.label for pair in matching.pairs} | set(matching.duplicates)
    ignored = set(matching.ignored_labels)
    judged = [k for k in range(len(labels)) if k not in ignored]
    stated = [(labels[k].confidence, k in right) for k in judged if getattr(labels[k], "confidence", None) is not None]
    measured = brier([confidence for confidence, _ in stated], [hit for _, hit in stated])
    return numbers_of(measured, {"brier": "brier"})


def _cost_numbers(
    truth: Sequence[TruthEvent], labels: Sequence[Any], matching: Matching, span: Span, rules: Rules
) -> dict[str, Number]:
    cost = alarm_cost(truth, labels, matching, span.length_us, rules.prices, rules.attention)
    idle = run_to_failure(matching, span.length_us, rules.prices)
    avoided = None if cost.per_day is None or idle.per_day is None else idle.per_day - cost.per_day
    return {
        "cost_per_day": _number("cost_per_day", cost.per_day, "the span is empty", cost.parameters),
        "cost_avoided_per_day": _number("cost_avoided_per_day", avoided, "the span is empty", cost.parameters),
    }


def _baselines(
    truth: Sequence[TruthEvent], labels: Sequence[Any], span: Span, rules: Rules, readings: Block | None
) -> tuple[dict[str, dict[str, Number]], dict[str, str]]:
    rng = np.random.default_rng(rules.seed)

    def of(made: Sequence[Label]) -> dict[str, Number]:
        return _measured(truth, made, span, rules)

    everything = [Label(machine, span.start_us, span.end_us) for machine in span.machines]
    draws = [of(random_labels(labels, span, rng)) for _ in range(RANDOM_DRAWS)]
    made = {"nothing": of([]), "everything": of(everything), "random": mean_numbers(draws, "draws", rules.seed)}
    if readings is None:
        return made, {"three_sigma": "no readings were given"}
    return {**made, "three_sigma": of(three_sigma_labels(readings))}, {}
