"""What holds alarms in check besides delays and bands: silence by design, lowest priorities, marks of one machine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from engine.alarming.records import PRIORITIES

if TYPE_CHECKING:
    from engine.alarming.marks import Marks


@dataclass(frozen=True)
class Suppression:
    """Alarms that are silenced by design ("suppressed by design", ANSI/ISA-18.2-2016, clause 5.3.4).

    Parameters
    ----------
    machine, detector
        None = all.
    from_us, until_us
        Plant time, half-open; None = without beginning or end.
    """

    reason: str
    machine: str | None = None
    detector: str | None = None
    from_us: int | None = None
    until_us: int | None = None

    def holds(self, machine: str, detector: str, at_us: int) -> bool:
        """Tell whether an alarm of that machine and detector is silenced at that plant time."""
        if self.machine not in (None, machine) or self.detector not in (None, detector):
            return False
        return (self.from_us is None or at_us >= self.from_us) and (self.until_us is None or at_us < self.until_us)


@dataclass(frozen=True)
class Guards:
    """Suppressions, the lowest priority of a detector's alarms, and marks of machines that differ from the plant's."""

    suppressions: tuple[Suppression, ...] = ()
    least: Mapping[str, str] = field(default_factory=dict)
    marks: Mapping[str, Marks] = field(default_factory=dict)

    def silences(self, machine: str, detector: str, at_us: int) -> bool:
        """Tell whether a rule silences the alarm."""
        return any(rule.holds(machine, detector, at_us) for rule in self.suppressions)

    def at_least(self, detector: str, level: int) -> int:
        """Return the level, lifted to the detector's lowest priority."""
        least = self.least.get(detector) or self.least.get("default")
        return level if least is None else max(level, PRIORITIES.index(least))
