"""The API without a server: health, live stream, unknown paths."""

from __future__ import annotations

import json

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from app.access import Access
from app.api import RESOURCES, build_api

TRUTH_WORDS = ("truth", "onset", "detectable", "severity", "journal", "injection", "bearing_failure", "seed")


@pytest.fixture
def client(running):
    return TestClient(Access(Starlette(routes=[Mount("/api", app=build_api())])))


def frames(client, wall, lab, count):
    """Return the hello and `count` frames that a socket gets while the test lets time pass."""
    with client.websocket_connect("/api/live") as socket:
        messages = [json.loads(socket.receive_bytes())]
        while lab.hub.viewers == 0:
            pass
        while len(messages) <= count:
            wall.now += 0.1
            lab.runner.step_once()
            messages.append(json.loads(socket.receive_bytes()))
    return messages


def test_there_are_resources():
    assert {"health", "live"} <= set(RESOURCES)


def test_health_has_a_status_and_figures(client, running):
    facts = client.get("/api/health").json()

    assert facts["status"] in ("ok", "degraded", "stopped")
    assert facts["plant"] == "pump_station"
    assert "path" not in facts["store"]
    assert facts["ticks"] == running.runner.core.ticks > 0


@pytest.mark.parametrize("path", ["/api/nope", "/api/", "/api/live/nope"])
def test_unknown_paths_answer_404_in_json(client, path):
    answer = client.get(path)

    assert answer.status_code == 404
    assert answer.headers["content-type"].startswith("application/json") or "json" in answer.headers["content-type"]


def test_a_wrong_limit_is_refused_with_the_reason(client):
    assert client.get("/api/live/stream?limit=0").status_code == 422


def test_the_socket_says_hello_then_sends_ticks(client, wall, running):
    ticks_before = running.runner.core.ticks
    hello, *later = frames(client, wall, running, 3)

    assert hello["kind"] == "hello"
    assert len(hello["machines"]) == 5
    assert [sensor["name"] for sensor in hello["sensors"]] == list(running.spec.sensor_names)
    assert sum(len(part["t"]) for part in hello["history"]) == 60 + ticks_before
    assert {"frame"} == {message["kind"] for message in later if message["kind"] != "hello"}


def test_no_message_to_a_student_names_truth(client, wall, running):
    """The plant is broken while the student watches; neither hello nor frames may say so."""
    running.runner.inject(fault="bearing_failure", machine="MACHINE_001", severity=1.0, ramp_s=1.0)

    text = json.dumps(frames(client, wall, running, 5)).lower()

    assert not [word for word in TRUTH_WORDS if word in text]


def test_health_names_no_truth(client, running):
    running.runner.inject(fault="bearing_failure", machine="MACHINE_001", severity=1.0, ramp_s=1.0)

    text = client.get("/api/health").text.lower()

    assert not [word for word in TRUTH_WORDS if word in text]


def test_the_event_stream_ends_at_once_when_the_hub_is_closed(client, running):
    """What lets SIGTERM end a server with curl attached."""
    running.hub.close()

    answer = client.get("/api/live/stream")

    assert answer.text.startswith("data: {")
    assert answer.text.count("data: ") == 1
