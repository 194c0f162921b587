"""What a contender's alarms cost against doing nothing and against a calendar, and where the money went."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from engine.comparing.judging import zones_of
from engine.economics import Attention, Cost, Prices, alarm_cost, run_to_failure, scheduled_maintenance
from engine.metrics.intervals import match_intervals
from engine.metrics.ledger import Ledger, ledger

if TYPE_CHECKING:
    from collections.abc import Sequence

    from engine.comparing.judging import Truth
    from engine.comparing.stretches import Stretch
    from engine.records import Label


@dataclass(frozen=True)
class Bill:
    """Costs of one strategy; `title` names it."""

    title: str
    cost: Cost


def bills(
    title: str,
    alarms: Sequence[Label],
    stretch: Stretch,
    truth: Truth,
    prices: Prices,
    attention: Attention | None = None,
    interval_h: float = 8.0,
) -> tuple[Bill, Bill, Bill]:
    """Return the costs of run to failure, of a visit each `interval_h` hours, and of following the alarms."""
    shown = visible(truth, stretch)
    matching = match_intervals(shown, alarms, zones=zones_of(stretch))
    span = stretch.span
    return (
        Bill("run to failure", run_to_failure(matching, span.length_us, prices)),
        Bill(
            "scheduled maintenance",
            scheduled_maintenance(shown, span.machines, span.start_us, span.end_us, interval_h, prices),
        ),
        Bill(title, alarm_cost(shown, alarms, matching, span.length_us, prices, attention)),
    )


def visible(truth: Truth, stretch: Stretch) -> Truth:
    """Return the truth as far as the span goes: what shows itself later cannot have been found yet."""
    end = stretch.span.end_us
    kept = [event for event in truth if event.detectable_from_us is None or event.detectable_from_us < end]
    return tuple(replace(event, end_us=min(event.end_us, end)) for event in kept)


def ledger_of(alarms: Sequence[Label], stretch: Stretch, truth: Truth) -> Ledger:
    """Return the ledger per event and false alarm, with what happened near each."""
    return ledger(visible(truth, stretch), alarms, zones=zones_of(stretch), readings=stretch.judged)
