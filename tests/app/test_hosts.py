"""A foreign page cannot reach the lab under a name of its own; every way in which a classroom names it works."""

from __future__ import annotations

import socket

import pytest
from starlette.applications import Starlette
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from app.access import Access
from app.hosts import Hosts
from tests.app.test_access import socket as echo_role
from tests.app.test_access import who


@pytest.fixture
def hosts(monkeypatch):
    monkeypatch.setattr(socket, "gethostname", lambda: "Teachers-Laptop")
    return Hosts({"FAULTLAB_HOSTS": "lab.uni.example, *.school.example,"}, ["sso.uni.example", ""])


@pytest.mark.parametrize(
    "host",
    [
        *("localhost", "localhost:8501", "LOCALHOST:8501", "127.0.0.1:8501", "[::1]:8501", "0.0.0.0:8501"),
        *("192.168.178.20:8501", "10.0.0.7", "[fe80::1%25eth0]:8501", "203.0.113.9", "host.docker.internal.localhost"),
        *("teachers-laptop:8501", "teachers-laptop.local:8501", "Teachers-Laptop.fritz.box", "app:8501", "testserver"),
        *("lab.uni.example", "lab.uni.example.:443", "a.school.example", "b.a.school.example", "sso.uni.example", ""),
    ],
)
def test_names_of_this_lab_are_served(hosts, host):
    assert hosts.allows(host)


@pytest.mark.parametrize(
    "host",
    [
        *(
            "evil.example",
            "evil.example:8501",
            "teachers-laptop.evil.example",
            "localhost.evil.example",
            "school.example",
        ),
        *("127.0.0.1.evil.example", "lab.uni.example.evil.example", "other.local", "xlab.uni.example", "a.uni.example"),
        *("127.0.0.1.nip.io", "lab.uni.example@evil.example", "evil.example:8501:8501", "1.2.3", "school.example"),
    ],
)
def test_names_of_others_are_not(hosts, host):
    assert not hosts.allows(host)


def test_a_star_serves_any_name(monkeypatch):
    assert Hosts({"FAULTLAB_HOSTS": "*"}).allows("anything.example")


def test_requests_and_sockets_under_another_name_are_refused_with_the_cure(opened):
    site = Access(Starlette(routes=[Route("/who", who), WebSocketRoute("/socket", echo_role)]))
    client = TestClient(site, base_url="http://evil.example:8501")

    answer = client.get("/who")

    assert answer.status_code == 421
    assert "FAULTLAB_HOSTS=evil.example" in answer.json()["detail"]
    with (
        pytest.raises(WebSocketDisconnect),
        client.websocket_connect("/socket", headers={"Origin": "http://evil.example:8501"}),
    ):
        pass
    assert TestClient(site, base_url="http://192.168.1.4:8501").get("/who").status_code == 200
