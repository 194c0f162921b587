"""Explain my score: one entry per event and one per false alarm, each with the instant to replay.

Entries name truth, so they are for instructors, or for students after release.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.metrics.arrays import runs
from engine.metrics.intervals import Matching, Zone, match_intervals
from engine.records import MAINTENANCE, MINUTE_US, SECOND_US, TruthEvent

if TYPE_CHECKING:
    from engine.metrics.arrays import FloatArray
    from engine.records import Block

SIGMAS = 3.0
# 1.4826 · median absolute deviation estimates σ of a normal distribution.
MAD_TO_SIGMA = 1.4826
LEAD_US = 5 * MINUTE_US
NEAR_S = 1800.0


@dataclass(frozen=True)
class Excursion:
    """A span on which one sensor of a machine left its usual level by at least three robust σ."""

    machine: str
    sensor: str
    start_us: int
    end_us: int
    sigmas: float


@dataclass(frozen=True)
class Clue:
    """Something near a false alarm: `kind` is "sensor", "maintenance", "benign" or "fault"; 0 s = they overlap."""

    kind: str
    what: str
    start_us: int
    end_us: int
    distance_s: float


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
    false = [_false_entry(k, labels[k], truth, works, found) for k in matching.false]
    events = sorted(_event_entries(truth, labels, matching), key=lambda entry: entry.start_us)
    false.sort(key=lambda entry: entry.start_us)
    return Ledger(tuple(events), tuple(false), matching.duplicates, matching.ignored_labels)


def _event_entries(truth: Sequence[TruthEvent], labels: Sequence[Any], matching: Matching) -> list[EventEntry]:
    pairs = {pair.truth: pair for pair in matching.pairs}
    entries = []
    for k, event in enumerate(truth):
        pair = pairs.get(k)
        verdict = "found" if pair else "missed" if k in matching.missed else "not judged"
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


def _false_entry(
    k: int, label: Any, truth: Sequence[TruthEvent], works: Sequence[Zone], found: Sequence[Excursion]
) -> FalseEntry:
    """Return a false alarm with the nearest clue of each kind on its machine within half an hour."""
    machine = label.machine
    candidates = {
        "sensor": [(f"{x.sensor} {x.sigmas:+.1f} σ", x.start_us, x.end_us) for x in found if x.machine == machine],
        "maintenance": [(z.reason or "maintenance", z.start_us, z.end_us) for z in works if z.machine in ("", machine)],
        "benign": [(e.fault, e.onset_us, e.end_us) for e in truth if e.benign and e.machine == machine],
        "fault": [(e.fault, e.onset_us, e.end_us) for e in truth if not e.benign and e.machine == machine],
    }
    clues = [_nearest(kind, spans, label) for kind, spans in candidates.items() if spans]
    near = sorted((clue for clue in clues if clue.distance_s <= NEAR_S), key=lambda clue: clue.distance_s)
    return FalseEntry(k, machine, label.start_us, label.end_us, tuple(near), label.start_us - LEAD_US)


def _nearest(kind: str, spans: Sequence[tuple[str, int, int]], label: Any) -> Clue:
    def distance(span: tuple[str, int, int]) -> int:
        return max(span[1] - int(label.end_us), int(label.start_us) - span[2], 0)

    best = min(spans, key=lambda span: (distance(span), abs(span[1] - label.start_us)))
    return Clue(kind, best[0], best[1], best[2], distance(best) / SECOND_US)


def excursions(readings: Block, sigmas: float = SIGMAS) -> tuple[Excursion, ...]:
    """Return every run of ticks on which a sensor of a machine is `sigmas` robust deviations from its median."""
    out = []
    period = _period_us(readings)
    for m, machine in enumerate(readings.machines):
        for s, sensor in enumerate(readings.sensors):
            z = _robust_z(readings.values[:, m, s])
            for first, last in runs(np.abs(z) >= sigmas):
                peak = z[first : last + 1][np.argmax(np.abs(z[first : last + 1]))]
                start, end = int(readings.times_us[first]), int(readings.times_us[last]) + period
                out.append(Excursion(machine, sensor, start, end, float(peak)))
    return tuple(out)


def maintenance_spans(readings: Block) -> tuple[Zone, ...]:
    """Return the spans on which each machine was under maintenance, read from the status of its ticks."""
    period = _period_us(readings)
    return tuple(
        Zone(machine, int(readings.times_us[first]), int(readings.times_us[last]) + period, "maintenance")
        for m, machine in enumerate(readings.machines)
        for first, last in runs(readings.status[:, m] == MAINTENANCE)
    )


def _period_us(readings: Block) -> int:
    return int(np.median(np.diff(readings.times_us))) if len(readings) > 1 else SECOND_US


def _robust_z(values: FloatArray) -> FloatArray:
    """Return (value − median) / (1.4826 · MAD); missing readings and a sensor that never moves give 0."""
    known = values[~np.isnan(values)]
    if not len(known):
        return np.zeros(len(values))
    middle = np.median(known)
    spread = MAD_TO_SIGMA * np.median(np.abs(known - middle)) or float(np.std(known))
    z: FloatArray = np.nan_to_num((values - middle) / (spread or np.inf), nan=0.0)
    return z
