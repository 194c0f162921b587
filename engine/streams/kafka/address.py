"""Where the broker is and how to talk to it: flag, environment, a practice broker that is running, or the default."""

from __future__ import annotations

import json
import os
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from engine.errors import FileProblemError, LabError, nearest
from engine.home import home
from engine.streams.kafka.quiet import quieten_client

SHIPPED = Path(__file__).resolve().parents[3] / "data" / "kafka.yaml"
DEFAULT_SERVERS = ("localhost:9092",)
CONNECT_S = 3.0  # a missing broker must not hold anything up for the client's own 30 s
PRODUCER_KEYS = (
    "acks",
    "batch_size",
    "client_id",
    "compression_type",
    "delivery_timeout_ms",
    "enable_idempotence",
    "linger_ms",
    "max_request_size",
    "request_timeout_ms",
)
CONSUMER_KEYS = (
    "auto_offset_reset",
    "client_id",
    "fetch_max_wait_ms",
    "group_id",
    "heartbeat_interval_ms",
    "max_poll_interval_ms",
    "max_poll_records",
    "session_timeout_ms",
)
SECURITY_KEYS = (
    "sasl_mechanism",
    "sasl_plain_password",
    "sasl_plain_username",
    "security_protocol",
    "ssl_cafile",
    "ssl_certfile",
    "ssl_keyfile",
)


@dataclass(frozen=True)
class Address:
    """A broker: `practice` tells that it is the mock cluster, which needs special client settings; `found` = how."""

    servers: tuple[str, ...]
    practice: bool = False
    found: str = "given"
    security: tuple[tuple[str, Any], ...] = ()

    def client_options(self) -> dict[str, Any]:
        """Return the options every client needs to connect."""
        name = "bootstrap_timeout_ms" if kafka_major() >= 3 else "api_version_auto_timeout_ms"
        options = {"bootstrap_servers": list(self.servers), name: int(CONNECT_S * 1000), **dict(self.security)}
        if kafka_major() >= 3:
            options["metadata_max_age_ms"] = 3000  # caps the silence when 3.x loses a metadata wake-up
        quieten_client()
        # The mock answers ApiVersions only up to v2, and its answer to newer requests cannot be decoded.
        return {**options, "api_version": (2, 3)} if self.practice else options

    def group_options(self) -> dict[str, Any]:
        """Return the options a group member needs besides."""
        if not self.practice:
            return {}
        # The mock holds a rebalance up for the session timeout less one second, and forgets followers that synchronise
        # after the leader; so: short sessions, and a leader that lets the others go first.
        return {
            "session_timeout_ms": 2500,
            "heartbeat_interval_ms": 300,
            "partition_assignment_strategy": [_delayed_range()],
        }


@dataclass(frozen=True)
class Announced:
    """A broker that `python -m engine broker` runs here."""

    bootstrap: str
    practice: bool


def checked_topic(name: str) -> str:
    """Return the name when Kafka allows it.

    Raises
    ------
    LabError
        When it does not.
    """
    if not re.fullmatch(r"[A-Za-z0-9._-]{1,249}", name) or name in (".", ".."):
        raise LabError(f"topic must be 1 to 249 letters (a to z), digits, dots, - or _, got {name!r}.")
    return name


def kafka_major() -> int:
    """Return the major version of kafka-python."""
    import kafka

    return int(kafka.__version__.split(".")[0])


def find_broker(servers: tuple[str, ...] | None = None, env: Mapping[str, str] | None = None) -> Address:
    """Return the broker to use: given, else KAFKA_BOOTSTRAP, else one that runs here, else localhost:9092.

    KAFKA_PRACTICE=1 says that the broker named is a practice broker started elsewhere.
    """
    environment = os.environ if env is None else env
    practice = environment.get("KAFKA_PRACTICE") == "1"
    announced = announced_broker()
    if servers:
        return _address(servers, practice, announced, "given")
    if environment.get("KAFKA_BOOTSTRAP"):
        return _address(tuple(environment["KAFKA_BOOTSTRAP"].split(",")), practice, announced, "KAFKA_BOOTSTRAP")
    if announced:
        found = "practice broker" if announced.practice else "Apache broker"
        return _address(tuple(announced.bootstrap.split(",")), False, announced, found)
    return Address(DEFAULT_SERVERS, practice, "default")


def _address(servers: tuple[str, ...], practice: bool, announced: Announced | None, found: str) -> Address:
    """Return the address of those servers, and whether they are the practice broker that runs here."""
    here = ",".join(server.strip().replace("localhost:", "127.0.0.1:") for server in servers)
    runs_here = announced is not None and announced.practice and here == announced.bootstrap
    return Address(servers, practice or runs_here, found)


def announced_broker() -> Announced | None:
    """Return the broker that `python -m engine broker` runs here, or None."""
    try:
        noted = json.loads(_note().read_text())
        os.kill(int(noted["process"]), 0)
        return Announced(str(noted["bootstrap"]), bool(noted["practice"]))
    except (OSError, ValueError, KeyError):
        return None


def announce_broker(bootstrap: str, practice: bool = True) -> None:
    """Note where the broker of this process is, for other commands on this machine."""
    _note().parent.mkdir(parents=True, exist_ok=True)
    noted = {"bootstrap": bootstrap, "practice": practice, "process": os.getpid()}
    _note().write_text(json.dumps(noted))


def withdraw_broker() -> None:
    """Remove that note."""
    _note().unlink(missing_ok=True)


def kafka_settings(path: Path | None = None) -> dict[str, Any]:
    """Return the settings of a Kafka file: bootstrap_servers, topic, and the sections producer, consumer, security.

    Raises
    ------
    FileProblemError
        When the file cannot be read or has a key that is not known.
    """
    file = SHIPPED if path is None else path
    try:
        data = yaml.safe_load(file.read_text(encoding="utf-8")) or {}
    except (OSError, yaml.YAMLError, UnicodeDecodeError):
        raise FileProblemError(file, "", "it cannot be read as YAML", "see data/kafka.yaml for an example") from None
    known = {"producer": PRODUCER_KEYS, "consumer": CONSUMER_KEYS, "security": SECURITY_KEYS}
    for key, section in data.items():
        if key in known:
            for name in section or {}:
                _must_be_known(file, f"{key}.{name}", name, known[key])
        else:
            _must_be_known(file, key, key, ("bootstrap_servers", "topic", *known))
    return {key: value for key, value in data.items() if value is not None}


def _must_be_known(file: Path, place: str, name: str, choices: tuple[str, ...]) -> None:
    if name not in choices:
        raise FileProblemError(file, place, "no such key", f"write {nearest(name, choices) or ', '.join(choices)}")


def _note() -> Path:
    return home() / "practice_broker.json"


def _delayed_range() -> Any:
    from kafka.coordinator.assignors.range import RangePartitionAssignor

    if kafka_major() >= 3:

        class Delayed(RangePartitionAssignor):  # type: ignore[misc]
            def assign(self, *parts: Any, **named: Any) -> Any:
                time.sleep(0.2)
                return super().assign(*parts, **named)

        return Delayed()

    class DelayedClass(RangePartitionAssignor):  # type: ignore[misc]
        @classmethod
        def assign(cls, *parts: Any, **named: Any) -> Any:
            time.sleep(0.2)
            return super().assign(*parts, **named)

    return DelayedClass


def no_broker(address: Address, problem: object) -> LabError:
    """Return the error to raise when no broker answers."""
    servers = ",".join(address.servers)
    return LabError(
        f"No Kafka broker answers at {servers} ({problem}); start one with `python -m engine broker` or "
        "`docker compose up -d kafka`, or give another address."
    )
