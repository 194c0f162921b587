"""The sender of the course material and the API of the lab fit together, over a real connection."""

from __future__ import annotations

import threading
import time

import pytest
import uvicorn

from engine.cli.stream import tell_books
from engine.streams.factory import make_flow
from engine.streams.settings import settle
from tests.app.served import free_port


@pytest.fixture(scope="module")
def address(application):
    """The API on a port of its own."""
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(application, host="127.0.0.1", port=port, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        time.sleep(0.01)
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


def streamed(capsys, url, **flags):
    settings = settle({
        "plant": "wind_turbine", "output_mode": "api", "api_url": url, "duration": 3.0, "rate": 1.0, "seed": 1,
        "paced": False, "include_anomalies": False, "start": "2026-01-05T00:00:00Z", **flags,
    })  # fmt: skip
    flow = make_flow(settings)
    flow.run()
    tell_books(settings, flow)
    return flow.books(), capsys.readouterr().err


@pytest.fixture(autouse=True)
def home(tmp_path, monkeypatch):
    monkeypatch.setenv("FAULTLAB_HOME", str(tmp_path))


@pytest.mark.parametrize("batch_size", [1, 100])
@pytest.mark.parametrize("labels", [False, True])
def test_the_simulator_feeds_predict(client, turbines, address, capsys, batch_size, labels):
    before = client.get("/api/v1/health").json()["external_plants"].get("wind_turbine_posted", {"accepted": 0})
    books, told = streamed(
        capsys, f"{address}/api/predict", batch_size=batch_size, include_anomaly_labels=labels, seed=batch_size
    )
    after = client.get("/api/v1/health").json()["external_plants"]["wind_turbine_posted"]

    assert (books.produced, books.delivered, books.lost) == (6, 6, 0), told
    assert after["accepted"] == before["accepted"] + 6
    assert {one["name"] for one in client.get("/api/v1/plants").json()} >= {"wind_turbine_posted"}
    assert "anomaly" not in client.get("/api/v1/plants/wind_turbine_posted/readings").text


def test_the_simulator_feeds_a_rig(client, teacher, address, capsys):
    sensors = [{"name": name} for name in ("temperature", "humidity", "sound_level")]
    machines = ["turbine-line-1", "turbine-line-2"]
    client.post("/api/v1/plants", json={"name": "my_wind", "machines": machines, "sensors": sensors})
    books, told = streamed(capsys, f"{address}/api/plants/my_wind/readings")

    assert (books.delivered, books.lost) == (6, 0), told
    assert client.get("/api/v1/plants/my_wind").json()["accepted"] == 6
    teacher.delete("/api/v1/plants/my_wind")


def test_a_refusal_is_shown_with_the_receivers_sentence(address, capsys):
    books, told = streamed(capsys, f"{address}/api/predict", plant="pump_station")

    assert books.lost == books.produced > 0
    assert "answered 422: " in told
    assert "must be one of: turbine-line-1, turbine-line-2" in told


def test_readings_of_the_future_are_told_to_the_sender(client, teacher, address, capsys):
    """Of a batch in which some are too early the others are taken; the sender must hear of it."""
    body = {"name": "my_wind", "machines": ["turbine-line-1", "turbine-line-2"],
            "sensors": [{"name": name} for name in ("temperature", "humidity", "sound_level")]}  # fmt: skip
    client.post("/api/v1/plants", json=body)
    now = time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())
    books, told = streamed(capsys, f"{address}/api/plants/my_wind/readings", start=now, speed=3600.0, workers=1)
    teacher.delete("/api/v1/plants/my_wind")

    assert books.delivered == 6
    assert "The receiver says: Not stored: 4 of 6 readings" in told
