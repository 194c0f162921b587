"""What people did to the plant: the journal of injections, maintenance and clearings.

Together with the plant's name and its seed the journal is a whole run; it is frozen, hashable and JSON-ready.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from engine.errors import LabError
from engine.records import SECOND_US

SHAPES = ("sudden", "linear", "smooth", "exponential")


@dataclass(frozen=True)
class Injection:
    """One fault, or one benign change, put on one machine.

    Parameters
    ----------
    id
        Name of this entry; unique in its journal.
    machine, fault
        Where, and which failure pattern of the catalogue.
    severity
        Strength at full onset, above 0 up to 1.
    start_us
        Onset, event time in microseconds.
    ramp_s
        Seconds from onset to full strength (the shape "sudden" ignores it).
    duration_s
        Seconds from onset until the fault ends by itself; maintenance or clearing ends it earlier.
    shape
        How it begins: sudden, linear, smooth or exponential.
    sensors
        The sensors that a sensor fault acts on; empty = the pattern's own choice.
    values
        Parameters of the failure pattern by name; a mapping is accepted and kept as pairs.
    """

    id: str
    machine: str
    fault: str
    severity: float
    start_us: int
    ramp_s: float
    duration_s: float
    shape: str = "linear"
    sensors: tuple[str, ...] = ()
    values: tuple[tuple[str, Any], ...] = field(default=())

    def __post_init__(self) -> None:
        pairs = self.values.items() if isinstance(self.values, Mapping) else self.values
        object.__setattr__(self, "values", tuple(sorted((str(name), value) for name, value in pairs)))
        object.__setattr__(self, "sensors", tuple(self.sensors))

    @property
    def end_us(self) -> int:
        """The time at which it ends by itself, in microseconds."""
        return self.start_us + round(self.duration_s * SECOND_US)


@dataclass(frozen=True)
class Maintenance:
    """A stop of one machine for work: repairs its faults and resets its wear."""

    id: str
    machine: str
    start_us: int
    duration_s: float
    scheduled: bool = False

    @property
    def end_us(self) -> int:
        """The time at which the machine runs again, in microseconds."""
        return self.start_us + round(self.duration_s * SECOND_US)


@dataclass(frozen=True)
class Cleared:
    """All faults active on the machine end at that time, those of the automatic injection too."""

    id: str
    machine: str
    at_us: int


Entry = Injection | Maintenance | Cleared
_KINDS: dict[str, type[Injection | Maintenance | Cleared]] = {
    "injection": Injection,
    "maintenance": Maintenance,
    "cleared": Cleared,
}


@dataclass(frozen=True)
class Journal:
    """The entries in the order in which they were made; changes give a new journal."""

    entries: tuple[Entry, ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "entries", tuple(self.entries))
        names = [entry.id for entry in self.entries]
        double = next((name for name in names if names.count(name) > 1), None)
        if double is not None:
            raise LabError(f"The journal has two entries called {double!r}; give each entry an id of its own.")

    def __iter__(self) -> Iterator[Entry]:
        return iter(self.entries)

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, at: int) -> Entry:
        return self.entries[at]

    @property
    def injections(self) -> tuple[Injection, ...]:
        """The injections alone, in order."""
        return tuple(entry for entry in self.entries if isinstance(entry, Injection))

    def with_(self, *entries: Entry) -> Journal:
        """Return the journal with the entries added at its end."""
        return Journal((*self.entries, *entries))

    def without(self, entry_id: str) -> Journal:
        """Return the journal without the entry of that id; unknown ids change nothing."""
        return Journal(tuple(entry for entry in self.entries if entry.id != entry_id))

    def cleared(self, machine: str, at_us: int) -> Journal:
        """Return the journal in which the faults active on the machine end at that time."""
        return self.with_(Cleared(self.new_id("clear"), machine, at_us))

    def new_id(self, stem: str) -> str:
        """Return an id that no entry has yet: the stem and a number."""
        taken = {entry.id for entry in self.entries}
        number = len(self.entries) + 1
        while f"{stem}-{number}" in taken:
            number += 1
        return f"{stem}-{number}"

    def to_json(self) -> list[dict[str, Any]]:
        """Return the entries as plain JSON-ready data, each with its `entry` kind."""
        return [_to_json(entry) for entry in self.entries]

    @classmethod
    def from_json(cls, entries: Iterable[Mapping[str, Any]]) -> Journal:
        """Return the journal that `to_json` gave.

        Raises
        ------
        LabError
            When an entry is of an unknown kind or lacks a field.
        """
        return cls(tuple(_from_json(number, dict(entry)) for number, entry in enumerate(entries, start=1)))


def _to_json(entry: Entry) -> dict[str, Any]:
    kind = next(name for name, cls in _KINDS.items() if type(entry) is cls)
    plain = {"entry": kind, **asdict(entry)}
    if isinstance(entry, Injection):
        plain |= {"sensors": list(entry.sensors), "values": dict(entry.values)}
    return plain


def _from_json(number: int, fields: dict[str, Any]) -> Entry:
    kind = fields.pop("entry", "")
    if kind not in _KINDS:
        raise LabError(f"Journal, entry {number}: entry is {kind!r}; write one of: {', '.join(_KINDS)}.")
    try:
        return _KINDS[kind](**fields)
    except TypeError as problem:
        raise LabError(f"Journal, entry {number}: {problem}; write the fields of {kind} and no others.") from None
