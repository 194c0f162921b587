"""The commands of the runner: time, faults, detectors and alarms. Each may be called from any thread."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import TYPE_CHECKING, Any, TypeVar

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from engine.alarming.guards import Guards
    from engine.alarming.rules import AlarmRules
    from engine.detectors.base import Detector
    from engine.plant.history import Active
    from engine.plant.journal import Entry, Injection, Maintenance
    from engine.running.core import Core
    from engine.running.interventions import Interventions

T = TypeVar("T")
WARM_UP_TICKS = 3600  # what a detector that joins sees of the past: enough for all, and never a long stop


class Controls(ABC):
    """Commands; `_call` has them obeyed between ticks and returns when they are."""

    core: Core
    interventions: Interventions

    @abstractmethod
    def _call(self, work: Callable[[], T]) -> T:
        """Have `work` done between two ticks."""

    # ---- time

    def pause(self) -> None:
        """Stop plant time."""
        self._call(self.core.clock.pause)

    def resume(self) -> None:
        """Let plant time go on."""
        self._call(self.core.clock.resume)

    def set_speed(self, speed: float) -> None:
        """Set seconds of plant time per second, 0.1 to 10,000."""
        self._call(lambda: self.core.clock.set_speed(speed))

    def step(self, ticks: int = 1) -> None:
        """Go on by some ticks, paused or not."""
        self._call(lambda: self.core.catch_up_to(self.core.next_us + (max(1, int(ticks)) - 1) * self.core.tick_us))

    def seek(self, at_us: int) -> None:
        """Go to another plant time; going back begins a new run."""
        self._call(lambda: self._seek(at_us))

    def _seek(self, at_us: int) -> None:
        self.interventions.forget()
        self.core.seek(at_us)

    def set_tick(self, seconds: float) -> None:
        """Set the plant time between two readings."""
        self._call(lambda: self.core.set_tick(seconds))

    def fast_forward(self) -> int:
        """Run at full speed to the moment at which an injected fault becomes detectable; returns that plant time."""
        target = self.interventions.detectable_us()
        self._call(lambda: self.core.catch_up_to(target))
        return target

    # ---- faults (instructors)

    def inject(self, **what: Any) -> Injection:
        """Put a fault on a machine: fault, machine, severity, ramp_s, duration_s, delay_s, shape, sensors, values."""
        return self._call(lambda: self.interventions.inject(**what))

    def clear(self, machine: str | None = None) -> tuple[str, ...]:
        """End the faults of a machine, or of all; returns the machines that had any."""
        return self._call(lambda: self.interventions.clear(machine))

    def maintain(self, machine: str, minutes: float = 30.0, delay_s: float = 0.0) -> Maintenance:
        """Stop a machine for work."""
        return self._call(lambda: self.interventions.maintain(machine, minutes, delay_s))

    def undo(self) -> str:
        """Take the last of these commands back; returns what it was."""
        return self._call(self.interventions.undo)

    def active_faults(self) -> tuple[Active, ...]:
        """Return what acts on the machines now. For instructors' eyes only."""
        return self._call(self.interventions.active)

    def pending_entries(self) -> tuple[Entry, ...]:
        """Return the injections and stops that have not begun. For instructors' eyes only."""
        return self._call(self.interventions.pending)

    def set_automatic(
        self, faults_per_machine_hour: float | None = None, maintenance_interval_s: float | None = None
    ) -> None:
        """Switch automatic faults and scheduled maintenance on (a rate, an interval) or off (None)."""
        self._call(lambda: self.interventions.set_automatic(faults_per_machine_hour, maintenance_interval_s))

    # ---- detectors and alarms

    def set_threshold(self, detector: str, threshold: float) -> None:
        """Set the score from which on a detector raises alarms."""
        self._call(lambda: self.core.bench.set_threshold(detector, threshold))

    def add_detector(self, name: str, detector: Detector, threshold: float | None = None) -> None:
        """Put a detector to work; it warms up on what is in memory first."""

        def add() -> None:
            self._forget_alarms(name)
            self.core.bench.add(name, detector, threshold)
            block, _ = self.core.ring.last(WARM_UP_TICKS)
            if len(block):
                self.core.ring.keep_scores(name, self.core.bench.warm(name, block))

        self._call(add)

    def remove_detector(self, name: str) -> None:
        """Take a detector out; its alarms end."""

        def remove() -> None:
            self.core.bench.remove(name)
            self.core.ring.forget_scores(name)
            self._forget_alarms(name)

        self._call(remove)

    def set_alarm_rules(self, rules: Mapping[str, AlarmRules], guards: Guards) -> None:
        """Let other rules, suppressions and marks hold for alarms from the next tick on."""
        self._call(lambda: self.core.set_rules(rules, guards))

    def acknowledge(self, number: int, author: str = "") -> None:
        """Say that a person has seen an alarm."""
        self._call(lambda: self.core.publish_changes((self.core.desk.acknowledge(number, author),)))

    def comment(self, number: int, author: str, text: str) -> None:
        """Write a comment on an alarm."""
        self._call(lambda: self.core.publish_changes((self.core.desk.comment(number, author, text),)))

    def shelve(self, minutes: float, machine: str | None = None, detector: str | None = None) -> None:
        """Silence alarms of a machine, a detector or both for some plant time."""
        self._call(lambda: self.core.publish_changes(self.core.desk.shelve(minutes, machine, detector)))

    def unshelve(self, machine: str | None = None, detector: str | None = None) -> None:
        """Take a silence back."""
        self._call(lambda: self.core.publish_changes(self.core.desk.unshelve(machine, detector)))

    def _forget_alarms(self, detector: str) -> None:
        self.core.publish_changes(self.core.desk.forget_detector(detector))
