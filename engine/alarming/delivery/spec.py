"""What the policy file says about one delivery: which alarms, and where to."""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, ConfigDict, Field, field_validator

from engine.errors import LabError
from engine.streams.mqtt.client import checked_mqtt_topic, mqtt_address

NAME = r"^[a-z][a-z0-9_-]{0,39}$"
ADDRESS = r"^[^@\s,;<>]+@[^@\s,;<>]+$"
What = Literal[
    "raised",
    "reopened",
    "escalated",
    "cleared",
    "suppressed",
    "acknowledged",
    "shelved",
    "unshelved",
    "commented",
    "silent",
    "heard",
]
USUAL: tuple[What, ...] = ("raised", "reopened", "escalated", "cleared", "silent", "heard")


class DeliverySpec(BaseModel):
    """What all kinds of delivery share.

    Parameters
    ----------
    name
        Names the delivery on pages and its spool on disk.
    least
        Lowest priority that is delivered.
    what
        Changes of an alarm that are delivered.
    machines, detectors
        Only these; empty = all.
    """

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: str = Field(pattern=NAME)
    least: Literal["notice", "warning", "critical"] = "warning"
    what: tuple[What, ...] = Field(default=USUAL, min_length=1)
    machines: tuple[str, ...] = ()
    detectors: tuple[str, ...] = ()


class WebhookSpec(DeliverySpec):
    """A POST of JSON for each change, with an Idempotency-Key."""

    to: Literal["webhook"]
    url: str
    headers: dict[str, str] = Field(default_factory=dict)
    timeout_s: float = Field(default=5.0, gt=0, le=60)

    @field_validator("headers")
    @classmethod
    def _sendable(cls, headers: dict[str, str]) -> dict[str, str]:
        """What no HTTP client would send is refused here, where the line of the file is known."""
        import re

        for name, value in headers.items():
            plain = re.fullmatch(r"[\t\x20-\x7e\xa0-\xff]*", value)
            if plain is None or not re.fullmatch(r"[A-Za-z0-9!#$%&'*+.^_`|~-]+", name):
                raise ValueError(f"headers must be a name and one line of plain text each, got {name[:40]!r}")
        return headers

    @field_validator("url")
    @classmethod
    def _http(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("url must be an http or https address such as http://localhost:9000/alarms")
        return url


class EmailSpec(DeliverySpec):
    """One message for what happened since the last, by SMTP.

    Parameters
    ----------
    password_env
        Name of the environment variable that holds the password; it is never written in the file.
    """

    to: Literal["email"]
    server: str = Field(min_length=1)
    port: int = Field(default=25, ge=1, le=65535)
    sender: str = Field(pattern=ADDRESS)
    receivers: tuple[str, ...] = Field(min_length=1)
    starttls: bool = False
    user: str = ""
    password_env: str = ""
    timeout_s: float = Field(default=10.0, gt=0, le=60)

    @field_validator("receivers")
    @classmethod
    def _addresses(cls, receivers: tuple[str, ...]) -> tuple[str, ...]:
        import re

        wrong = next((one for one in receivers if not re.fullmatch(ADDRESS, one)), None)
        if wrong is not None:
            raise ValueError(f"receivers must be addresses such as teacher@school.example, got {wrong!r}")
        return receivers


class FileSpec(DeliverySpec):
    """A JSON line for each change, in a file below the folder `deliveries` of the lab: none of its own lies there."""

    to: Literal["file"]
    path: str = "alarms.jsonl"

    @field_validator("path")
    @classmethod
    def _inside(cls, path: str) -> str:
        import re

        if not re.fullmatch(r"[A-Za-z0-9_-][A-Za-z0-9_.-]*(/[A-Za-z0-9_-][A-Za-z0-9_.-]*){0,3}\.(jsonl|log|txt)", path):
            raise ValueError("path must be a plain name below the folder deliveries that ends in .jsonl, .log or .txt")
        return path


class KafkaSpec(DeliverySpec):
    """A record for each change, keyed by machine.

    Parameters
    ----------
    servers
        Brokers; empty = KAFKA_BOOTSTRAP, a practice broker that runs here, or localhost:9092.
    """

    to: Literal["kafka"]
    topic: str = Field(default="alarms", pattern=r"^[A-Za-z0-9._-]{1,200}$")
    servers: tuple[str, ...] = ()


class MqttSpec(DeliverySpec):
    """A message for each change at TOPIC/MACHINE.

    Parameters
    ----------
    url
        The broker, such as mqtts://user@host:8883; empty = MQTT_URL, else mqtt://localhost:1883.
    password_env
        Name of the environment variable that holds the password; it is never written in the file.
    """

    to: Literal["mqtt"]
    topic: str = "faultlab/alarms"
    url: str = ""
    qos: Literal[0, 1, 2] = 1
    retain: bool = False
    ca_file: str = ""
    password_env: str = "MQTT_PASSWORD"

    @field_validator("topic")
    @classmethod
    def _publishable(cls, topic: str) -> str:
        return _meant(lambda: checked_mqtt_topic(topic), topic)

    @field_validator("url")
    @classmethod
    def _mqtt(cls, url: str) -> str:
        return _meant(lambda: mqtt_address(url), url)


def _meant(check: Callable[[], object], value: str) -> str:
    """Return the value when the check passes; its sentence is the policy file's."""
    try:
        check()
    except LabError as problem:
        raise ValueError(str(problem)) from None
    return value
