"""A Kafka broker for the tests: the practice broker, or the one that KAFKA_BOOTSTRAP names."""

from __future__ import annotations

import os
import uuid
from collections.abc import Iterator
from pathlib import Path

import pytest

from engine.errors import LabError


class Broker:
    """The broker and a way to make topics on it."""

    def __init__(self) -> None:
        from engine.streams.kafka.practice import PracticeBroker

        named = os.environ.get("KAFKA_BOOTSTRAP")
        self.mock = None if named else PracticeBroker()
        self.servers: tuple[str, ...] = tuple((named or self.mock.bootstrap).split(",")) if named or self.mock else ()

    @property
    def practice(self) -> bool:
        return self.mock is not None

    def topic(self, partitions: int = 4) -> str:
        name = "t" + uuid.uuid4().hex[:8]
        if self.mock is not None:
            self.mock.create_topic(name, partitions)
            return name
        from kafka.admin import KafkaAdminClient, NewTopic

        admin = KafkaAdminClient(bootstrap_servers=list(self.servers))
        admin.create_topics([NewTopic(name, partitions, 1)])
        admin.close()
        return name

    def must_be_mock(self) -> None:
        """Skip a test that takes the broker away, on a real broker."""
        if self.mock is None:
            pytest.skip("a real broker is not taken down by a test")


@pytest.fixture
def broker(lab_home: Path) -> Iterator[Broker]:
    try:
        made = Broker()
    except LabError as problem:
        if os.environ.get("CI"):
            pytest.fail(f"no broker in CI: {problem}")
        pytest.skip(str(problem))
    yield made
    if made.mock is not None:
        made.mock.close()


@pytest.fixture
def lab_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, so that no practice broker of this machine is found by chance."""
    monkeypatch.setenv("FAULTLAB_HOME", str(tmp_path / "home"))
    return tmp_path / "home"
