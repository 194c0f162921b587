"""The pipeline lab: source → network → queue → windows → detector → store as a model that can be stepped.

Everything is drawn from the seed, and time is a step counter, so the same switches always give the same books. The
queue and the window operator are the real ones of this package.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Annotated, Any

import numpy as np

from engine.params import Choice, Range
from engine.streams.lab_store import LabStore, Tally
from engine.streams.queues import BLOCK, POLICIES, BoundedQueue
from engine.streams.windows.assigners import Tumbling
from engine.streams.windows.operator import WindowOperator

AT_MOST, AT_LEAST, EFFECTIVELY = "at_most_once", "at_least_once", "effectively_once"
DELIVERIES = (AT_MOST, AT_LEAST, EFFECTIVELY)
SPIKE = 12.0  # height of a planted fault in noise standard deviations
LIMIT = 6.0  # the lab's detector: a fixed limit, so that only the pipeline can make it miss
SPIKE_EVERY_S = 37  # seconds between planted faults on a machine; prime, so that they fall all over the windows

Key = tuple[int, int]  # machine, event time in seconds: what identifies a row


@dataclass(frozen=True)
class LabSettings:
    """The switches of the pipeline lab; with the defaults nothing goes wrong.

    Parameters
    ----------
    machines, seconds
        How many machines send one row each second, and for how long.
    disorder_s
        Each row is under way this much longer, at most, drawn by chance.
    delay_s
        Each row is under way at least so long.
    outage_at_s, outage_s, outage_of
        When the network fails (0 = never), for how long, and for whom: all machines, or the first one only.
    duplicates
        Share of rows that the network delivers twice.
    queue_rows, queue_policy
        The queue before the consumer.
    consumer_rows
        Rows that the consumer handles in a second.
    window_s, out_of_orderness_s, allowed_lateness_s
        Tumbling windows, how far a row may lag without being late, and how long a window can be corrected.
    delivery
        at_most_once: the consumer commits, then works; nothing is sent again. at_least_once: works, then commits; the
        network's sender repeats. effectively_once: the same, with state and commit saved together and the store
        keyed by machine and event time.
    crash_at_s, restart_s
        When the consumer dies between its work and its commit (for at_most_once: between commit and work), and how
        long it is away; 0 = never.
    seed
        Decides all chance.
    """

    machines: Annotated[int, Range(1, 20)] = 3
    seconds: Annotated[int, Range(10, 3600, unit="s")] = 120
    disorder_s: Annotated[float, Range(0.0, 60.0, unit="s")] = 0.0
    delay_s: Annotated[float, Range(0.0, 60.0, unit="s")] = 0.0
    outage_at_s: Annotated[int, Range(0, 3600, unit="s")] = 0
    outage_s: Annotated[int, Range(0, 600, unit="s")] = 20
    outage_of: Annotated[str, Choice(("all", "one"))] = "all"
    duplicates: Annotated[float, Range(0.0, 1.0)] = 0.0
    queue_rows: Annotated[int, Range(1, 10_000)] = 50
    queue_policy: Annotated[str, Choice(POLICIES)] = BLOCK
    consumer_rows: Annotated[int, Range(1, 1000)] = 10
    window_s: Annotated[int, Range(1, 600, unit="s")] = 10
    out_of_orderness_s: Annotated[int, Range(0, 60, unit="s")] = 0
    allowed_lateness_s: Annotated[int, Range(0, 600, unit="s")] = 0
    delivery: Annotated[str, Choice(DELIVERIES)] = EFFECTIVELY
    crash_at_s: Annotated[int, Range(0, 3600, unit="s")] = 0
    restart_s: Annotated[int, Range(1, 600, unit="s")] = 5
    seed: Annotated[int, Range(0, 2**31 - 1)] = 1


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


@dataclass(frozen=True)
class Stage:
    """One lane of the picture: rows that came in, went out, are inside, and were given up here."""

    name: str
    came: int
    went: int
    inside: int
    given_up: int
    note: str


@dataclass(frozen=True)
class LabLedger:
    """What became of the rows, against the truth (everything the source made).

    `lost`: made, not stored, and nowhere under way. `late`: stored, but in no window. `doubled`: copies in the store
    beyond the first. `wrong_windows`: finished windows whose count is not the true one. `alarms`, `false_repeats`,
    `missed`: planted faults that were alarmed, alarmed again, and never alarmed though nothing is under way.
    """

    produced: int
    stored: int
    under_way: int
    lost: int
    late: int
    doubled: int
    copies: int
    finished_windows: int
    wrong_windows: int
    corrections: int
    planted: int
    alarms: int
    false_repeats: int
    missed: int
    balanced: bool


class PipelineLab:
    """The model; `step` moves it one second on, `stages` and `ledger` say how things stand."""

    def __init__(self, settings: LabSettings | None = None) -> None:
        self.settings = s = LabSettings() if settings is None else settings
        self._rng = np.random.default_rng(s.seed)
        self.now = 0
        self.truth: dict[Key, float] = {}
        self._network: list[tuple[float, int, LabRow]] = []  # arrival, running number, row
        self._number = 0
        self._held: list[LabRow] = []  # arrived, but the queue has no room and the sender waits
        self._unsent: list[LabRow] = []  # kept by the sender during an outage
        self._queue: BoundedQueue[list[LabRow]] = BoundedQueue(s.queue_rows, s.queue_policy, keep_every=3)
        self._again: list[LabRow] = []  # taken, not committed: delivered again after the crash
        self._away_until = 0
        self.store = LabStore(upsert=s.delivery == EFFECTIVELY)
        self._operator = self._new_operator()
        self._saved = self._operator.state()
        self._counts: Counter[str] = Counter()

    @property
    def finished(self) -> bool:
        """Whether the source has ended and nothing is under way."""
        return self.now >= self.settings.seconds and self._under_way() == 0

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
        waiting, self._unsent = self._unsent, []
        for row in waiting:
            if self._has_network(row.machine):
                self._send(row)
            else:
                self._unsent.append(row)

    def _has_network(self, machine: int) -> bool:
        s = self.settings
        out = s.outage_at_s > 0 and s.outage_at_s <= self.now < s.outage_at_s + s.outage_s
        return not out or (s.outage_of == "one" and machine > 0)

    def _keep_or_lose(self, row: LabRow) -> None:
        if self.settings.delivery == AT_MOST:
            self._counts["lost_network"] += 1
        else:
            self._unsent.append(row)

    def _send(self, row: LabRow) -> None:
        s = self.settings
        draws = self._rng.random(3)  # always three, so that one switch does not shift the chance of another
        copies = 2 if draws[0] < s.duplicates else 1
        self._counts["copies"] += copies - 1
        for draw in draws[1 : 1 + copies].tolist():
            self._network.append((self.now + s.delay_s + s.disorder_s * draw, self._number, row))
            self._number += 1

    def _arrive(self) -> None:
        if self.now >= self.settings.seconds:  # the sender does not give up when the source ends
            self._send_again()
        arrived = sorted(entry for entry in self._network if entry[0] <= self.now)
        self._network = [entry for entry in self._network if entry[0] > self.now]
        self._counts["arrived"] += len(arrived)
        waiting = self._held + [row for _, _, row in arrived]
        self._held = []
        for at, row in enumerate(waiting):
            if self.settings.queue_policy == BLOCK and self._queue.counters.waiting >= self.settings.queue_rows:
                self._held = waiting[at:]
                return
            self._queue.put([row], timeout_s=0.0)

    def _consume(self) -> None:
        s = self.settings
        if self.now < self._away_until:
            return
        batch = self._batch()
        if s.crash_at_s and self.now == s.crash_at_s:
            self._crash(batch)
            return
        self._work(batch)
        self._saved = self._operator.state()

    def _batch(self) -> list[LabRow]:
        batch, self._again = self._again, []
        while len(batch) < self.settings.consumer_rows and (taken := self._queue.take()) is not None:
            batch += taken
        return batch

    def _crash(self, batch: list[LabRow]) -> None:
        """Die between work and commit: what was done is in the store, but nobody knows that it was done."""
        self._away_until = self.now + self.settings.restart_s
        if self.settings.delivery == AT_MOST:
            self._counts["lost_crash"] += len(batch)
        else:
            self._work(batch)
            self._again = batch
            self._counts["redelivered"] += len(batch)
        self._operator = self._new_operator()
        self._operator.restore(self._saved)

    def _work(self, batch: list[LabRow]) -> None:
        for row in batch:
            self.store.add(row.key, row.value, alarmed=abs(row.value) > LIMIT)
            for pane in self._operator.add(str(row.machine), row.at, row.value):
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
        for pane in self._operator.close():
            self.store.put_window(pane)
        self._saved = self._operator.state()

    # ---- the books

    def _under_way(self) -> int:
        queued = self._queue.counters.waiting
        return len(self._network) + len(self._held) + len(self._unsent) + len(self._again) + queued

    def _keys_under_way(self) -> set[Key]:
        rows = [row for _, _, row in self._network] + self._held + self._unsent + self._again
        return {row.key for row in rows} | {row.key for batch in self._queue.peek() for row in batch}

    def stages(self) -> list[Stage]:
        """Return the lanes from left to right."""
        c, queue, store = self._counts, self._queue.counters, self.store
        produced, sent = len(self.truth), len(self.truth) - len(self._unsent) - c["lost_network"]
        taken = queue.taken
        done = taken + c["redelivered"] - c["lost_crash"] - len(self._again)
        notes = {
            "source": f"{len(self._unsent)} kept by the sender" if self._unsent else "",
            "network": f"{c['copies']} copies" if c["copies"] else "",
            "queue": f"{len(self._held)} wait before it" if self._held else "",
            "windows": f"{self._operator.open_windows} open, {self._operator.corrected} corrections",
            "detector": f"{store.alarms} alarms",
            "store": f"{store.doubled} doubled" if store.doubled else "",
        }
        late = len(store.late)
        return [
            Stage("source", produced, sent, len(self._unsent), 0, notes["source"]),
            Stage("network", sent, c["arrived"], len(self._network), c["lost_network"], notes["network"]),
            Stage("queue", c["arrived"], taken, queue.waiting + len(self._held), queue.dropped, notes["queue"]),
            Stage("windows", done, len(store.windows), self._operator.open_windows, late, notes["windows"]),
            Stage("detector", done, store.alarms, 0, 0, notes["detector"]),
            Stage("store", done, store.rows, len(self._again), c["lost_crash"], notes["store"]),
        ]

    def ledger(self) -> LabLedger:
        """Return the books at this moment."""
        store, under_way = self.store, self._keys_under_way()
        lost = [key for key in self.truth if key not in store.first and key not in under_way]
        planted = {key for key, value in self.truth.items() if abs(value) > LIMIT}
        wrong = sum(1 for place, count in store.windows.items() if count != self._true_count(place))
        missed = [key for key in planted if key not in store.alarmed and key not in under_way]
        return LabLedger(
            produced=len(self.truth),
            stored=len(store.first),
            under_way=len([key for key in under_way if key not in store.first]),
            lost=len(lost),
            late=len(store.late),
            doubled=store.doubled,
            copies=self._counts["copies"] + self._counts["redelivered"],
            finished_windows=len(store.windows),
            wrong_windows=wrong + self._never_opened(),
            corrections=self._operator.corrected,
            planted=len(planted),
            alarms=len(store.alarmed),
            false_repeats=store.alarms - len(store.alarmed),
            missed=len(missed),
            balanced=self._is_balanced(),
        )

    def _true_count(self, place: tuple[int, int]) -> int:
        _, start = place
        end = min(start + self.settings.window_s, self.now, self.settings.seconds)
        return max(0, end - start)

    def _never_opened(self) -> int:
        """Return windows that should be there at the end and are not."""
        if not self.finished:
            return 0
        starts = range(0, self.settings.seconds, self.settings.window_s)
        return sum((m, start) not in self.store.windows for m in range(self.settings.machines) for start in starts)

    def _is_balanced(self) -> bool:
        """Whether every row and every copy is stored, folded by its key, under way, or counted as given up."""
        c, queue = self._counts, self._queue.counters
        made = len(self.truth) + c["copies"] + c["redelivered"]
        given_up = c["lost_network"] + c["lost_crash"] + queue.dropped
        return made == self.store.rows + self.store.folded + self._under_way() + given_up


def compare_deliveries(settings: LabSettings) -> dict[str, LabLedger]:
    """Return the books of the same run under each delivery promise."""
    from dataclasses import replace

    return {name: PipelineLab(replace(settings, delivery=name)).run() for name in DELIVERIES}


def as_figures(ledger: LabLedger) -> dict[str, Any]:
    """Return the books as plain data for a page."""
    from dataclasses import asdict

    return asdict(ledger)
