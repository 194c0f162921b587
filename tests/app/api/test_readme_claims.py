"""Every endpoint and claim of the wind-turbine README, each with the test that keeps it here.

`CLAIMS` is the table: the claim in that document's words, and the test (in this file, or `file::test`) that proves it.
The tests at the end keep the table honest: each named test exists, and each endpoint of the document is in the table.
"""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from prometheus_client.parser import text_string_to_metric_families

from engine.catalog import parts
from engine.plant.spec import load_plant
from tests.app.api.conftest import NORMAL

ROOT = Path(__file__).resolve().parents[3]
README = ROOT.parent / "shared" / "sources" / "wind_turbine_readme.md"
LINES = ("turbine-line-1", "turbine-line-2")

CLAIMS = {
    "POST /api/predict": "test_predict_scores_a_reading_and_stores_it",
    "GET /api/current-status": "test_current_status_tells_system_lines_and_model",
    "GET /api/production-lines": "test_each_production_line_has_status_and_component",
    "GET /api/sensor-history/<sensor_type>": "test_sensor_history_is_the_newest_first_of_each_line",
    "GET /api/thresholds": "test_thresholds_are_those_of_the_data_sheet_and_the_detectors",
    "GET /api/data-samples": "test_data_samples_are_the_newest_rows",
    "GET /api/table-data/<table_name>": "test_table_data_gives_each_view_and_nothing_else",
    "GET /api/debug-sensor-count": "test_debug_sensor_count_counts_and_spans",
    "GET /api/health": "test_health_says_how_it_is",
    "GET /": "tests/app/test_start.py::test_it_starts_from_another_folder_and_answers",
    "GET /predictions": "test_predictions_leads_to_the_live_page",
    "GET /api/dashboard-data": "test_dashboard_data_has_everything_that_a_dashboard_draws",
    "GET /export-csv": "test_export_csv_downloads_the_readings",
    "Isolation Forest algorithm": "test_the_default_model_is_an_isolation_forest_per_line",
    "all sensors used": "test_sound_level_changes_the_score",
    "normal can be said": "test_ordinary_readings_are_normal",
    "Multiple production line monitoring": "test_two_lines_in_one_second_get_scores_of_their_own",
    "Configurable sensor thresholds": "test_a_threshold_can_be_set_by_an_instructor_only",
    "Historical data tracking with 24-hour data retention": (
        "tests/engine/store/test_retention.py::test_readings_older_than_the_raw_hours_become_minutes"
    ),
    "System health monitoring": "test_health_says_how_it_is",
    "System Statistics": "test_current_status_tells_system_lines_and_model",
    "Data Export": "test_export_csv_downloads_the_readings",
    "Model versioning with automatic model saving and loading": "test_models_are_saved_by_version_and_loaded_again",
    "Error handling": "test_what_cannot_be_is_refused_with_the_reason",
    "no SQL through a name": "test_sql_in_a_name_is_refused",
    "Time-based and count-based windowing": "test_sixty_second_windows_of_600_readings_are_ten",
    "Temperature 10-40, Humidity 20-80, Sound 40-90": "test_the_ranges_are_the_documented_ones",
    "Continuous data generation with 1-second intervals": "test_readings_come_every_second_of_plant_time",
    "Realistic noise and patterns": "test_lines_differ_and_readings_vary",
    "Anomaly injection for testing": "test_an_instructor_injects_a_fault",
    "View data samples": "tests/engine/cli/test_db.py::test_sample_shows_the_newest_rows",
    "View specific table data": "tests/engine/cli/test_db.py::test_sample_shows_one_view",
    "Check database connection": "tests/engine/cli/test_db.py::test_check_says_what_is_stored",
    "Check sensor data": "tests/engine/cli/test_db.py::test_check_names_a_sensor_that_says_nothing",
    "All API requests are logged": "tests/app/api/test_guard.py::test_each_request_is_a_line_of_the_log",
    "Track API response times": "test_metrics_count_requests_and_their_duration",
    "Apache Kafka integration": "test_sinks_and_sources_of_the_stream_are_listed",
    "system configuration: company and facility": "test_company_and_facility_come_from_the_plant_file",
    "REST API documented": "test_docs_list_every_operation_without_asking_anybody_else",
}


def reading(line: str = LINES[0], **values: float) -> dict:
    return {"machine": line, **NORMAL, **values}


def post(client, *readings: dict):
    return client.post("/api/predict", json={"readings": list(readings)})


# ---- endpoints


def test_predict_scores_a_reading_and_stores_it(client, turbines):
    before = turbines.store.figures()["rows_accepted"]

    answer = client.post("/api/predict", json={"line": LINES[0], "timestamp": "2026-01-05T08:00:00Z", **NORMAL})
    turbines.store.flush()

    told = answer.json()["results"][0]
    assert answer.status_code == 200
    assert told["machine"] == LINES[0]
    assert told["time"] == "2026-01-05T08:00:00.000000+00:00"
    assert told["score"] >= 0.0
    assert turbines.store.figures()["rows_accepted"] == before + 1
    stored = client.get("/api/readings?plant=wind_turbine_posted").json()["rows"]
    assert any(row["time"].startswith("2026-01-05T08:00:00") and row["temperature"] == 22.0 for row in stored)


def test_current_status_tells_system_lines_and_model(client):
    told = client.get("/api/current-status").json()

    assert told["status"] in ("normal", "warning", "critical")
    assert [line["name"] for line in told["production_lines"]] == list(LINES)
    assert told["statistics"]["total_lines"] == 2
    assert {"normal", "warning", "critical", "average_score"} <= told["statistics"].keys()
    assert told["model"]["detector"] == "isolation_forest"


def test_each_production_line_has_status_and_component(client):
    lines = client.get("/api/production-lines").json()

    assert [line["component"] for line in lines] == ["blade", "nacelle"]
    assert all(line["status"] in ("normal", "warning", "critical", "maintenance") for line in lines)
    assert all(set(line["readings"]) == set(NORMAL) for line in lines)


@pytest.mark.parametrize("sensor", NORMAL)
def test_sensor_history_is_the_newest_first_of_each_line(client, sensor):
    """The original gave the oldest rows, so charts stood still; and nothing at all for sound_level."""
    told = client.get(f"/api/sensor-history/{sensor}?limit=50").json()

    for line in LINES:
        times = told["machines"][line]["time"]
        assert len(times) == 50
        assert times == sorted(times, reverse=True)
        assert times[0] == "2026-01-05T08:10:00+00:00"


def test_thresholds_are_those_of_the_data_sheet_and_the_detectors(client):
    told = client.get("/api/thresholds").json()

    marks = {name: (one["warning"], one["critical"]) for name, one in told["sensors"].items()}
    assert marks == {"temperature": (30.0, 40.0), "humidity": (60.0, 80.0), "sound_level": (70.0, 90.0)}
    assert set(told["detectors"]) == {"limit", "z_score"}


def test_data_samples_are_the_newest_rows(client):
    rows = client.get("/api/data-samples?limit=4").json()["rows"]

    assert len(rows) == 4
    assert rows[0]["time"] == "2026-01-05T08:10:00+00:00"


@pytest.mark.parametrize("table", ["readings", "scores", "alarms", "window_stats", "minutes"])
def test_table_data_gives_each_view_and_nothing_else(client, table):
    told = client.get(f"/api/table-data/{table}?limit=3").json()

    assert told["table"] == table
    assert len(told["rows"]) == (3 if table in ("readings", "scores") else len(told["rows"]))
    assert client.get("/api/table-data/people").status_code == 404


def test_debug_sensor_count_counts_and_spans(client):
    told = client.get("/api/debug-sensor-count").json()

    assert told["rows"] == 2 * 601
    assert told["readings"] == 3 * 2 * 601
    assert (told["first"], told["last"]) == ("2026-01-05T08:00:00+00:00", "2026-01-05T08:10:00+00:00")


def test_health_says_how_it_is(client):
    told = client.get("/api/health").json()

    assert told["status"] in ("ok", "degraded", "stopped")
    assert told["store"]["rows_lost"] == 0
    assert {"python", "duckdb", "streamlit"} <= told["versions"].keys()


def test_predictions_leads_to_the_live_page(client):
    answer = client.get("/predictions", follow_redirects=False)

    assert (answer.status_code, answer.headers["location"]) == (303, "./live")


def test_dashboard_data_has_everything_that_a_dashboard_draws(client):
    told = client.get("/api/dashboard-data").json()

    assert {"status", "production_lines", "sensors", "recent", "alarms", "statistics"} <= told.keys()
    assert len(told["recent"]["time"]) == 60
    assert len(told["recent"]["values"]["sound_level"][0]) == 60
    spread = told["score_distribution"]["z_score"]
    assert len(spread["edges"]) == len(spread["counts"]) + 1
    assert sum(spread["counts"]) > 60


@pytest.mark.parametrize("path", ["/export-csv", "/api/export", "/api/v1/export"])
def test_export_csv_downloads_the_readings(client, path):
    answer = client.get(path)

    lines = answer.text.splitlines()
    assert lines[0].startswith("timestamp,machine_id,maintenance_status,temperature,humidity,sound_level")
    assert len(lines) == 1 + 2 * 601
    assert answer.headers["content-disposition"].startswith("attachment")


def test_export_csv_is_asked_like_the_export_of_the_api(client):
    """It gave everything whatever was asked."""
    lines = client.get(f"/export-csv?machine={LINES[1]}&scores=false&start=2026-01-05T08:05:00Z").text.splitlines()

    assert lines[0] == "timestamp,machine_id,maintenance_status,temperature,humidity,sound_level"
    assert len(lines) == 1 + 301
    assert all(f",{LINES[1]}," in line for line in lines[1:])


@pytest.mark.parametrize(
    ("asked", "status"), [("plant=nope", 404), ("start=bad", 422), ("format=exe", 422), ("machine=a;b", 422)]
)
def test_export_csv_refuses_what_it_cannot_do(client, asked, status):
    answer = client.get(f"/export-csv?{asked}")

    assert answer.status_code == status
    assert answer.headers["content-type"] == "application/problem+json"
    assert "Value error" not in answer.json()["detail"]


# ---- claims


def test_the_default_model_is_an_isolation_forest_per_line(client, turbines):
    told = post(client, reading(LINES[0]), reading(LINES[1])).json()

    assert told["detector"] == "isolation_forest"
    models = [one["name"] for one in client.get("/api/models").json()]
    assert models == [f"wind-turbine-{line}-isolation-forest" for line in LINES]


def test_sound_level_changes_the_score(client):
    """In the original 40, 65 and 90 dB scored 0.4986 alike, for the sensor was renamed on the way."""
    scores = [post(client, reading(sound_level=db)).json()["results"][0]["score"] for db in (40.0, 65.0, 90.0)]

    assert len(set(scores)) == 3


@pytest.mark.parametrize("far", [{"sound_level": 118.0}, {"temperature": 70.0}, {"humidity": 2.0}])
def test_one_sensor_far_away_is_an_anomaly_that_names_it(client, far):
    told = post(client, reading(**far)).json()["results"][0]

    assert told["is_anomaly"]
    assert told["sensors"][0] == next(iter(far))
    assert told["status"] in ("warning", "critical")


def test_ordinary_readings_are_normal(client, turbines):
    """In the original not one of 300 ordinary readings was normal; here at most a few in a hundred are not."""
    times = turbines.runner.run.start_us + np.arange(100, dtype=np.int64) * 600_000_000
    block = turbines.plant.block(times)
    rows = [
        reading(line, **dict(zip(block.sensors, block.values[tick, at].tolist(), strict=True)))
        for tick in range(len(block))
        for at, line in enumerate(block.machines)
    ]

    results = post(client, *rows).json()["results"]

    assert sum(one["is_anomaly"] for one in results) <= 0.03 * len(results)


def test_two_lines_in_one_second_get_scores_of_their_own(client):
    stamp = "2026-01-05T09:00:00Z"
    rows = [{**reading(LINES[0]), "time": stamp}, {**reading(LINES[1], temperature=55.0), "time": stamp}]

    first, second = post(client, *rows).json()["results"]

    assert (first["machine"], second["machine"]) == LINES
    assert first["score"] != second["score"]
    assert (first["is_anomaly"], second["is_anomaly"]) == (False, True)


def test_a_threshold_can_be_set_by_an_instructor_only(client, teacher):
    assert client.patch("/api/v1/detectors/z_score", json={"threshold": 6.0}).status_code == 401
    assert teacher.patch("/api/v1/detectors/z_score", json={"threshold": 6.0}).status_code == 200
    assert client.get("/api/thresholds").json()["detectors"]["z_score"] == 6.0


def test_models_are_saved_by_version_and_loaded_again(client, teacher, turbines):
    before = post(client, reading()).json()["results"][0]
    fitted = teacher.post("/api/v1/models", json={}).json()
    newer = post(client, reading()).json()["results"][0]
    name = f"wind-turbine-{LINES[0]}-isolation-forest"
    back = teacher.post(f"/api/v1/models/{name}/roll-back").json()
    after = post(client, reading()).json()["results"][0]

    assert fitted[LINES[0]] == newer["model_version"] == before["model_version"] + 1
    assert back["champion"] == before["model_version"] == after["model_version"]
    assert before["score"] == after["score"]
    assert [one["version"] for one in client.get(f"/api/v1/models/{name}").json()] == [1, 2]


@pytest.mark.parametrize(
    ("sent", "where"),
    [
        ({**NORMAL, "machine": LINES[0], "temperature": 9999.0}, "temperature"),
        ({**NORMAL, "machine": LINES[0], "temperature": "warm"}, "temperature"),
        ({**NORMAL, "machine": LINES[0], "temperature": True}, "temperature"),
        ({**NORMAL, "machine": LINES[0], "temperature": None}, "temperature"),
        ({**NORMAL, "machine": LINES[0], "timestamp": "x"}, "time"),
        ({**NORMAL, "machine": LINES[0], "pressure": 1.0}, "pressure"),
        ({**NORMAL, "machine": "turbine-line-9"}, "machine"),
        ({**NORMAL}, "machine"),
        ({"machine": LINES[0], "temperature": 20.0, "humidity": 40.0}, "sound_level"),
    ],
)
def test_what_cannot_be_is_refused_with_the_reason(client, turbines, sent, where):
    before = turbines.store.figures()["rows_accepted"]

    for answer in (client.post("/api/predict", json=sent), client.post("/api/predict", json={"readings": [sent]})):
        told = answer.json()
        assert answer.status_code == 422
        assert answer.headers["content-type"] == "application/problem+json"
        assert where in " ".join(place["place"] for place in told["errors"])

    assert turbines.store.figures()["rows_accepted"] == before


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e999"])
def test_numbers_that_are_none_are_refused(client, number):
    body = f'{{"machine": "{LINES[0]}", "temperature": {number}, "humidity": 40, "sound_level": 60}}'

    for text in (body, f'{{"readings": [{body}]}}'):
        assert client.post("/api/predict", content=text).status_code == 422


@pytest.mark.parametrize(
    "body", [b"", b"[]", b"null", b"{", b'"x"', b"\xff\xfe", b'{"readings": []}', b'{"readings": 1}']
)
def test_bodies_that_are_no_readings_are_refused(client, body):
    assert client.post("/api/predict", content=body).status_code == 422


INJECTIONS = (
    "readings; drop table runs",
    "(select sql from duckdb_tables())",
    "readings union select 1",
    "x' or 1=1 --",
)


@pytest.mark.parametrize("name", INJECTIONS)
def test_sql_in_a_name_is_refused(client, turbines, name):
    for path in (f"/api/table-data/{name}", f"/api/sensor-history/{name}", f"/api/plants/{name}"):
        assert client.get(path).status_code == 404
    for asked in ("machine", "plant"):
        assert client.get("/api/readings", params={asked: name}).status_code in (404, 422)

    assert turbines.store.newest_run() is not None


def test_sixty_second_windows_of_600_readings_are_ten(client):
    """The original's tumbling windows slid by one message: 600 messages made 540 windows."""
    span = "start=2026-01-05T08:00:00Z&end=2026-01-05T08:10:00Z"

    windows = client.get(f"/api/windows?machine={LINES[0]}&size_s=60&{span}").json()["windows"]

    assert len(windows) == 10
    assert [one["readings"] for one in windows] == [60] * 10


def test_the_ranges_are_the_documented_ones():
    normal = {sensor.name: sensor.normal for sensor in load_plant("wind_turbine").sensors}

    assert normal == {"temperature": (10, 40), "humidity": (20, 80), "sound_level": (40, 90)}


def test_readings_come_every_second_of_plant_time(client):
    times = client.get(f"/api/sensor-history/temperature?machine={LINES[0]}&limit=3").json()["machines"][LINES[0]][
        "time"
    ]

    assert [text[17:19] for text in times] == ["00", "59", "58"]


def test_lines_differ_and_readings_vary(client):
    told = client.get("/api/sensor-history/sound_level?limit=100").json()["machines"]
    first, second = (np.array(told[line]["value"]) for line in LINES)

    assert (first != second).mean() > 0.5
    assert min(first.std(), second.std()) > 0.1


def test_an_instructor_injects_a_fault(client, teacher):
    fault = {"fault": "overheating", "machine": LINES[0]}

    assert client.post("/api/v1/injections", json=fault).status_code == 401
    assert teacher.post("/api/v1/injections", json=fault).status_code == 201
    assert teacher.delete("/api/v1/injections").json() == {"cleared": [LINES[0]]}


def test_metrics_count_requests_and_their_duration(client):
    client.get("/api/thresholds")

    text = client.get("/api/metrics").text

    assert re.search(r'faultlab_requests_total\{method="GET",route="[^"]*/thresholds",status="200"\} [1-9]', text)
    assert 'le="+Inf"' in text
    assert "faultlab_rows_stored_total" in text
    assert {family.type for family in text_string_to_metric_families(text)} == {"counter", "gauge", "histogram"}


def test_sinks_and_sources_of_the_stream_are_listed(client):
    told = client.get("/api/v1/streams").json()

    assert {one["name"] for one in told["sinks"]} == set(parts("sink"))
    assert "kafka" in {one["name"] for one in told["sources"]}


def test_company_and_facility_come_from_the_plant_file(client):
    told, spec = client.get("/api/current-status").json()["plant"], load_plant("wind_turbine")

    assert (told["company"], told["facility"]) == (spec.company, spec.facility)


def test_docs_list_every_operation_without_asking_anybody_else(client):
    page = client.get("/api/docs").text
    document = client.get("/api/openapi.json").json()

    assert all(f"<code>/api{path}</code>" in page.replace("&#x27;", "'") for path in document["paths"])
    assert "<script" not in page
    assert not re.search(r"(src|href)=\"?(https?:)?//", page)


# ---- the table itself


def test_every_claim_has_a_test_that_exists():
    for claim, name in CLAIMS.items():
        file, _, test = name.rpartition("::")
        text = (ROOT / file if file else Path(__file__)).read_text(encoding="utf-8")
        assert f"def {test}(" in text, claim


def test_every_endpoint_of_the_readme_is_in_the_table():
    if not README.is_file():
        pytest.skip("the document is not beside the project")
    found = re.findall(r"^- `((?:GET|POST) [^`]+)`", README.read_text(encoding="utf-8"), re.M)

    assert len(found) >= 12
    assert [one for one in found if one not in CLAIMS] == []


def test_each_old_path_is_there_with_and_without_version(client):
    old = [claim.split()[1] for claim in CLAIMS if claim.startswith("GET /api/") and "<" not in claim]

    for path in old:
        assert client.get(path).status_code == client.get(path.replace("/api/", "/api/v1/")).status_code == 200
