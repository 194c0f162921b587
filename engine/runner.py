"""The runner: the one thread that lets plant time pass; pages and API send it commands and read what it shows.

No signals, no prints, no globals. Deadlines are absolute, so the rate is exact however long a frame took.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeVar

from engine.records import SECOND_US
from engine.running.commands import Commands
from engine.running.controls import Controls
from engine.running.core import Core, Limits
from engine.running.figures import Rates, figures
from engine.running.frames import Frame, Snapshot
from engine.running.interventions import Interventions
from engine.running.keeper import Keeper

if TYPE_CHECKING:
    from engine.alarms import AlarmDesk, AlarmRules
    from engine.clock import Clock
    from engine.detectors.base import Detector
    from engine.plant.simulator import Plant
    from engine.records import Block, FloatArray
    from engine.store.run_records import RunRecord
    from engine.store.store import Store

__all__ = ["Frame", "Limits", "Runner", "Snapshot"]
T = TypeVar("T")
FRAME_S = 0.1
IDLE_S = 0.5  # the longest wait without looking around
log = logging.getLogger(__name__)


class Runner(Controls):
    """Clock → plant → queue → detectors → alarms → store and subscribers, in a thread of its own.

    All commands may be called from any thread; they are obeyed between ticks and return when they are.

    Parameters
    ----------
    plant, store, detectors, clock
        What runs; detectors by the name under which they are shown.
    tick_s
        Plant time between two readings, seconds.
    speed
        Sets the clock's speed; None = leave it.
    rules
        Alarm rules for all detectors or by detector.
    limits
        Bounds of queue, memory and batches.
    run
        Continue this run (see engine.running.resume); None = begin a new one.
    """

    def __init__(
        self,
        plant: Plant,
        store: Store,
        detectors: Mapping[str, Detector],
        clock: Clock,
        tick_s: float = 1.0,
        speed: float | None = None,
        rules: AlarmRules | Mapping[str, AlarmRules] | None = None,
        limits: Limits | None = None,
        run: RunRecord | None = None,
    ) -> None:
        if speed is not None:
            clock.set_speed(speed)
        self.core = Core(plant, store, detectors, clock, tick_s, rules, limits or Limits(), run)
        self.interventions = Interventions(self.core)
        self.keeper = Keeper(store, clock.wall)
        self.restarts = 0
        self.died_of = ""
        self._rates = Rates(clock.wall())
        self._wake, self._stopping = threading.Event(), threading.Event()
        self._commands = Commands(self._wake)
        self._thread: threading.Thread | None = None
        self._frame_due = clock.wall()

    # ---- life

    def start(self) -> None:
        """Start the thread; nothing happens when it already runs."""
        if self.alive:
            return
        self._stopping.clear()
        self._frame_due = self.clock.wall()
        self._thread = threading.Thread(target=self._run, name="faultlab-runner", daemon=True)
        self._thread.start()

    def stop(self) -> None:
        """End the thread and write what waits. May be called twice."""
        self._stopping.set()
        self._wake.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(timeout=10)
        with self._commands.turn:
            self.core.deliver_all()
            self.core.commit_all()

    def finish(self) -> None:
        """Stop for good: the run is over, so alarms that stand end at its last reading; all is written."""
        self.stop()
        with self._commands.turn:
            self.core.end_alarms()
            self.core.commit_all()

    @property
    def alive(self) -> bool:
        """Whether the thread runs."""
        return self._thread is not None and self._thread.is_alive()

    def revive(self) -> bool:
        """Start the thread again if it died; returns whether it had to. The watchdog calls this every second or so."""
        if self._thread is None or self.alive or self._stopping.is_set():
            return False
        self.restarts += 1
        log.warning("the runner's thread had died (%s) and was started again", self.died_of or "unknown reason")
        self.start()
        return True

    def step_once(self) -> int:
        """Obey commands and make one frame, here and now; returns ticks delivered. The thread does this in a loop."""
        self._commands.obey()
        with self._commands.turn:
            delivered = self.core.step()
            self._rates.note(self.clock.wall(), self.core.ticks)
            self.keeper.keep_if_due(self.core.plant.spec.name, self.core.next_us)
        return delivered

    def _run(self) -> None:
        try:
            while not self._stopping.is_set():
                self.step_once()
                self._wait()
        except Exception as problem:
            self.died_of = f"{type(problem).__name__}: {problem}".splitlines()[0][:300]
            log.exception("the runner's thread dies; revive() starts it again")

    def _wait(self) -> None:
        """Wait for the next frame: the next 100 ms or the next tick, whichever is later, on absolute deadlines."""
        now = self.clock.wall()
        self._frame_due += FRAME_S
        if self._frame_due < now:
            self._frame_due = now
        due = max(self._frame_due, min(self.clock.wall_of(self.core.next_us), now + IDLE_S))
        if self.core.behind:
            due = now + 0.001  # let other threads in, then go on at once
        if self._wake.wait(max(0.0, due - now)):
            self._wake.clear()

    def _call(self, work: Callable[[], T]) -> T:
        return self._commands.call(work, self._thread)

    # ---- what runs

    @property
    def plant(self) -> Plant:
        return self.core.plant

    @property
    def store(self) -> Store:
        return self.core.store

    @property
    def clock(self) -> Clock:
        return self.core.clock

    @property
    def desk(self) -> AlarmDesk:
        return self.core.desk

    @property
    def run(self) -> RunRecord:
        return self.core.run

    @property
    def detectors(self) -> dict[str, Detector]:
        return self.core.bench.detectors

    @property
    def thresholds(self) -> dict[str, float]:
        return self.core.bench.thresholds

    # ---- reading

    def snapshot(self, ticks: int = 1) -> Snapshot:
        """Return how things stand, with the newest ticks; there is no truth in it."""
        core = self.core
        block, scores = core.ring.last(ticks)
        last = {name: values[-1] for name, values in scores.items() if len(values)}
        return Snapshot(
            time_us=int(block.times_us[-1]) if len(block) else 0,
            run=core.run.run,
            block=block,
            scores=last,
            thresholds=dict(core.bench.thresholds),
            disabled=dict(core.bench.disabled),
            alarms=core.desk.standing,
            speed=core.clock.speed,
            paused=core.clock.paused,
            tick_s=core.tick_us / SECOND_US,
            ticks=core.ticks,
            lag_s=core.lag_s,
        )

    def recent(self, seconds: float) -> tuple[Block, dict[str, FloatArray]]:
        """Return the readings of the last seconds of plant time and their scores by detector, from memory."""
        block, scores = self.core.ring.recent(seconds)
        unscored = self.core.bench.unscored(block)
        return block, {**unscored, **{name: values for name, values in scores.items() if name in unscored}}

    def subscribe(self, callback: Callable[[Frame], None]) -> Callable[[], None]:
        """Have `callback(frame)` called on the runner's thread; it must be quick. Returns how to unsubscribe."""

        def add() -> None:
            self.core.subscribers = (*self.core.subscribers, callback)

        def remove() -> None:
            self.core.subscribers = tuple(one for one in self.core.subscribers if one is not callback)

        self._call(add)
        return lambda: self._call(remove)

    def health(self) -> dict[str, Any]:
        """Return how the engine does; `status` is ok, degraded (with `reasons`) or stopped."""
        facts = figures(self.core, self._rates)
        facts |= {"alive": self.alive, "thread_alive": self.alive, "restarts": self.restarts, "died_of": self.died_of}
        if self._thread is not None and not self.alive and not self._stopping.is_set():
            facts["reasons"] = [f"The engine's thread died ({self.died_of}).", *facts["reasons"]]
        facts["retention"] = self.keeper.figures()
        idle = self._thread is None or self._stopping.is_set()
        facts["status"] = "degraded" if facts["reasons"] else "stopped" if idle else "ok"
        return facts
