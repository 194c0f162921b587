"""A Kafka producer with bounded memory that accounts for every record; kafka-python's own has no bound.

Records are handed over in lots, and a lot is asked whether it is settled: a callback for each record would cost the
client's thread more than sending does.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from engine.streams.kafka.address import Address, no_broker

Record = tuple[bytes, bytes, int | None]  # key, value, event time in milliseconds
RECORD_OVERHEAD = 80  # bytes that a record costs besides key and value, roughly
WAIT_S = 0.05  # the longest single wait for an acknowledgement
DEFAULTS: dict[str, Any] = {
    "acks": "all",
    "enable_idempotence": True,
    "linger_ms": 20,
    "batch_size": 64 << 10,
    "compression_type": "lz4",
    "delivery_timeout_ms": 15_000,
    "request_timeout_ms": 5_000,
    "max_block_ms": 1_000,
    "reconnect_backoff_max_ms": 2_000,
}
# What a broker (or the client, by its limit) says of a single record and will say again however often it is sent.
REFUSALS = ("MessageSizeTooLargeError", "RecordListTooLargeError", "InvalidRecordError", "InvalidTimestampError")


class BackpressureError(Exception):
    """Too much is unacknowledged, and waiting did not help."""


def is_refusal(problem: Exception) -> bool:
    """Whether sending the record again is useless."""
    return type(problem).__name__ in REFUSALS


@dataclass(frozen=True)
class _NotTaken:
    """Stands for the client's promise of a record that the client did not take."""

    exception: Exception
    is_done: bool = True


class Lot:
    """Records that were handed over together, and what became of each.

    `stopped` is the reason why the client took no more of them; those that it did not take are among the failures.
    """

    def __init__(self, records: Sequence[Record]) -> None:
        self.records = records
        self.size = sum(len(key) + len(value) + RECORD_OVERHEAD for key, value, _ in records)
        self.stopped: Exception | None = None
        self._promises: list[Any] = []
        self._done = 0  # of the promises, from the first on
        self._given_up: Exception | None = None

    def __len__(self) -> int:
        return len(self.records)

    @property
    def settled(self) -> bool:
        """Whether each record was acknowledged or has failed."""
        promises, done = self._promises, self._done
        while done < len(promises) and promises[done].is_done:
            done += 1
        self._done = done
        return done == len(self.records) or self._given_up is not None

    def failures(self) -> list[tuple[Record, Exception]]:
        """Return the records that were not acknowledged, in their order, with the reasons; of a settled lot."""
        pairs = zip(self.records, self._promises, strict=True)
        found = [(record, one.exception if one.is_done else self._given_up) for record, one in pairs]
        return [(record, problem) for record, problem in found if problem is not None]

    def fill(self, send: Callable[[Record], Any], errors: tuple[type[Exception], ...]) -> None:
        """Hand each record to the client; a problem that is not the record's own ends this."""
        for record in self.records:
            try:
                promise = _NotTaken(self.stopped) if self.stopped is not None else send(record)
            except errors as problem:
                promise = _NotTaken(problem)
                self.stopped = None if is_refusal(problem) else problem
            self._promises.append(promise)

    def wait(self, timeout_s: float) -> None:
        """Wait for the next acknowledgement."""
        if not self.settled and self._done < len(self._promises):
            with contextlib.suppress(Exception):  # what went wrong is told by `failures`
                self._promises[self._done].get(timeout_s)

    def give_up(self, problem: Exception) -> None:
        """Call what is not acknowledged by now failed."""
        self._given_up = problem


class BoundedProducer:
    """Sends records to one topic; every record of every lot is settled at the latest by `close`.

    Parameters
    ----------
    max_in_flight, max_bytes
        Most records and bytes that are unacknowledged.
    max_block_s
        How long `send` waits for room before it raises BackpressureError.
    options
        Options of kafka-python that replace the defaults above.

    Raises
    ------
    LabError
        When no broker answers within 3 seconds.
    """

    def __init__(
        self,
        topic: str,
        address: Address,
        *,
        max_in_flight: int = 20_000,
        max_bytes: int = 32 << 20,
        max_block_s: float = 10.0,
        options: dict[str, Any] | None = None,
    ) -> None:
        import kafka
        from kafka.errors import KafkaError

        self.topic, self.max_in_flight, self.max_bytes, self.max_block_s = topic, max_in_flight, max_bytes, max_block_s
        self._lock = threading.Lock()
        self._open: list[Lot] = []
        self.blocked_s = 0.0
        self._errors: tuple[type[Exception], ...] = (KafkaError, OSError)
        try:
            self._producer = kafka.KafkaProducer(**{**DEFAULTS, **(options or {}), **address.client_options()})
        except (KafkaError, OSError, ValueError) as problem:
            raise no_broker(address, type(problem).__name__) from None

    @property
    def in_flight(self) -> int:
        """Records of lots that are not settled."""
        return sum(len(lot) for lot in self._unsettled())

    def send(self, records: Sequence[Record]) -> Lot:
        """Hand over records, waiting for room if need be, and return them as a lot.

        Raises
        ------
        BackpressureError
            When there was no room for `max_block_s`, or the client does not know the topic's partitions because no
            broker answers; no record was taken.
        """
        lot = Lot(records)
        self._wait_for_room(lot)
        try:
            self._producer.partitions_for(self.topic)
        except self._errors as problem:
            raise BackpressureError(f"{type(problem).__name__}: {problem}") from None
        send, topic = self._producer.send, self.topic
        with self._lock:
            self._open.append(lot)
        lot.fill(lambda record: send(topic, record[1], record[0], timestamp_ms=record[2]), self._errors)
        return lot

    def wait_until_settled(self, timeout_s: float, lot: Lot | None = None) -> bool:
        """Wait until nothing, or nothing of that lot, is in flight."""
        return self._wait(lambda: lot.settled if lot is not None else not self._unsettled(), timeout_s)

    def close(self, timeout_s: float) -> None:
        """Deliver what is in flight for up to `timeout_s`, then give the rest up; every record is settled after it."""
        settled = self.wait_until_settled(timeout_s)
        try:
            self._producer.close(timeout=0.5 if settled else 0.0)
        except Exception:  # 3.x raises and stays open when records are pending
            sender = getattr(self._producer, "_sender", None)
            if sender is not None:
                with contextlib.suppress(Exception):
                    sender.force_close()
                    sender.join(2)
            self._producer._closed = (
                True  # else it waits for the records again when it is collected, and prints a trace
            )
        for lot in self._unsettled():
            lot.give_up(TimeoutError("never acknowledged"))

    def _unsettled(self) -> list[Lot]:
        with self._lock:
            self._open = [lot for lot in self._open if not lot.settled]
            return self._open

    def _wait_for_room(self, lot: Lot) -> None:
        if self._has_room(lot):
            return
        started = time.monotonic()
        done = self._wait(lambda: self._has_room(lot), self.max_block_s)
        self.blocked_s += time.monotonic() - started
        if not done:
            raise BackpressureError(f"{self.in_flight} records unacknowledged after {self.max_block_s:g} s.")

    def _wait(self, claim: Callable[[], bool], timeout_s: float) -> bool:
        until = time.monotonic() + timeout_s
        while not claim():
            left = until - time.monotonic()
            if left <= 0:
                return False
            waiting = self._unsettled()
            if waiting:
                waiting[0].wait(min(left, WAIT_S))
        return True

    def _has_room(self, lot: Lot) -> bool:
        waiting = self._unsettled()
        records, size = sum(map(len, waiting)), sum(other.size for other in waiting)
        return not waiting or (records + len(lot) <= self.max_in_flight and size + lot.size <= self.max_bytes)
