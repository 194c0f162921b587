"""Every flag, file and endpoint of the two source documents, with what it is here; command lines are in guide_table.

`ours` is Markdown. A flag names the command here that has it; a file names one of ours as `proof`; an endpoint names a
path below /api, or a route of app/main.py.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Flag:
    """A flag of a document and the command here that has it under the same name."""

    written: str
    command: str = "stream"
    note: str = ""


@dataclass(frozen=True)
class Part:
    """A file or part of a document; `proof` is a file or folder of the tree that shows the equal."""

    written: str
    ours: str
    proof: str


@dataclass(frozen=True)
class Endpoint:
    """An endpoint of a document; `path` is ours, as OpenAPI or app/main.py writes it."""

    written: str
    path: str
    note: str = ""


GUIDE_FLAGS = [
    Flag("--rate", note="ticks a second; each has a row for every machine"),
    Flag("--duration"),
    Flag("--machines"),
    Flag("--mode", note="also `table` (a DuckDB file)"),
    Flag("--output"),
    Flag("--url"),
    Flag("--topic"),
    Flag("--no-anomalies"),
    Flag("--anomaly-rate"),
    Flag("--no-maintenance"),
    Flag("--maintenance-interval", note="from 60 s; services take a fifth of it at most"),
    Flag("--format", note="also `parquet`; a body of the API is always JSON"),
    Flag("--no-derived-features"),
    Flag("--no-labels"),
    Flag("--include-labels"),
    Flag("--interactive", note="the guide's marks with `--emoji`"),
    Flag("--quiet"),
    Flag("--config"),
    Flag("--preset", note="a preset beats the file, a flag beats the preset"),
    Flag("--group-id", "consume"),
    Flag("--anomaly-detection", "consume"),
    Flag("--input", "detect"),
    Flag("--algorithm", "detect"),
]
WIND_TURBINE_FLAGS = [
    Flag("--kafka-servers", "process", "implies `--kafka`"),
    Flag("--topic", "process"),
    Flag("--window-type", "process", "also `hopping` and `session`"),
    Flag("--window-size", "process"),
    Flag("--simulation-interval", "process"),
    Flag("--anomaly-probability", "process"),
    Flag("--mode", "process", "`real_time`, `batch` or `hybrid`"),
]
GUIDE_FILES = [
    Part("src/generate_flow.py", "`python -m engine stream`", "engine/cli/stream.py"),
    Part("generate_industrial_dataset.py", "`python -m engine dataset`", "engine/cli/dataset.py"),
    Part("examples/streaming_consumer.py", "`python -m engine consume`", "engine/cli/consume.py"),
    Part("examples/real_time_dashboard.py", "the page Live", "pages/live.py"),
    Part("examples/anomaly_detector.py", "`python -m engine detect`", "engine/cli/detect.py"),
    Part("config/streaming_config.yaml", "`data/streaming.yaml`, the same keys", "data/streaming.yaml"),
    Part("config/kafka_config.yaml", "`data/kafka.yaml`", "data/kafka.yaml"),
    Part("data/stream.csv", "any path after `--output`; the same columns", "engine/streams/sinks/file.py"),
    Part("data/test_stream.csv", "any path after `--output`", "engine/streams/sinks/file.py"),
    Part("instructor_data.csv", "any path after `--output`, with `--include-labels`", "engine/streams/sinks/file.py"),
    Part("DATASET_SUMMARY.md", "[Data sets](data.md)", "docs/data.md"),
    Part("FINAL_SUMMARY.md", "`README.md`", "README.md"),
    Part("README_dataset_generator.md", "[Data sets](data.md)", "docs/data.md"),
]
WIND_TURBINE_FILES = [
    Part("config/company_config.json", "`data/plants/wind_turbine.yaml`", "data/plants/wind_turbine.yaml"),
    Part("data/cache/", "not needed: nothing is downloaded", "engine/importing"),
    Part("data/kaggle/", "any folder, read by `python -m engine import-dataset`", "engine/cli/import_dataset.py"),
    Part(
        "data/wind_turbine_synthetic.csv",
        "`data/samples/wind_turbine_synthetic.csv`",
        "data/samples/wind_turbine_synthetic.csv",
    ),
    Part("data/wind_turbine.db", "`faultlab.duckdb` in the lab's folder", "engine/store/database.py"),
    Part("docs/architecture.md", "[Architecture](architecture.md)", "docs/architecture.md"),
    Part("docs/streaming_architecture.md", "[Architecture](architecture.md)", "docs/architecture.md"),
    Part("models/", "`models` in the lab's folder; `python -m engine model list`", "engine/cli/model.py"),
    Part("src/api/app.py", "`app/api`", "app/api"),
    Part("src/api/main.py", "`app/main.py`", "app/main.py"),
    Part("src/controllers/api_controller.py", "`app/api`, one file for each resource", "app/api"),
    Part("src/controllers/dashboard_controller.py", "`pages`", "pages"),
    Part("src/dashboard/app.py", "`app/shell.py`", "app/shell.py"),
    Part("src/dashboard/main.py", "`app/main.py`", "app/main.py"),
    Part("src/data/company_profile.py", "`engine/plant/spec.py`", "engine/plant/spec.py"),
    Part("src/data/generator.py", "`engine/plant/simulator.py`", "engine/plant/simulator.py"),
    Part("src/data/simulator.py", "`engine/runner.py`", "engine/runner.py"),
    Part("src/data/sqlite_db.py", "`engine/store` (DuckDB)", "engine/store"),
    Part("src/model/train.py", "`python -m engine model fit`", "engine/cli/model.py"),
    Part("src/models/anomaly_model.py", "`engine/predicting.py`", "engine/predicting.py"),
    Part("src/models/database_model.py", "`engine/store`", "engine/store"),
    Part("src/models/sensor_model.py", "`engine/records.py`", "engine/records.py"),
    Part("src/streaming/kafka_producer.py", "`engine/streams/kafka/producer.py`", "engine/streams/kafka/producer.py"),
    Part("src/streaming/kafka_consumer.py", "`engine/streams/windows`", "engine/streams/windows"),
    Part("src/streaming/stream_manager.py", "`engine/streams/processing.py`", "engine/streams/processing.py"),
    Part("src/streaming/__init__.py", "`engine/streams`", "engine/streams"),
    Part("src/views/static/", "`app/live_chart/assets`", "app/live_chart/assets"),
    Part("src/views/templates/data_view.html", "the page Explore", "pages/explore.py"),
    Part("src/views/templates/index.html", "the pages Home and Lines", "pages/lines.py"),
    Part("src/views/templates/predictions.html", "the page Live", "pages/live.py"),
    Part("utils/view_data_samples.py", "`python -m engine db sample`", "engine/cli/db.py"),
    Part("utils/view_table_data.py", "`python -m engine db tables`, `db sample VIEW`", "engine/cli/db.py"),
    Part("utils/check_db.py", "`python -m engine db check`", "engine/cli/db.py"),
    Part("utils/check_sensor_data.py", "`python -m engine db check`, `db sample window_stats`", "engine/cli/db.py"),
    Part("utils/setup_kaggle.py", "`python -m engine import-dataset FOLDER`", "engine/cli/import_dataset.py"),
    Part("utils/run_api.py", "`streamlit run app/main.py`", "app/main.py"),
    Part("utils/run_dashboard.py", "`streamlit run app/main.py`", "app/main.py"),
    Part(
        "utils/simulate_wind_turbine_data.py",
        "inside the app; apart: `python -m engine stream --plant wind_turbine --mode api --url …`",
        "engine/cli/stream.py",
    ),
    Part("utils/run_simple_streaming.py", "`python -m engine process`", "engine/cli/process.py"),
    Part("utils/run_advanced_streaming.py", "`python -m engine process --kafka`", "engine/cli/process.py"),
    Part("app.log", "`logs/faultlab.log` in the lab's folder", "engine/logs.py"),
    Part("requirements.txt", "`requirements.txt`, pins in `constraints.txt`", "requirements.txt"),
    Part("README.md", "`README.md`", "README.md"),
]
WIND_TURBINE_ENDPOINTS = [
    Endpoint("POST /api/predict", "/predict"),
    Endpoint("GET /api/current-status", "/current-status"),
    Endpoint("GET /api/production-lines", "/production-lines"),
    Endpoint("GET /api/sensor-history/<sensor_type>", "/sensor-history/{sensor}"),
    Endpoint("GET /api/thresholds", "/thresholds"),
    Endpoint("GET /api/data-samples", "/data-samples"),
    Endpoint(
        "GET /api/table-data/<table_name>", "/table-data/{table}", "readings, scores, alarms, window_stats, minutes"
    ),
    Endpoint("GET /api/debug-sensor-count", "/debug-sensor-count"),
    Endpoint("GET /api/health", "/health"),
    Endpoint("GET /", "/home", "Home"),
    Endpoint("GET /predictions", "/predictions", "goes on to Live"),
    Endpoint("GET /api/dashboard-data", "/dashboard-data"),
    Endpoint("GET /export-csv", "/export-csv", "also `/api/export?format=csv`, `parquet` or `jsonl`"),
]
