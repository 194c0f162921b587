"""Every command line of the two source documents, with what it is here.

`args` are the arguments as the document writes them, but for the program's path; `test` shortens a run that would
go on for ever, or names a port of the test. `asks` is the command here that looks into a store; it ends by itself.
`proof` names the file that shows the equal of what is no such command.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Line:
    """A command line of a document and its equal here."""

    written: str
    ours: str = ""
    needs: str = ""  # kafka or api
    asks: str = ""
    proof: str = ""


FLOW = "python src/generate_flow.py"
CONSUMER, DETECTOR = "python examples/streaming_consumer.py", "python examples/anomaly_detector.py"
SIMPLE, ADVANCED = "python utils/run_simple_streaming.py", "python utils/run_advanced_streaming.py"
URL = "http://localhost:8000/api/data"


def _flow(arguments: str, needs: str = "") -> Line:
    return Line(f"{FLOW} {arguments}", f"stream {arguments}", needs)


GUIDE = [
    _flow("--mode console --rate 1.0"),
    _flow("--mode file --output data/stream.csv --rate 5.0"),
    _flow("--mode console --interactive --rate 1.0"),
    Line(f"{FLOW} --config config/streaming_config.yaml", "stream --config {project}/data/streaming.yaml"),
    Line(
        f"{FLOW} --config config/streaming_config.yaml --preset development",
        "stream --config {project}/data/streaming.yaml --preset development",
    ),
    _flow("--mode console --rate 0.5 --duration 300 --interactive"),
    _flow("--mode file --output data/test_stream.csv --rate 1.0 --duration 600"),
    _flow(f"--mode api --url {URL} --rate 2.0", "api"),
    _flow(f"--mode api --url {URL} --rate 1.0 --anomaly-rate 0.05", "api"),
    _flow("--mode kafka --topic sensor-data --rate 10.0", "kafka"),
    _flow("--mode kafka --topic sensor-data --rate 50.0 --no-anomalies", "kafka"),
    _flow("--mode kafka --topic sensor-data --rate 5.0 --anomaly-rate 0.001 --maintenance-interval 7200", "kafka"),
    Line(
        f"{CONSUMER} --topic sensor-data --group-id my-consumer --anomaly-detection",
        "consume --topic sensor-data --group-id my-consumer --anomaly-detection",
        "kafka",
    ),
    Line("streamlit run examples/real_time_dashboard.py", proof="app/main.py"),
    Line(
        f"{DETECTOR} --input kafka --topic sensor-data --algorithm isolation_forest",
        "detect --input kafka --topic sensor-data --algorithm isolation_forest",
        "kafka",
    ),
    _flow("--mode file --output instructor_data.csv --rate 1.0 --include-labels"),
    Line("docker ps | grep kafka", proof="docker-compose.yml"),
    Line("docker-compose up -d kafka", proof="docker-compose.yml"),
    Line(f"curl {URL}", proof="tests/engine/streams/test_sinks.py"),
    Line("netstat -tlnp | grep 8000", proof="app/api/health.py"),
    _flow("--mode file --rate 0.1 --duration 300"),
    Line("mkdir -p data", proof="tests/engine/streams/test_sinks.py"),
    Line("chmod 755 data", proof="tests/engine/streams/test_sinks.py"),
]


def _process(program: str, arguments: str = "") -> Line:
    kafka = program == ADVANCED
    written = f"{program} {arguments}".strip()
    return Line(written, f"process {'--kafka ' if kafka else ''}{arguments}".strip(), "kafka" if kafka else "")


WIND_TURBINE = [
    Line("git clone https://github.com/Phoebeoke3/anomaly-detector", proof="engine/plant/spec.py"),
    Line("cd anomaly-detector", proof="engine/__main__.py"),
    Line("python -m venv venv", proof="requirements.txt"),
    Line(r".\venv\Scripts\activate", proof="requirements.txt"),
    Line("source venv/bin/activate", proof="requirements.txt"),
    Line("pip install -r requirements.txt", proof="requirements.txt"),
    Line("python -m utils.run_api", proof="app/main.py"),
    Line("python -m utils.run_dashboard", proof="app/main.py"),
    Line("python -m utils.simulate_wind_turbine_data", proof="data/plants/wind_turbine.yaml"),
    Line("python src/api/main.py", proof="app/main.py"),
    Line("python src/dashboard/main.py", proof="app/main.py"),
    _process(SIMPLE),
    _process(ADVANCED),
    Line("python utils/view_data_samples.py", asks="db sample readings --limit 5"),
    Line("python utils/view_table_data.py", asks="db tables"),
    Line("python utils/check_db.py", asks="db check"),
    Line("python utils/setup_kaggle.py", asks="import-dataset {folder} --name downloaded"),
    Line("python utils/check_sensor_data.py", asks="db sample window_stats --limit 7"),
    Line("docker run -p 9092:9092 apache/kafka:2.13-3.4.0", proof="docker-compose.yml"),
    _process(ADVANCED, "--window-type time --window-size 60"),
    _process(ADVANCED, "--window-type count --window-size 100"),
    _process(ADVANCED, "--anomaly-probability 0.1"),
    _process(ADVANCED, "--mode batch"),
    _process(SIMPLE, "--window-type time --window-size 30"),
    _process(SIMPLE, "--window-type count --window-size 50"),
    _process(SIMPLE, "--simulation-interval 0.5"),
    _process(SIMPLE, "--anomaly-probability 0.1"),
]
