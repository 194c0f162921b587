"""The five ways out; each takes a batch and says whether it is done, worth another try, or refused for good."""

from __future__ import annotations

import json
import os
import smtplib
import ssl
from abc import ABC, abstractmethod
from email.message import EmailMessage
from typing import TYPE_CHECKING, Any

from engine.alarming.delivery.messages import sentence
from engine.alarming.delivery.spec import DeliverySpec, EmailSpec, FileSpec, KafkaSpec, MqttSpec, WebhookSpec
from engine.errors import LabError
from engine.streams.posting import Answer, Poster

if TYPE_CHECKING:
    from pathlib import Path

    from engine.streams.kafka.producer import BoundedProducer
    from engine.streams.mqtt.client import MqttClient

    Messages = list[dict[str, Any]]
SETTLE_S = 8.0  # how long a broker may take to acknowledge a batch
DONE = Answer(done=True, again=False)


class Channel(ABC):
    """Delivers messages; used by one thread only.

    `most` is how many messages one delivery takes.
    """

    most = 1

    @abstractmethod
    def deliver(self, messages: Messages) -> Answer:
        """Bring the messages; never raises for what the network or the receiver does."""

    def close(self) -> None:
        """Close connections."""
        return


class Webhook(Channel):
    """Posts each message by itself."""

    def __init__(self, spec: WebhookSpec) -> None:
        self._poster = Poster(spec.url, spec.timeout_s, dict(spec.headers), single=True)

    def deliver(self, messages: Messages) -> Answer:
        return self._poster.post(messages, messages[0]["key"])

    def close(self) -> None:
        self._poster.close()


class Email(Channel):
    """Sends one mail for up to 50 changes: a flood must not flood the mailbox, too."""

    most = 50

    def __init__(self, spec: EmailSpec) -> None:
        self._spec = spec

    def deliver(self, messages: Messages) -> Answer:
        spec = self._spec
        try:
            with smtplib.SMTP(spec.server, spec.port, timeout=spec.timeout_s) as server:
                if spec.starttls:
                    server.starttls(context=ssl.create_default_context())
                if spec.user:
                    server.login(spec.user, os.environ.get(spec.password_env, ""))
                server.send_message(self._mail(messages))
        except smtplib.SMTPResponseException as problem:
            lasting = 500 <= problem.smtp_code < 600
            return Answer(False, not lasting, f"the mail server answered {problem.smtp_code}")
        except smtplib.SMTPRecipientsRefused:
            return Answer(False, False, "the mail server refused every receiver")
        except (OSError, smtplib.SMTPException) as problem:
            return Answer(False, True, f"{type(problem).__name__}: {problem}")
        return DONE

    def _mail(self, messages: Messages) -> EmailMessage:
        mail = EmailMessage()
        first = sentence(messages[-1])
        mail["Subject"] = first if len(messages) == 1 else f"{len(messages)} alarm changes, the last: {first}"
        mail["From"], mail["To"] = self._spec.sender, ", ".join(self._spec.receivers)
        mail["Message-ID"] = f"<{messages[0]['key'].replace('/', '.')}@faultlab>"
        mail.set_content("\n".join(sentence(message) for message in messages) + "\n")
        return mail


class File(Channel):
    """Appends JSON lines."""

    most = 200

    def __init__(self, spec: FileSpec, folder: Path) -> None:
        self._path = folder / spec.path

    def deliver(self, messages: Messages) -> Answer:
        lines = "".join(json.dumps(message, ensure_ascii=False) + "\n" for message in messages)
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
            with self._path.open("a", encoding="utf-8") as out:
                out.write(lines)
        except OSError as problem:
            return Answer(False, True, f"{self._path.name} cannot be written ({problem.strerror})")
        return DONE


class Kafka(Channel):
    """Sends records keyed by machine and waits for their acknowledgement."""

    most = 200

    def __init__(self, spec: KafkaSpec) -> None:
        self._spec = spec
        self._producer: BoundedProducer | None = None

    def deliver(self, messages: Messages) -> Answer:
        from engine.streams.kafka.producer import BackpressureError

        values = [json.dumps(message, ensure_ascii=False).encode() for message in messages]
        records = [(message["machine"].encode(), value, None) for message, value in zip(messages, values, strict=True)]
        try:
            producer = self._connected()
            lot = producer.send(records)
            settled = producer.wait_until_settled(SETTLE_S, lot)
        except (LabError, BackpressureError) as problem:
            self.close()
            return Answer(False, True, str(problem))
        failures = lot.failures() if settled else []
        if settled and not failures:
            return DONE
        self.close()
        return Answer(False, True, type(failures[0][1]).__name__ if failures else "no acknowledgement in time")

    def close(self) -> None:
        if self._producer is not None:
            self._producer.close(0.0)
            self._producer = None

    def _connected(self) -> BoundedProducer:
        if self._producer is None:
            from engine.streams.kafka.address import find_broker
            from engine.streams.kafka.producer import BoundedProducer

            address = find_broker(self._spec.servers or None)
            self._producer = BoundedProducer(self._spec.topic, address, max_block_s=2.0)
        return self._producer


class Mqtt(Channel):
    """Publishes each change at its machine's topic and waits for the acknowledgements."""

    most = 200

    def __init__(self, spec: MqttSpec) -> None:
        self._spec = spec
        self._client: MqttClient | None = None

    def deliver(self, messages: Messages) -> Answer:
        from engine.streams.mqtt.client import level

        spec, client = self._spec, self._started()
        if not client.connected:
            return self._again(client.problem or "the MQTT broker is away")
        try:
            for message in messages:
                body = json.dumps(message, ensure_ascii=False).encode()
                promise = client.publish(f"{spec.topic}/{level(message['machine'])}", body, spec.qos, spec.retain)
                promise.wait_for_publish(SETTLE_S)
                if not promise.is_published():
                    return self._again("no acknowledgement in time")
        except (ValueError, RuntimeError) as problem:
            return self._again(str(problem))
        return DONE

    def close(self) -> None:
        if self._client is not None:
            self._client.stop()
            self._client = None

    def _again(self, why: str) -> Answer:
        """Leave the connection, so that nothing of the batch is sent by itself later, and ask for another try."""
        self.close()
        return Answer(False, True, why)

    def _started(self) -> MqttClient:
        if self._client is None:
            from engine.streams.mqtt.client import MqttClient, mqtt_address

            spec = self._spec
            self._client = MqttClient(mqtt_address(spec.url, spec.ca_file, spec.password_env))
            self._client.start()
        return self._client


def channel_of(spec: DeliverySpec, folder: Path) -> Channel:
    """Return the way out that a delivery asks for; `folder` is where files go."""
    if isinstance(spec, WebhookSpec):
        return Webhook(spec)
    if isinstance(spec, EmailSpec):
        return Email(spec)
    if isinstance(spec, KafkaSpec):
        return Kafka(spec)
    if isinstance(spec, MqttSpec):
        return Mqtt(spec)
    if isinstance(spec, FileSpec):
        return File(spec, folder)
    raise TypeError(f"spec must be a kind of delivery, got {type(spec).__name__}.")
