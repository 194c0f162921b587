"""The server in a fresh interpreter: starts from anywhere, says what is wrong in one sentence, survives kill -9."""

from __future__ import annotations

import http.client
import json
import signal
import subprocess
import sys
import urllib.request

import pytest

from engine.cli import main
from tests.app.served import PHRASE, ROOT, Served


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Served(tmp_path_factory.mktemp("lab") / "home") as served:
        yield served


def test_it_starts_from_another_folder_and_answers(server):
    assert server.get("/api/health")["status"] in ("ok", "degraded")
    with urllib.request.urlopen(server.url + "/live") as answer:
        assert b"<title>" in answer.read()


def test_the_store_can_be_looked_into_while_the_lab_runs(server, capsys):
    """The store belongs to the running lab; the commands ask it instead of refusing."""
    folder = str(server.folder)
    server.wait_for(lambda: len(server.get("/api/table-data/readings?limit=3")["rows"]) == 3, 30)

    answers = []
    for arguments in (["check"], ["tables", "--json"], ["sample", "readings", "--limit", "3", "--json"]):
        assert main(["db", *arguments, "--home", folder]) == 0
        answers.append(capsys.readouterr().out)

    assert f"the lab that runs at http://127.0.0.1:{server.port}" in answers[0]
    assert json.loads(answers[1])[0]["plant"] == "pump_station"
    assert len(json.loads(answers[2])) == 3


def test_drawing_code_is_a_module_that_browsers_ask_for_anew(server):
    """A copy kept from before an update would draw another version's messages."""
    with urllib.request.urlopen(server.url + "/assets/live.js") as answer:
        assert "javascript" in answer.headers["content-type"]
        assert answer.headers["cache-control"] == "no-cache"


def test_the_event_stream_ends_after_its_limit(server):
    with urllib.request.urlopen(server.url + "/api/live/stream?limit=3", timeout=10) as answer:
        text = answer.read().decode()

    assert answer.headers["content-type"].startswith("text/event-stream")
    assert text.count("data: ") >= 4
    assert '"kind":"hello"' in text
    assert '"kind":"frame"' in text


def test_answers_on_a_kept_connection_are_quick(server):
    """Without TCP_NODELAY each of them would take 44 ms."""
    import time

    connection = http.client.HTTPConnection("127.0.0.1", server.port)
    times = []
    for _ in range(20):
        began = time.perf_counter()
        connection.request("GET", "/assets/series.js")
        connection.getresponse().read()
        times.append(time.perf_counter() - began)

    assert sorted(times)[10] < 0.03


def test_a_second_process_on_the_store_gets_one_sentence(server):
    second = Served(server.folder)
    size = len(server.text)
    second.launch()

    assert second.process.wait(30) == 2
    said = server.text[size:]
    assert "in use by another FaultLab" in said
    assert "Traceback" not in said


def test_a_port_in_use_gets_one_sentence(server, tmp_path):
    second = Served(tmp_path / "home", port=server.port)
    second.launch()

    assert second.process.wait(30) != 0
    assert f"Port {server.port} is not available" in second.text
    assert "Traceback" not in second.text


@pytest.mark.parametrize(
    ("name", "value", "words"),
    [
        ("FAULTLAB_PLANT", "pump_statoin", "pump_station"),
        ("FAULTLAB_SEED", "seven", "FAULTLAB_SEED must be a whole number"),
        ("FAULTLAB_SPEED", "0", "speed must be from"),
    ],
)
def test_a_wrong_variable_gets_one_sentence(tmp_path, name, value, words):
    served = Served(tmp_path / "home", **{name: value})
    served.launch()

    assert served.process.wait(30) == 2
    assert words in served.text
    assert "Traceback" not in served.text


@pytest.mark.parametrize(
    ("file", "words"),
    [("home", "set FAULTLAB_HOME to a folder that you may write to"), ("home/faultlab.duckdb", "move the file away")],
)
def test_a_folder_that_cannot_be_used_gets_one_sentence(tmp_path, file, words):
    """A file where the folder should be, or a store that is none."""
    (tmp_path / file).parent.mkdir(exist_ok=True)
    (tmp_path / file).write_bytes(b"no database " * 1000)
    served = Served(tmp_path / "elsewhere", FAULTLAB_HOME=str(tmp_path / "home"))
    served.launch()

    assert served.process.wait(30) == 2
    assert words in served.text
    assert "Traceback" not in served.text


def test_the_phrase_is_printed_once(tmp_path):
    first = Served(tmp_path / "home", FAULTLAB_PASSPHRASE="")
    with first:
        pass
    with first:
        pass

    assert first.text.count("pass phrase:") == 1
    assert PHRASE not in first.text


def test_after_kill_9_the_same_run_goes_on(tmp_path):
    served = Served(tmp_path / "home")
    with served:
        served.wait_for(lambda: served.get("/api/health")["store"]["rows_stored"] > 100, 20)
        before = served.get("/api/health")
        served.end_with(signal.SIGKILL)
        with served:
            after = served.get("/api/health")

    assert after["run"] == before["run"]
    assert after["time_us"] > before["time_us"] - 15_000_000
    assert "Traceback" not in served.text


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_within_two_seconds_with_an_open_event_stream(tmp_path, number):
    with Served(tmp_path / "home") as served:
        stream = urllib.request.urlopen(served.url + "/api/live/stream", timeout=10)
        stream.readline()
        passed = served.end_with(number)
        stream.close()

    assert passed <= 2.0
    assert "Traceback" not in served.text


def test_a_worker_process_of_the_app_draws_no_page():
    """Streamlit makes the frame the main module, and Python imports that in each worker of a pool, without a lab."""
    code = "import runpy; runpy.run_path('app/shell.py', run_name='__mp_main__')"
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=False)

    assert done.returncode == 0, done.stderr


def test_a_page_that_breaks_shows_no_details_to_anybody():
    """A traceback could hold truth; the setting must hold from wherever the server was started."""
    from streamlit import config as settings

    from app.server import _use_project_settings

    before = settings.get_option("client.showErrorDetails")
    try:
        settings.set_option("client.showErrorDetails", "full")
        settings.get_config_options()[
            "client.showErrorDetails"
        ].where_defined = settings.ConfigOption.DEFAULT_DEFINITION
        _use_project_settings(ROOT / ".streamlit" / "config.toml")
        assert settings.get_option("client.showErrorDetails") == "none"
    finally:
        settings.set_option("client.showErrorDetails", before)


def test_threads_change_places_often_enough_for_quick_commits():
    """With Python's 5 ms a commit behind two busy threads took three times as long."""
    from app import server

    before = sys.getswitchinterval()
    try:
        server.prepare(ROOT)
        assert sys.getswitchinterval() == pytest.approx(server.SWITCH_S)
    finally:
        sys.setswitchinterval(before)
