"""Explain my score: one entry per event and one per false alarm, each with the instant to replay.

Entries name truth, so they are for instructors, or for students after release.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

from engine.metrics.clues import Clue, Clues, Excursion, excursions, maintenance_spans
from engine.metrics.intervals import Matching, Zone, match_intervals
from engine.records import MINUTE_US, TruthEvent

if TYPE_CHECKING:
    from engine.records import Block

LEAD_US = 5 * MINUTE_US

__all__ = ["Clue", "EventEntry", "Excursion", "FalseEntry", "Ledger", "excursions", "ledger", "maintenance_spans"]


@dataclass(frozen=True)
class EventEntry:
    """What became of one event; `alarm` is the position of the matched alarm, None when it was missed.

    `verdict` is "found", "missed", or "not judged" (benign, never detectable, or inside a don't-care zone).
    """

    truth: int
    machine: str
    fault: str
    start_us: int
    detectable_us: int | None
    end_us: int
    verdict: str
    alarm: int | None
    delay_s: float | None
    edge_delay_s: float | None
    tiou: float | None
    replay_us: int


@dataclass(frozen=True)
class FalseEntry:
    """One false alarm with the nearest sensor excursion, maintenance and benign change, nearest first."""

    alarm: int
    machine: str
    start_us: int
    end_us: int
    clues: tuple[Clue, ...]
    replay_us: int

    @property
    def likely(self) -> Clue | None:
        """The nearest clue, None when nothing happened within half an hour."""
        return self.clues[0] if self.clues else None


@dataclass(frozen=True)
class Ledger:
    """Every event and every false alarm of one submission or detector, in order of time."""

    events: tuple[EventEntry, ...]
    false_alarms: tuple[FalseEntry, ...]
    duplicates: tuple[int, ...]
    ignored: tuple[int, ...]

    def to_json(self) -> dict[str, Any]:
        """Return plain data for pages, API and reports."""
        return asdict(self)


def ledger(
    truth: Sequence[TruthEvent],
    labels: Sequence[Any],
    *,
    zones: Iterable[Zone] = (),
    tolerance_s: float = 0.0,
    readings: Block | None = None,
    maintenance: Iterable[Zone] = (),
) -> Ledger:
    """Return the ledger of labels or alarms against truth.

    Parameters
    ----------
    zones, tolerance_s
        As in `match_intervals`; use those of the mark, so that the ledger explains it.
    readings
        A block around the alarms; sensor excursions and maintenance status are read from it.
    maintenance
        Further maintenance spans, for instance from the journal.
    """
    matching = match_intervals(truth, labels, zones=zones, tolerance_s=tolerance_s)
    works = [*maintenance, *(maintenance_spans(readings) if readings is not None else ())]
    found = excursions(readings) if readings is not None else ()
    clues = Clues(truth, works, found)
    false = [
        FalseEntry(
            k,
            labels[k].machine,
            labels[k].start_us,
            labels[k].end_us,
            clues.near(labels[k]),
            labels[k].start_us - LEAD_US,
        )
        for k in matching.false
    ]
    events = sorted(_event_entries(truth, labels, matching), key=lambda entry: entry.start_us)
    false.sort(key=lambda entry: entry.start_us)
    return Ledger(tuple(events), tuple(false), matching.duplicates, matching.ignored_labels)


def _event_entries(truth: Sequence[TruthEvent], labels: Sequence[Any], matching: Matching) -> list[EventEntry]:
    pairs, missed = {pair.truth: pair for pair in matching.pairs}, set(matching.missed)
    entries = []
    for k, event in enumerate(truth):
        pair = pairs.get(k)
        verdict = "found" if pair else "missed" if k in missed else "not judged"
        shown = event.onset_us if pair is None else min(event.onset_us, labels[pair.label].start_us)
        entries.append(
            EventEntry(
                truth=k,
                machine=event.machine,
                fault=event.fault,
                start_us=event.onset_us,
                detectable_us=event.detectable_from_us,
                end_us=event.end_us,
                verdict=verdict,
                alarm=pair.label if pair else None,
                delay_s=pair.delay_s if pair else None,
                edge_delay_s=pair.edge_delay_s if pair else None,
                tiou=pair.tiou if pair else None,
                replay_us=shown - LEAD_US,
            )
        )
    return entries
