"""Rows from a Kafka topic, read as a member of a consumer group."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from engine.streams.kafka.address import Address, checked_topic, find_broker, no_broker
from engine.streams.readings import BlockAssembler, RowError, reading_of
from engine.streams.sources.base import Row, Source

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.records import Block
    from engine.store.stream_records import StreamRecord, StreamRecords

Place = tuple[str, int]  # topic, partition


@dataclass
class KafkaSource(Source):
    """A consumer of one topic; used from one thread only, and never from a page's run.

    Where a partition is resumed is asked of `resume_at` when it is assigned (a database that holds the rows knows it
    better than the broker); without an answer the group's committed offset counts. `commit` tells the broker that
    everything read so far was dealt with, so a crash before it means reading again, never a gap.

    Parameters
    ----------
    topic, group
        What to read, and as which consumer group.
    servers
        host:port of the brokers; empty = see `find_broker`.
    most_rows
        Most rows in one `read`.
    options
        Options of kafka-python's consumer.
    practice
        The broker is a practice broker that another process runs.
    """

    name: ClassVar[str] = "kafka"
    title: ClassVar[str] = "Kafka topic"
    topic: str = "sensor-data"
    group: str = "faultlab"
    servers: tuple[str, ...] = ()
    most_rows: int = 2000
    options: dict[str, Any] = field(default_factory=dict)
    practice: bool = False

    def __post_init__(self) -> None:
        checked_topic(self.topic)
        self.resume_at: Callable[[str, int], int | None] | None = None
        self.bad_rows = 0
        self.repeated_commits = 0
        self.records: list[StreamRecord] = []  # those of the last read, for a store
        self.skipped: list[tuple[str, int, int]] = []  # records of the last read that are no rows
        self._consumer: Any = None
        self._positions: dict[Place, int] = {}
        self._assembler = BlockAssembler.for_partitions()
        self._paused = False

    @property
    def address(self) -> Address:
        """The broker in use."""
        found = find_broker(self.servers or None)
        return Address(found.servers, found.practice or self.practice, found.found)

    @property
    def partitions(self) -> tuple[int, ...]:
        """The partitions assigned to this member."""
        return tuple(sorted(place.partition for place in self._consumer.assignment())) if self._consumer else ()

    def read(self, timeout_s: float = 0.5) -> list[Row]:
        """Return the next rows; connects at the first call.

        Raises
        ------
        LabError
            When no broker answers at the first call. A broker lost later gives no rows until it is back.
        """
        if self._consumer is None:
            self._connect()
        polled = self._consumer.poll(timeout_ms=int(timeout_s * 1000), max_records=self.most_rows)
        return self._decoded(polled)

    def next_block(self, timeout_s: float = 0.5) -> Block | None:
        """Return the ticks that are complete, for a runner that takes blocks; None when none is yet."""
        from engine.records import join_blocks

        readings = []
        for row in self.read(timeout_s):
            with contextlib.suppress(RowError):
                readings.append(reading_of(row, self._assembler.sensors or None))
        blocks = [block for reading in readings if (block := self._assembler.add(reading)) is not None]
        return join_blocks(blocks) if blocks else None

    def expect(self, machines: tuple[str, ...], sensors: tuple[str, ...]) -> None:
        """Fix the machines and sensors of the blocks; otherwise they are those of the first tick."""
        self._assembler = BlockAssembler.for_partitions(machines, sensors)

    def commit(self) -> bool:
        """Tell the broker that all that was read is dealt with; False when it does not answer (it is read again)."""
        from kafka.errors import KafkaError
        from kafka.structs import OffsetAndMetadata, TopicPartition

        if self._consumer is None or not self._positions:
            return True
        offsets = {TopicPartition(*place): OffsetAndMetadata(at, "", -1) for place, at in self._positions.items()}
        try:
            self._consumer.commit(offsets)
        except KafkaError:
            self.repeated_commits += 1
            return False
        return True

    def pause(self, wanted: bool = True) -> None:
        """Stop or go on fetching while staying in the group: backpressure that other members do not feel."""
        if self._consumer is None or wanted == self._paused:
            return
        places = list(self._consumer.assignment())
        (self._consumer.pause if wanted else self._consumer.resume)(*places)
        self._paused = wanted

    def lag(self) -> int:
        """Return how many records of the assigned partitions wait at the broker."""
        if self._consumer is None or not (places := list(self._consumer.assignment())):
            return 0
        ends = self._consumer.end_offsets(places)
        return int(sum(ends[place] - self._consumer.position(place) for place in places))

    def close(self) -> None:
        if self._consumer is not None:
            with contextlib.suppress(Exception):
                self._consumer.close()
            self._consumer = None

    def _connect(self) -> None:
        import kafka
        from kafka.errors import KafkaError

        address = self.address
        options = {
            "group_id": self.group,
            "auto_offset_reset": "earliest",
            "enable_auto_commit": False,
            **self.options,
            **address.client_options(),
            **address.group_options(),
        }
        try:
            consumer = kafka.KafkaConsumer(**options)
            if hasattr(consumer, "bootstrap"):  # 3.x loses the wake-up when it subscribes while it bootstraps
                consumer.bootstrap()
            consumer.subscribe([self.topic], listener=_listener(self))
        except (KafkaError, OSError, ValueError) as problem:
            raise no_broker(address, type(problem).__name__) from None
        self._consumer = consumer

    def _assigned(self, places: list[Any]) -> None:
        self._positions = {place: at for place, at in self._positions.items() if place in {tuple(p) for p in places}}
        self._paused = False
        for place in places:
            at = self.resume_at(place.topic, place.partition) if self.resume_at is not None else None
            if at is not None:
                self._consumer.seek(place, at)

    def _decoded(self, polled: dict[Any, list[Any]]) -> list[Row]:
        from engine.store.stream_records import StreamRecord

        rows: list[Row] = []
        self.records, self.skipped = [], []
        for place, records in polled.items():
            for record in records:
                try:
                    body = record.value.decode()
                    row = json.loads(body)
                    reading = reading_of(row, ())
                except (ValueError, TypeError, RowError):
                    self.bad_rows += 1
                    self.skipped.append((place.topic, place.partition, record.offset))
                    continue
                rows.append(row)
                at = (place.topic, place.partition, record.offset)
                self.records.append(StreamRecord(*at, reading.machine, reading.at_us, body))
            self._positions[place.topic, place.partition] = records[-1].offset + 1
        return rows


def take_into_store(source: KafkaSource, store: StreamRecords, timeout_s: float = 0.5) -> int:
    """Read once and store rows and offsets in one transaction, then commit; return how many rows were new."""
    if source.resume_at is None:
        source.resume_at = lambda topic, part: store.next_offset(source.group, topic, part)
    source.read(timeout_s)
    new = store.add(source.group, source.records, source.skipped)
    source.commit()
    return new


def _listener(source: KafkaSource) -> Any:
    from kafka import ConsumerRebalanceListener

    class Resume(ConsumerRebalanceListener):  # type: ignore[misc]
        def on_partitions_revoked(self, revoked: Any) -> None:
            """Do nothing: what was read and not stored is read again by the next owner."""

        def on_partitions_assigned(self, assigned: Any) -> None:
            source._assigned(list(assigned))

    return Resume()
