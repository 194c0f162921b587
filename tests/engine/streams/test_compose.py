"""The compose file: a broker that can be reached from inside and outside, and commands that exist."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
import yaml

from engine.cli import main
from engine.streams.cluster.worker import PARTITIONS

PROJECT = Path(__file__).resolve().parents[3]
SERVICES = yaml.safe_load((PROJECT / "docker-compose.yml").read_text())["services"]


def test_broker_app_producer_and_two_workers_are_there() -> None:
    assert set(SERVICES) == {"kafka", "app", "producer", "worker"}
    assert SERVICES["worker"]["deploy"]["replicas"] == 2
    assert SERVICES["worker"]["restart"] == "always"


def test_the_broker_tells_clients_inside_and_outside_where_to_go() -> None:
    """The usual reason why a client of a broker in Docker cannot connect."""
    told = SERVICES["kafka"]["environment"]["KAFKA_ADVERTISED_LISTENERS"]

    assert "localhost:9092" in told
    assert all(SERVICES[name]["environment"]["KAFKA_BOOTSTRAP"] in told for name in ("app", "producer", "worker"))


def test_whoever_makes_a_topic_first_gives_it_the_same_partitions() -> None:
    """A worker that is up before the producer must not leave the other workers idle."""
    assert SERVICES["kafka"]["environment"]["KAFKA_NUM_PARTITIONS"] == PARTITIONS


@pytest.mark.parametrize("name", ["producer", "worker"])
def test_the_commands_of_the_services_are_known(name: str, capfd: pytest.CaptureFixture[str]) -> None:
    command = re.search(r"python -m engine (\w+) (.*)\"", SERVICES[name]["command"])
    assert command is not None
    assert main([command[1], "--help"]) == 0

    shown = capfd.readouterr().out
    assert all(option in shown for option in re.findall(r"--[a-z-]+", command[2]))


def test_the_files_that_the_services_install_exist() -> None:
    commands = " ".join(str(service.get("command")) for service in SERVICES.values())
    wanted = set(re.findall(r"-[rc] (\S+\.txt)", commands))

    assert wanted
    assert all((PROJECT / name).is_file() for name in wanted)
