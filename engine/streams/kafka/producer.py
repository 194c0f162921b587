"""A Kafka producer with bounded memory that accounts for every record; kafka-python's own has no bound."""

from __future__ import annotations

import contextlib
import itertools
import threading
import time
from collections.abc import Callable
from typing import Any

from engine.streams.kafka.address import Address, no_broker

RECORD_OVERHEAD = 80  # bytes that a record costs besides key and value, roughly
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

Settled = Callable[[Exception | None], None]


class BackpressureError(Exception):
    """Too much is unacknowledged, and waiting did not help."""


class BoundedProducer:
    """Sends records to one topic; `on_settled(None | problem)` is called exactly once for each.

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
        self._room = threading.Condition()
        self._numbers = itertools.count()
        self._open: dict[int, tuple[int, Settled]] = {}
        self._bytes = 0
        self._waiting = 0
        self.blocked_s = 0.0
        self._kafka_error = KafkaError
        try:
            self._producer = kafka.KafkaProducer(**{**DEFAULTS, **(options or {}), **address.client_options()})
        except (KafkaError, OSError, ValueError) as problem:
            raise no_broker(address, type(problem).__name__) from None

    @property
    def in_flight(self) -> int:
        """Records neither acknowledged nor given up."""
        return len(self._open)

    def send(self, key: bytes, value: bytes, on_settled: Settled, at_ms: int | None = None) -> None:
        """Hand over a record, waiting for room if need be; what goes wrong later is told to `on_settled`.

        Raises
        ------
        BackpressureError
            When there was no room for `max_block_s`, or the client does not know the topic's partitions because no
            broker answers; the record was not taken.
        """
        size = len(key) + len(value) + RECORD_OVERHEAD
        with self._room:
            self._wait_for_room(size)
            number = next(self._numbers)
            self._open[number] = (size, on_settled)
            self._bytes += size
        try:
            future = self._producer.send(self.topic, key=key, value=value, timestamp_ms=at_ms)
        except (self._kafka_error, OSError) as problem:
            with self._room:
                self._open.pop(number, None)
                self._bytes -= size
            raise BackpressureError(f"{type(problem).__name__}: {problem}") from None
        future.add_both(lambda outcome: self._settle(number, outcome if isinstance(outcome, Exception) else None))

    def wait_until_settled(self, timeout_s: float) -> bool:
        """Wait until nothing is in flight."""
        with self._room:
            return self._wait(lambda: not self._open, timeout_s)

    def close(self, timeout_s: float) -> None:
        """Deliver what is in flight for up to `timeout_s`, then give the rest up; every record is settled after it."""
        self.wait_until_settled(timeout_s)
        try:
            self._producer.close(timeout=0.5 if not self._open else 0.0)
        except Exception:  # 3.x raises and stays open when records are pending
            sender = getattr(self._producer, "_sender", None)
            if sender is not None:
                with contextlib.suppress(Exception):
                    sender.force_close()
                    sender.join(2)
        for number in list(self._open):
            self._settle(number, TimeoutError("never acknowledged"))

    def _wait_for_room(self, size: int) -> None:
        if self._has_room(size):
            return
        started = time.monotonic()
        done = self._wait(lambda: self._has_room(size), self.max_block_s)
        self.blocked_s += time.monotonic() - started
        if not done:
            raise BackpressureError(f"{len(self._open)} records unacknowledged after {self.max_block_s:g} s.")

    def _wait(self, claim: Callable[[], bool], timeout_s: float) -> bool:
        """Wait for something that a settled record may bring about; who calls holds `_room`."""
        self._waiting += 1
        try:
            until = time.monotonic() + timeout_s
            while not claim():
                left = until - time.monotonic()
                if left <= 0:
                    return False
                self._room.wait(min(left, 0.05))  # a record settled just before we waited has not woken us
            return True
        finally:
            self._waiting -= 1

    def _has_room(self, size: int) -> bool:
        return not self._open or (len(self._open) < self.max_in_flight and self._bytes + size <= self.max_bytes)

    def _settle(self, number: int, problem: Exception | None) -> None:
        with self._room:
            entry = self._open.pop(number, None)
            if entry is None:
                return
            self._bytes -= entry[0]
        try:
            entry[1](problem)
        finally:
            if self._waiting:
                with self._room:
                    self._room.notify_all()
