"""What others feed is on every page that shows readings: live, lines, alarms, Explore, Compare; and is delivered."""

from __future__ import annotations

import json

import numpy as np
import pytest

from app.compare.choosing import RUNNING, Data
from app.compare.working import readings_for, truths_of
from app.watched import plants_to_watch, watched
from engine.comparing.stretches import thinned
from engine.errors import LabError
from engine.external import ExternalSensor, ExternalSpec, Row
from engine.importing.replay import RecordedPlant
from engine.records import SECOND_US, Block
from tests.app.test_pages import opened_page
from tests.engine.importing.test_replay import plant as recorded_plant

START = 1_767_600_000 * SECOND_US
RIG = ExternalSpec("bench", "My bench", ("press 1",), (ExternalSensor("Oil °C", unit="°C", warning=70.0),))


def feed(plant, count, first=0, value=50.0):
    rng = np.random.default_rng(first)
    plant.take([
        Row("press 1", START + (first + i) * SECOND_US, {"Oil °C": value + float(rng.normal(0, 0.3))})
        for i in range(count)
    ])  # fmt: skip


@pytest.fixture
def bench(running):
    plant = running.desks.externals.register(RIG)
    feed(plant, 600)
    feed(plant, 60, first=600, value=90.0)
    return plant


@pytest.mark.parametrize(("page", "key"), [("live", "live_plant"), ("lines", "lines_plant"),
                                           ("alarms", "alarms_plant"), ("explore", "explore_plant")])  # fmt: skip
@pytest.mark.parametrize("role", ["student", "instructor"])
def test_a_rig_can_be_chosen_and_seen(bench, page, key, role):
    test = opened_page(page, role)
    test.selectbox(key=key).set_value("bench").run()

    assert not test.exception
    assert not test.error
    words = [box.value for box in (*test.title, *test.markdown, *test.caption)]
    words += [str(box.value) for box in test.dataframe]
    words += [option for box in test.selectbox for option in box.options if box.key != key]
    if (page, role) != ("alarms", "student"):  # nothing but a drawn board, which this test cannot read
        assert "My bench" in str(words) or "press 1" in str(words)


def test_its_history_is_what_it_sent(bench):
    block = watched("bench").past("press 1", 1, 60 * SECOND_US)

    assert len(block) == 11
    assert block.values[-1, 0, 0] > 80.0


def test_its_alarms_are_delivered_and_can_be_acknowledged(running, tmp_path):
    running.office.start()
    running.office.set_policy(
        "delivery:\n  - {name: book, to: file, path: rig.jsonl, what: [raised, acknowledged], least: notice}\n"
    )
    plant = running.desks.externals.register(RIG)
    feed(plant, 600)
    feed(plant, 60, first=600, value=90.0)
    number = plant.desk.standing[0].number
    plant.acknowledge(number, "ann")
    running.office.close()
    told = [json.loads(line) for file in tmp_path.rglob("rig.jsonl") for line in file.read_text().splitlines()]

    assert [(one["plant"], one["run"], one["what"]) for one in told] == [
        ("bench", plant.run, "raised"), ("bench", plant.run, "acknowledged"),
    ]  # fmt: skip
    assert running.store.alarms(run=plant.run)[0].acknowledged_by == "ann"


def test_the_alarm_rules_of_the_lab_hold_for_it_too(running):
    running.office.start()
    running.office.set_policy("default: {confirm: 500}")
    plant = running.desks.externals.register(RIG)
    feed(plant, 600)
    feed(plant, 60, first=600, value=90.0)
    running.office.close()

    assert plant.desk.standing == ()


def test_it_can_be_compared_on_and_nobody_is_told_a_truth(bench):
    data = Data(RUNNING, hours=1.0, rate=1.0, plant="bench")
    stretches, practice = readings_for(data)

    assert practice is None
    assert len(stretches[0].judged) == 660
    assert truths_of(data, stretches, practice) is None


def test_too_little_to_compare_on_is_said(running):
    running.desks.externals.register(RIG)

    with pytest.raises(LabError, match="too little"):
        readings_for(Data(RUNNING, hours=1.0, rate=1.0, plant="bench"))


def test_posted_readings_are_a_plant_beside_ours(running):
    posted = running.desks.externals.posted(running.spec, running.plant.machines)

    assert list(plants_to_watch()) == ["pump_station", "pump_station_posted"]
    assert posted.spec.title == f"{running.spec.title} (posted)"


def test_thinning_keeps_the_newest_reading_of_each_machine():
    times = np.array([0, 1, 2, 10], np.int64)
    values = np.array([[[1.0], [np.nan]], [[np.nan], [2.0]], [[3.0], [np.nan]], [[4.0], [5.0]]])
    found = thinned(Block(times, values, np.zeros((4, 2), np.uint8), ("a", "b"), ("x",)), 10)

    assert found.times_us.tolist() == [0, 10]
    assert found.values[:, :, 0].tolist() == [[3.0, 2.0], [4.0, 5.0]]


def test_one_machine_of_a_recording_stays_a_recording():
    """The Lines page asks for it; it was made a simulated plant without what one needs."""
    plant = recorded_plant()
    name = plant.machines[0]
    one = plant.only(name)
    times = plant.recorded_history.times_us[:5]

    assert isinstance(one, RecordedPlant)
    np.testing.assert_array_equal(one.block(times).values[:, 0], plant.block(times).values[:, 0])


def test_nobody_knows_what_was_wrong_in_a_recording(opened, monkeypatch):
    """Economics would print sums over a truth of no fault at all."""
    monkeypatch.setattr(type(opened), "plant", recorded_plant())

    assert truths_of(Data(RUNNING), (), None) is None
