"""A connection to an MQTT broker that comes back by itself; Eclipse Paho does the protocol.

References
----------
OASIS (2014). MQTT Version 3.1.1: quality of service 0 (at most once), 1 (at least once) and 2 (exactly once), retained
messages, and the will that a broker publishes for a client that went without a word.
"""

from __future__ import annotations

import contextlib
import os
import ssl
import threading
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote, urlsplit

from engine.errors import LabError

if TYPE_CHECKING:
    from collections.abc import Callable

PORTS = {"mqtt": 1883, "mqtts": 8883}
CONNECT_S = 3.0
KEEPALIVE_S = 20
STATUS = "status"  # below a topic: "online", or "offline" as the last will


@dataclass(frozen=True)
class MqttAddress:
    """A broker; the password is in the environment variable `password_env` and never in an address or a file."""

    host: str
    port: int
    tls: bool = False
    user: str = ""
    password_env: str = "MQTT_PASSWORD"
    ca_file: str = ""

    def __str__(self) -> str:
        return f"{self.host}:{self.port}"


def mqtt_address(url: str = "", ca_file: str = "", password_env: str = "MQTT_PASSWORD") -> MqttAddress:
    """Return the broker of an address such as mqtts://class@plant.example:8883; empty = MQTT_URL, else localhost.

    Raises
    ------
    LabError
        When the address is none, or a password stands in it.
    """
    text = url or os.environ.get("MQTT_URL", "") or "mqtt://localhost:1883"
    try:
        parts = urlsplit(text)
        port = parts.port or PORTS.get(parts.scheme, 0)
    except ValueError:
        parts, port = urlsplit(""), 0
    if parts.scheme not in PORTS or not parts.hostname or not port or parts.path.strip("/"):
        raise LabError("The MQTT address must be like mqtt://localhost:1883 or mqtts://user@host:8883.")
    if parts.password is not None:
        raise LabError(
            f"A password does not belong into the MQTT address; put it into the environment, {password_env}."
        )
    return MqttAddress(
        parts.hostname, port, parts.scheme == "mqtts", unquote(parts.username or ""), password_env, ca_file
    )


def checked_mqtt_topic(topic: str) -> str:
    """Return the topic when rows can be published below it.

    Raises
    ------
    LabError
        When it is empty, too long or has a character with a meaning in MQTT.
    """
    if (
        not 0 < len(topic.encode()) <= 200
        or set(topic) & set("+#\0")
        or topic.startswith(("$", "/"))
        or topic.endswith("/")
    ):
        raise LabError(f"The MQTT topic must be like plant/hall1, without +, # and $, got {topic!r:.80}.")
    return topic


def level(name: str) -> str:
    """Return a name as one level of a topic."""
    return "".join("_" if letter in "/+#\0" else letter for letter in name) or "_"


class MqttClient:
    """One connection; it is made by `start` and comes back by itself until `stop`.

    Parameters
    ----------
    online
        A topic whose retained message says "online" while connected and "offline" after, however the connection ended.
    subscribe, on_message
        Topics to read, with their quality of service, and who gets (topic, payload).
    client_id
        With a name of its own the broker keeps the session: what comes while the client is away is not lost (QoS 1, 2).
    """

    def __init__(
        self,
        address: MqttAddress,
        online: str = "",
        subscribe: tuple[tuple[str, int], ...] = (),
        on_message: Callable[[str, bytes], None] | None = None,
        client_id: str = "",
    ) -> None:
        from paho.mqtt import client as paho
        from paho.mqtt.enums import CallbackAPIVersion

        self.address, self.problem = address, ""
        self._online, self._subscribe = online, subscribe
        self._up = threading.Event()
        self._client = paho.Client(CallbackAPIVersion.VERSION2, client_id=client_id, clean_session=not client_id)
        self._client.on_connect, self._client.on_disconnect = self._connected, self._lost
        if on_message is not None:
            self._client.on_message = lambda _client, _data, message: on_message(message.topic, bytes(message.payload))
        self._client.reconnect_delay_set(1, 5)
        self._client.max_inflight_messages_set(20)  # mosquitto acknowledges QoS 2 beyond its own 20, and drops it
        if online:
            self._client.will_set(online, b"offline", 1, retain=True)
        if address.user:
            self._client.username_pw_set(address.user, os.environ.get(address.password_env, ""))
        if address.tls:
            self._client.tls_set_context(_tls(address.ca_file))

    @property
    def connected(self) -> bool:
        """Whether the broker is there."""
        return self._up.is_set()

    def start(self) -> None:
        """Connect on a thread of its own; waits up to three seconds for it."""
        self._client.connect_async(self.address.host, self.address.port, KEEPALIVE_S)
        self._client.loop_start()
        if not self._up.wait(CONNECT_S) and not self.problem:
            self.problem = f"No MQTT broker answers at {self.address}; start one, or give another address."

    def publish(self, topic: str, payload: bytes, qos: int, retain: bool) -> Any:
        """Hand a message over; returns Paho's promise, whose `is_published` tells that the broker has it."""
        return self._client.publish(topic, payload, qos, retain)

    def stop(self) -> None:
        """Say goodbye and end the thread."""
        with contextlib.suppress(ValueError, RuntimeError, OSError):
            if self._online and self.connected:
                self._client.publish(self._online, b"offline", 1, retain=True).wait_for_publish(CONNECT_S)
            self._client.disconnect()
        self._client.loop_stop()

    def _connected(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        if reason.is_failure:
            self.problem = f"The MQTT broker at {self.address} refuses ({reason}); check user, password and rights."
            return
        self.problem = ""
        if self._subscribe:
            self._client.subscribe(list(self._subscribe))
        if self._online:
            self._client.publish(self._online, b"online", 1, retain=True)
        self._up.set()

    def _lost(self, _client: Any, _data: Any, _flags: Any, reason: Any, _properties: Any) -> None:
        self._up.clear()
        if reason.is_failure and not self.problem:
            self.problem = f"The MQTT broker at {self.address} is away ({reason})."


def _tls(ca_file: str) -> ssl.SSLContext:
    try:
        return ssl.create_default_context(cafile=ca_file or None)
    except (OSError, ssl.SSLError):
        raise LabError(
            f"The CA file {ca_file!r:.200} cannot be read; give the PEM file of the broker's authority."
        ) from None
