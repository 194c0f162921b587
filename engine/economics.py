"""What alarms cost and save, in one currency: misses, false alarms, delay, visits, downtime, and tired operators.

References
----------
EEMUA 191, Alarm systems: a guide (one alarm in 10 minutes is very likely acceptable, one in 2 over-demanding).
Erlang, A. K. (1917). Solution of some problems in the theory of probabilities (loss formula for a busy server).
Bliss, J. P., Gilson, R. D., Deaton, J. E. (1995). Human probability matching behaviour in response to alarms of
varying reliability. Ergonomics 38, 2300–2312.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import TYPE_CHECKING, Annotated, Any

import numpy as np

from engine.params import Range
from engine.records import DAY_US, HOUR_US, MINUTE_US, SECOND_US, TruthEvent

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from engine.metrics.intervals import Matching

    FloatArray = NDArray[np.float64]


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
class Attention:
    """How likely an operator looks at an alarm: a server that is busy with an earlier alarm loses the new one.

    P(look) = 1 / (1 + λτ) with λ the rate of alarms in the ten minutes before it and τ the handling time (Erlang's
    loss formula for one server), times 1 − trust + trust · event precision (people answer about as often as alarms
    were right: probability matching).

    Parameters
    ----------
    handling_s
        Time that one alarm keeps the operator busy; 120 s makes one alarm in 2 minutes (EEMUA 191: over-demanding)
        the rate at which half are lost.
    span_s
        Time over which the rate is counted.
    trust
        0 = every alarm is taken seriously, 1 = full probability matching.
    """

    handling_s: Annotated[float, Range(0.0, 3_600.0, unit="s")] = 120.0
    span_s: Annotated[float, Range(60.0, 86_400.0, unit="s")] = 600.0
    trust: Annotated[float, Range(0.0, 1.0)] = 0.0

    def looks(self, starts_s: ArrayLike, event_precision: float | None = None) -> FloatArray:
        """Return float64 (n,): the chance that each alarm is looked at, in the order given.

        Parameters
        ----------
        starts_s
            When the alarms start (n,), in seconds; all of them ring at the same desk.
        event_precision
            Share of alarms that were right, for `trust`; None counts as 1.
        """
        starts = np.asarray(starts_s, np.float64)
        order = np.argsort(starts, kind="stable")
        ordered = starts[order]
        before = np.arange(len(ordered)) - np.searchsorted(ordered, ordered - self.span_s, side="right")
        busy = before / self.span_s * self.handling_s
        precision = 1.0 if event_precision is None else event_precision
        chances = np.empty(len(starts))
        chances[order] = (1 - self.trust + self.trust * precision) / (1 + busy)
        return chances


@dataclass(frozen=True)
class Cost:
    """A sum of money over a span, by what caused it.

    `effective_recall` is the share of events that an alarm found and somebody looked at; None without events.
    """

    parts: dict[str, float]
    days: float
    currency: str
    effective_recall: float | None = None
    parameters: dict[str, Any] = field(default_factory=dict)

    @property
    def total(self) -> float:
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
    return Cost(parts, span_us / DAY_US, prices.currency, recall, _told(prices, attention))


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


def attention_curve(attention: Attention, alarms_per_hour: ArrayLike) -> FloatArray:
    """Return the chance that an alarm is looked at for each steady rate (alarms per hour)."""
    rates = np.asarray(alarms_per_hour, np.float64) * (SECOND_US / MINUTE_US) / 60
    curve: FloatArray = 1 / (1 + rates * attention.handling_s)
    return curve
