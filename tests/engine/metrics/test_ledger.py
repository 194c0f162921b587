"""The ledger tells the fate of every event and the likely cause of every false alarm."""

from __future__ import annotations

import json

import numpy as np
import pytest

from engine.metrics.intervals import Zone
from engine.metrics.ledger import excursions, ledger
from engine.records import MAINTENANCE, MINUTE_US, Label, TruthEvent, block_of


def event(start: int, end: int, fault: str = "leak", benign: bool = False, seen: int | None = None):
    detectable = (start if seen is None else seen) * MINUTE_US
    return TruthEvent("M1", fault, (), 1.0, start * MINUTE_US, detectable, end * MINUTE_US, benign)


def label(start: int, end: int) -> Label:
    return Label("M1", start * MINUTE_US, end * MINUTE_US)


def readings(spike: tuple[int, int] | None = None, works: tuple[int, int] | None = None):
    """Ten hours of a calm sensor, minute by minute, with a spike and maintenance where wanted."""
    values = np.random.default_rng(3).uniform(-1, 1, size=(600, 1, 1))
    status = np.zeros((600, 1), np.uint8)
    if spike:
        values[slice(*spike)] += 30
    if works:
        status[slice(*works)] = MAINTENANCE
    times = np.arange(600, dtype=np.int64) * MINUTE_US
    return block_of(times, values, machines=("M1",), sensors=("pressure",), status=status)


def test_every_event_has_an_entry_with_its_verdict():
    truth = [event(10, 30, seen=15), event(100, 120), event(200, 220, "load_change", benign=True)]

    book = ledger(truth, [label(18, 30)])

    assert [entry.verdict for entry in book.events] == ["found", "missed", "not judged"]
    found = book.events[0]
    assert (found.alarm, found.delay_s, found.edge_delay_s) == (0, 180.0, 180.0)
    assert found.tiou == pytest.approx(12 / 15)
    assert found.replay_us == 5 * MINUTE_US


def test_a_false_alarm_names_the_sensor_that_moved():
    book = ledger([], [label(300, 305)], readings=readings(spike=(298, 303)))

    clue = book.false_alarms[0].likely
    assert (clue.kind, clue.distance_s) == ("sensor", 0.0)
    assert clue.what.startswith("pressure +")


def test_a_false_alarm_names_maintenance_and_benign_changes_nearby():
    truth = [event(330, 340, "load_change", benign=True)]

    book = ledger(truth, [label(320, 325)], readings=readings(works=(305, 318)))

    assert [(c.kind, c.distance_s) for c in book.false_alarms[0].clues] == [("maintenance", 120.0), ("benign", 300.0)]


def test_nothing_within_half_an_hour_is_no_clue():
    book = ledger([event(10, 20)], [label(500, 505)], readings=readings(spike=(100, 105)))

    assert book.false_alarms[0].clues == ()
    assert book.false_alarms[0].likely is None


def test_duplicates_and_ignored_labels_are_no_false_alarms():
    truth, zones = [event(10, 60)], [Zone("M1", 200 * MINUTE_US, 300 * MINUTE_US, "maintenance")]

    book = ledger(truth, [label(10, 40), label(50, 55), label(220, 230)], zones=zones)

    assert (book.false_alarms, book.duplicates, book.ignored) == ((), (1,), (2,))


def test_entries_come_in_order_of_time_and_are_plain_data():
    book = ledger([event(100, 110), event(10, 20)], [label(400, 401), label(300, 301)])

    assert [entry.start_us // MINUTE_US for entry in book.events] == [10, 100]
    assert [entry.alarm for entry in book.false_alarms] == [1, 0]
    assert json.loads(json.dumps(book.to_json()))["events"][0]["verdict"] == "missed"


def test_missing_readings_and_dead_sensors_make_no_excursion():
    block = readings()
    block.values[:] = 4.0
    block.values[5:10] = np.nan

    assert excursions(block) == ()
