"""MQTT in and out on Eclipse mosquitto: every quality of service, outages, TLS, and what strangers publish."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from engine.alarming.delivery.channels import channel_of
from engine.alarming.delivery.spec import MqttSpec
from engine.cli import main
from engine.errors import LabError
from engine.streams.mqtt.client import MqttClient, checked_mqtt_topic, level, mqtt_address
from engine.streams.readings import reading_of
from engine.streams.sinks.mqtt import Mqtt
from engine.streams.sources.mqtt import MqttSource
from tests.app.served import free_port
from tests.engine.streams.mosquitto import PASSWORD, Mosquitto, mosquitto_or_skip
from tests.engine.streams.rows_for_tests import MACHINES, keys_of, made_rows
from tests.engine.streams.test_kafka import take, until


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Mosquitto]:
    folder = tmp_path / "mosquitto"
    folder.mkdir()
    made = mosquitto_or_skip(folder)
    yield made
    made.down()


def is_even(sink: Mqtt) -> bool:
    counts = sink.counts
    return counts.accepted + counts.recovered == counts.delivered + counts.spooled + counts.lost


@pytest.mark.parametrize("qos", [0, 1, 2])
def test_rows_arrive_in_order_at_the_topics_of_their_machines(broker: Mosquitto, qos: int) -> None:
    source = MqttSource("hall/+/readings", broker.url, qos=qos)
    source.read(0.0)
    sink = Mqtt("hall", broker.url, qos=qos)
    for tick in range(50):
        sink.write(made_rows(tick, 1))

    rows = take(source, 150)
    sink.close()
    source.close()

    assert sorted(keys_of(rows)) == sorted(keys_of(made_rows(0, 50).dicts()))
    for machine in MACHINES:
        stamps = [row["timestamp"] for row in rows if row["machine_id"] == machine]
        assert stamps == sorted(stamps)
    assert (sink.counts.delivered, sink.counts.lost, is_even(sink)) == (150, 0, True)


def test_who_comes_later_gets_the_newest_row_of_each_machine(broker: Mosquitto) -> None:
    sink = Mqtt("hall", broker.url)
    sink.write(made_rows(0, 20))
    sink.close()
    source = MqttSource("hall/+/readings", broker.url)

    rows = take(source, 3)
    source.close()

    assert sorted(keys_of(rows)) == sorted(keys_of(made_rows(19, 1).dicts()))


def test_the_status_says_online_and_offline_also_after_a_power_cut(broker: Mosquitto) -> None:
    seen: list[bytes] = []
    watcher = MqttClient(mqtt_address(broker.url), "", (("hall/status", 1),), lambda _topic, body: seen.append(body))
    watcher.start()
    for cut in (False, True):
        sink = Mqtt("hall", broker.url)
        sink.write(made_rows(0, 1))
        until(lambda: seen[-1:] == [b"online"])
        if cut:
            assert sink._client is not None
            sink._client._client.socket().close()  # no goodbye: the will is the broker's to publish
        sink.close(0.5)
        until(lambda: seen[-1:] == [b"offline"])
    watcher.stop()


def test_a_broker_lost_and_back_gets_everything(broker: Mosquitto, tmp_path: Path) -> None:
    said: list[str] = []
    source = MqttSource("hall/+/readings", broker.url, client_id="reader")
    source.say = said.append
    source.read(0.0)
    sink = Mqtt("hall", broker.url, spool=str(tmp_path / "spool"))
    sink.say = said.append
    sink.write(made_rows(0, 20))
    found = take(source, 60)
    broker.down()
    until(lambda: sink._client is not None and not sink._client.connected)
    for tick in range(20, 60):
        sink.write(made_rows(tick, 1))
    source.read(0.0)
    assert sink.counts.spooled == 120
    broker.up()
    until(lambda: sink.flush() is None and sink.counts.spooled == 0)
    sink.write(made_rows(60, 20))
    sink.close()
    found += take(source, 180)
    source.close()

    assert set(keys_of(found)) == set(keys_of(made_rows(0, 80).dicts()))
    assert (sink.counts.delivered, sink.counts.lost, is_even(sink)) == (240, 0, True)
    assert len([line for line in said if "is away" in line]) == 2  # sink and source, once each
    assert len([line for line in said if line.endswith(("answers.", "broker is back."))]) == 2


def test_without_a_broker_rows_wait_on_disk_for_the_next_run(broker: Mosquitto, tmp_path: Path) -> None:
    port = free_port()
    first = Mqtt("hall", f"mqtt://127.0.0.1:{port}", spool=str(tmp_path))
    first.write(made_rows(0, 30))
    first.close(0.5)
    second = Mqtt("hall", broker.url, spool=str(tmp_path))
    second.write(made_rows(30, 10))
    second.close()

    assert (first.counts.spooled, first.counts.lost) == (90, 0)
    assert f"No MQTT broker answers at 127.0.0.1:{port}" in first.last_problem
    assert (second.counts.recovered, second.counts.delivered, second.counts.spooled) == (90, 120, 0)


def test_without_a_spool_what_cannot_be_delivered_is_counted(lab_home: Path) -> None:
    sink = Mqtt("hall", f"mqtt://127.0.0.1:{free_port()}")
    sink.write(made_rows(0, 5))
    sink.close(0.5)

    assert (sink.counts.accepted, sink.counts.lost, is_even(sink)) == (15, 15, True)


def test_tls_and_a_password(broker: Mosquitto, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MQTT_PASSWORD", PASSWORD)
    source = MqttSource("hall/+/readings", broker.tls_url, broker.ca_file)
    source.read(0.0)
    sink = Mqtt("hall", broker.tls_url, broker.ca_file)
    sink.write(made_rows(0, 5))

    assert len(take(source, 15)) == 15
    sink.close()
    source.close()


def test_a_wrong_password_is_said(broker: Mosquitto, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MQTT_PASSWORD", "wrong")

    with pytest.raises(LabError, match=r"refuses \(Not authorized\); check user, password and rights"):
        MqttSource("hall/#", broker.tls_url, broker.ca_file).read(0.0)


def test_a_certificate_that_nobody_vouches_for_is_not_believed(
    broker: Mosquitto, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MQTT_PASSWORD", PASSWORD)

    with pytest.raises(LabError, match="localhost"):
        MqttSource("hall/#", broker.tls_url).read(0.0)


def test_what_is_no_reading_is_counted_and_the_next_is_taken(broker: Mosquitto) -> None:
    source = MqttSource("hall/#", broker.url)
    source.read(0.0)
    stranger = MqttClient(mqtt_address(broker.url))
    stranger.start()
    good = made_rows(0, 1, ("M",)).json_rows()[0]
    odd = (
        b"\xff\xfe",
        b"",
        b"[1]",
        b"[" * 50_000,
        b'{"machine_id": "M", "timestamp": "never"}',
        b'{"x":' + b"9" * 5000 + b"}",
    )
    for payload in (*odd, good):
        stranger.publish("hall/M/readings", payload, 1, False)

    rows = take(source, 1)
    stranger.stop()
    source.close()

    assert (len(rows), source.bad_rows) == (1, len(odd))
    assert all(one["why"] and len(one["value"]) <= 200 for one in source.aside)


def test_a_reader_that_does_not_read_drops_the_oldest_and_counts_them(broker: Mosquitto) -> None:
    source = MqttSource("hall/+/readings", broker.url, most_waiting=10)
    source.read(0.0)
    sink = Mqtt("hall", broker.url)
    sink.write(made_rows(0, 20, ("M",)))
    sink.close()
    until(lambda: source.dropped == 10)

    rows = source.read(0.0)
    source.close()

    assert keys_of(rows) == keys_of(made_rows(10, 10, ("M",)).dicts())


def test_alarms_are_delivered_at_the_topic_of_their_machine(broker: Mosquitto, tmp_path: Path) -> None:
    seen: list[tuple[str, Any]] = []
    reader = MqttClient(
        mqtt_address(broker.url), "", (("alarms/#", 1),), lambda topic, body: seen.append((topic, json.loads(body)))
    )
    reader.start()
    channel = channel_of(MqttSpec(name="m", to="mqtt", topic="alarms", url=broker.url), tmp_path)
    answer = channel.deliver([{"machine": "M1", "alarm": 1}, {"machine": "M2", "alarm": 2}])
    until(lambda: len(seen) == 2)
    broker.down()
    until(lambda: not channel._client.connected)  # type: ignore[attr-defined]
    away = channel.deliver([{"machine": "M1", "alarm": 3}])
    channel.close()
    reader.stop()

    assert answer.done
    assert seen == [("alarms/M1", {"machine": "M1", "alarm": 1}), ("alarms/M2", {"machine": "M2", "alarm": 2})]
    assert (away.done, away.again) == (False, True)


def test_the_commands_stream_and_detect(
    broker: Mosquitto, capfdbinary: pytest.CaptureFixture[bytes], lab_home: Path
) -> None:
    """A stream sends, and a detector reads what the broker retained of it."""
    flags = ["--mode", "mqtt", "--mqtt-url", broker.url, "--topic", "hall", "--qos", "2", "--seed", "1"]
    assert main(["stream", *flags, "--duration", "3", "--unpaced"]) == 0
    told = capfdbinary.readouterr().err
    read = ["--input", "mqtt", "--mqtt-url", broker.url, "--topic", "hall/+/readings", "--algorithm", "z_score"]
    assert main(["detect", *read, "--max-rows", "5", "--duration", "15"]) == 0
    rows = [json.loads(line) for line in capfdbinary.readouterr().out.splitlines()]

    assert b"to MQTT topic hall/MACHINE/readings" in told
    assert b"delivered            15" in told
    assert len({row["machine_id"] for row in rows}) == 5
    assert all("score" in row for row in rows)


@pytest.mark.parametrize(
    "url", ["http://x", "localhost:1883", "mqtt://", "mqtt://h:99999", "mqtt://h/topic", "mqtts://u:secret@h"]
)
def test_an_address_that_is_none_is_refused_and_not_repeated(url: str) -> None:
    with pytest.raises(LabError, match="MQTT address") as told:
        mqtt_address(url)

    assert "secret" not in str(told.value)


def test_an_address_has_its_usual_port(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MQTT_URL", "mqtts://me@plant.example")
    found = mqtt_address()

    assert (found.host, found.port, found.tls, found.user) == ("plant.example", 8883, True, "me")
    assert mqtt_address("mqtt://h").port == 1883


@pytest.mark.parametrize("topic", ["", "a/#", "+/a", "$SYS", "/a", "a/", "x" * 201, "a\0"])
def test_a_topic_that_is_none_is_refused(topic: str) -> None:
    with pytest.raises(LabError, match="MQTT topic must be like"):
        checked_mqtt_topic(topic)
    with pytest.raises(ValueError, match="MQTT topic must be like"):
        MqttSpec(name="m", to="mqtt", topic=topic)


def test_a_machine_is_one_level_whatever_it_is_called() -> None:
    assert [level(name) for name in ("hall 1/pump", "a+#", "")] == ["hall 1_pump", "a__", "_"]


def test_the_rows_of_the_documents_are_readings() -> None:
    text = (Path(__file__).resolve().parents[3] / "data" / "mqtt" / "README.md").read_text()
    blocks = [json.loads(block.split("```")[0]) for block in text.split("```json")[1:]]
    line = next(line for line in text.splitlines() if "snprintf(row" in line)
    sketched = line.split('"{', 1)[1].split('}"')[0].replace("\\", "")
    esp32 = json.loads("{" + sketched.replace("%s", "2026-01-05T08:00:00Z").replace("%.2f", "53.33") + "}")

    assert [reading_of(row).machine for row in (blocks[0], esp32)] == ["MACHINE_001", "esp32-1"]
    assert {node["type"] for node in blocks[1]} == {"inject", "function", "mqtt out", "mqtt-broker"}
