"""Rows from MQTT topics, such as those of a machine of the shop floor."""

from __future__ import annotations

import json
import logging
import threading
from collections import deque
from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, Any, ClassVar

from engine.errors import LabError
from engine.params import Choice, Range
from engine.streams.mqtt.client import MqttClient, mqtt_address
from engine.streams.readings import RowError, reading_of
from engine.streams.sources.base import Row, Source

if TYPE_CHECKING:
    from collections.abc import Callable

log = logging.getLogger(__name__)
MOST_ASIDE = 20


@dataclass
class MqttSource(Source):
    """JSON objects published below topics; a payload that is no reading is counted and set aside.

    Parameters
    ----------
    topic
        A topic filter: + stands for one level, # for all below.
    url, ca_file
        See `mqtt_address`.
    qos
        The most that the broker delivers with.
    client_id
        With a name the broker keeps what comes while this is away (QoS 1 and 2); one name for one reader.
    most_waiting
        Most rows in memory; beyond it the oldest are dropped and counted.
    """

    name: ClassVar[str] = "mqtt"
    title: ClassVar[str] = "MQTT topic"
    topic: str = "faultlab/+/readings"
    url: str = ""
    ca_file: str = ""
    qos: Annotated[int, Choice((0, 1, 2))] = 1
    client_id: str = ""
    most_waiting: Annotated[int, Range(1, 10_000_000)] = 100_000

    def __post_init__(self) -> None:
        self._address = mqtt_address(self.url, self.ca_file)
        self.bad_rows = self.dropped = 0
        self.aside: deque[dict[str, Any]] = deque(maxlen=MOST_ASIDE)
        self.say: Callable[[str], None] = log.warning
        self._rows: deque[Row] = deque()
        self._some = threading.Condition()
        self._client: MqttClient | None = None
        self._away = False

    @property
    def problem(self) -> str:
        """Why nothing comes; empty when all is well."""
        return self._client.problem if self._client is not None else ""

    def read(self, timeout_s: float = 0.5) -> list[Row]:
        """Return the next rows; connects at the first call.

        Raises
        ------
        LabError
            When no broker answers at the first call, or it refuses. One lost later gives no rows until it is back.
        """
        if self._client is None:
            self._connect()
        self._tell()
        with self._some:
            if not self._rows:
                self._some.wait(timeout_s)
            rows = list(self._rows)
            self._rows.clear()
        return rows

    def commit(self) -> bool:
        """Do nothing: what was given out was acknowledged when it came."""
        return True

    def close(self) -> None:
        if self._client is not None:
            self._client.stop()
            self._client = None

    def _connect(self) -> None:
        client = MqttClient(self._address, "", ((self.topic, self.qos),), self._take, self.client_id)
        client.start()
        if not client.connected:
            client.stop()
            raise LabError(client.problem)
        self._client = client

    def _tell(self) -> None:
        away = self._client is not None and not self._client.connected
        if away != self._away:
            self._away = away
            self.say(
                f"{self.problem} Reading goes on by itself once it is back." if away else "The MQTT broker is back."
            )

    def _take(self, topic: str, payload: bytes) -> None:
        """Take a message, on the client's thread, which must not end of it."""
        try:
            row = json.loads(payload.decode("utf-8"))
            reading_of(row, ())
        except Exception as problem:  # a stranger's bytes may be anything
            self.bad_rows += 1
            why = str(problem) if isinstance(problem, RowError) else f"It is no JSON ({type(problem).__name__})."
            self.aside.append({"topic": topic[:200], "why": why, "value": repr(payload)[:200]})
            return
        with self._some:
            self._rows.append(row)
            if len(self._rows) > self.most_waiting:
                self._rows.popleft()
                self.dropped += 1
            self._some.notify()
