"""What stands before every route: size, rate, the log, problem+json; and what keeps the engine alive behind them."""

from __future__ import annotations

import json
import logging

import pytest
from starlette.applications import Starlette
from starlette.routing import Mount
from starlette.testclient import TestClient

from app.access import Access
from app.api import build_api
from app.api.guard import MOST_BODY, Guard, Rates, Traffic
from engine.logs import Logs


def test_a_huge_body_is_refused_before_it_is_read(client):
    answer = client.post("/api/predict", content=b"{" + b" " * MOST_BODY)

    assert answer.status_code == 413
    assert "several parts" in answer.json()["detail"]


@pytest.mark.parametrize("path", ["/api/predict", "/api/v1/plants", "/api/v1/score"])
def test_a_huge_body_without_a_length_is_refused_as_it_comes(client, path):
    """A chunked body has no length to look at first."""
    answer = client.post(
        path, content=(b"[" * (1 << 20) for _ in range(9)), headers={"content-type": "application/json"}
    )

    assert answer.status_code == 413


def test_a_wrong_length_is_refused(client):
    assert client.get("/api/health", headers={"Content-Length": "-1"}).status_code == 400


def test_who_asks_too_often_waits():
    now = [0.0]
    rates = Rates(per_second=10.0, most=20.0, wall=lambda: now[0])

    assert [rates.wait_s("a") for _ in range(20)] == [0.0] * 20
    assert rates.wait_s("a") == pytest.approx(0.1)
    assert rates.wait_s("b") == 0.0
    now[0] = 1.0
    assert [rates.wait_s("a") for _ in range(10)] == [0.0] * 10
    assert rates.wait_s("a", cost=5.0) > 0.0


def test_too_many_requests_are_429_with_the_time_to_wait(turbines):
    api, traffic = build_api(), Traffic()
    guarded = Guard(api, traffic, Rates(per_second=0.5, most=2.0, wall=lambda: 0.0))
    client = TestClient(Access(Starlette(routes=[Mount("/api", app=guarded)])))

    codes = [client.get("/api/thresholds").status_code for _ in range(3)]
    refused = client.get("/api/thresholds")

    assert codes == [200, 200, 429]
    assert refused.headers["retry-after"] == "2"
    assert refused.headers["content-type"] == "application/problem+json"
    assert traffic.refused == 2


def test_each_request_is_a_line_of_the_log(client, tmp_path):
    """With method, path, status and duration; never a token and never a body."""
    logs = Logs(tmp_path, terminal=logging.CRITICAL)
    try:
        client.get("/api/thresholds?x=1", headers={"Authorization": "Bearer secret-of-mine"})
        client.get("/api/thresholds")
        client.get("/api/table-data/nope")
    finally:
        logs.close()

    text = logs.path.read_text(encoding="utf-8")
    lines = [json.loads(line) for line in text.splitlines()]
    told = [(one["method"], one["path"], one["status"]) for one in lines]
    assert told == [("GET", "/api/thresholds", 200), ("GET", "/api/table-data/nope", 404)]
    assert all(one["ms"] >= 0.0 for one in lines)
    assert "secret-of-mine" not in text


def test_a_token_that_is_nobodys_is_401(client):
    answer = client.get("/api/health", headers={"Authorization": "Bearer nobody"})

    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.headers["www-authenticate"] == "Bearer"


@pytest.mark.parametrize(
    "path", ["/api/nope", "/api/v1/nope", "/api/", "/api/v2/health", "/api/health%0A", "/api/health/"]
)
def test_unknown_paths_are_404_problems(client, path):
    answer = client.get(path)

    assert answer.status_code == 404
    assert answer.json()["status"] == 404


def test_a_wrong_method_is_405(client):
    assert client.delete("/api/health").status_code == 405


def test_a_defect_is_500_without_a_word_of_its_inside(turbines):
    api = build_api()

    @api.get("/broken")
    def broken() -> None:
        raise RuntimeError("/home/secret/path")

    client = TestClient(Access(Starlette(routes=[Mount("/api", app=api)])), raise_server_exceptions=False)
    answer = client.get("/api/broken")

    assert answer.status_code == 500
    assert answer.json()["title"] == "Internal Server Error"
    assert "secret" not in answer.text


def test_a_dead_engine_is_degraded_with_the_reason_then_revived_and_said_so(turbines, client):
    """What the server's watch does twice a second."""
    runner = turbines.runner

    def breaks():
        raise RuntimeError("a wire is cut")

    step, runner.step_once = runner.step_once, breaks
    try:
        runner.start()
        runner._thread.join(5)
        dead = client.get("/api/health").json()
        runner.step_once = lambda: 0
        revived = runner.revive()
        alive = client.get("/api/health").json()
    finally:
        runner.stop()
        runner._stopping.clear()
        runner._thread = None
        runner.step_once = step

    assert dead["status"] == "degraded"
    assert "a wire is cut" in dead["reasons"][0]
    assert revived
    assert alive["restarts"] == 1
    assert any("started again" in note for note in alive["notes"])


def test_a_full_disk_is_degraded_with_the_reason(turbines, client):
    turbines.store.write_problem = "The disk is full."
    try:
        told = client.get("/api/health").json()
    finally:
        turbines.store.write_problem = None

    assert told["status"] == "degraded"
    assert "The disk is full." in told["reasons"][0]
