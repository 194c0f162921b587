"""Every command line of the two source documents, with what it is here.

`args` are the arguments as the document writes them, but for the program's path; `test` shortens a run that would
go on for ever, or names a port of the test. `asks` is the command here that looks into a store; it ends by itself.
`proof` names the file that shows the equal of what is no such command, and `says` what it is in words. The manual's
migration tables (docs/migration.md) are made from this table and guide_parts.py.
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
    says: str = ""


FLOW = "python src/generate_flow.py"
CONSUMER, DETECTOR = "python examples/streaming_consumer.py", "python examples/anomaly_detector.py"
SIMPLE, ADVANCED = "python utils/run_simple_streaming.py", "python utils/run_advanced_streaming.py"
URL = "http://localhost:8000/api/data"
BROKER = "`docker compose up -d kafka`; without Docker `python -m engine broker`"
SENDER = (
    "the same process, with `FAULTLAB_PLANT=wind_turbine`; as a sender of its own: `python -m engine stream --plant "
    "wind_turbine --mode api --url http://localhost:8501/api/predict`"
)


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
    Line(
        "streamlit run examples/real_time_dashboard.py",
        proof="app/main.py",
        says="`streamlit run app/main.py`, page Live; fed by Kafka with `FAULTLAB_SOURCE=kafka`",
    ),
    Line(
        f"{DETECTOR} --input kafka --topic sensor-data --algorithm isolation_forest",
        "detect --input kafka --topic sensor-data --algorithm isolation_forest",
        "kafka",
    ),
    _flow("--mode file --output instructor_data.csv --rate 1.0 --include-labels"),
    Line("docker ps | grep kafka", proof="docker-compose.yml", says="`docker compose ps kafka`"),
    Line(
        "docker-compose up -d kafka",
        proof="docker-compose.yml",
        says=BROKER,
    ),
    Line(
        f"curl {URL}", proof="tests/engine/streams/test_sinks.py", says="`curl -s http://localhost:8501/api/readings`"
    ),
    Line("netstat -tlnp | grep 8000", proof="app/api/health.py", says="`curl -s http://localhost:8501/api/health`"),
    _flow("--mode file --rate 0.1 --duration 300"),
    Line(
        "mkdir -p data", proof="tests/engine/streams/test_sinks.py", says="nothing to do: `--output` makes the folder"
    ),
    Line(
        "chmod 755 data",
        proof="tests/engine/streams/test_sinks.py",
        says="nothing to do; a place that cannot be written is refused with its cure",
    ),
]


def _process(program: str, arguments: str = "") -> Line:
    kafka = program == ADVANCED
    written = f"{program} {arguments}".strip()
    return Line(written, f"process {'--kafka ' if kafka else ''}{arguments}".strip(), "kafka" if kafka else "")


WIND_TURBINE = [
    Line(
        "git clone https://github.com/Phoebeoke3/anomaly-detector",
        proof="engine/plant/spec.py",
        says="unpack FaultLab; the plant is `wind_turbine`",
    ),
    Line("cd anomaly-detector", proof="engine/__main__.py", says="`cd` into the folder of FaultLab"),
    Line("python -m venv venv", proof="requirements.txt", says="`python3 -m venv .venv`"),
    Line(r".\venv\Scripts\activate", proof="requirements.txt", says=r"not needed: write `.venv\Scripts\python`"),
    Line("source venv/bin/activate", proof="requirements.txt", says="not needed: write `.venv/bin/python`"),
    Line(
        "pip install -r requirements.txt",
        proof="requirements.txt",
        says="`.venv/bin/python -m pip install -r requirements.txt -c constraints.txt`",
    ),
    Line(
        "python -m utils.run_api",
        proof="app/main.py",
        says="`streamlit run app/main.py`: API, pages and simulator are one process on one port",
    ),
    Line("python -m utils.run_dashboard", proof="app/main.py", says="the same process"),
    Line(
        "python -m utils.simulate_wind_turbine_data",
        proof="data/plants/wind_turbine.yaml",
        says=SENDER,
    ),
    Line("python src/api/main.py", proof="app/main.py", says="`streamlit run app/main.py`"),
    Line("python src/dashboard/main.py", proof="app/main.py", says="the same process"),
    _process(SIMPLE),
    _process(ADVANCED),
    Line("python utils/view_data_samples.py", asks="db sample readings --limit 5"),
    Line("python utils/view_table_data.py", asks="db tables"),
    Line("python utils/check_db.py", asks="db check"),
    Line("python utils/setup_kaggle.py", asks="import-dataset {folder} --name downloaded"),
    Line("python utils/check_sensor_data.py", asks="db sample window_stats --limit 7"),
    Line(
        "docker run -p 9092:9092 apache/kafka:2.13-3.4.0",
        proof="docker-compose.yml",
        says=BROKER,
    ),
    _process(ADVANCED, "--window-type time --window-size 60"),
    _process(ADVANCED, "--window-type count --window-size 100"),
    _process(ADVANCED, "--anomaly-probability 0.1"),
    _process(ADVANCED, "--mode batch"),
    _process(SIMPLE, "--window-type time --window-size 30"),
    _process(SIMPLE, "--window-type count --window-size 50"),
    _process(SIMPLE, "--simulation-interval 0.5"),
    _process(SIMPLE, "--anomaly-probability 0.1"),
]
