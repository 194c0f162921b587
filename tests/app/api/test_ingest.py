"""A plant of somebody else's: made, fed, scored, stored and watched through the API."""

from __future__ import annotations

import json

import numpy as np
import pytest
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from engine.records import SECOND_US, iso_time
from tests.app.api.conftest import NORMAL

START = 1_767_600_000 * SECOND_US
PLANT = {
    "name": "my_rig",
    "title": "My rig",
    "machines": ["press"],
    "sensors": [{"name": "Oil °C", "unit": "°C", "warning": 70, "critical": 90}, {"name": "bar"}],
    "detectors": ["z_score", "ewma"],
}


def batch(count, first=0, bar=None):
    rng = np.random.default_rng(first)
    return {
        "readings": [
            {"machine": "press", "time": iso_time(START + (first + i) * SECOND_US),
             "values": {"Oil °C": float(rng.normal(50, 1)), "bar": bar or float(rng.normal(6, 0.1))}}
            for i in range(count)
        ]
    }  # fmt: skip


@pytest.fixture
def rig(client, teacher):
    assert client.post("/api/v1/plants", json=PLANT).status_code == 201
    yield "/api/v1/plants/my_rig"
    assert teacher.delete("/api/v1/plants/my_rig").status_code == 204


def test_it_is_scored_by_the_chosen_detectors_and_stored(client, turbines, rig):
    before = turbines.store.figures()["rows_accepted"]
    told = client.post(f"{rig}/readings", json=batch(300)).json()
    broken = client.post(f"{rig}/readings", json=batch(30, 300, bar=30.0)).json()
    turbines.store.flush()

    assert (told["accepted"], told["late"]) == (300, 0)
    assert set(broken["scores"][-1]) == {"z_score", "ewma"}
    assert {alarm["what"] for alarm in broken["alarms"]} == {"raised"}
    assert broken["alarms"][0]["sensors"][0] == "bar"
    assert turbines.store.figures()["rows_accepted"] == before + 330
    rows = client.get(f"{rig}/readings?limit=2").json()["rows"]
    assert rows[0]["bar"] == 30.0
    assert rows[0]["scores"]["z_score"] > 3.0
    alarms = client.get("/api/v1/alarms?plant=my_rig").json()
    assert {alarm["detector"] for alarm in alarms} <= {"z_score", "ewma"}
    assert len(alarms) == len({alarm["detector"] for alarm in alarms}) >= 1


def test_staff_acknowledge_its_alarms(client, teacher, rig):
    client.post(f"{rig}/readings", json=batch(300, 9000))
    client.post(f"{rig}/readings", json=batch(30, 9300, bar=30.0))
    number = client.get("/api/v1/alarms?plant=my_rig").json()[0]["number"]
    path = f"/api/v1/alarms/{number}/acknowledge?plant=my_rig"

    assert client.post(path).status_code == 401
    assert teacher.post(path).json()["state"] == "acknowledged"
    assert client.get("/api/v1/alarms?plant=my_rig&state=acknowledged").json()[0]["number"] == number


def test_it_is_listed_with_its_sensors(client, rig):
    names = {one["name"]: one for one in client.get("/api/v1/plants").json()}
    told = client.get(rig).json()

    assert names["my_rig"]["live"]
    assert [one["name"] for one in told["sensors"]] == ["Oil °C", "bar"]
    assert client.get("/api/v1/machines?plant=my_rig").json()[0]["name"] == "press"


def test_it_is_live_for_browsers(client, rig):
    with client.websocket_connect("/api/live?plant=my_rig") as socket:
        hello = json.loads(socket.receive_bytes())
        client.post(f"{rig}/readings", json=batch(5))
        message = json.loads(socket.receive_bytes())
        while message["kind"] != "frame" or not message["t"]:
            message = json.loads(socket.receive_bytes())

    assert hello["plant"] == {"name": "my_rig", "title": "My rig"}
    assert [one["name"] for one in hello["sensors"]] == ["Oil °C", "bar"]
    assert len(message["t"]) == 5


def test_a_live_plant_that_is_not_there_is_refused(client):
    with client.websocket_connect("/api/live?plant=nobody") as socket, pytest.raises(WebSocketDisconnect) as ended:
        socket.receive_bytes()

    assert ended.value.code == 1008


def test_the_same_batch_twice_is_stored_once(client, turbines, rig):
    headers = {"Idempotency-Key": "one"}
    first = client.post(f"{rig}/readings", json=batch(10), headers=headers)
    accepted = turbines.store.figures()["rows_accepted"]
    again = client.post(f"{rig}/readings", json=batch(10), headers=headers)

    assert again.json() == first.json()
    assert again.headers["idempotency-replayed"] == "true"
    assert turbines.store.figures()["rows_accepted"] == accepted


def test_the_same_key_with_another_body_is_refused(client, turbines, rig):
    """Two programs that both number their batches from 1 must not get each other's answer."""
    headers = {"Idempotency-Key": "1"}
    client.post(f"{rig}/readings", json=batch(3, 2000), headers=headers)
    accepted = turbines.store.figures()["rows_accepted"]

    other = client.post(f"{rig}/readings", json=batch(3, 3000), headers=headers)

    assert other.status_code == 422
    assert "another body" in other.json()["detail"]
    assert turbines.store.figures()["rows_accepted"] == accepted


def test_a_key_belongs_to_a_client_and_a_route(client, application, rig):
    headers = {"Idempotency-Key": "shared"}
    first = client.post(f"{rig}/readings", json=batch(3, 4000), headers=headers)
    elsewhere = TestClient(application, client=("10.1.1.1", 5)).post(
        f"{rig}/readings", json=batch(3, 4100), headers=headers
    )
    predicted = client.post("/api/v1/predict", json={"machine": "turbine-line-1", **NORMAL}, headers=headers)

    assert [one.status_code for one in (first, elsewhere, predicted)] == [200, 200, 200]
    assert "idempotency-replayed" not in {*elsewhere.headers, *predicted.headers}


def test_one_object_is_a_row_and_an_array_many_in_the_columns_of_the_course_material(client, turbines, rig):
    """What `stream --mode api` posts: state, calendar, derived columns and labels are no readings."""
    rows = [
        {"timestamp": iso_time(START + (6000 + i) * SECOND_US), "machine_id": "press", "Oil °C": 50.0, "bar": None,
         "maintenance_status": "operational", "hour": 8, "is_weekend": 0, "anomaly_label": 1, "anomaly_type": "leak",
         "bar_rolling_mean": 6.0}
        for i in range(3)
    ]  # fmt: skip
    many = client.post(f"{rig}/readings", json=rows[:2])
    one = client.post(f"{rig}/readings", json=rows[2])
    stored = client.get(f"{rig}/readings?limit=9").json()["rows"][:3]

    assert [many.json()["accepted"], one.json()["accepted"]] == [2, 1]
    assert [row["Oil °C"] for row in stored] == [50.0] * 3
    assert [row["bar"] for row in stored] == [None] * 3
    assert "anomaly" not in str(stored)


def test_readings_of_the_future_are_counted_and_said(client, rig):
    body = batch(3, 7000)
    body["readings"][1]["time"] = "2099-01-01T00:00:00Z"
    told = client.post(f"{rig}/readings", json=body).json()
    alone = client.post(f"{rig}/readings", json={"readings": [body["readings"][1]]})
    health = client.get("/api/v1/health").json()["external_plants"]["my_rig"]

    assert (told["accepted"], told["ahead"]) == (2, 1)
    assert "ahead of the lab's clock" in told["note"]
    assert alone.status_code == 422
    assert "ahead of the lab's clock" in alone.json()["detail"]
    assert (health["ahead"], client.get(rig).json()["ahead"]) == (2, 2)


def test_a_stranger_can_neither_change_nor_remove_a_plant(client, application, rig):
    stranger = TestClient(application, client=("10.1.1.2", 5))
    taken_over = {**PLANT, "machines": ["mine"], "detectors": ["never"]}

    assert stranger.post("/api/v1/plants", json=PLANT).status_code == 201, "the same again changes nothing"
    assert stranger.post("/api/v1/plants", json=taken_over).status_code == 401
    assert stranger.delete(rig).status_code == 401
    assert client.get(rig).json()["detectors"] == ["z_score", "ewma"]


def test_the_token_of_a_plant_may_change_and_remove_it(client, application):
    token = client.post("/api/v1/plants", json={**PLANT, "name": "mine"}).json()["token"]
    owner = TestClient(application, client=("10.1.1.3", 5), headers={"Plant-Token": token})

    changed = owner.post("/api/v1/plants", json={**PLANT, "name": "mine", "detectors": ["ewma"]})

    assert changed.json()["detectors"] == ["ewma"]
    assert "token" not in changed.json()
    assert owner.delete("/api/v1/plants/mine").status_code == 204


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("/current-status?plant=wind_turbine_posted", "is no parameter of this path; it has none"),
        ("/readings?machin=turbine-line-1", "did you mean machine?"),
        ("/plants/wind_turbine/readings?plant=other", "is no parameter of this path"),
        ("/readings?limit=1&limit=2", "is given twice"),
        ("/health?x=1", "has none"),
    ],
)
def test_a_query_parameter_that_does_not_apply_is_refused(client, path, words):
    for prefix in ("/api/v1", "/api"):
        answer = client.get(f"{prefix}{path}")
        assert answer.status_code == 422
        assert words in answer.json()["detail"]


def test_a_socket_with_an_unknown_parameter_is_refused(client):
    with pytest.raises(WebSocketDisconnect), client.websocket_connect("/api/live?plnt=my_rig") as socket:
        socket.receive_bytes()


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"machine": "nobody"}, "No machine is called"),
        ({"values": {"volts": 1.0}}, "No sensor is called"),
        ({"values": {"bar": None}}, "number"),
        ({"values": {"bar": "6"}}, "number"),
        ({"values": {}}, "at least 1"),
        ({"time": "yesterday"}, "ISO 8601"),
        ({"time": "0001-01-01T00:00:00Z"}, "1970"),
        ({"extra": 1}, "Extra"),
    ],
)
def test_a_wrong_reading_is_refused_with_its_place_and_nothing_is_stored(client, turbines, rig, change, words):
    before, body = turbines.store.figures()["rows_accepted"], batch(3, 5000)
    body["readings"][1] |= change

    answer = client.post(f"{rig}/readings", json=body)

    assert answer.status_code == 422
    assert words in answer.text
    assert any("1" in place["place"].split(".") for place in answer.json()["errors"])
    assert turbines.store.figures()["rows_accepted"] == before


@pytest.mark.parametrize(
    "change",
    [{"name": "pump_station"}, {"name": "x'; drop"}, {"machines": []}, {"detectors": ["oracle"]},
     {"detectors": ["nobody"]}, {"sensors": [{"name": 'a"b'}]}, {"sensors": [{"name": "time"}]}],
)  # fmt: skip
def test_what_cannot_be_a_plant_is_refused(client, change):
    assert client.post("/api/v1/plants", json={**PLANT, **change}).status_code in (404, 422)


def test_pages_of_readings_lose_and_repeat_nothing(client):
    """Two machines share each time; a page ends between ticks, never inside one."""
    seen, end = [], ""
    for _ in range(400):
        page = client.get(f"/api/v1/readings?limit=7{end}").json()
        seen += [(row["time"], row["machine"]) for row in page["rows"]]
        if page["next"] is None:
            break
        end = f"&end={page['next'].replace('+', '%2B')}"

    assert len(seen) == len(set(seen)) == 2 * 601
    assert seen == sorted(seen, key=lambda one: one[0], reverse=True)


def test_formats_hold_the_same_readings(client):
    import io

    import pyarrow as pa

    rows = client.get("/api/v1/readings?limit=20").json()["rows"]
    text = client.get("/api/v1/readings?limit=20&format=csv").text.splitlines()
    table = pa.ipc.open_stream(io.BytesIO(client.get("/api/v1/readings?limit=20&format=arrow").content)).read_all()

    assert table.num_rows == len(text) - 1 == len(rows)
    assert table["sound_level"].to_pylist() == [row["sound_level"] for row in rows]
    assert text[1].split(",")[5] == str(rows[0]["sound_level"])
