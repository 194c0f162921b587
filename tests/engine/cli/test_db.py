"""`python -m engine db`: check, tables and sample, as the wind-turbine system's utilities promised."""

from __future__ import annotations

import json

import numpy as np
import pytest

from engine.cli import main
from engine.records import SECOND_US, block_of
from engine.store.store import Store

START = 1_767_600_000 * SECOND_US


@pytest.fixture
def home(tmp_path):
    """A home whose store has 30 readings of two sensors; one of the sensors says nothing."""
    store = Store(tmp_path)
    store.register_plant("hall", ("heat", "mute"), ("M1",))
    run = store.begin_run("hall", 1, {}, START).run
    values = np.stack([np.arange(30.0), np.full(30, np.nan)], axis=-1)
    store.append(run, "hall", block_of(START + np.arange(30) * SECOND_US, values, ("M1",), ("heat", "mute")))
    store.close()
    return tmp_path


def said(capsys, *arguments: object) -> str:
    assert main([str(one) for one in arguments]) == 0
    return capsys.readouterr().out


def test_check_says_what_is_stored(capsys, home):
    text = said(capsys, "db", "check", "--home", home)

    assert "hall: 30 rows" in text
    assert "The store can be read." in text


def test_check_names_a_sensor_that_says_nothing(capsys, home):
    assert "sensor mute says nothing" in said(capsys, "db", "check", "--home", home)


def test_check_names_readings_out_of_their_normal_range(capsys, tmp_path):
    store = Store(tmp_path)
    store.register_plant("pump_station", ("temperature",), ("M1",))
    run = store.begin_run("pump_station", 1, {}, START).run
    values = np.array([[70.0], [71.0], [500.0]])
    store.append(run, "pump_station", block_of(START + np.arange(3) * SECOND_US, values, ("M1",), ("temperature",)))
    store.close()

    text = said(capsys, "db", "check", "--home", tmp_path)

    assert "sensor temperature: 1 of the newest 3 readings are out of its normal range" in text
    assert "(from 500 to 500)" in text


def test_check_of_an_empty_folder_names_the_cure(capsys, tmp_path):
    assert main(["db", "check", "--home", str(tmp_path)]) == 2
    assert "start the lab once" in capsys.readouterr().err


def test_tables_lists_plants_with_rows_and_span(capsys, home):
    row = json.loads(said(capsys, "db", "tables", "--home", home, "--json"))[0]

    assert (row["plant"], row["rows"], row["sensors"]) == ("hall", 30, "heat, mute")


def test_sample_shows_the_newest_rows(capsys, home):
    rows = json.loads(said(capsys, "db", "sample", "--home", home, "--limit", 3, "--json"))

    assert [row["heat"] for row in rows] == [29.0, 28.0, 27.0]


@pytest.mark.parametrize("view", ["readings", "scores", "alarms", "window_stats", "minutes"])
def test_sample_shows_one_view(capsys, home, view):
    assert said(capsys, "db", "sample", view, "--home", home)


def test_a_view_that_is_not_on_the_list_is_refused(capsys, home):
    assert main(["db", "sample", "people", "--home", str(home)]) == 2
    assert "choose one of" in capsys.readouterr().err
