"""Rows sent to a Kafka topic, keyed by machine."""

from __future__ import annotations

import logging
import threading
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from engine.errors import LabError
from engine.params import Range
from engine.streams.backoff import Backoff
from engine.streams.counts import SinkCounts
from engine.streams.kafka.address import Address, checked_topic, find_broker
from engine.streams.kafka.producer import BackpressureError, BoundedProducer, Lot, Record, is_refusal
from engine.streams.kafka.watch import BrokerWatch
from engine.streams.rows import Rows
from engine.streams.sinks.base import Sink
from engine.streams.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)
LOT = 500  # records handed over, and spooled, together


@dataclass
class Kafka(Sink):
    """JSON rows on a topic; every record ends acknowledged, spooled on disk or counted lost.

    The connection is made by the first `write`, on the thread that writes, never by the constructor. Without a broker
    rows go to the spool and follow, in order, once one answers. A record that was given up may have arrived all the
    same: delivery is at least once, and (machine_id, timestamp) identifies a row. A record that the broker refuses for
    itself (too large, not valid) is lost and counted, and does not hold up the others.

    Parameters
    ----------
    topic
        Where to send.
    servers
        host:port of the brokers; empty = see `find_broker`.
    spool
        Folder of the spool; empty = none, rows that cannot be delivered are then lost and counted.
    spool_mb
        Most megabytes on disk.
    max_in_flight
        Most unacknowledged records; at that many `write` waits.
    max_block_s
        How long it waits before rows go to the spool.
    options
        Options of kafka-python's producer.
    practice
        The broker is a practice broker that another process runs.
    """

    name: ClassVar[str] = "kafka"
    title: ClassVar[str] = "Kafka topic"
    topic: str = "sensor-data"
    servers: tuple[str, ...] = ()
    spool: str = ""
    spool_mb: Annotated[float, Range(0.0, 1e6, unit="MB")] = 256.0
    max_in_flight: Annotated[int, Range(1, 10_000_000)] = 20_000
    max_block_s: Annotated[float, Range(0.0, 600.0, unit="s")] = 10.0
    options: dict[str, Any] = field(default_factory=dict)
    practice: bool = False

    def __post_init__(self) -> None:
        checked_topic(self.topic)
        self._lock = threading.Lock()
        self._spool = Spool(Path(self.spool) / f"{self.topic}.jsonl", int(self.spool_mb * 1e6)) if self.spool else None
        recovered = self._spool.recovered_rows if self._spool is not None else 0
        self._counts = SinkCounts(recovered=recovered, spooled=recovered)
        self._open: list[Lot] = []
        self._failed: list[Record] = []
        self._replaying: Lot | None = None  # the oldest batch of the spool, while it is under way
        self._producer: BoundedProducer | None = None
        self._backoff = Backoff(0.5, 5.0)
        self._next_try = 0.0
        self._closed = False
        self.last_problem = ""
        self.say: Callable[[str], None] = log.warning
        self._watch = BrokerWatch("delivery", lambda line: self.say(line))

    @property
    def address(self) -> Address:
        """The broker in use."""
        found = find_broker(self.servers or None)
        return Address(found.servers, found.practice or self.practice, found.found)

    def write(self, rows: Rows) -> None:
        self._count(accepted=len(rows))
        keys = [machine.encode() for machine in rows.column("machine_id")]
        times = [at // 1000 for at in rows.times_us]
        records: list[Record] = list(zip(keys, rows.json_rows(), times, strict=True))
        size = min(LOT, self.max_in_flight)
        for at in range(0, len(records), size):
            self.flush()
            producer = self._connected()
            if producer is None or self._spooling:
                self._put_aside(records[at:])
                return
            self._send(producer, records[at : at + size])

    def flush(self) -> None:
        """Move what failed to the spool, and what is in the spool to the broker if one answers."""
        self._rescue()
        self._watch.look(self.address.servers)
        if self._spooling and self._connected() is not None:
            self._replay(time.monotonic() + 0.5)

    def close(self, timeout_s: float = 10.0) -> None:
        if self._closed:
            return
        self._closed = True
        until = time.monotonic() + timeout_s
        if self._producer is not None:
            self._producer.wait_until_settled(max(0.0, (until - time.monotonic()) * 0.7))
            self._rescue()
            if self._spooling:
                self._replay(until)
            self._producer.close(max(0.0, until - time.monotonic()))
            self._rescue()
        if self._spool is not None:
            self._spool.close()

    @property
    def counts(self) -> SinkCounts:
        self._look()
        with self._lock:
            counts = SinkCounts(**vars(self._counts))
        counts.blocked_s = self._producer.blocked_s if self._producer is not None else 0.0
        return counts

    @property
    def _spooling(self) -> bool:
        return self._spool is not None and len(self._spool) > 0

    def _count(self, **changes: int) -> None:
        with self._lock:
            for name, change in changes.items():
                setattr(self._counts, name, getattr(self._counts, name) + change)

    def _connected(self) -> BoundedProducer | None:
        if self._producer is None and time.monotonic() >= self._next_try:
            try:
                self._producer = BoundedProducer(
                    self.topic,
                    self.address,
                    max_in_flight=self.max_in_flight,
                    max_block_s=self.max_block_s,
                    options=self.options,
                )
                self._backoff.reset()
            except LabError as problem:
                self.last_problem = str(problem)
                self._next_try = time.monotonic() + self._backoff.next_s()
        return self._producer if time.monotonic() >= self._next_try else None

    def _send(self, producer: BoundedProducer, records: list[Record]) -> None:
        try:
            lot = producer.send(records)
        except BackpressureError as problem:
            self._pause(problem)
            self._rescue()
            self._put_aside(records)
            return
        with self._lock:
            self._open.append(lot)
        if lot.stopped is not None:
            self._pause(lot.stopped)

    def _pause(self, problem: Exception) -> None:
        """Send rows to the spool for a while."""
        self.last_problem = str(problem)
        self._next_try = time.monotonic() + self._backoff.next_s()

    def _look(self) -> None:
        """Count what was settled since the last look."""
        with self._lock:
            settled = [lot for lot in self._open if lot.settled]
            self._open = [lot for lot in self._open if lot not in settled]
            for lot in settled:
                refused, again = self._failures(lot)
                self._counts.delivered += len(lot) - refused - len(again)
                if len(again) < len(lot):
                    self._watch.heard()
                self._counts.lost += refused
                self._failed += again

    def _failures(self, lot: Lot) -> tuple[int, list[Record]]:
        """Return how many records of a settled lot were refused for good, and those that are worth another try."""
        failures = lot.failures()
        if failures:
            problem = failures[-1][1]
            self.last_problem = f"{type(problem).__name__}: {problem}"
        again = [record for record, problem in failures if not is_refusal(problem)]
        return len(failures) - len(again), again

    def _rescue(self) -> None:
        self._look()
        with self._lock:
            failed, self._failed = self._failed, []
        if failed:
            self._put_aside(failed)

    def _put_aside(self, records: list[Record]) -> None:
        for at in range(0, len(records), LOT):
            part = records[at : at + LOT]
            texts = [(key.decode(), value.decode(), at_ms) for key, value, at_ms in part]
            kept = self._spool is not None and self._spool.append(texts, len(part))
            self._count(**{"spooled" if kept else "lost": len(part)})

    def _replay(self, until: float) -> None:
        """Send the oldest spooled batches; each leaves the disk when all its records are acknowledged or refused.

        A batch that is still under way at the end is not sent again but asked about the next time.
        """
        producer, spool = self._producer, self._spool
        while producer is not None and spool is not None and len(spool) and time.monotonic() < until:
            lot = self._replaying
            if lot is None:
                records = [(key.encode(), value.encode(), at_ms) for key, value, at_ms in spool.first()]
                try:
                    lot = self._replaying = producer.send(records)
                except BackpressureError as problem:
                    self._pause(problem)
                    return
                self._count(retries=1)
            if not producer.wait_until_settled(max(0.0, until - time.monotonic()), lot):
                return
            self._replaying = None
            refused, again = self._failures(lot)
            if again:
                self._next_try = time.monotonic() + self._backoff.next_s()
                return
            spool.drop_first()
            self._backoff.reset()
            self._count(delivered=len(lot) - refused, lost=refused, spooled=-len(lot))
