"""The pipeline lab: source → network → queue → windows → detector → store as a model that can be stepped.

Everything is drawn from the seed, and time is a step counter, so the same switches always give the same books. The
queue and the window operator are the real ones of this package.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np

from engine.streams.lab_books import LabLedger, Stage, ledger_of, stages_of, under_way
from engine.streams.lab_settings import (
    AT_LEAST,
    AT_MOST,
    DELIVERIES,
    EFFECTIVELY,
    LIMIT,
    SPIKE,
    SPIKE_EVERY_S,
    Key,
    LabSettings,
)
from engine.streams.lab_store import LabStore, Tally
from engine.streams.queues import BLOCK, BoundedQueue
from engine.streams.windows.assigners import Tumbling
from engine.streams.windows.operator import WindowOperator

__all__ = [
    "AT_LEAST",
    "AT_MOST",
    "DELIVERIES",
    "EFFECTIVELY",
    "LabLedger",
    "LabSettings",
    "PipelineLab",
    "Stage",
    "as_figures",
    "compare_deliveries",
]


@dataclass(frozen=True)
class LabRow:
    """A row under way."""

    machine: int
    at: int
    value: float

    @property
    def key(self) -> Key:
        """What identifies it."""
        return self.machine, self.at


class PipelineLab:
    """The model; `step` moves it one second on, `stages` and `ledger` say how things stand."""

    def __init__(self, settings: LabSettings | None = None) -> None:
        self.settings = s = LabSettings() if settings is None else settings
        self._rng = np.random.default_rng(s.seed)
        self.now = 0
        self.truth: dict[Key, float] = {}
        self.network: list[tuple[float, int, LabRow]] = []  # arrival, running number, row
        self._number = 0
        self.held: list[LabRow] = []  # arrived, but the queue has no room and the sender waits
        self.unsent: list[LabRow] = []  # kept by the sender during an outage
        self.queue: BoundedQueue[list[LabRow]] = BoundedQueue(s.queue_rows, s.queue_policy, keep_every=3)
        self.again: list[LabRow] = []  # taken, not committed: delivered again after the crash
        self._away_until = 0
        self.store = LabStore(upsert=s.delivery == EFFECTIVELY)
        self.operator = self._new_operator()
        self._saved = self.operator.state()
        self.counts: Counter[str] = Counter()

    @property
    def finished(self) -> bool:
        """Whether the source has ended and nothing is under way."""
        return self.now >= self.settings.seconds and under_way(self) == 0

    def step(self, seconds: int = 1) -> None:
        """Move on; after the end of the source what is under way still arrives, then the windows are closed."""
        for _ in range(seconds):
            if self.finished:
                self._finish()
                return
            if self.now < self.settings.seconds:
                self._produce()
            self._arrive()
            self._consume()
            self.now += 1

    def run(self) -> LabLedger:
        """Run to the end and return the books."""
        while not self.finished:
            self.step()
        self._finish()
        return self.ledger()

    # ---- the stages

    def _produce(self) -> None:
        self._send_again()
        for machine in range(self.settings.machines):
            value = float(self._rng.normal())
            if (self.now + 11 * machine) % SPIKE_EVERY_S == SPIKE_EVERY_S - 1:
                value += SPIKE
            row = LabRow(machine, self.now, value)
            self.truth[row.key] = value
            if self._has_network(machine):
                self._send(row)
            else:
                self._keep_or_lose(row)

    def _send_again(self) -> None:
        """Send what the senders kept, oldest first, as soon as they have a network."""
        waiting, self.unsent = self.unsent, []
        for row in waiting:
            if self._has_network(row.machine):
                self._send(row)
            else:
                self.unsent.append(row)

    def _has_network(self, machine: int) -> bool:
        s = self.settings
        out = s.outage_at_s > 0 and s.outage_at_s <= self.now < s.outage_at_s + s.outage_s
        return not out or (s.outage_of == "one" and machine > 0)

    def _keep_or_lose(self, row: LabRow) -> None:
        if self.settings.delivery == AT_MOST:
            self.counts["lost_network"] += 1
        else:
            self.unsent.append(row)

    def _send(self, row: LabRow) -> None:
        s = self.settings
        draws = self._rng.random(3)  # always three, so that one switch does not shift the chance of another
        copies = 2 if draws[0] < s.duplicates else 1
        self.counts["copies"] += copies - 1
        for draw in draws[1 : 1 + copies].tolist():
            self.network.append((self.now + s.delay_s + s.disorder_s * draw, self._number, row))
            self._number += 1

    def _arrive(self) -> None:
        if self.now >= self.settings.seconds:  # the sender does not give up when the source ends
            self._send_again()
        arrived = sorted(entry for entry in self.network if entry[0] <= self.now)
        self.network = [entry for entry in self.network if entry[0] > self.now]
        self.counts["arrived"] += len(arrived)
        waiting = self.held + [row for _, _, row in arrived]
        self.held = []
        for at, row in enumerate(waiting):
            if self.settings.queue_policy == BLOCK and self.queue.counters.waiting >= self.settings.queue_rows:
                self.held = waiting[at:]
                return
            self.queue.put([row], timeout_s=0.0)

    def _consume(self) -> None:
        s = self.settings
        if self.now < self._away_until:
            return
        batch = self._batch()
        if s.crash_at_s and self.now == s.crash_at_s:
            self._crash(batch)
            return
        self._work(batch)
        self._saved = self.operator.state()

    def _batch(self) -> list[LabRow]:
        batch, self.again = self.again, []
        while len(batch) < self.settings.consumer_rows and (taken := self.queue.take()) is not None:
            batch += taken
        return batch

    def _crash(self, batch: list[LabRow]) -> None:
        """Die between work and commit: what was done is in the store, but nobody knows that it was done."""
        self._away_until = self.now + self.settings.restart_s
        if self.settings.delivery == AT_MOST:
            self.counts["lost_crash"] += len(batch)
        else:
            self._work(batch)
            self.again = batch
            self.counts["redelivered"] += len(batch)
        self.operator = self._new_operator()
        self.operator.restore(self._saved)

    def _work(self, batch: list[LabRow]) -> None:
        for row in batch:
            self.store.add(row.key, row.value, alarmed=abs(row.value) > LIMIT)
            for pane in self.operator.add(str(row.machine), row.at, row.value):
                self.store.put_window(pane)

    def _new_operator(self) -> WindowOperator:
        s = self.settings
        return WindowOperator(
            Tumbling(s.window_s),
            Tally(unique=s.delivery == EFFECTIVELY),
            s.out_of_orderness_s,
            s.allowed_lateness_s,
            on_late=lambda machine, at, _value: self.store.note_late((int(str(machine)), at)),
        )

    def _finish(self) -> None:
        for pane in self.operator.close():
            self.store.put_window(pane)
        self._saved = self.operator.state()

    # ---- the books

    def stages(self) -> list[Stage]:
        """Return the lanes from left to right."""
        return stages_of(self)

    def ledger(self) -> LabLedger:
        """Return the books at this moment."""
        return ledger_of(self)


def compare_deliveries(settings: LabSettings) -> dict[str, LabLedger]:
    """Return the books of the same run under each delivery promise."""
    return {name: PipelineLab(replace(settings, delivery=name)).run() for name in DELIVERIES}


def as_figures(ledger: LabLedger) -> dict[str, Any]:
    """Return the books as plain data for a page."""
    return asdict(ledger)
