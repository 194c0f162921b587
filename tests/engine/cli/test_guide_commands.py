"""Each command line of both source documents runs here as written but for the program's path, or has a named equal."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
import yaml

from app.opening import open_runner
from engine.cli import main
from engine.errors import LabError
from engine.records import SECOND_US
from engine.running.windowed import WindowBook
from engine.streams.sources.push import Push
from tests.engine.cli.guide_table import GUIDE, URL, WIND_TURBINE, Line

PROJECT = Path(__file__).resolve().parents[3]
SOURCES = PROJECT.parent / "shared" / "sources"
DOCUMENTS = {"streaming_guide.md": GUIDE, "wind_turbine_readme.md": WIND_TURBINE}
COMMAND = re.compile(r"^\s*((?:python|streamlit|docker|docker-compose|curl|netstat|mkdir|chmod|git|cd|source|pip) .+)$")
ELSEWHERE = [line for line in GUIDE + WIND_TURBINE if not line.ours]
RUNNING = [line for line in GUIDE + WIND_TURBINE if line.ours]


@pytest.fixture(scope="module")
def broker() -> Iterator[str]:
    """A practice broker, or the one that KAFKA_BOOTSTRAP names."""
    if os.environ.get("KAFKA_BOOTSTRAP"):
        yield os.environ["KAFKA_BOOTSTRAP"]
        return
    from engine.streams.kafka.practice import PracticeBroker

    try:
        made = PracticeBroker()
    except LabError as problem:
        if os.environ.get("CI"):
            pytest.fail(f"no broker in CI: {problem}")
        pytest.skip(str(problem))
    made.create_topic("sensor-data", 4)
    yield made.bootstrap
    made.close()


@pytest.fixture
def quiet_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A folder and home of its own, and the signal handlers put back afterwards."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("FAULTLAB_HOME", str(tmp_path / "home"))
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    yield tmp_path
    for number, handler in before.items():
        signal.signal(number, handler)


def shortened(line: Line) -> list[str]:
    """The arguments with an end: one tick of a stream, a few windows of a process, a moment of a consumer."""
    words = line.ours.format(project=PROJECT).split()
    if words[0] == "stream":
        rate = float(words[words.index("--rate") + 1]) if "--rate" in words else 1.0
        return [*words, "--duration", str(1 / rate)]
    if words[0] == "process":
        return [*words, "--duration", "120", "--unpaced", "--seed", "1"]
    return [*words, "--duration", "1.5"]


@pytest.mark.parametrize("line", RUNNING, ids=lambda line: line.written)
@pytest.mark.kafka
def test_the_command_runs_as_written_but_for_the_programs_path(
    line: Line,
    quiet_place: Path,
    request: pytest.FixtureRequest,
    monkeypatch: pytest.MonkeyPatch,
    capfdbinary: pytest.CaptureFixture[bytes],
) -> None:
    arguments = shortened(line)
    server = Push() if line.needs == "api" else None
    if server is not None:
        arguments = [server.url if word == URL else word for word in arguments]
    if line.needs == "kafka":
        practice = "KAFKA_BOOTSTRAP" not in os.environ
        monkeypatch.setenv("KAFKA_BOOTSTRAP", request.getfixturevalue("broker"))
        if practice:
            monkeypatch.setenv("KAFKA_PRACTICE", "1")

    monkeypatch.setattr(sys, "stdin", io.StringIO("h\n"))

    code = main(arguments)
    out, told = capfdbinary.readouterr()

    assert code == 0, told.decode()
    for row in out.splitlines():
        assert isinstance(json.loads(row), dict)  # standard output is data and nothing else
    if arguments[0] == "stream":
        assert b"lost             0" in told
        assert b"balance          even" in told
    if server is not None:
        assert sum(len(batch) for batch in server.queue.peek()) == 5
        server.close()
    if "--output" in arguments:
        text = Path(arguments[arguments.index("--output") + 1]).read_text()
        written = list(csv.DictReader(io.StringIO(text)))
        assert len(written) == 5
        assert ("anomaly_label" in written[0]) == ("--include-labels" in arguments)
    if arguments[0] == "process":
        assert b'"kind":"window"' in out


@pytest.mark.parametrize("line", [line for line in ELSEWHERE if line.asks], ids=lambda line: line.written)
def test_a_command_that_looks_into_the_store_has_its_equal(
    line: Line, quiet_place: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Asked about a store with three minutes of the wind turbines in it, and a folder with one table."""
    run_for_three_minutes(quiet_place / "home")
    folder = quiet_place / "download"
    folder.mkdir()
    rows = "\n".join(f"2026-01-05 08:{k // 60:02}:{k % 60:02},{50 + k % 7},{3 + k % 2}" for k in range(120))
    (folder / "turbine.csv").write_text(f"timestamp,power,vibration\n{rows}\n", encoding="utf-8")

    assert main(line.asks.format(folder=folder).split()) == 0

    said = capfd.readouterr().out
    assert ("downloaded: 1 machines" if "import" in line.asks else "turbine") in said


def run_for_three_minutes(home: Path) -> None:
    """Fill the store with readings and window statistics."""
    store, runner = open_runner(
        home, {"FAULTLAB_PLANT": "wind_turbine", "FAULTLAB_SEED": "1", "FAULTLAB_SPEED": "1000"}
    )
    book = WindowBook(store, lambda: runner.core.run.run)
    runner.subscribe(book.on_frame)
    runner.core.limits = replace(runner.core.limits, warm_up_s=0.0)
    runner.core.catch_up_to(runner.clock.now_us() + 180 * SECOND_US)
    while runner.core.ticks < 180:
        runner.step_once()
    book.stop()
    runner.stop()
    store.close()


@pytest.mark.parametrize("line", [line for line in ELSEWHERE if not line.asks], ids=lambda line: line.written)
def test_what_is_no_command_of_ours_has_an_equal(line: Line) -> None:
    assert (PROJECT / line.proof).is_file()


@pytest.mark.parametrize("document", DOCUMENTS)
def test_no_command_line_of_a_document_is_forgotten(document: str) -> None:
    """The documents lie beside the project while it is developed."""
    if not (SOURCES / document).is_file():
        pytest.skip("the source documents are not here")
    text = (SOURCES / document).read_text(encoding="utf-8")
    blocks = re.findall(r"```(?:bash|python)\n(.*?)```", text, re.S)
    found = {" ".join(m[1].split("  #")[0].split()) for b in blocks for x in b.splitlines() if (m := COMMAND.match(x))}

    assert found
    assert found - {line.written for line in DOCUMENTS[document]} == set()


def test_every_option_of_the_guide_is_known() -> None:
    """Those of its list of options, with its example values, settle without a complaint."""
    options = (
        "--rate 1.0 --duration 3600 --machines MACHINE_001 MACHINE_002 --mode console --output data/stream.csv "
        f"--url {URL} --topic sensor-data --no-anomalies --anomaly-rate 0.01 --no-maintenance "
        "--maintenance-interval 3600 --format json --no-derived-features --no-labels --interactive --quiet "
        "--bootstrap-servers localhost:9092 --seed 1 --speed 2 --plant pump_station --show-settings"
    )

    assert main(["stream", *options.split()]) == 0


def test_the_effective_settings_are_printed_with_their_origin(capfd: pytest.CaptureFixture[str]) -> None:
    assert main(["stream", "--preset", "production", "--rate", "7", "--show-settings"]) == 0

    printed = capfd.readouterr().out
    assert yaml.safe_load(printed)["streaming"]["rate"] == 7.0
    assert 'output_mode: "kafka"  # from preset production' in printed


@pytest.mark.parametrize(
    ("arguments", "part"),
    [
        ("stream --mode konsole", "Did you mean 'console'"),
        ("stream --machines MACHINE_01 --duration 1", "No machine is called 'MACHINE_01'"),
        ("stream --plant pomp_station --duration 1", "Did you mean 'pump_station'"),
        ("stream --rate 0", "rate must be from 0.001 to 10000 Hz"),
        ("stream --rate -1", "rate must be from 0.001 to 10000 Hz"),
        ("stream --rate nan", "rate must be from 0.001 to 10000 Hz"),
        ("stream --rate 1e6", "rate must be from 0.001 to 10000 Hz"),
        ("stream --duration nan", "duration must be a number of seconds"),
        ("stream --preset developmnt", "Did you mean 'development'"),
        ("stream --config missing.yaml", "give the path of a settings file"),
        ("stream --mode file --output /proc/no/s.csv --duration 1", "give a path that can be written"),
        ("stream --mode file --output /proc/no/s.parquet --duration 1 --unpaced", "give a path that can be written"),
        ("stream --mode file --output /dev/full --duration 1 --unpaced", "free some space or choose another place"),
        ("stream --mode kafka --topic a/b --duration 1", "topic must be 1 to 249 letters"),
        ("consume --topic ü", "topic must be 1 to 249 letters"),
        ("stream --mode api --url http://localhost:port/ --duration 1", "url must be an http or https address"),
        ("stream stray", "belongs to no option"),
        ("stream --mode api", "--url"),
        ("stream --start yesterday", "start must be an ISO 8601 time"),
        ("process --window-type tumblin", "Did you mean 'tumbling'"),
        ("process --window-size 0", "size must be from"),
        ("process --mode live", "mode must be one of"),
        ("detect --algorithm isolation_forst", "Did you mean 'isolation_forest'"),
        ("detect --input pigeon", "input must be one of"),
        ("detect --input file", "needs --file"),
        ("detect --input stdin", "None of the 1 rows was a reading"),
        ("worker --workers 0", "workers must be 1 or more"),
        ("worker --detector z_scor", "Did you mean 'z_score'"),
        ("consume --bootstrap-servers 127.0.0.1:9", "No Kafka broker answers"),
    ],
)
def test_a_mistake_ends_with_one_sentence_and_code_2(
    arguments: str,
    part: str,
    quiet_place: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO("no reading\n"))

    assert main(arguments.split()) == 2

    told = capfd.readouterr().err
    assert part in told
    assert "Traceback" not in told


def test_rows_that_wait_for_a_server_are_told_of_and_are_no_success(
    quiet_place: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """Also when the stream is quiet: a script must not believe that they arrived."""
    code = main(["stream", "--mode", "api", "--url", "http://127.0.0.1:9/", "--duration", "1", "--unpaced", "--quiet"])

    told = capfd.readouterr().err
    assert code == 1
    cure = "http://127.0.0.1:9 does not answer (Connection refused); start the server or give another address"
    assert f"Not everything was delivered: {cure}; 5 rows wait on disk for the next stream to there.\n" in told


def test_the_stream_does_not_say_what_is_wrong_with_the_machines(
    quiet_place: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    """The public generator prints "Injected pump_failure" into the student's own stream."""
    assert main(["stream", "--anomaly-rate", "1", "--duration", "30", "--unpaced", "--seed", "2"]) == 0

    shown = "".join(capfd.readouterr())
    assert not re.search("failure|overheat|leak|anomal|inject", shown, re.I)


def started(*arguments: str, home: Path) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "FAULTLAB_HOME": str(home)}
    return subprocess.Popen(
        [sys.executable, "-m", "engine", *arguments],
        cwd=PROJECT,
        env=environment,
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )


def test_sigterm_in_the_middle_ends_in_good_order(tmp_path: Path) -> None:
    """What was made is in the file, and the books are even."""
    process = started("stream", "--mode", "file", "--output", str(tmp_path / "s.jsonl"), "--rate", "200", home=tmp_path)
    end = time.monotonic() + 20
    while not (tmp_path / "s.jsonl").exists() and time.monotonic() < end:
        time.sleep(0.02)
    process.terminate()
    _, told = process.communicate(timeout=20)

    produced = int(re.search(rb"produced +([\d,]+)", told)[1].replace(b",", b""))  # type: ignore[index]
    assert process.returncode == 0
    assert len((tmp_path / "s.jsonl").read_bytes().splitlines()) == produced
    assert b"even" in told


def test_interactive_commands_reach_a_running_stream(tmp_path: Path) -> None:
    process = started("stream", "--interactive", "--rate", "20", "--no-maintenance", "--no-anomalies", home=tmp_path)
    out, told = process.communicate(b"a MACHINE_001 bearing_failure\noops\ns\nq\n", timeout=30)

    assert process.returncode == 0
    assert b"Injected bearing_failure anomaly for MACHINE_001;" in told
    assert b"No command is called 'oops'" in told
    assert b"MACHINE_001: Operational | bearing_failure" in told
    assert all(json.loads(row)["machine_id"] for row in out.splitlines())


@pytest.mark.kafka
def test_the_practice_broker_is_found_by_the_other_commands(tmp_path: Path) -> None:
    broker = started("broker", "--duration", "60", home=tmp_path)
    try:
        assert broker.stdout is not None
        assert broker.stdout.readline().startswith(b"KAFKA_BOOTSTRAP=127.0.0.1:")
        sent = started("stream", "--mode", "kafka", "--duration", "3", "--unpaced", home=tmp_path)
        _, told = sent.communicate(timeout=30)
        read = started("consume", "--max-rows", "15", "--duration", "20", home=tmp_path)
        rows, _ = read.communicate(timeout=40)
    finally:
        broker.terminate()
        broker.communicate(timeout=10)

    assert b"delivered            15" in told
    assert len(rows.splitlines()) == 15
    assert not (tmp_path / "practice_broker.json").exists()
