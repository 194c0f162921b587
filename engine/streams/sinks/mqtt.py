"""Rows sent to an MQTT broker, each machine at a topic of its own."""

from __future__ import annotations

import logging
import time
from collections import deque
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from engine.params import Choice, Range
from engine.streams.counts import SinkCounts
from engine.streams.mqtt.client import STATUS, MqttClient, checked_mqtt_topic, level, mqtt_address
from engine.streams.rows import Rows
from engine.streams.sinks.base import Sink
from engine.streams.spool import Spool

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)
Message = tuple[str, str]  # topic, row as JSON
LOT = 200  # messages spooled and replayed together
QOS = (0, 1, 2)


@dataclass
class Mqtt(Sink):
    """JSON rows at TOPIC/MACHINE/readings; every row ends delivered, spooled on disk or counted lost.

    Delivered means acknowledged by the broker with QoS 1 and 2, and written to the connection with QoS 0. Rows that
    the broker did not acknowledge when it went away may arrive twice; (machine_id, timestamp) identifies a row.

    Parameters
    ----------
    topic
        What all topics begin with. TOPIC/status is retained: "online", or "offline" as the last will.
    url, ca_file
        See `mqtt_address`; empty = MQTT_URL, else mqtt://localhost:1883.
    qos
        0 at most once, 1 at least once, 2 exactly once.
    retain
        The broker keeps the newest row of each machine for whoever comes later.
    spool, spool_mb
        Folder and most megabytes of what waits on disk while the broker is away; without one such rows are lost.
    max_in_flight
        Most unacknowledged rows; at that many `write` waits.
    """

    name: ClassVar[str] = "mqtt"
    title: ClassVar[str] = "MQTT topic"
    topic: str = "faultlab"
    url: str = ""
    ca_file: str = ""
    qos: Annotated[int, Choice(QOS)] = 1
    retain: bool = True
    spool: str = ""
    spool_mb: Annotated[float, Range(0.0, 1e6, unit="MB")] = 256.0
    max_in_flight: Annotated[int, Range(1, 1_000_000)] = 2000

    def __post_init__(self) -> None:
        checked_mqtt_topic(self.topic)
        self._address = mqtt_address(self.url, self.ca_file)
        place = Path(self.spool) / f"{level(self.topic)}.jsonl" if self.spool else None
        self._spool = Spool(place, int(self.spool_mb * 1e6)) if place is not None else None
        recovered = self._spool.recovered_rows if self._spool is not None else 0
        self._counts = SinkCounts(recovered=recovered, spooled=recovered)
        self._client: MqttClient | None = None
        self._open: deque[tuple[Any, Message]] = deque()  # Paho's promise of each
        self._replaying: list[Any] | None = None  # the promises of the oldest batch on disk
        self._away = self._closed = False
        self.last_problem = ""
        self.say: Callable[[str], None] = log.warning

    def write(self, rows: Rows) -> None:
        self._counts.accepted += len(rows)
        topics = [f"{self.topic}/{level(machine)}/readings" for machine in rows.column("machine_id")]
        messages = [(topic, row.decode()) for topic, row in zip(topics, rows.json_rows(), strict=True)]
        for at in range(0, len(messages), LOT):
            self.flush()
            part = messages[at : at + LOT]
            if not self._is_there() or self._waiting:
                self._put_aside(part)
                continue
            for message in part:
                self._open.append((self._publish(message), message))
            self._settle(self.max_in_flight, 10.0)

    def flush(self) -> None:
        """Count what was acknowledged, and send what waits on disk if the broker is there."""
        self._settle(len(self._open), 0.0)
        if self._is_there() and self._waiting:
            self._replay(time.monotonic() + 0.5)

    def close(self, timeout_s: float = 10.0) -> None:
        if self._closed:
            return
        self._closed = True
        until = time.monotonic() + timeout_s
        if self._is_there():
            self._settle(0, timeout_s)
            self._replay(until)
        self._put_aside([message for _, message in self._open])
        self._open.clear()
        if self._client is not None:
            self._client.stop()
        if self._spool is not None:
            self._spool.close()

    @property
    def counts(self) -> SinkCounts:
        return SinkCounts(**vars(self._counts))

    @property
    def _waiting(self) -> bool:
        return self._spool is not None and len(self._spool) > 0

    def _is_there(self) -> bool:
        """Whether the broker is there; connects the first time, and says when that changes."""
        if self._client is None:
            if self._closed:
                return False
            self._client = MqttClient(self._address, f"{self.topic}/{STATUS}")
            self._client.start()
        away = not self._client.connected
        if away:
            self.last_problem = self._client.problem or f"The MQTT broker at {self._address} is away."
        if away != self._away:
            self._away = away
            self.say(self.last_problem if away else f"The MQTT broker at {self._address} answers.")
        return not away

    def _publish(self, message: Message) -> Any:
        assert self._client is not None
        return self._client.publish(message[0], message[1].encode(), self.qos, self.retain)

    def _settle(self, most: int, timeout_s: float) -> None:
        """Count acknowledged rows, waiting until no more than `most` are open; what failed goes to the spool."""
        began = time.monotonic()
        while True:
            self._count_open()
            if len(self._open) <= most or not self._is_there() or time.monotonic() > began + timeout_s:
                break
            time.sleep(0.002)
        if timeout_s:
            self._counts.blocked_s += time.monotonic() - began

    def _count_open(self) -> None:
        kept: deque[tuple[Any, Message]] = deque()
        for promise, message in self._open:
            state = _state(promise)
            if state is None:
                kept.append((promise, message))
            elif state:
                self._counts.delivered += 1
            else:
                self._put_aside([message])
        self._open = kept

    def _put_aside(self, messages: list[Message]) -> None:
        for at in range(0, len(messages), LOT):
            part = messages[at : at + LOT]
            kept = self._spool is not None and self._spool.append(part, len(part))
            if kept:
                self._counts.spooled += len(part)
            else:
                self._counts.lost += len(part)

    def _replay(self, until: float) -> None:
        """Send the oldest batches on disk; each leaves it when all its rows are acknowledged."""
        while self._spool is not None and len(self._spool) and self._is_there() and time.monotonic() < until:
            if self._replaying is None:
                self._counts.retries += 1
                self._replaying = [self._publish((topic, row)) for topic, row in self._spool.first()]
            states = [_state(promise) for promise in self._replaying]
            if None in states:
                time.sleep(0.002)
                continue
            if not all(states):
                self._replaying = None
                return
            self._counts.delivered += len(states)
            self._counts.spooled -= len(states)
            self._spool.drop_first()
            self._replaying = None


def _state(promise: Any) -> bool | None:
    """Return whether a message is delivered; None = not decided yet."""
    try:
        return True if promise.is_published() else None
    except (ValueError, RuntimeError):  # never taken: no connection, or the client's queue is full
        return False
