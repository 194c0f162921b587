"""Rows from a Kafka topic, read as a member of a consumer group."""

from __future__ import annotations

import contextlib
import json
import logging
from collections import deque
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, ClassVar

from engine.errors import LabError
from engine.streams.kafka.address import Address, checked_topic, find_broker, no_broker
from engine.streams.kafka.places import Place, Places
from engine.streams.kafka.watch import BrokerWatch
from engine.streams.readings import BlockAssembler, RowError, reading_of
from engine.streams.sources.base import Row, Source

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.records import Block
    from engine.store.stream_records import StreamRecord, StreamRecords

log = logging.getLogger(__name__)
ANSWER_MS = 5000  # how long a broker may hold up a commit or the end
AWAY_MS = 200  # and one that is known to be away
MOST_ASIDE = 20


@dataclass
class KafkaSource(Source):
    """A consumer of one topic; used from one thread only, and never from a page's run.

    Where a partition is resumed is asked of `resume_at` when it is assigned (a database that holds the rows knows it
    better than the broker); without an answer the group's committed offset counts. `commit` tells the broker that
    everything read so far was dealt with, so a crash before it means reading again, never a gap.

    A broker that goes away, comes back, comes back as another one or has deleted what was not read yet is told to
    `say`, a line each. Another one (a practice broker forgets everything) is read from its beginning.

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
        self.aside: deque[dict[str, Any]] = deque(maxlen=MOST_ASIDE)  # the newest of them, with the reason
        self._consumer: Any = None
        self._connected_to: Address | None = None
        self._places = Places(self._tell)
        self._committed: dict[Place, int] = {}
        self._watch = BrokerWatch("reading", self._tell)
        self.say: Callable[[str], None] = log.warning
        self.log = ""  # which broker's log this is; "" when the broker does not say
        self._told = ""
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

    @property
    def problem(self) -> str:
        """Why nothing comes; empty when all is well."""
        return self._watch.problem

    @property
    def gone(self) -> int:
        """How many records the broker deleted before they were read."""
        return self._places.gone

    @property
    def begun_again(self) -> list[Place]:
        """The partitions of the last read whose offsets count from the beginning again."""
        return self._places.begun_again

    def read(self, timeout_s: float = 0.5) -> list[Row]:
        """Return the next rows; connects at the first call.

        Raises
        ------
        LabError
            When no broker answers at the first call. A broker lost later gives no rows until it is back.
        """
        self.records, self.skipped, self._places.begun_again = [], [], []
        if self._consumer is None and not self._connect():
            return []
        polled = self._consumer.poll(timeout_ms=int(timeout_s * 1000), max_records=self.most_rows)
        if self._is_another():
            return []
        if polled:
            self._watch.heard()
        else:
            self._watch.look(self._connected_to.servers if self._connected_to else ())
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

        if self._consumer is None or self._places.at == self._committed:
            return True
        if self._watch.away:
            return False
        at = dict(self._places.at)
        offsets = {TopicPartition(*place): OffsetAndMetadata(offset, "", -1) for place, offset in at.items()}
        try:
            self._consumer.commit(offsets, timeout_ms=ANSWER_MS)
        except KafkaError:
            self.repeated_commits += 1
            return False
        self._committed = at
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

    def behind(self) -> int:
        """Return how many records waited when the broker last sent some; asks nobody."""
        ends = (
            {place: self._consumer.highwater(place) for place in self._consumer.assignment()} if self._consumer else {}
        )
        read = self._places.at
        return sum(max(0, end - read[place]) for place, end in ends.items() if end is not None and place in read)

    def close(self) -> None:
        if self._consumer is not None:
            with contextlib.suppress(Exception):
                self._consumer.close(timeout_ms=AWAY_MS if self._watch.away else ANSWER_MS)
            self._consumer = None

    def _connect(self) -> bool:
        """Connect; False when a broker that was there before does not answer."""
        address = self._wanted()
        try:
            self._consumer = self._made(address)
        except LabError:
            if self._connected_to is None:
                raise
            self._watch.look(address.servers)
            return False
        self._connected_to, self.log = address, _log_of(self._consumer)
        return True

    def _wanted(self) -> Address:
        """Return where to read: an address that was found once holds until another one is named."""
        found = self.address
        return found if self._connected_to is None or found.found != "default" else self._connected_to

    def _made(self, address: Address) -> Any:
        import kafka
        from kafka.errors import KafkaError

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
        return consumer

    def tell_another(self) -> None:
        """Say that this is not the broker of before; once for each."""
        if self._told != self.log:
            self._told = self.log
            self._tell("The Kafka broker is another one than before, or a practice broker that was started anew; what "
                       "it has is read from the beginning.")  # fmt: skip

    def _tell(self, line: str) -> None:
        self.say(line)

    def _is_another(self) -> bool:
        """Leave a broker that is not the one of before: it knows neither this group nor these offsets."""
        now, before = _log_of(self._consumer), self.log
        moved = self._connected_to is not None and self._wanted().servers != self._connected_to.servers
        if not moved and (not before or not now or now == before):
            self.log = now or before
            return False
        if not moved:
            self.log = now
            self.tell_another()
        self.close()
        self._places.at, self._committed = {}, {}
        return True

    def _assigned(self, places: list[Any]) -> None:
        self._places.keep_only({tuple(place) for place in places})
        self._paused = False
        for place in places:
            at = self.resume_at(place.topic, place.partition) if self.resume_at is not None else None
            if at is not None:
                self._consumer.seek(place, at)
                self._places.at[place.topic, place.partition] = at

    def _decoded(self, polled: dict[Any, list[Any]]) -> list[Row]:
        rows: list[Row] = []
        self.records, self.skipped = [], []
        for place, records in polled.items():
            for record in records:
                at = (place.topic, place.partition, record.offset)
                try:
                    row, taken = _row_of(record.value, at)
                except Exception as problem:  # a stranger's bytes may be anything; none of them may end the thread
                    self._set_aside(at, record.value, problem)
                    continue
                rows.append(row)
                self.records.append(taken)
            self._account(place, records[0].offset, records[-1].offset)
        return rows

    def _account(self, place: Any, first: int, last: int) -> None:
        """Note where a partition was read to, and find out whether something is missing before it."""
        key = (place.topic, place.partition)
        if key not in self._places.at and first > 0 and (committed := self._asked(place, "committed")) is not None:
            self._places.at[key] = committed
        self._places.take(key, first, last, lambda: self._asked(place, "beginning_offsets"))

    def _asked(self, place: Any, what: str) -> int | None:
        """Return an offset that the broker knows of a partition; None when it does not tell."""
        try:
            if what == "committed":
                return self._consumer.committed(place, timeout_ms=ANSWER_MS)  # type: ignore[no-any-return]
            return int(self._consumer.beginning_offsets([place])[place])
        except Exception:  # of the client, while the broker goes away
            return None

    def _set_aside(self, at: tuple[str, int, int], value: Any, problem: Exception) -> None:
        self.bad_rows += 1
        self.skipped.append(at)
        why = str(problem) if isinstance(problem, RowError) else f"It is no JSON ({type(problem).__name__})."
        self.aside.append({"topic": at[0], "partition": at[1], "offset": at[2], "why": why, "value": repr(value)[:200]})


def _row_of(value: Any, at: tuple[str, int, int]) -> tuple[Row, StreamRecord]:
    """Return a record's row and what a store keeps of it; raises whatever is wrong with the bytes."""
    from engine.store.stream_records import StreamRecord

    body = bytes(value or b"").decode("utf-8")
    row = json.loads(body)
    reading = reading_of(row, ())
    return row, StreamRecord(*at, reading.machine, reading.at_us, body)


def take_into_store(source: KafkaSource, store: StreamRecords, timeout_s: float = 0.5) -> int:
    """Read once and store rows and offsets in one transaction, then commit; return how many rows were new."""
    if source.resume_at is None:
        source.resume_at = lambda topic, part: _stored_place(source, store, topic, part)
    source.read(timeout_s)
    new = store.add(source.group, source.records, source.skipped, source.log, source.begun_again)
    source.commit()
    return new


def _stored_place(source: KafkaSource, store: StreamRecords, topic: str, part: int) -> int | None:
    at = store.next_offset(source.group, topic, part, source.log)
    if at is None and store.next_offset(source.group, topic, part) is not None:
        source.tell_another()
    return at


def _log_of(consumer: Any) -> str:
    """Return the id of the cluster: a real one keeps it, a practice broker has another one each time."""
    cluster = getattr(getattr(consumer, "_client", None), "cluster", None)  # the client has no public way to ask
    return str(getattr(cluster, "cluster_id", None) or "")


def _listener(source: KafkaSource) -> Any:
    from kafka import ConsumerRebalanceListener

    class Resume(ConsumerRebalanceListener):  # type: ignore[misc]
        def on_partitions_revoked(self, revoked: Any) -> None:
            """Do nothing: what was read and not stored is read again by the next owner."""

        def on_partitions_assigned(self, assigned: Any) -> None:
            source._assigned(list(assigned))

    return Resume()
