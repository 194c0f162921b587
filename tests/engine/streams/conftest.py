"""A Kafka broker for the tests: the practice broker, and in the slow group Apache Kafka itself."""

from __future__ import annotations

import os
import uuid
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.errors import LabError
from engine.streams.kafka.apache import ApacheBroker
from engine.streams.kafka.practice import PracticeBroker

APACHE = pytest.param("apache", marks=[pytest.mark.slow, pytest.mark.timeout(400)])
only_practice = pytest.mark.parametrize("broker", ["practice"], indirect=True)  # it obeys: slow, wrong, away


class Broker:
    """A broker and a way to make topics on it."""

    def __init__(self, made: PracticeBroker | ApacheBroker) -> None:
        self.made = made
        self.mock = made if isinstance(made, PracticeBroker) else None
        self.apache = made if isinstance(made, ApacheBroker) else None
        self.servers = tuple(made.bootstrap.split(","))

    @property
    def practice(self) -> bool:
        return self.mock is not None

    def topic(self, partitions: int = 4, **configs: str) -> str:
        name = "t" + uuid.uuid4().hex[:8]
        self.made.create_topic(name, partitions, **configs)
        return name


@pytest.fixture(params=["practice", APACHE])
def broker(request: pytest.FixtureRequest, lab_home: Path) -> Iterator[Broker]:
    if request.param == "apache":
        made = request.getfixturevalue("apache")
        request.node.user_properties.append(("kafka", f"Apache Kafka {made.version}"))
        yield Broker(made)
        return
    mock = or_skip(PracticeBroker)
    request.node.user_properties.append(("kafka", "the practice broker"))
    yield Broker(mock)
    mock.close()


@pytest.fixture(scope="session")
def apache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ApacheBroker]:
    """One broker of Apache Kafka for all tests of this process."""
    made = or_skip(lambda: ApacheBroker(tmp_path_factory.mktemp("kafka")))
    yield made
    made.close()


def or_skip(make: Any) -> Any:
    """Return the broker; where it cannot be had the test is skipped, and in CI fails."""
    try:
        return make()
    except LabError as problem:
        if os.environ.get("CI"):
            pytest.fail(f"no broker in CI: {problem}")
        pytest.skip(str(problem))


@pytest.fixture
def lab_home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A home of its own, so that no practice broker of this machine is found by chance."""
    monkeypatch.setenv("FAULTLAB_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def pytest_terminal_summary(terminalreporter: Any) -> None:
    """Say on which brokers the Kafka tests ran."""
    passed = terminalreporter.stats.get("passed", [])
    found = Counter(value for report in passed for key, value in report.user_properties if key == "kafka")
    for name, count in sorted(found.items()):
        terminalreporter.write_line(f"{count} Kafka tests passed on {name}.")
