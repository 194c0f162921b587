"""A plant that is fed by Kafka instead of simulated: the live app on somebody else's stream.

`FAULTLAB_SOURCE=kafka` asks for it; KAFKA_BOOTSTRAP, FAULTLAB_TOPIC and FAULTLAB_GROUP say from where. The runner
treats it like any plant; what did not arrive is a missing reading. Faults are started where the stream is made.
"""

from __future__ import annotations

import os
import threading
from collections import OrderedDict
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.errors import LabError
from engine.plant.journal import Journal
from engine.plant.simulator import Plant
from engine.records import MAINTENANCE, OPERATIONAL, SECOND_US, Block
from engine.streams.readings import RowError, reading_of
from engine.streams.sources.kafka import KafkaSource
from engine.streams.tended import Tended

if TYPE_CHECKING:
    from engine.plant.spec import PlantSpec
    from engine.records import FloatArray, IntArray, StatusArray, TruthEvent

MOST_TICKS = 7200  # two hours at one tick a second
DELAY_S = 2.0  # how far the app's clock stays behind, so that a tick has arrived when it is asked for

Tick = tuple["FloatArray", "StatusArray"]


class KafkaFeed:
    """Reads a topic on a thread of its own and keeps the newest ticks for whoever asks.

    The consumer belongs to that thread alone; a page never touches it. A broker that is away is tried again, and what
    is no reading is counted. Every reading is given out once (`due`); one that comes when its time has been asked for
    already is counted as late.
    """

    def __init__(self, source: KafkaSource, machines: tuple[str, ...], sensors: tuple[str, ...]) -> None:
        self.machines, self.sensors = machines, sensors
        self._source = source
        self._ticks: OrderedDict[int, Tick] = OrderedDict()
        self._late: OrderedDict[int, Tick] = OrderedDict()  # came after their time was given out
        self._lock = threading.Lock()
        self._work = Tended("faultlab-kafka-feed", self._read, recover=source.close, skip=source.commit,
                            at_end=source.close)  # fmt: skip
        self.received = self.strangers = self.late = self.unread = self.behind = 0
        self.last_refusal = ""
        self.last_us: int | None = None  # event time of the reading that came last
        self._given_until: int | None = None

    @property
    def problem(self) -> str:
        """Why nothing comes; empty when all is well."""
        return self._work.problem or str(getattr(self._source, "problem", ""))

    @property
    def refused(self) -> int:
        """Records that are no readings of this plant: no JSON, no number, another machine."""
        return self.strangers + int(getattr(self._source, "bad_rows", 0))

    def start(self) -> None:
        """Begin to read; returns at once, whether or not a broker answers."""
        self._work.start()

    def stop(self) -> None:
        """End the thread and leave the group."""
        self._work.stop()

    def at(self, time_us: int, tolerance_us: int) -> Tick | None:
        """Return the newest tick in (time - tolerance, time], or None."""
        with self._lock:
            exact = self._ticks.get(time_us)
            if exact is not None:
                return exact
            near = [at for at in reversed(self._ticks) if time_us - tolerance_us < at <= time_us]
            return self._ticks[max(near)] if near else None

    def due(self, start_us: int, end_us: int) -> list[tuple[int, Tick]]:
        """Return all that came for start < time <= end, in the order of time; what comes for it later is late.

        Machines that send at moments of their own within the span are one tick, as long as none of them sent twice.
        """
        with self._lock:
            self._given_until = end_us
            found = sorted((at, tick) for at, tick in self._ticks.items() if start_us < at <= end_us)
        if len(found) < 2 or int(np.sum([_present(tick) for _, tick in found], axis=0).max()) > 1:
            return found
        values, status = found[-1][1][0].copy(), found[-1][1][1].copy()
        for _, tick in found[:-1]:
            sent = _present(tick) > 0
            values[sent], status[sent] = tick[0][sent], tick[1][sent]
        return [(found[-1][0], (values, status))]

    def take_late(self) -> list[tuple[int, Tick]]:
        """Return what came too late since the last call, in the order of time."""
        with self._lock:
            late, self._late = self._late, OrderedDict()
        return sorted(late.items(), key=lambda item: item[0])

    @property
    def newest_us(self) -> int | None:
        """Event time of the newest tick; None before the first."""
        with self._lock:
            return max(self._ticks) if self._ticks else None

    def _read(self) -> None:
        for row in self._source.read(0.3):
            self._keep(row)
        self.behind = int(getattr(self._source, "behind", int)())
        self._source.commit()

    def _keep(self, row: Any) -> None:
        try:
            reading = reading_of(row, self.sensors)
            m = self.machines.index(reading.machine)
        except (RowError, ValueError) as problem:  # no reading, or of a machine that this plant does not have
            self.strangers += 1
            self.last_refusal = str(problem) if isinstance(problem, RowError) else _stranger(row, self.machines)
            return
        with self._lock:
            self.received += 1
            self.last_us = reading.at_us
            late = self._given_until is not None and reading.at_us <= self._given_until
            self.late += late
            ticks = self._late if late else self._ticks
            if reading.at_us not in ticks:
                shape = (len(self.machines), len(self.sensors))
                ticks[reading.at_us] = (np.full(shape, np.nan), np.zeros(shape[0], np.uint8))
            values, status = ticks[reading.at_us]
            values[m] = [reading.values[name] for name in self.sensors]
            status[m] = MAINTENANCE if reading.stopped else OPERATIONAL
            while len(ticks) > MOST_TICKS:
                old, tick = ticks.popitem(last=False)
                if late or self._given_until is None or old > self._given_until:
                    self.unread += int(_present(tick).sum())  # more than the plant could take


def _present(tick: Tick) -> IntArray:
    """Return 1 for each machine that sent something in the tick, else 0."""
    sent: IntArray = np.asarray(~np.isnan(tick[0]).all(axis=1), np.int64)
    return sent


def _stranger(row: Any, machines: tuple[str, ...]) -> str:
    return f"machine_id is {row.get('machine_id')!r:.80}; this plant has: {', '.join(machines[:8])}."


class FedPlant(Plant):
    """A plant whose readings come from a feed; it has no truth, and nothing can be injected.

    Parameters
    ----------
    tolerance_us
        A reading stands for this long after its time; later it is missing.
    """

    source = "kafka"

    def __init__(self, spec: PlantSpec, feed: KafkaFeed, tolerance_us: int = SECOND_US) -> None:
        super().__init__(spec, 0, machines=feed.machines)
        self.feed, self.tolerance_us = feed, tolerance_us

    def block(self, times_us: IntArray) -> Block:
        """Return the readings that arrived for those event times (n,), NaN where none did."""
        values = np.full((len(times_us), len(self.machines), len(self.spec.sensors)), np.nan)
        status = np.zeros(values.shape[:2], np.uint8)
        places = [self.feed.machines.index(machine) for machine in self.machines]
        for i, at in enumerate(times_us.tolist()):
            tick = self.feed.at(at, self.tolerance_us)
            if tick is not None:
                values[i], status[i] = tick[0][places], tick[1][places]
        return Block(np.asarray(times_us, np.int64), values, status, self.machines, self.spec.sensor_names)

    def due_block(self, times_us: IntArray, tick_us: int) -> Block:
        """Return every reading that arrived since the last tick, at its own time and whatever the rate.

        Where nothing came for a whole tick the machines are missing at the tick itself.
        """
        nothing = (
            np.full((len(self.machines), len(self.spec.sensors)), np.nan),
            np.zeros(len(self.machines), np.uint8),
        )
        found: list[tuple[int, Tick]] = []
        for at in times_us.tolist():
            found += self.feed.due(at - tick_us, at) or [(at, nothing)]
        return self._block_of(found)

    def late_block(self) -> Block | None:
        """Return the readings that came after their time was asked for; None = there are none."""
        found = self.feed.take_late()
        return self._block_of(found) if found else None

    def _block_of(self, found: list[tuple[int, Tick]]) -> Block:
        times = np.array([at for at, _ in found], np.int64)
        values, status = (np.array([tick[part] for _, tick in found]) for part in (0, 1))
        return Block(times, values, status, self.machines, self.spec.sensor_names)

    def with_journal(self, journal: Journal) -> Plant:
        """Return itself for an empty journal.

        Raises
        ------
        LabError
            When something is to be done to the machines.
        """
        if len(journal) == 0:
            return self
        raise LabError("This plant is fed by Kafka; start faults where its stream is made (stream --interactive, a).")

    def twin(self, without: str | None = None) -> Plant:
        """Return itself: what would have been without a fault is not known here."""
        return self

    def only(self, *machines: str) -> Plant:
        """Return the plant with those machines only; their readings are the same."""
        for name in machines:
            self.spec.require_machine(name)
        return self._like(machines=tuple(machines))

    def truth(self, start_us: int, end_us: int) -> tuple[TruthEvent, ...]:
        """Return nothing: a stream carries no truth."""
        return ()


def fed_plant(spec: PlantSpec, env: Mapping[str, str] | None = None) -> FedPlant | None:
    """Return a plant fed by Kafka, its feed running, when FAULTLAB_SOURCE asks for it; None for the simulation.

    Raises
    ------
    LabError
        When FAULTLAB_SOURCE is neither empty, "plant" nor "kafka".
    """
    environment: Mapping[str, Any] = os.environ if env is None else env
    wanted = str(environment.get("FAULTLAB_SOURCE", "")).strip().lower()
    if wanted in ("", "plant"):
        return None
    if wanted != "kafka":
        raise LabError(f"FAULTLAB_SOURCE must be plant or kafka, got {wanted!r}.")
    topic, group = environment.get("FAULTLAB_TOPIC", "sensor-data"), environment.get("FAULTLAB_GROUP", "faultlab-app")
    source = KafkaSource(topic, group, options={"auto_offset_reset": "latest"})
    feed = KafkaFeed(source, spec.machines, spec.sensor_names)
    feed.start()
    return FedPlant(spec, feed)
