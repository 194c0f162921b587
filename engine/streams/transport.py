"""How rows get from the simulation to the windows: in memory, or through a Kafka topic."""

from __future__ import annotations

import time
import uuid
from collections import deque
from typing import Protocol

from engine.errors import LabError
from engine.streams.rows import Rows
from engine.streams.sources.base import Row

ASSIGNED_S = 15.0  # how long joining a consumer group may take


class Transport(Protocol):
    """Takes rows at one end and gives them at the other."""

    def send(self, rows: Rows) -> None: ...

    def receive(self, timeout_s: float) -> list[Row]: ...

    def close(self) -> None: ...


class InMemory:
    """A queue in this process."""

    def __init__(self) -> None:
        self._rows: deque[Row] = deque()

    def send(self, rows: Rows) -> None:
        """Take rows."""
        self._rows.extend(rows.dicts())

    def receive(self, timeout_s: float) -> list[Row]:
        """Return all rows that wait."""
        rows = list(self._rows)
        self._rows.clear()
        return rows

    def close(self) -> None:
        """Do nothing."""


class ThroughKafka:
    """A topic of a broker; only rows sent from now on are received.

    Raises
    ------
    LabError
        When no broker answers.
    """

    def __init__(self, topic: str, servers: tuple[str, ...], *, practice: bool = False) -> None:
        from engine.streams.sinks.kafka import Kafka
        from engine.streams.sources.kafka import KafkaSource

        group = f"process-{uuid.uuid4().hex[:8]}"
        options = {"auto_offset_reset": "latest"}
        self._source = KafkaSource(topic, group, servers, options=options, practice=practice)
        self._sink = Kafka(topic, servers, practice=practice)
        self._early: list[Row] = []
        until = time.monotonic() + ASSIGNED_S
        while not self._source.partitions:
            if time.monotonic() > until:
                raise LabError(f"The broker gives no partition of {topic!r}; look whether the topic exists.")
            self._source.read(0.1)
        self._source.lag()  # asks for the positions, which fixes them at the present end of the topic

    def send(self, rows: Rows) -> None:
        """Send rows; waits when too many are unacknowledged."""
        self._sink.write(rows)

    def receive(self, timeout_s: float) -> list[Row]:
        """Return the rows that have arrived."""
        rows = self._source.read(timeout_s)
        self._source.commit()
        return rows

    def close(self) -> None:
        """Leave the group and close the connections."""
        self._sink.close()
        self._source.close()
