"""The alarm office: keeps the policy in force, gives it to the runner, and runs its deliveries."""

from __future__ import annotations

import logging
import threading
from contextlib import suppress
from dataclasses import replace
from typing import TYPE_CHECKING, Any, Protocol

from engine.alarming.delivery.deliveries import Deliveries
from engine.alarming.policy import SHIPPED, Known, Policy, load_policy, policy_problems, read_policy
from engine.catalog import parts
from engine.errors import LabError
from engine.files import write_atomically
from engine.plant.spec import load_plant, own_plant_names, plant_names

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

    from engine.alarming.guards import Guards
    from engine.alarming.marks import Marks
    from engine.alarming.rules import AlarmRules
    from engine.errors import FileProblemError
    from engine.plant.simulator import Plant
    from engine.running.frames import Frame
    from engine.store.run_records import RunRecord

log = logging.getLogger(__name__)
FILE = "alarm_rules.yaml"


class AlarmSource(Protocol):
    """What the office needs of whoever raises alarms: the running plant."""

    @property
    def plant(self) -> Plant: ...

    @property
    def run(self) -> RunRecord: ...

    @property
    def thresholds(self) -> Mapping[str, float]: ...

    def subscribe(self, on_frame: Callable[[Frame], None]) -> Callable[[], None]:
        """Have every frame handed out; returns what ends it."""
        ...

    def set_alarm_rules(self, rules: Mapping[str, AlarmRules], guards: Guards) -> None:
        """Let these rules hold from now on."""
        ...


class AlarmOffice:
    """Policy and deliveries of one runner.

    Parameters
    ----------
    folder
        Home of the lab; its alarm_rules.yaml goes before the shipped one.
    marks
        Returns the marks of machines that differ from the plant's.
    """

    def __init__(self, runner: AlarmSource, folder: Path, marks: Callable[[], Mapping[str, Marks]] = dict) -> None:
        self._runner, self._folder, self._marks = runner, folder, marks
        self._lock = threading.RLock()
        self._unsubscribe: Callable[[], None] | None = None
        self.problem = ""
        self.policy = self._first_policy()
        self.deliveries = self._opened(Policy("", {}, self.policy.guards, ()))

    def start(self) -> None:
        """Let the policy hold and begin to deliver."""
        with self._lock:
            self._take(self.policy)
            self._unsubscribe = self._runner.subscribe(lambda frame: self.deliveries.on_frame(frame))

    def problems(self, text: str, others: frozenset[str] = frozenset()) -> list[FileProblemError]:
        """Return every problem that a policy would have here, also names that are nobody's.

        `others` are machines of plants that others feed.
        """
        return policy_problems(text, known=self._known(others))

    def _known(self, others: frozenset[str]) -> Known:
        """Every detector there is; the machines of each plant that can run here, and the others."""
        detectors = {*parts("detector"), *self._runner.thresholds}
        machines = set(self._runner.plant.machines) | others
        for name in (*plant_names(), *own_plant_names()):
            with suppress(LabError):
                machines |= set(load_plant(name).machines)
        return Known(frozenset(detectors), frozenset(machines))

    def set_policy(self, text: str, others: frozenset[str] = frozenset()) -> None:
        """Let another policy hold and keep it in the lab's folder.

        Raises
        ------
        FileProblemError
            When the text is wrong; the policy in force stays.
        """
        problems = self.problems(text, others)
        if problems:
            raise problems[0]
        policy = read_policy(text)
        with self._lock:
            write_atomically(self._folder / FILE, text.encode())
            self.problem = ""
            self._take(policy)

    def reset(self) -> None:
        """Go back to the shipped policy."""
        with self._lock:
            (self._folder / FILE).unlink(missing_ok=True)
            self._take(load_policy(SHIPPED))

    def renew_marks(self) -> None:
        """Ask for the machines' marks again and let them decide priorities."""
        with self._lock:
            guards = replace(self.policy.guards, marks=self._marks())
            self._runner.set_alarm_rules(self.policy.rules, guards)

    def figures(self) -> list[dict[str, Any]]:
        """Return the figures of every delivery."""
        return self.deliveries.figures()

    def deliver(self, frame: Frame, plant: str, run: int) -> None:
        """Deliver what happened to alarms of a plant that others feed, by the same rules of delivery."""
        if self._unsubscribe is not None:
            self.deliveries.on_frame(frame, plant, run)

    def close(self) -> None:
        """Stop to deliver; what waits is delivered or kept on disk."""
        with self._lock:
            if self._unsubscribe is not None:
                self._unsubscribe()
                self._unsubscribe = None
            self.deliveries.close()

    def _take(self, policy: Policy) -> None:
        before, self.policy = self.deliveries, policy
        before.close()  # first, for a delivery that stays has the same spool
        self.deliveries = self._opened(policy)
        self.renew_marks()

    def _opened(self, policy: Policy) -> Deliveries:
        runner = self._runner
        return Deliveries(policy.deliveries, self._folder, lambda: runner.plant.spec.name, lambda: runner.run.run)

    def _first_policy(self) -> Policy:
        own = self._folder / FILE
        try:
            return load_policy(own if own.is_file() else SHIPPED)
        except LabError as problem:
            self.problem = str(problem)
            log.warning("%s The shipped alarm rules hold.", problem)
            return load_policy(SHIPPED)
