"""The runner without its thread: clock → plant → queue → detectors → alarms → ring, store and subscribers.

`step` makes one frame: every tick that is due, in blocks. Where it is called from and when is the runner's business.
"""

from __future__ import annotations

import functools
import logging
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.alarming.marks import marks_of
from engine.alarms import AlarmDesk, AlarmRules
from engine.errors import ParameterError, StoreError
from engine.records import SECOND_US, Block
from engine.running.bench import Bench
from engine.running.frames import Frame
from engine.running.ring import Ring
from engine.running.tick_queue import Piece, TickQueue

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from concurrent.futures import Future

    from engine.alarming.guards import Guards
    from engine.alarming.records import AlarmChange
    from engine.clock import Clock
    from engine.detectors.base import Detector
    from engine.plant.simulator import Plant
    from engine.records import IntArray
    from engine.store.run_records import RunRecord
    from engine.store.store import Store

_LOG = logging.getLogger("engine.runner")
MOST_ROWS_AT_ONCE = 40_000  # rows (tick × machine) generated in one block: bounds memory and the time of one step
SHORTEST_TICK_S, LONGEST_TICK_S = 0.001, 86_400.0


@dataclass(frozen=True)
class Limits:
    """How much one step may do and what is kept.

    Parameters
    ----------
    queue_ticks, policy
        Ticks that may wait for the detectors, and what happens beyond (see TickQueue).
    budget_s
        Wall time after which a step leaves the rest of the queue for the next one.
    slip_s
        Wall time that the plant may lag behind its clock before the clock is set back ("block" policy).
    keep_s
        Plant time kept in memory.
    commit_s, commit_rows
        A commit is due after so much wall time or so many rows.
    warm_up_s
        Plant time before the first tick that detectors see and charts show (computed, not stored).
    """

    queue_ticks: int = 8192
    policy: str = "block"
    budget_s: float = 0.25
    slip_s: float = 2.0
    keep_s: float = 4 * 3600.0
    commit_s: float = 1.0
    commit_rows: int = 20_000
    warm_up_s: float = 0.0


class Core:
    """Everything that happens in one step, and the state it happens to."""

    def __init__(
        self,
        plant: Plant,
        store: Store,
        detectors: Mapping[str, Detector],
        clock: Clock,
        tick_s: float,
        rules: AlarmRules | Mapping[str, AlarmRules] | None,
        limits: Limits,
        run: RunRecord | None,
    ) -> None:
        self.plant, self.store, self.clock, self.limits = plant, store, clock, limits
        self.tick_us = checked_tick_us(tick_s)
        self.marks = marks_of(plant.spec.sensors)
        self.bench = Bench(detectors, self.marks)
        self.rules = rules
        self.guards: Guards | None = None
        self.desk = AlarmDesk(rules, self.marks)
        self.ring = Ring(plant.machines, plant.spec.sensor_names, limits.keep_s)
        self.queue = TickQueue(limits.queue_ticks, limits.policy)
        self.subscribers: tuple[Callable[[Frame], None], ...] = ()
        self.next_us = -(-clock.now_us() // self.tick_us) * self.tick_us
        self.catch_up_us = self.next_us
        self.slipped_us = self.frames = self.ticks = 0
        self._unsaved: dict[int, Any] = {}
        self._flushed_at = clock.wall()
        self._flushing: Future[int] | None = None
        self.behind = False
        self._warm = limits.warm_up_s <= 0.0
        resolutions = [sensor.resolution for sensor in plant.spec.sensors]
        store.register_plant(plant.spec.name, plant.spec.sensor_names, plant.machines, resolutions)
        if run is None:
            self.begin_run()
        else:
            self.run = run
            self.desk.restore(store.standing_alarms(run.run), store.last_alarm_number(run.run), self.next_us)

    def begin_run(self) -> None:
        """Write a new run with the plant's settings and journal as they are; readings from now on belong to it."""
        settings = {
            "machines": list(self.plant.machines),
            "tick_s": self.tick_us / SECOND_US,
            "auto_faults_per_machine_hour": self.plant.auto_faults_per_machine_hour,
            "scheduled_maintenance_interval_s": self.plant.scheduled_maintenance_interval_s,
            "source": self.plant.source,
        }
        self._save_alarms()
        self.run = self.store.begin_run(self.plant.spec.name, self.plant.seed, settings, self.next_us)
        if len(self.plant.journal):
            self.store.save_journal(self.run.run, self.plant.journal.to_json(), self.next_us, "as before")

    def step(self) -> int:
        """Make one frame; returns how many ticks were delivered."""
        if not self._warm:
            self._warm = True
            self.warm_up(self.limits.warm_up_s)
            self.clock.seek(self.next_us)  # the time that it took is not plant time
        self._produce()
        delivered = self._deliver()
        self.behind = self.behind or self.queue.queued > 0
        self._slip()
        self.commit_if_due()
        return delivered

    @property
    def due_ticks(self) -> int:
        """How many ticks the clock has passed and the plant has not yet made."""
        behind = self.clock.now_us() - self.next_us
        return int(behind // self.tick_us) + 1 if behind >= 0 else 0

    @property
    def lag_s(self) -> float:
        """Wall time by which the plant is behind its clock."""
        return max(0.0, self.clock.now_us() - self.next_us) / SECOND_US / self.clock.speed

    def warm_up(self, seconds: float) -> None:
        """Show the detectors the plant time before the next tick; no alarms come of it, nothing is stored."""
        count = min(int(seconds * SECOND_US // self.tick_us), self.ring.most_ticks)
        starts = range(-count, 0, self._most_ticks)
        ticks = [np.arange(first, min(0, first + self._most_ticks), dtype=np.int64) for first in starts]
        blocks = [self.plant.block(self.next_us + part * self.tick_us) for part in ticks]
        for block in blocks:  # charts have their past at once; the scores follow
            self.ring.append(block, self.bench.unscored(block))
        scores = [self.bench.score(block) for block in blocks]
        self.ring.clear()
        for block, scored in zip(blocks, scores, strict=True):
            self.ring.append(block, scored)

    def seek(self, at_us: int) -> None:
        """Go to another plant time; back in time begins a new run, and detectors start anew."""
        self.deliver_all()
        target = -(-int(at_us) // self.tick_us) * self.tick_us
        backwards = target < self.next_us
        self.next_us = self.catch_up_us = target
        self.clock.seek(target)
        if backwards:
            self.end_alarms()
            self.restart_watching()
            self.begin_run()

    def end_alarms(self) -> None:
        """End the alarms that stand; whoever subscribes hears of it."""
        self.publish_changes(self.desk.end_all())

    def restart_watching(self) -> None:
        """Make detectors, alarms and memory start anew."""
        self.bench.reset()
        self.ring.clear()
        self.desk = AlarmDesk(self.rules, self.marks, self.guards)
        self._warm = self.limits.warm_up_s <= 0.0

    def catch_up_to(self, at_us: int) -> None:
        """Let plant time run to that time as fast as it can; every tick on the way is made, scored and stored."""
        if at_us > self.clock.now_us():
            self.clock.seek(at_us)
        self.catch_up_us = max(self.catch_up_us, at_us)

    def set_rules(self, rules: Mapping[str, AlarmRules], guards: Guards) -> None:
        """Let other alarm rules hold from the next tick on."""
        self.rules, self.guards = rules, guards
        self.desk.set_rules(rules, guards)

    def set_tick(self, seconds: float) -> None:
        """Read the plant at another interval from the next tick on."""
        tick_us = checked_tick_us(seconds)
        self.deliver_all()
        self.tick_us = tick_us
        self.next_us = -(-self.next_us // tick_us) * tick_us

    def publish_changes(self, changes: tuple[AlarmChange, ...]) -> None:
        """Store and publish what a person did to alarms."""
        block, scores = self.ring.last(0)
        self._note(changes)
        self._publish(Frame(self.frames, block, scores, changes))

    def _produce(self) -> None:
        due, room = self.due_ticks, self.queue.room
        count = min(due, self._most_ticks) if room is None else min(due, self._most_ticks, room)
        self.behind = due > count
        if count > 0:
            ticks = np.arange(count, dtype=np.int64)
            block = self._due_block(self.next_us + ticks * self.tick_us)
            size = count if room is not None else max(1, self.queue.most_ticks // 4)  # drop in small pieces
            for first in range(0, len(block), size):
                self.queue.put(block.ticks(first, first + size))
            self.next_us += count * self.tick_us

    def _due_block(self, times_us: IntArray) -> Block:
        """Return what is due at those ticks; a plant that is fed from outside has readings between them too."""
        if not self._is_fed:
            return self.plant.block(times_us)
        fed: Any = self.plant
        late = fed.late_block()
        if late is not None:  # detectors take time in its order, so it is stored and not scored
            self.store.append_present(self.run.run, self.plant.spec.name, late)
        block: Block = fed.due_block(times_us, self.tick_us)
        return block

    @property
    def _is_fed(self) -> bool:
        return hasattr(self.plant, "due_block")

    @property
    def _most_ticks(self) -> int:
        return max(1, min(MOST_ROWS_AT_ONCE // max(1, len(self.plant.machines)), 4096))

    def _deliver(self) -> int:
        began, delivered = self.clock.wall(), 0
        while (piece := self.queue.get()) is not None:
            self._handle(piece)
            delivered += len(piece.block)
            if self.clock.wall() - began > self.limits.budget_s:
                break
        return delivered

    def deliver_all(self) -> None:
        """Empty the queue, however long it takes."""
        while (piece := self.queue.get()) is not None:
            self._handle(piece)

    def _handle(self, piece: Piece) -> None:
        block = piece.block
        scores = self.bench.score(block) if piece.scored else self.bench.unscored(block)
        blame = functools.partial(self._blame, block)
        changes = self.desk.process(block, scores, self.bench.thresholds, blame)
        self.ring.append(block, scores)
        append = self.store.append_present if self._is_fed else self.store.append
        append(self.run.run, self.plant.spec.name, block, scores)
        self.ticks += len(block)
        self._note(changes)
        self._publish(Frame(self.frames, block, scores, changes))

    def _blame(self, block: Block, name: str, tick: int, at: int) -> tuple[str, ...]:
        return self.bench.blame(name, block, tick, at)

    def _note(self, changes: tuple[AlarmChange, ...]) -> None:
        self._unsaved.update({change.alarm.number: change.alarm for change in changes})

    def _publish(self, frame: Frame) -> None:
        self.frames += 1
        for callback in self.subscribers:
            try:
                callback(frame)
            except Exception:
                _LOG.exception("a subscriber failed and gets no more frames; the stream goes on")
                self.subscribers = tuple(one for one in self.subscribers if one is not callback)

    def _slip(self) -> None:
        """Set the clock back when the plant cannot keep up, so that the lag stays bounded and is said."""
        if self.limits.policy != "block" or self.next_us <= self.catch_up_us:
            return
        if self.lag_s > self.limits.slip_s:
            self.slipped_us += self.clock.now_us() - self.next_us
            self.clock.seek(self.next_us)

    def commit_if_due(self, force: bool = False) -> None:
        """Commit readings and alarms when a second has passed or many rows wait; one commit is on its way at a time."""
        if self._flushing is not None and not self._flushing.done():
            return
        since = self.clock.wall() - self._flushed_at
        if not force and since < self.limits.commit_s and self.store.pending.waiting < self.limits.commit_rows:
            return
        self._flushed_at = self.clock.wall()
        self._flushing = self.store.flush(wait=False)
        self._save_alarms()

    def commit_all(self) -> None:
        """Write what waits and return when it is on disk, or when the disk has refused it."""
        if self.store.database.closed:
            return
        self._save_alarms()
        try:
            self.store.flush()
        except StoreError as problem:
            _LOG.error("%s", problem)

    def _save_alarms(self) -> None:
        """Write the alarms as they are now; those that cannot be written are tried again with the next commit."""
        if not self._unsaved:
            return
        alarms = tuple(self._unsaved.values())
        self._unsaved = {}
        future = self.store.save_alarms(self.run.run, alarms, wait=False)
        if future is not None:
            future.add_done_callback(lambda done: self._unsaved_again(alarms) if done.exception() else None)

    def _unsaved_again(self, alarms: tuple[Any, ...]) -> None:
        self._unsaved = {**{alarm.number: alarm for alarm in alarms}, **self._unsaved}

    def log(self, text: str) -> None:
        """Write one line to the engine's log."""
        _LOG.info("%s", text)


def checked_tick_us(seconds: float) -> int:
    """Return a tick length in microseconds, or raise ParameterError."""
    if not SHORTEST_TICK_S <= seconds <= LONGEST_TICK_S:
        raise ParameterError(f"tick_s must be from {SHORTEST_TICK_S:g} to {LONGEST_TICK_S:g} s, got {seconds!r}.")
    return round(seconds * SECOND_US)
