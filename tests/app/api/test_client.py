"""The typed client against a real server over TCP: standard library on one side, uvicorn on the other."""

from __future__ import annotations

import http.server
import json
import subprocess
import sys
import threading
import time

import pytest
import uvicorn

from engine.client import ApiAccessError, ApiError, ApiUnknownError, LabClient
from engine.errors import LabError
from engine.records import SECOND_US, iso_time
from tests.app.api.conftest import NORMAL, PHRASE
from tests.app.served import free_port

START = 1_767_600_000 * SECOND_US
LINE = "turbine-line-1"


@pytest.fixture(scope="module")
def address(application):
    port = free_port()
    server = uvicorn.Server(uvicorn.Config(application, port=port, log_level="error", lifespan="off"))
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    end = time.monotonic() + 10
    while not server.started and time.monotonic() < end:
        time.sleep(0.01)  # a server's start has no other sign
    yield f"http://127.0.0.1:{port}"
    server.should_exit = True
    thread.join(10)


@pytest.fixture(scope="module")
def lab(address):
    return LabClient(address)


@pytest.fixture(scope="module")
def teaching(address):
    made = LabClient(address)
    assert made.sign_in(phrase=PHRASE) == "instructor"
    return made


def test_it_needs_nothing_but_the_standard_library():
    code = (
        "import sys, engine.client; print([m for m in ('httpx', 'requests', 'numpy', 'pydantic') if m in sys.modules])"
    )
    assert subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout == "[]\n"


def test_predictions_are_typed(lab):
    usual, hot = lab.predict([{"machine": LINE, **NORMAL}, {"machine": LINE, **NORMAL, "temperature": 75.0}])

    assert (usual.is_anomaly, usual.status) == (False, "normal")
    assert (hot.is_anomaly, hot.sensors[0]) == (True, "temperature")


def test_readings_come_page_by_page(lab):
    rows = list(lab.readings(most=1100))

    assert len(rows) == 1100
    assert rows[0]["time"] > rows[-1]["time"]


def test_status_lines_history_and_detectors(lab):
    assert lab.health()["plant"] == lab.status()["plant"]["name"] == "wind_turbine"
    assert [line["name"] for line in lab.lines()] == list(lab.history("humidity", hours=1.0))
    assert lab.detectors()["at_work"]


def test_a_plant_of_ones_own(lab):
    lab.make_plant("bench rig".replace(" ", "_"), ["A"], ["amps", {"name": "volts", "unit": "V"}])
    rows = [
        {"machine": "A", "time": iso_time(START + i * SECOND_US), "values": {"amps": 1.0, "volts": 9.0}}
        for i in range(5)
    ]

    taken = lab.send("bench_rig", rows, key="same")
    again = lab.send("bench_rig", rows, key="same")

    assert taken.accepted == 5
    assert again == taken


def test_refusals_are_errors_with_places(lab):
    with pytest.raises(ApiError, match="9999") as refused:
        lab.predict([{"machine": LINE, **NORMAL, "temperature": 9999}])
    assert refused.value.status == 422
    assert refused.value.places[0]["place"] == "readings.0.temperature"
    with pytest.raises(ApiUnknownError, match="No sensor"):
        lab.history("pressure")
    with pytest.raises(ApiAccessError, match="instructor"):
        lab.inject("overheating", LINE)


def test_an_instructor_injects_and_clears(teaching):
    assert teaching.inject("overheating", LINE, severity=0.5)["machine"] == LINE
    assert teaching.clear() == [LINE]
    assert teaching.alarms() == []


def test_a_token_is_not_shown_by_print(teaching):
    assert teaching.token is not None
    assert teaching.token not in repr(teaching)


def test_a_lab_that_is_not_there_is_said_in_one_sentence():
    with pytest.raises(LabError, match="is it running"):
        LabClient(f"http://127.0.0.1:{free_port()}").call("POST", "/predict", {})
    with pytest.raises(LabError, match="http://"):
        LabClient("file:///etc/passwd")


def test_what_may_be_repeated_is_tried_again_with_the_same_key():
    """A server that is busy twice, then answers; the batch carries one key all along."""
    keys = []

    class Busy(http.server.BaseHTTPRequestHandler):
        def do_POST(self):
            self.rfile.read(int(self.headers["Content-Length"]))
            keys.append(self.headers["Idempotency-Key"])
            body = json.dumps({"results": []} if len(keys) == 3 else {"detail": "busy"}).encode()
            self.send_response(200 if len(keys) == 3 else 503)
            self.send_header("Retry-After", "0.01")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            return

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Busy) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        assert LabClient(f"http://127.0.0.1:{server.server_address[1]}").predict([{"a": 1.0}]) == []
        server.shutdown()

    assert len(keys) == 3
    assert len(set(keys)) == 1
