"""One plant that others feed: scored, stored and shown as its readings come; looks to viewers like a runner.

Nothing is simulated and no thread runs: whoever brings readings has them scored at once and waits until they are on
disk. Readings older than the newest are stored but not scored, for detectors take time in its order; readings of the
future are set aside, or one wrong clock would make all true readings after it late.
"""

from __future__ import annotations

import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.alarming.marks import marks_of
from engine.alarms import AlarmDesk
from engine.detectors.scorable import make_scorable
from engine.errors import LabError, UnknownNameError
from engine.external.spec import ExternalSensor, ExternalSpec, with_normals
from engine.records import SECOND_US, Block
from engine.running.bench import Bench
from engine.running.frames import Frame, Snapshot
from engine.running.ring import Ring
from engine.store.commits import wait_for, written_already
from engine.store.pending import Chunk, present_chunks

if TYPE_CHECKING:
    from engine.alarming.policy import Policy
    from engine.alarming.records import AlarmChange
    from engine.detectors.base import Detector
    from engine.records import FloatArray
    from engine.store.store import Store

log = logging.getLogger(__name__)
MOST_CELLS = 400_000  # numbers in one block; a larger batch is taken in pieces
KEEP_S = 4 * 3600.0
MAX_AHEAD_S = 60.0  # a reading may be so far ahead of the lab's clock: clocks differ by seconds, not by minutes
RESUMED_TICKS = 3600  # stored ticks that detectors see again after a restart

Scores = dict[str, "FloatArray"]


class Shown:
    """What viewers see of such a plant: its description as it is now, every sensor with a normal range."""

    def __init__(self, plant: ExternalPlant) -> None:
        self._plant = plant
        self.name, self.title, self.machines = plant.spec.name, plant.spec.title, plant.spec.machines

    @property
    def sensors(self) -> tuple[ExternalSensor, ...]:
        return with_normals(self._plant.spec, None).sensors


@dataclass(frozen=True)
class RealTime:
    """The clock of a plant that runs by itself: neither speed nor pause can be commanded."""

    speed: float = 1.0
    paused: bool = False


@dataclass(frozen=True)
class Row:
    """One machine's readings at one event time, by sensor; what is not in it is missing."""

    machine: str
    at_us: int
    values: Mapping[str, float]


@dataclass(frozen=True)
class Taken:
    """What became of a batch, in rows.

    Parameters
    ----------
    accepted
        Stored, on disk.
    late
        Of those accepted: too old to be scored.
    ahead
        Not stored, because the lab's clock is not there yet.
    scores
        In the batch's order; None = not scored.
    """

    accepted: int
    late: int
    changes: tuple[AlarmChange, ...]
    scores: list[dict[str, float | None]]
    ahead: int = 0

    @property
    def note(self) -> str:
        """What the sender should know, one sentence; "" = all is well."""
        if not self.ahead:
            return ""
        return (
            f"Not stored: {self.ahead} of {self.accepted + self.ahead} readings, which are more than {MAX_AHEAD_S:g} s "
            "ahead of the lab's clock; set the clock of the sender and send them again."
        )


@dataclass
class Work:
    """What one batch comes to before it is committed."""

    chunks: list[Chunk] = field(default_factory=list)
    changes: list[AlarmChange] = field(default_factory=list)
    scores: dict[tuple[str, int], dict[str, float | None]] = field(default_factory=dict)


class ExternalPlant:
    """One plant that others feed.

    Parameters
    ----------
    run
        Its number in the store.
    wall
        Wall time in seconds.
    """

    source = "external"

    def __init__(self, spec: ExternalSpec, store: Store, run: int, wall: Callable[[], float] = time.time) -> None:
        self.spec, self.store, self.run, self.wall = spec, store, run, wall
        self.clock = RealTime()
        steps = [sensor.resolution for sensor in spec.sensors]
        store.register_plant(spec.name, spec.sensor_names, spec.machines, steps, source="external")
        self.ring = Ring(spec.machines, spec.sensor_names, KEEP_S)
        self.marks = marks_of(with_normals(spec, None).sensors)
        self.bench = Bench(self._first_detectors(), self.marks)
        self.desk = AlarmDesk(None, self.marks)
        self.newest_us, self.accepted, self.late, self.ahead, self.frames = 0, 0, 0, 0, 0
        self.policy: Callable[[], Policy | None] = lambda: None
        self._policy: Policy | None = None
        self._bound = False
        self._lock = threading.Lock()
        self._subscribers: tuple[Callable[[Frame], None], ...] = ()

    def _first_detectors(self) -> dict[str, Detector]:
        return {name: make_scorable(name) for name in self.spec.detectors}

    def resume(self) -> None:
        """Go on from what is stored of this run: detectors see its newest ticks again, alarms stand as they stood."""
        table, run = self.spec.name, self.run
        span = self.store.span_us(table, run)
        if span is not None:
            self.accepted, self.newest_us = self.store.count_readings(table, run), span[1]
            block = self._stored(span[1])
            self.ring.append(block, self._scores_again(block))
        self.desk.restore(self.store.standing_alarms(run), self.store.last_alarm_number(run), self.newest_us)

    def _stored(self, last_us: int) -> Block:
        """Return the newest stored ticks, in the sensors of the description."""
        rows = self.store.newest_readings(self.spec.name, RESUMED_TICKS * len(self.spec.machines), run=self.run)
        since = max(int(rows["time_us"][-1]), last_us - round(KEEP_S * SECOND_US))
        found = self.store.block_between(self.spec.name, since, last_us + 1, self.spec.machines, self.run)
        picked = [found.sensors.index(name) for name in self.spec.sensor_names]
        return Block(found.times_us, found.values[:, :, picked], found.status, found.machines, self.spec.sensor_names)

    def _scores_again(self, block: Block) -> Scores:
        self._bind(block)
        return self.bench.score(block)

    def take(self, rows: Sequence[Row]) -> Taken:
        """Score and store rows; those of the future are set aside. When this returns the others are on disk.

        Machines and sensors must be known, times each once a machine.

        Raises
        ------
        LabError
            When a machine is unknown or two rows of one machine have the same time; nothing is taken then.
        StoreError
            When they cannot be stored; none of them is.
        """
        self._check(rows)
        until = self.latest_us()
        now = [row for row in rows if row.at_us <= until]
        work, ahead = Work(), len(rows) - len(now)
        with self._lock:
            fresh = [row for row in now if row.at_us > self.newest_us]
            late = [row for row in now if row.at_us <= self.newest_us]
            for piece in self._pieces(fresh):
                self._score(piece, work)
            for piece in self._pieces(late):
                self._add_present(piece, {}, work)
            written = self._commit(work)
        self._acknowledge(written, len(now), len(late), ahead)
        nothing: dict[str, float | None] = dict.fromkeys(self.bench.detectors)
        scores = [work.scores.get((row.machine, row.at_us), nothing) for row in rows]
        return Taken(len(now), len(late), tuple(work.changes), scores, ahead)

    def latest_us(self) -> int:
        """Return the latest event time that is taken now."""
        return round((self.wall() + MAX_AHEAD_S) * SECOND_US)

    def _commit(self, work: Work) -> Any:
        """Queue what a batch comes to for the next group commit; while locked, so that batches keep their order."""
        alarms = tuple(change.alarm for change in work.changes)
        if not work.chunks and not alarms:
            return written_already()
        return self.store.append_durably(work.chunks, (self.run, alarms) if alarms else None)

    def _acknowledge(self, written: Any, rows: int, late: int, ahead: int) -> None:
        wait_for(written, "the readings")
        with self._lock:
            self.accepted += rows
            self.late += late
            self.ahead += ahead

    # ---- what viewers and pages ask, as of a runner

    @property
    def detectors(self) -> dict[str, Detector]:
        return self.bench.detectors

    @property
    def thresholds(self) -> dict[str, float]:
        return self.bench.thresholds

    def recent(self, seconds: float) -> tuple[Block, Scores]:
        """Return the readings of the last seconds of event time and their scores, from memory."""
        block, scores = self.ring.recent(seconds)
        return block, {**self.bench.unscored(block), **scores}

    def snapshot(self, ticks: int = 1) -> Snapshot:
        """Return how things stand, with the newest ticks."""
        block, scores = self.ring.last(ticks)
        return Snapshot(
            time_us=self.newest_us,
            run=self.run,
            block=block,
            scores={name: values[-1] for name, values in scores.items() if len(values)},
            thresholds=dict(self.bench.thresholds),
            disabled=dict(self.bench.disabled),
            alarms=self.desk.standing,
            speed=1.0,
            paused=False,
            tick_s=0.0,
            ticks=self.accepted,
            lag_s=max(0.0, self.wall() - self.newest_us / SECOND_US) if self.newest_us else 0.0,
        )

    def subscribe(self, callback: Callable[[Frame], None]) -> Callable[[], None]:
        """Have `callback(frame)` called by whoever brings readings. Returns how to unsubscribe."""
        self._subscribers = (*self._subscribers, callback)

        def remove() -> None:
            self._subscribers = tuple(one for one in self._subscribers if one is not callback)

        return remove

    def finish(self) -> None:
        """End the alarms that stand, for the plant is made anew or taken away; viewers and deliveries hear of it."""
        self._changed(self.desk.end_all)

    # ---- what staff do about its alarms, as with a runner

    def acknowledge(self, number: int, author: str = "") -> None:
        """Say that a person has seen an alarm."""
        self._changed(lambda: (self.desk.acknowledge(number, author),))

    def comment(self, number: int, author: str, text: str) -> None:
        """Write a comment on an alarm."""
        self._changed(lambda: (self.desk.comment(number, author, text),))

    def shelve(self, minutes: float, machine: str | None = None, detector: str | None = None) -> None:
        """Silence alarms of a machine, a detector or both for some event time."""
        self._changed(lambda: self.desk.shelve(minutes, machine, detector))

    def unshelve(self, machine: str | None = None, detector: str | None = None) -> None:
        """Take a silence back."""
        self._changed(lambda: self.desk.unshelve(machine, detector))

    def _changed(self, command: Callable[[], tuple[AlarmChange, ...]]) -> None:
        """Do something to alarms; viewers and deliveries hear of it, and it is on disk when this returns."""
        with self._lock:
            changes = command()
            written = self._commit(Work(changes=list(changes)))
            self._publish(*self.ring.last(0), changes)
        wait_for(written, "the alarms")

    def _check(self, rows: Sequence[Row]) -> None:
        seen: set[tuple[str, int]] = set()
        machines, sensors = frozenset(self.spec.machines), frozenset(self.spec.sensor_names)
        for row in rows:
            if row.machine not in machines:
                raise UnknownNameError("machine", row.machine, machines)
            if not row.values.keys() <= sensors:
                raise UnknownNameError("sensor", min(row.values.keys() - sensors), sensors)
            if (row.machine, row.at_us) in seen:
                raise LabError(f"Two readings of {row.machine} have the same time; send one of them.")
            seen.add((row.machine, row.at_us))

    def _pieces(self, rows: Sequence[Row]) -> list[Block]:
        """Return rows as blocks in the order of time, none too large."""
        width = len(self.spec.machines) * len(self.spec.sensors)
        most = max(1, MOST_CELLS // width)
        times = np.unique(np.array([row.at_us for row in rows], np.int64))
        parts = [times[first : first + most] for first in range(0, len(times), most)]
        return [self._block([r for r in rows if part[0] <= r.at_us <= part[-1]], part) for part in parts]

    def _block(self, rows: Sequence[Row], times: Any) -> Block:
        machines = {name: i for i, name in enumerate(self.spec.machines)}
        sensors = {name: i for i, name in enumerate(self.spec.sensor_names)}
        values = np.full((len(times), len(machines), len(sensors)), np.nan)
        at = np.searchsorted(times, np.array([row.at_us for row in rows], np.int64))
        for tick, row in zip(at.tolist(), rows, strict=True):
            for name, value in row.values.items():
                values[tick, machines[row.machine], sensors[name]] = value
        status = np.zeros(values.shape[:2], np.uint8)
        return Block(times, values, status, self.spec.machines, self.spec.sensor_names)

    def _score(self, block: Block, work: Work) -> None:
        if not self._bound:
            self._bind(block)
        scores = self.bench.score(block)
        self._show(block, scores, work, lambda name, tick, at: self.bench.blame(name, block, tick, at))
        self._add_present(block, scores, work)

    def _show(self, block: Block, scores: Scores, work: Work, blame: Any) -> None:
        """Let alarms follow a block and viewers see it."""
        self._obey_policy()
        changes = self.desk.process(block, scores, self.bench.thresholds, blame)
        work.changes += changes
        self.ring.append(block, scores)
        self.newest_us = int(block.times_us[-1])
        self._publish(block, scores, changes)

    def _obey_policy(self) -> None:
        """Let the alarm rules of the lab hold; marks of single machines are of the lab's own plant."""
        policy = self.policy()
        if policy is not None and policy is not self._policy:
            self._policy = policy
            self.desk.set_rules(policy.rules, replace(policy.guards, marks={}))

    def _publish(self, block: Block, scores: Scores, changes: tuple[AlarmChange, ...]) -> None:
        frame = Frame(self.frames, block, scores, changes)
        self.frames += 1
        for callback in self._subscribers:
            try:
                callback(frame)
            except Exception:
                log.exception("a viewer of %s failed; readings go on", self.spec.name)

    def _bind(self, block: Block) -> None:
        """Tell detectors and marks the normal ranges: those given, and for the others the first readings' spread."""
        self.spec = with_normals(self.spec, block)
        self.marks = self.bench.marks = self.desk.marks = marks_of(self.spec.sensors)
        for detector in self.bench.detectors.values():
            detector.bind(self.spec)
        self._bound = True

    def _add_present(self, block: Block, scores: Scores, work: Work) -> None:
        """Add each machine's own rows: a tick at which a machine said nothing is no row."""
        for chunk in present_chunks(self.run, self.spec.name, block, scores):
            work.chunks.append(chunk)
            self._note_scores(chunk.block, chunk.scores, work)

    @staticmethod
    def _note_scores(block: Block, scores: Scores, work: Work) -> None:
        lists = {name: np.round(values, 4).tolist() for name, values in scores.items()}
        times = block.times_us.tolist() if lists else []
        for at, machine in enumerate(block.machines):
            for tick, at_us in enumerate(times):
                work.scores[machine, at_us] = {name: _number(rows[tick][at]) for name, rows in lists.items()}


def _number(value: float) -> float | None:
    return None if value != value else value
