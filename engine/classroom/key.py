"""The answer key of one variant: the events, the time that does not count, and what each part of it covers.

Only instructors' code paths may hold a key; nothing in this module is sent to a student's page.
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from engine.metrics.cared_time import CaredTime, Zone
from engine.records import DAY_US, TruthEvent

PARTS = ("all", "public", "private")
OTHER_PART = "other part"  # zone: an event that the other part of a split judges


@dataclass(frozen=True)
class AnswerKey:
    """What is true of one variant.

    Parameters
    ----------
    start_us, end_us
        The span of the data, half-open.
    machines
        Machines of the data.
    events
        Faults that are really there; the ones marked benign owe no alarm.
    zones
        Don't-care time besides the ramps (from onset to detectable), which are left out by themselves.
    families
        Fault name -> family, for half credit on the type.
    public_machines, public_events
        What the board sees: machines (other seeds for the private part) or ids of events; None = no split.
    event_ids
        The id of each event, kept by every later version of the truth; none = their positions, as they were sealed.
    answers
        Right answers of a quiz, by question.
    """

    start_us: int
    end_us: int
    machines: tuple[str, ...]
    events: tuple[TruthEvent, ...]
    zones: tuple[Zone, ...] = ()
    families: tuple[tuple[str, str], ...] = ()
    version: int = 1
    public_machines: tuple[str, ...] | None = None
    public_events: tuple[int, ...] | None = None
    answers: tuple[tuple[str, Any], ...] = ()
    event_ids: tuple[int, ...] = ()

    @property
    def ids(self) -> tuple[int, ...]:
        """The id of each event; a verdict on one event changes none of the others'."""
        return self.event_ids[: len(self.events)] if self.event_ids else tuple(range(len(self.events)))

    @property
    def machine_days(self) -> float:
        return (self.end_us - self.start_us) / DAY_US * len(self.machines)

    @property
    def owed(self) -> tuple[int, ...]:
        """Positions of the events that an honest person could find: not benign, and detectable before they end."""
        return tuple(i for i, event in enumerate(self.events) if counted_from(event) is not None)

    @property
    def judged(self) -> tuple[int, ...]:
        """Positions of the owed events of which any time can be found: inside the data and outside don't-care zones."""
        return tuple(i for i in self.owed if self._can_be_found(self.events[i]))

    def _can_be_found(self, event: TruthEvent) -> bool:
        begins, end = max(counted_from(event) or 0, self.start_us), min(event.end_us, self.end_us)
        zones = [z for z in self.zones if z.machine in ("", event.machine) and z.reason != OTHER_PART]
        if not zones or end <= begins:
            return end > begins
        first, last = CaredTime(zones)(np.array([begins, end], np.int64))
        return bool(last > first)

    def part(self, name: str) -> AnswerKey:
        """Return the key of the "public" or "private" part; without a split both are the whole key."""
        if name not in PARTS:
            raise ValueError(f"part must be one of {PARTS}, got {name!r}.")
        if name == "all" or (self.public_machines is None and self.public_events is None):
            return self
        if self.public_machines is not None:
            public = set(self.public_machines)
            return self._machines(tuple(m for m in self.machines if (m in public) == (name == "public")))
        public_ids = set(self.public_events or ())
        return self._events({i for i, name_of in enumerate(self.ids) if (name_of in public_ids) == (name == "public")})

    def changed(self, events: tuple[tuple[int | None, TruthEvent], ...], zones: tuple[Zone, ...]) -> AnswerKey:
        """Return the key with other (id, event) pairs; an event without an id gets one that was never used."""
        free = max([-1, *self.ids, *self.event_ids, *(self.public_events or ())]) + 1
        named = []
        for known, event in sorted(events, key=lambda pair: (pair[1].machine, pair[1].onset_us)):
            named.append((free if known is None else known, event))
            free += known is None
        ids = tuple(name for name, _ in named)
        return replace(self, events=tuple(event for _, event in named), zones=zones, event_ids=ids or (free,))

    def _machines(self, machines: tuple[str, ...]) -> AnswerKey:
        keep = set(machines)
        return replace(
            self,
            machines=machines,
            events=tuple(e for e in self.events if e.machine in keep),
            event_ids=tuple(name for name, e in zip(self.ids, self.events, strict=False) if e.machine in keep),
            zones=tuple(z for z in self.zones if z.machine in keep),
            public_machines=None,
        )

    def _events(self, keep: set[int]) -> AnswerKey:
        """The events of the other part become don't-care time, so that finding them costs nothing here."""
        other = tuple(
            Zone(e.machine, e.onset_us, e.end_us, OTHER_PART)
            for i, e in enumerate(self.events)
            if i not in keep and not e.benign
        )
        kept = tuple(e for i, e in enumerate(self.events) if i in keep)
        ids = tuple(name for i, name in enumerate(self.ids) if i in keep)
        return replace(self, events=kept, zones=self.zones + other, public_events=None, event_ids=ids)

    def _like(self, other: AnswerKey) -> AnswerKey:
        return replace(other, events=self.events, event_ids=self.event_ids)

    def to_json(self) -> str:
        """Return the key as canonical JSON: the same key gives the same bytes in every process."""
        document = dataclasses.asdict(self)
        document["events"] = [event.plain() for event in self.events]
        if not self.event_ids:
            del document["event_ids"]  # as keys were written before events had ids: the same commitment
        return canonical(document)

    @classmethod
    def from_json(cls, text: str) -> AnswerKey:
        """Read what `to_json` wrote."""
        raw = json.loads(text)
        raw["events"] = tuple(TruthEvent(**{**e, "sensors": tuple(e["sensors"])}) for e in raw["events"])
        raw["zones"] = tuple(Zone(**z) for z in raw["zones"])
        raw["machines"] = tuple(raw["machines"])
        raw["families"] = tuple((name, family) for name, family in raw["families"])
        raw["answers"] = tuple((name, answer) for name, answer in raw["answers"])
        raw["event_ids"] = tuple(raw.get("event_ids", ()))
        for name in ("public_machines", "public_events"):
            raw[name] = None if raw[name] is None else tuple(raw[name])
        return cls(**raw)


def with_ids(key: AnswerKey, first: AnswerKey) -> AnswerKey:
    """Return a later truth, written before events had ids, with the ids that its events had when they were sealed."""
    if key.event_ids or key.events == first.events:
        return key
    known = {event: name for name, event in zip(first.ids, first.events, strict=True)}
    return first.changed(tuple((known.get(event), event) for event in key.events), key.zones)._like(key)


def canonical(document: Any) -> str:
    """Return JSON with sorted keys, no spaces and no NaN: equal documents are equal bytes."""
    return json.dumps(document, sort_keys=True, separators=(",", ":"), ensure_ascii=False, allow_nan=False)


def counted_from(event: TruthEvent) -> int | None:
    """Return the first time at which the event counts, or None when it never does."""
    if event.benign or event.detectable_from_us is None:
        return None
    start = max(event.onset_us, event.detectable_from_us)
    return start if start < event.end_us else None


def ignored_spans(key: AnswerKey, machine: str) -> list[tuple[int, int]]:
    """Return the don't-care spans of a machine, ramps of its events included."""
    spans = [(z.start_us, z.end_us) for z in key.zones if z.machine in ("", machine)]
    for event in key.events:
        if event.machine == machine and not event.benign:
            begins = counted_from(event)
            spans.append((event.onset_us, event.end_us if begins is None else begins))
    return [(start, end) for start, end in spans if end > start]
