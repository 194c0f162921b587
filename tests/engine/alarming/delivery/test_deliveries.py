"""Alarms reach real receivers on loopback: HTTP, mail, file and Kafka, also when these were away for a while."""

from __future__ import annotations

import dataclasses
import json
import random
import time
from types import SimpleNamespace

import pytest

from engine.alarming.delivery.carrier import MOST_WAITING, Carrier
from engine.alarming.delivery.channels import Channel
from engine.alarming.delivery.deliveries import Deliveries
from engine.alarming.delivery.messages import is_wanted, message_of, sentence
from engine.alarming.delivery.spec import EmailSpec, FileSpec, KafkaSpec, WebhookSpec
from engine.alarming.records import AlarmChange
from engine.records import SECOND_US, time_us
from engine.streams.backoff import Backoff
from engine.streams.posting import Answer
from tests.app.served import free_port
from tests.engine.alarming.delivery.servers import Hook, Mailbox, wait_for
from tests.engine.alarming.test_load import alarm
from tests.engine.streams.conftest import apache, broker, lab_home, only_practice  # noqa: F401, fixtures

START = time_us("2026-01-05T08:00:00Z")


def change(number, what="raised", priority="warning", machine="M1", state="raised"):
    one = dataclasses.replace(
        alarm(number, START, machine=machine, lasts_us=None), priority=priority, state=state, sensors=("temperature",)
    )
    return AlarmChange(START + number * SECOND_US, what, one)


def opened(tmp_path, *specs):
    quick = lambda: Backoff(0.01, 0.05, random.Random(1))  # noqa: E731
    return Deliveries(specs, tmp_path, lambda: "pump_station", lambda: 1, backoff=quick)


def send(deliveries, *changes):
    deliveries.on_frame(SimpleNamespace(changes=changes))


def counts(deliveries):
    (figures,) = deliveries.figures()
    return figures


def balanced(figures):
    ends = ("delivered", "refused", "lost", "spooled", "waiting")
    return figures["accepted"] + figures["recovered"] == sum(figures[name] for name in ends)


def test_a_webhook_gets_every_change_once_and_in_order(tmp_path):
    hook = Hook()
    deliveries = opened(tmp_path, WebhookSpec(name="hook", to="webhook", url=hook.url))

    send(deliveries, *(change(n) for n in range(20)))
    wait_for(lambda: len(hook.received) == 20)
    deliveries.close()
    hook.stop()

    assert [message["alarm"] for message in hook.received] == list(range(20))
    assert len(set(hook.keys)) == 20
    assert counts(deliveries)["delivered"] == 20
    assert hook.received[0]["at"] == "2026-01-05T08:00:00+00:00"


def test_a_webhook_that_is_away_gets_everything_when_it_is_back(tmp_path):
    port = free_port()
    deliveries = opened(tmp_path, WebhookSpec(name="hook", to="webhook", url=f"http://127.0.0.1:{port}/alarms"))
    send(deliveries, *(change(n) for n in range(10)))
    wait_for(lambda: counts(deliveries)["spooled"] == 10)
    assert counts(deliveries)["problem"]

    hook = Hook(port)
    wait_for(lambda: len(hook.received) >= 10)
    send(deliveries, change(10))
    wait_for(lambda: counts(deliveries)["delivered"] == 11)
    deliveries.close()
    hook.stop()

    assert [message["alarm"] for message in hook.received] == list(range(11))
    assert counts(deliveries)["retries"] >= 1
    assert balanced(counts(deliveries))


def test_what_waits_survives_the_end_of_the_process(tmp_path):
    port = free_port()
    spec = WebhookSpec(name="hook", to="webhook", url=f"http://127.0.0.1:{port}/alarms")
    before = opened(tmp_path, spec)
    send(before, *(change(n) for n in range(5)))
    wait_for(lambda: counts(before)["spooled"] == 5)
    before.close()

    hook = Hook(port)
    after = opened(tmp_path, spec)
    wait_for(lambda: len(hook.received) == 5)
    wait_for(lambda: counts(after)["delivered"] == 5)
    after.close()
    hook.stop()

    assert counts(after)["recovered"] == 5
    assert balanced(counts(after))


@pytest.mark.parametrize(("answer", "refused", "spooled"), [(404, 1, 0), (503, 0, 1), (429, 0, 1)])
def test_an_answer_decides_between_refused_and_again(tmp_path, answer, refused, spooled):
    hook = Hook()
    hook.answer = answer
    deliveries = opened(tmp_path, WebhookSpec(name="hook", to="webhook", url=hook.url))

    send(deliveries, change(1))
    wait_for(lambda: counts(deliveries)["refused"] + counts(deliveries)["spooled"] == 1)
    found = counts(deliveries)
    deliveries.close()
    hook.stop()

    assert (found["refused"], found["spooled"]) == (refused, spooled)
    assert str(answer) in found["problem"]


def mail(port):
    return EmailSpec(
        name="mail", to="email", server="127.0.0.1", port=port, sender="lab@school.example", receivers=("t@s.example",)
    )


def test_a_mail_says_what_happened_in_a_sentence(tmp_path):
    box = Mailbox()
    deliveries = opened(tmp_path, mail(box.port))

    send(deliveries, change(7, priority="critical"))
    wait_for(lambda: counts(deliveries)["delivered"] == 1)
    deliveries.close()
    box.stop()

    (text,) = box.mails
    assert "To: t@s.example" in text
    assert "CRITICAL: alarm 7 of M1 (temperature) raised" in text.replace("\r\n ", " ").replace("=\r\n", "")


def test_a_flood_becomes_few_mails_after_the_server_was_away(tmp_path):
    port = free_port()
    deliveries = opened(tmp_path, mail(port))
    send(deliveries, change(0))
    wait_for(lambda: counts(deliveries)["spooled"] == 1)
    send(deliveries, *(change(n) for n in range(1, 101)))
    wait_for(lambda: counts(deliveries)["spooled"] == 101)

    box = Mailbox(port)
    wait_for(lambda: counts(deliveries)["delivered"] == 101)
    deliveries.close()
    box.stop()

    assert len(box.mails) < 30
    assert balanced(counts(deliveries))


@pytest.mark.parametrize(("answer", "kept"), [("550 no such user", 0), ("451 try later", 1)])
def test_a_mail_server_may_refuse_for_good_or_for_now(tmp_path, answer, kept):
    box = Mailbox(refuse=answer)
    deliveries = opened(tmp_path, mail(box.port))

    send(deliveries, change(1))
    wait_for(lambda: counts(deliveries)["refused"] + counts(deliveries)["spooled"] == 1)
    found = counts(deliveries)
    deliveries.close()
    box.stop()

    assert found["spooled"] == kept


def test_a_file_gets_json_lines(tmp_path):
    deliveries = opened(tmp_path, FileSpec(name="log", to="file", path="logs/alarms.jsonl", least="notice"))

    send(deliveries, change(1), change(1, "cleared"))
    wait_for(lambda: counts(deliveries)["delivered"] == 2)
    deliveries.close()

    lines = (tmp_path / "deliveries" / "logs" / "alarms.jsonl").read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["what"] for line in lines] == ["raised", "cleared"]


def records(servers, topic, wanted):
    from kafka import KafkaConsumer

    consumer = KafkaConsumer(
        topic,
        bootstrap_servers=list(servers),
        auto_offset_reset="earliest",
        api_version=(2, 3),
        consumer_timeout_ms=500,
    )
    found, end = [], time.monotonic() + 15
    while len(found) < wanted and time.monotonic() < end:
        found += [(record.key.decode(), json.loads(record.value)["alarm"]) for record in consumer]
    consumer.close()
    return found


@only_practice
def test_a_topic_gets_records_keyed_by_machine(tmp_path, broker):  # noqa: F811
    topic = broker.topic(1)
    deliveries = opened(tmp_path, KafkaSpec(name="topic", to="kafka", topic=topic, servers=broker.servers))

    send(deliveries, *(change(n, machine=f"M{n % 2}") for n in range(6)))
    wait_for(lambda: counts(deliveries)["delivered"] == 6, 20)
    deliveries.close()

    assert sorted(records(broker.servers, topic, 6)) == sorted((f"M{n % 2}", n) for n in range(6))


@only_practice
def test_a_broker_that_was_away_gets_everything(tmp_path, broker):  # noqa: F811
    topic = broker.topic(1)
    broker.mock.down()
    deliveries = opened(tmp_path, KafkaSpec(name="topic", to="kafka", topic=topic, servers=broker.servers))
    send(deliveries, *(change(n) for n in range(5)))
    wait_for(lambda: counts(deliveries)["spooled"] == 5, 20)

    broker.mock.up()
    wait_for(lambda: counts(deliveries)["delivered"] == 5, 30)
    deliveries.close()

    assert {number for _, number in records(broker.servers, topic, 5)} == set(range(5))


def test_only_what_was_asked_for_is_delivered():
    spec = FileSpec(name="log", to="file", least="warning", what=("raised", "escalated"), machines=("M1",))
    wanted = [
        change(1),
        change(1, priority="notice"),
        change(1, what="cleared"),
        change(1, machine="M2"),
        change(1, state="shelved"),
        change(1, what="escalated", priority="critical"),
    ]

    assert [is_wanted(spec, one) for one in wanted] == [True, False, False, False, False, True]


def test_a_message_has_no_truth_and_a_stable_key():
    first, again = message_of(change(3), "pump_station", 1), message_of(change(3), "pump_station", 1)

    assert first == again
    assert "WARNING: alarm 3 of M1 (temperature) raised at 2026-01-05T08:00:03" in sentence(first)
    assert "fault" not in json.dumps(first)


class Stuck(Channel):
    """A receiver that does not answer until it is let go."""

    def __init__(self):
        import threading

        self.go = threading.Event()

    def deliver(self, messages):
        self.go.wait(10)
        return Answer(done=True, again=False)


def test_a_stuck_receiver_never_slows_the_engine_and_its_queue_is_bounded(tmp_path):
    channel = Stuck()
    carrier = Carrier("stuck", channel, tmp_path / "spool.jsonl")
    began = time.perf_counter()

    for n in range(MOST_WAITING + 500):
        carrier.offer({"n": n})
    took = time.perf_counter() - began
    found = carrier.counts
    channel.go.set()
    carrier.close()

    assert took < 0.5
    assert found.waiting <= MOST_WAITING + 1
    assert found.lost >= 499
    assert balanced(vars(carrier.counts))
