"""What alarms cost and save, in one currency: misses, false alarms, delay, visits, downtime, and tired operators."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np

from engine.metrics.attention import Attention, attention_curve
from engine.params import Range
from engine.records import DAY_US, HOUR_US, SECOND_US, TruthEvent

if TYPE_CHECKING:
    from engine.metrics.arrays import FloatArray
    from engine.metrics.intervals import Matching

__all__ = ["Attention", "Cost", "Prices", "alarm_cost", "attention_curve", "run_to_failure", "scheduled_maintenance"]


@dataclass(frozen=True)
class Prices:
    """What an instructor says things cost; the defaults are round teaching figures, not a survey.

    Parameters
    ----------
    miss
        Damage when a fault runs to failure unseen.
    false_alarm
        Nuisance of one false alarm beside the visit that it causes.
    delay_per_hour
        Running with a fault, from the moment it is detectable until its alarm.
    inspection
        One visit of a technician, for a true or a false alarm.
    downtime_per_hour
        Standstill of one machine.
    planned_hours, unplanned_hours
        Standstill of a repair after an alarm, and after a failure.
    currency
        Shown beside every sum.
    """

    miss: Annotated[float, Range(0.0, 1e7)] = 5_000.0
    false_alarm: Annotated[float, Range(0.0, 1e6)] = 20.0
    delay_per_hour: Annotated[float, Range(0.0, 1e6)] = 100.0
    inspection: Annotated[float, Range(0.0, 1e6)] = 150.0
    downtime_per_hour: Annotated[float, Range(0.0, 1e6)] = 400.0
    planned_hours: Annotated[float, Range(0.0, 1_000.0, unit="h")] = 1.0
    unplanned_hours: Annotated[float, Range(0.0, 1_000.0, unit="h")] = 8.0
    currency: str = "EUR"

    @property
    def failure(self) -> float:
        """What one fault costs that nobody sees."""
        return self.miss + self.unplanned_hours * self.downtime_per_hour

    @property
    def repair(self) -> float:
        """What one visit with a planned repair costs."""
        return self.inspection + self.planned_hours * self.downtime_per_hour


@dataclass(frozen=True)
class Cost:
    """A sum of money over a span, by what caused it.

    `effective_recall` is the share of events that an alarm found and somebody looked at; None without events.
    `event_precision` is the share of alarms that met an event; None without alarms.
    """

    parts: dict[str, float]
    days: float
    currency: str
    effective_recall: float | None = None
    parameters: dict[str, Any] = field(default_factory=dict)
    event_precision: float | None = None

    @property
    def total(self) -> float:
        """The sum of all parts."""
        return float(sum(self.parts.values()))

    @property
    def per_day(self) -> float | None:
        """The sum per day of plant time; None for an empty span."""
        return self.total / self.days if self.days > 0 else None


def alarm_cost(
    truth: Sequence[TruthEvent],
    labels: Sequence[Any],
    matching: Matching,
    span_us: int,
    prices: Prices | None = None,
    attention: Attention | None = None,
) -> Cost:
    """Return what the alarms cost over `span_us`, faults included.

    A found event costs the visit, the planned standstill and the delay; a missed one the damage and the unplanned
    standstill; a false alarm the nuisance and a visit. With `attention` every sum is an expectation: an alarm that
    nobody looks at causes no visit, and an event whose alarms are all overlooked is a miss.
    """
    prices = prices or Prices()
    chances = _chances(labels, matching, attention)
    seen = np.array([_seen(truth[p.truth], labels, p.label, matching.duplicates, chances) for p in matching.pairs])
    delays_h = np.array([pair.delay_s / 3600 for pair in matching.pairs])
    missed = len(matching.missed) + float(np.sum(1 - seen))
    visits = float(sum(chances[k] for k in matching.false))
    parts = {
        "misses": missed * prices.miss,
        "unplanned_downtime": missed * prices.unplanned_hours * prices.downtime_per_hour,
        "planned_downtime": float(seen.sum()) * prices.planned_hours * prices.downtime_per_hour,
        "delay": float(np.sum(seen * delays_h)) * prices.delay_per_hour,
        "inspections": (float(seen.sum()) + visits) * prices.inspection,
        "false_alarms": len(matching.false) * prices.false_alarm,
    }
    recall = float(seen.sum()) / matching.events if matching.events else None
    told = _told(prices, attention)
    return Cost(parts, span_us / DAY_US, prices.currency, recall, told, matching.event_precision)


def run_to_failure(matching: Matching, span_us: int, prices: Prices | None = None) -> Cost:
    """Return what the same faults cost when nobody looks at anything."""
    prices = prices or Prices()
    parts = {
        "misses": matching.events * prices.miss,
        "unplanned_downtime": matching.events * prices.unplanned_hours * prices.downtime_per_hour,
    }
    return Cost(parts, span_us / DAY_US, prices.currency, 0.0 if matching.events else None, _told(prices, None))


def scheduled_maintenance(
    truth: Sequence[TruthEvent],
    machines: Sequence[str],
    start_us: int,
    end_us: int,
    interval_h: float,
    prices: Prices | None = None,
) -> Cost:
    """Return what visiting every machine each `interval_h` hours costs; a visit during a fault repairs it.

    Faults that begin and end between two visits run to failure.
    """
    prices = prices or Prices()
    if interval_h <= 0:
        raise ValueError(f"interval_h must be positive, got {interval_h!r}.")
    visits = np.arange(start_us + interval_h * HOUR_US, end_us, interval_h * HOUR_US)
    owed = [event for event in truth if not event.benign and event.detectable_from_us is not None]
    onsets = np.array([event.detectable_from_us for event in owed], np.float64)
    at = np.append(visits, np.inf)[np.searchsorted(visits, onsets)]
    caught = at < np.array([event.end_us for event in owed], np.float64)
    delays_h = float(np.sum((at - onsets)[caught])) / HOUR_US
    missed = len(owed) - int(caught.sum())
    parts = {
        "misses": missed * prices.miss,
        "unplanned_downtime": missed * prices.unplanned_hours * prices.downtime_per_hour,
        "planned_downtime": len(visits) * len(machines) * prices.planned_hours * prices.downtime_per_hour,
        "delay": delays_h * prices.delay_per_hour,
        "inspections": len(visits) * len(machines) * prices.inspection,
    }
    recall = float(caught.mean()) if owed else None
    told = {**_told(prices, None), "interval_h": interval_h}
    return Cost(parts, (end_us - start_us) / DAY_US, prices.currency, recall, told)


def _chances(labels: Sequence[Any], matching: Matching, attention: Attention | None) -> FloatArray:
    if attention is None:
        return np.ones(len(labels))
    return attention.looks([label.start_us / SECOND_US for label in labels], matching.event_precision)


def _seen(
    event: TruthEvent, labels: Sequence[Any], label: int, duplicates: Sequence[int], chances: FloatArray
) -> float:
    """Return the chance that somebody looks at one of the alarms of an event."""
    own = [
        k
        for k in duplicates
        if labels[k].machine == event.machine
        and labels[k].start_us < event.end_us
        and labels[k].end_us > event.onset_us
    ]
    return float(1 - np.prod([1 - chances[k] for k in [label, *own]]))


def _told(prices: Prices, attention: Attention | None) -> dict[str, Any]:
    return {**asdict(prices), **({f"attention_{k}": v for k, v in asdict(attention).items()} if attention else {})}
