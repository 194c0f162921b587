"""What people do to the running plant: inject, clear, maintain, undo, fast-forward; each lands in the journal.

Nothing changes what has been shown: an entry takes effect at the next point of the grid on which the physics is
computed (10 s of plant time; readings between two points are interpolated, so an earlier moment would reach into the
past), and undoing one that has begun ends it there. The journal is on disk before a command is obeyed.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from engine.errors import LabError, UnknownNameError
from engine.plant.journal import Cleared, Entry, Injection, Journal, Maintenance
from engine.plant.slow import STEP_US
from engine.records import DAY_US, SECOND_US, iso_time

if TYPE_CHECKING:
    from engine.plant.history import Active
    from engine.plant.simulator import Plant
    from engine.running.core import Core

RESTART_US = 120 * SECOND_US  # a machine starts up in the last two minutes of its stop (engine.plant.slow)


class Interventions:
    """The commands about faults; `core` is the state that they act on."""

    def __init__(self, core: Core) -> None:
        self.core = core
        self._done: list[tuple[Journal, Journal, str]] = []  # before, after, action

    def inject(
        self,
        fault: str,
        machine: str,
        severity: float = 0.8,
        ramp_s: float = 600.0,
        duration_s: float = 3600.0,
        delay_s: float = 0.0,
        shape: str = "linear",
        sensors: Sequence[str] = (),
        values: Mapping[str, Any] | None = None,
    ) -> Injection:
        """Put a fault on a machine, `delay_s` of plant time from now; returns the journal's entry.

        Raises
        ------
        LabError
            When machine, fault, sensor or a number is wrong; nothing has changed then.
        """
        if not 0.0 <= delay_s <= 7 * 86_400.0:
            raise LabError(f"delay_s must be from 0 to 604800 s, got {delay_s!r}.")
        journal = self.core.plant.journal
        entry = Injection(
            id=journal.new_id("injection"),
            machine=machine,
            fault=fault,
            severity=severity,
            start_us=self._when(delay_s),
            ramp_s=ramp_s,
            duration_s=duration_s,
            shape=shape,
            sensors=tuple(sensors),
            values=tuple((values or {}).items()),
        )
        self._change(journal.with_(entry), f"inject {fault} on {machine}")
        return entry

    def clear(self, machine: str | None = None) -> tuple[str, ...]:
        """End all faults of a machine (None = of all) and call off those that have not begun; returns the machines."""
        machines = self.core.plant.machines if machine is None else (self._known(machine),)
        now, journal = self._when(), self.core.plant.journal
        hit = []
        for name in machines:
            ahead = [e.id for e in journal.injections if e.machine == name and e.start_us >= now]
            running = self.core.plant.history.active(name, self.core.next_us, now)
            for entry_id in ahead:
                journal = journal.without(entry_id)
            if running:
                journal = journal.cleared(name, now)
            if ahead or running:
                hit.append(name)
        if hit:
            self._change(journal, f"clear {', '.join(hit)}")
        return tuple(hit)

    def maintain(self, machine: str, minutes: float = 30.0, delay_s: float = 0.0) -> Maintenance:
        """Stop a machine for work, which repairs it; returns the journal's entry."""
        if not 0.0 < minutes <= 7 * 24 * 60:
            raise LabError(f"minutes must be above 0 and at most 10080, got {minutes!r}.")
        journal = self.core.plant.journal
        start = self._when(delay_s)
        entry = Maintenance(journal.new_id("maintenance"), self._known(machine), start, minutes * 60.0)
        self._change(journal.with_(entry), f"maintain {machine} for {minutes:g} min")
        return entry

    def undo(self) -> str:
        """Take the last command back (one that has begun is ended now); returns what was undone.

        Raises
        ------
        LabError
            When there is nothing to undo, or the last command was a clearing that has already acted.
        """
        if not self._done:
            raise LabError("There is nothing to undo: no fault, maintenance or clearing was commanded yet.")
        before, after, action = self._done[-1]
        now = self._when()
        new = [entry for entry in after if entry.id not in {old.id for old in before}]
        gone = [entry for entry in before if entry.id not in {left.id for left in after}]
        if any(isinstance(entry, Cleared) and entry.at_us < now for entry in new):
            self._done.pop()
            raise LabError("A clearing that has acted cannot be undone; inject the fault again.")
        if new and all(_end(entry) <= now for entry in new):
            self._done.pop()
            raise LabError(f"There is nothing left to undo: the last command ({action}) has run its course.")
        journal = self.core.plant.journal
        for entry in new:
            journal = _ended(journal, entry, now)
        journal = journal.with_(*(entry for entry in gone if _begin(entry) >= now))
        self._save(journal, f"undo {action}")
        self._done.pop()
        return action

    def pending(self) -> tuple[Entry, ...]:
        """Return the injections and stops that have not begun."""
        now = self.core.next_us
        return tuple(entry for entry in self.core.plant.journal if _begin(entry) >= now)

    def active(self) -> tuple[Active, ...]:
        """Return what acts on the machines now, automatic faults among them. For instructors' eyes only."""
        now, plant = self.core.next_us, self.core.plant
        return tuple(one for machine in plant.machines for one in plant.history.active(machine, now, now + 1))

    def detectable_us(self) -> int:
        """Return the next plant time at which an injected fault becomes detectable.

        Raises
        ------
        LabError
            When no injected fault is on its way to it.
        """
        now, plant = self.core.next_us, self.core.plant
        ids = {entry.start_us for entry in plant.journal.injections if entry.end_us > now}
        events = plant.truth(now, now + DAY_US) if ids else ()
        ahead = [e.detectable_from_us for e in events if e.onset_us in ids and e.detectable_from_us is not None]
        later = [at for at in ahead if at >= now]
        if not later:
            raise LabError("No injected fault is about to become detectable; inject one first, or it already is.")
        return min(later)

    def set_automatic(self, faults_per_machine_hour: float | None, maintenance_interval_s: float | None) -> None:
        """Switch automatic faults (0 or None = off) and scheduled stops (None = off); a new run begins.

        Faults that the schedule would already have under way are left out, so that nothing jumps.
        """
        from engine.plant.simulator import Plant

        old, now = self.core.plant, self._when()
        plant = Plant(
            old.spec, old.seed, old.journal, old.machines, faults_per_machine_hour or 0.0, maintenance_interval_s
        )
        journal = old.journal
        for machine in plant.machines:
            known = {one.id for one in old.history.active(machine, now - 1, now)}
            running = plant.history.active(machine, now - 1, now)
            if running and not known and any(one.id not in known for one in running):
                journal = journal.cleared(machine, now)
        self.core.plant = plant.with_journal(journal)
        self.core.begin_run()
        self._done.clear()

    def forget(self) -> None:
        """Begin a new list of things that can be undone (a new run)."""
        self._done.clear()

    def _change(self, journal: Journal, action: str) -> None:
        before = self.core.plant.journal
        self._save(journal, action)
        self._done = [*self._done[-99:], (before, journal, action)]

    def _save(self, journal: Journal, action: str) -> None:
        plant: Plant = self.core.plant.with_journal(journal)  # refuses what is wrong before anything is written
        self.core.store.save_journal(self.core.run.run, journal.to_json(), self.core.next_us, action)
        self.core.plant = plant
        self.core.log(f"{iso_time(self.core.next_us)} {action}")

    def _when(self, delay_s: float = 0.0) -> int:
        """Return the first grid point of the physics at which a change leaves all shown readings as they are."""
        return -(-(self.core.next_us + round(delay_s * SECOND_US)) // STEP_US) * STEP_US

    def _known(self, machine: str) -> str:
        if machine not in self.core.plant.machines:
            raise UnknownNameError("machine", machine, self.core.plant.machines)
        return machine


def _begin(entry: Entry) -> int:
    return entry.at_us if isinstance(entry, Cleared) else entry.start_us


def _end(entry: Entry) -> int:
    return entry.at_us + 1 if isinstance(entry, Cleared) else entry.end_us


def _ended(journal: Journal, entry: Entry, now_us: int) -> Journal:
    """Return the journal without the entry if it has not begun, else with the entry ending now, in its place.

    A stop ends two minutes from now: in that time the machine starts up again.
    """
    if isinstance(entry, Cleared) or entry.start_us >= now_us:
        return journal.without(entry.id)
    end_us = min(entry.end_us, now_us + (RESTART_US if isinstance(entry, Maintenance) else 0))
    cut = replace(entry, duration_s=(end_us - entry.start_us) / SECOND_US)
    return Journal(tuple(cut if old.id == entry.id else old for old in journal))
