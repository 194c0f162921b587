"""Plants that others feed: any machines and sensors, scored by the chosen detectors, stored and shown like our own.

Nothing is simulated and no thread runs: whoever brings readings has them scored at once. Readings older than the
newest are stored but not scored, for detectors take time in its order.
"""

from __future__ import annotations

import json
import logging
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.alarming.marks import marks_of
from engine.alarms import AlarmDesk
from engine.detectors.scorable import make_scorable
from engine.errors import LabError, ParameterError, UnknownNameError
from engine.files import write_atomically
from engine.plant.spec import plant_names
from engine.records import SECOND_US, Block
from engine.running.bench import Bench
from engine.running.frames import Frame, Snapshot
from engine.running.ring import Ring
from engine.store.names import column_names, plant_name

if TYPE_CHECKING:
    from pathlib import Path

    from engine.alarming.records import AlarmChange
    from engine.detectors.base import Detector
    from engine.records import FloatArray
    from engine.store.store import Store

log = logging.getLogger(__name__)
MOST_PLANTS, MOST_MACHINES, MOST_SENSORS, MOST_DETECTORS = 20, 200, 100, 6
MOST_CELLS = 400_000  # numbers in one block; a larger batch is taken in pieces
FIRST_RUN = 1_000_000  # runs of plants that others feed have numbers of their own
KEEP_S = 4 * 3600.0
DEFAULT_DETECTORS = ("z_score",)
FILE_SUFFIX = ".json"


@dataclass(frozen=True)
class ExternalSensor:
    """One sensor of a plant that others feed; `normal` None = taken from its first readings."""

    name: str
    title: str = ""
    unit: str = ""
    normal: tuple[float, float] | None = None
    warning: float | None = None
    critical: float | None = None
    low_side: bool = False
    resolution: float = 0.0


@dataclass(frozen=True)
class ExternalSpec:
    """What such a plant is made of, and which detectors watch it."""

    name: str
    title: str
    machines: tuple[str, ...]
    sensors: tuple[ExternalSensor, ...]
    detectors: tuple[str, ...] = DEFAULT_DETECTORS

    @property
    def sensor_names(self) -> tuple[str, ...]:
        return tuple(sensor.name for sensor in self.sensors)


class Shown:
    """What viewers see of such a plant: its description as it is now, every sensor with a normal range."""

    def __init__(self, plant: ExternalPlant) -> None:
        self._plant = plant
        self.name, self.title, self.machines = plant.spec.name, plant.spec.title, plant.spec.machines

    @property
    def sensors(self) -> list[ExternalSensor]:
        return _with_normals(self._plant.spec, None)


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
    """What became of a batch: rows stored, those among them too old to be scored, alarm changes, newest scores."""

    accepted: int
    late: int
    changes: tuple[AlarmChange, ...]
    scores: list[dict[str, float | None]]


class ExternalPlant:
    """One plant that others feed; looks to viewers like a runner.

    Parameters
    ----------
    run
        Its number in the store.
    wall
        Wall time in seconds.
    """

    def __init__(self, spec: ExternalSpec, store: Store, run: int, wall: Callable[[], float] = time.time) -> None:
        self.spec, self.store, self.run, self.wall = spec, store, run, wall
        self.clock = RealTime()
        steps = [sensor.resolution for sensor in spec.sensors]
        store.register_plant(spec.name, spec.sensor_names, spec.machines, steps, source="external")
        self.ring = Ring(spec.machines, spec.sensor_names, KEEP_S)
        self.marks = marks_of(_with_normals(spec, None))
        self.bench = Bench({name: make_scorable(name) for name in spec.detectors}, self.marks)
        self.desk = AlarmDesk(None, self.marks)
        self.desk.restore(store.standing_alarms(run), store.last_alarm_number(run), 0)
        self.newest_us, self.accepted, self.late, self.frames = 0, 0, 0, 0
        self._bound = False
        self._lock = threading.Lock()
        self._subscribers: tuple[Callable[[Frame], None], ...] = ()

    def take(self, rows: Sequence[Row]) -> Taken:
        """Store rows and score those that are not late; machines and sensors must be known, times each once a machine.

        Raises
        ------
        LabError
            When a machine is unknown or two rows of one machine have the same time; nothing is taken then.
        """
        self._check(rows)
        with self._lock:
            fresh = [row for row in rows if row.at_us > self.newest_us]
            late = [row for row in rows if row.at_us <= self.newest_us]
            changes: list[AlarmChange] = []
            scores: dict[tuple[str, int], dict[str, float | None]] = {}
            for piece in self._pieces(fresh):
                changes += self._score(piece, scores)
            self._store_unscored(late)
            self.accepted += len(rows)
            self.late += len(late)
        if changes:
            self.store.save_alarms(self.run, [change.alarm for change in changes], wait=False)
        nothing: dict[str, float | None] = dict.fromkeys(self.bench.detectors)
        return Taken(len(rows), len(late), tuple(changes), [scores.get((r.machine, r.at_us), nothing) for r in rows])

    # ---- what viewers and pages ask, as of a runner

    @property
    def detectors(self) -> dict[str, Detector]:
        return self.bench.detectors

    @property
    def thresholds(self) -> dict[str, float]:
        return self.bench.thresholds

    def recent(self, seconds: float) -> tuple[Block, dict[str, FloatArray]]:
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

    def _check(self, rows: Sequence[Row]) -> None:
        seen: set[tuple[str, int]] = set()
        for row in rows:
            if row.machine not in self.spec.machines:
                raise UnknownNameError("machine", row.machine, self.spec.machines)
            for name in row.values:
                if name not in self.spec.sensor_names:
                    raise UnknownNameError("sensor", name, self.spec.sensor_names)
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

    def _score(self, block: Block, found: dict[tuple[str, int], dict[str, float | None]]) -> tuple[AlarmChange, ...]:
        if not self._bound:
            self._bind(block)
        scores = self.bench.score(block)
        changes = self.desk.process(
            block, scores, self.bench.thresholds, lambda name, tick, at: self.bench.blame(name, block, tick, at)
        )
        self.ring.append(block, scores)
        self.newest_us = int(block.times_us[-1])
        self._append_present(block, scores, found)
        frame = Frame(self.frames, block, scores, changes)
        self.frames += 1
        for callback in self._subscribers:
            try:
                callback(frame)
            except Exception:
                log.exception("a viewer of %s failed; readings go on", self.spec.name)
        return changes

    def _bind(self, block: Block) -> None:
        """Tell detectors and marks the normal ranges: those given, and for the others the first readings' spread."""
        sensors = _with_normals(self.spec, block)
        self.spec = ExternalSpec(
            self.spec.name, self.spec.title, self.spec.machines, tuple(sensors), self.spec.detectors
        )
        self.marks = self.bench.marks = self.desk.marks = marks_of(sensors)
        for detector in self.bench.detectors.values():
            detector.bind(self.spec)
        self._bound = True

    def _append_present(
        self, block: Block, scores: dict[str, FloatArray], found: dict[tuple[str, int], dict[str, float | None]]
    ) -> None:
        """Store each machine's own rows: a tick at which a machine said nothing is no row."""
        there = np.asarray(~np.isnan(block.values).all(axis=2))
        for at, machine in enumerate(block.machines):
            ticks = np.flatnonzero(there[:, at])
            if not len(ticks):
                continue
            mine = {name: values[ticks, at : at + 1] for name, values in scores.items()}
            part = Block(
                block.times_us[ticks], block.values[ticks, at : at + 1], block.status[ticks, at : at + 1],
                (machine,), block.sensors,
            )  # fmt: skip
            self.store.append(self.run, self.spec.name, part, mine)
            for place, at_us in enumerate(part.times_us.tolist()):
                found[machine, at_us] = {name: _number(values[place, 0]) for name, values in mine.items()}

    def _store_unscored(self, rows: Sequence[Row]) -> None:
        for block in self._pieces(rows):
            self._append_present(block, {}, {})


class Externals:
    """All plants that others feed; their descriptions are kept on disk and come back after a restart.

    Parameters
    ----------
    folder
        Where descriptions are kept, one JSON file each.
    """

    def __init__(self, store: Store, folder: Path, wall: Callable[[], float] = time.time) -> None:
        self._store, self._folder, self._wall = store, folder, wall
        self._lock = threading.Lock()
        self._plants: dict[str, ExternalPlant] = {}
        for file in sorted(folder.glob(f"*{FILE_SUFFIX}")) if folder.is_dir() else ():
            kept = json.loads(file.read_text(encoding="utf-8"))
            self._plants[kept["spec"]["name"]] = ExternalPlant(_spec_of(kept["spec"]), store, kept["run"], wall)

    @property
    def plants(self) -> dict[str, ExternalPlant]:
        """The plants by name."""
        return dict(self._plants)

    def get(self, name: str) -> ExternalPlant:
        """Return a plant, or raise UnknownNameError."""
        if name not in self._plants:
            raise UnknownNameError("plant that others feed", name, self._plants)
        return self._plants[name]

    def register(self, spec: ExternalSpec) -> ExternalPlant:
        """Make a plant, or make it anew with more machines, sensors or other detectors; stored readings stay.

        Raises
        ------
        LabError
            When the name is taken by a plant of ours, a name cannot be stored, or there is too much of something.
        """
        _check_spec(spec)
        with self._lock:
            before = self._plants.get(spec.name)
            known = self._store.known_plants().get(spec.name)
            if spec.name in plant_names() or (known is not None and known.source != "external"):
                raise LabError(f"A plant of the lab is called {spec.name!r}; choose another name.")
            if spec.name.endswith("_posted"):
                raise LabError("Names ending in _posted are the lab's own; choose another name.")
            if before is None and len(self._plants) >= MOST_PLANTS:
                raise LabError(f"There are {MOST_PLANTS} plants already; ask an instructor to take one away.")
            run = before.run if before else max([FIRST_RUN, *(plant.run + 1 for plant in self._plants.values())])
            plant = ExternalPlant(spec, self._store, run, self._wall)
            self._keep(plant)
            self._plants = {**self._plants, spec.name: plant}
            return plant

    def remove(self, name: str) -> None:
        """Take a plant away; its stored readings stay until retention ends them."""
        self.get(name)
        with self._lock:
            (self._folder / f"{name}{FILE_SUFFIX}").unlink(missing_ok=True)
            self._plants = {known: plant for known, plant in self._plants.items() if known != name}

    def _keep(self, plant: ExternalPlant) -> None:
        self._folder.mkdir(parents=True, exist_ok=True)
        text = json.dumps({"run": plant.run, "spec": asdict(plant.spec)}, ensure_ascii=False, indent=1)
        write_atomically(self._folder / f"{plant.spec.name}{FILE_SUFFIX}", text.encode())


def _check_spec(spec: ExternalSpec) -> None:
    plant_name(spec.name)
    column_names(spec.sensor_names)
    for what, names, most in (
        ("machines", spec.machines, MOST_MACHINES),
        ("sensors", spec.sensor_names, MOST_SENSORS),
        ("detectors", spec.detectors, MOST_DETECTORS),
    ):
        if not 1 <= len(names) <= most or len(set(names)) != len(names):
            raise ParameterError(f"{what} must be 1 to {most} different names, got {len(names)}.")
    if any(not name.strip() or len(name) > 80 or not name.isprintable() for name in spec.machines):
        raise ParameterError("A machine's name must be 1 to 80 printable characters.")
    for name in spec.detectors:
        make_scorable(name)
    for sensor in spec.sensors:
        if sensor.normal is not None and not sensor.normal[0] < sensor.normal[1]:
            raise ParameterError(f"normal of {sensor.name} must rise from low to high, got {list(sensor.normal)}.")


def _with_normals(spec: ExternalSpec, block: Block | None) -> list[ExternalSensor]:
    """Return the sensors with a normal range each: given, or the block's 1 % to 99 % range widened by a quarter."""
    found = []
    for at, sensor in enumerate(spec.sensors):
        normal = sensor.normal or (0.0, 1.0)
        if sensor.normal is None and block is not None and not np.isnan(block.values[:, :, at]).all():
            low, high = (float(q) for q in np.nanquantile(block.values[:, :, at], [0.01, 0.99]))
            margin = (high - low) / 4 or max(abs(high), 1.0) / 100
            normal = (low - margin, high + margin)
        found.append(ExternalSensor(**{**asdict(sensor), "normal": normal, "title": sensor.title or sensor.name}))
    return found


def _spec_of(kept: dict[str, Any]) -> ExternalSpec:
    sensors = tuple(
        ExternalSensor(**{**sensor, "normal": None if sensor["normal"] is None else tuple(sensor["normal"])})
        for sensor in kept["sensors"]
    )
    return ExternalSpec(kept["name"], kept["title"], tuple(kept["machines"]), sensors, tuple(kept["detectors"]))


def _number(value: Any) -> float | None:
    number = float(value)
    return None if number != number else round(number, 4)
