import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from engine.errors import LabError
from engine.plant.checks import injection_for
from engine.plant.journal import SHAPES, Cleared, Injection, Journal, Maintenance
from engine.plant.spec import load_plant

PUMPS = load_plant("pump_station")
times = st.integers(0, 4_000_000_000_000_000)
machines = st.sampled_from(PUMPS.machines)
entries = st.one_of(
    st.builds(
        Injection,
        id=st.uuids().map(str),
        machine=machines,
        fault=st.sampled_from(["spike", "bearing_failure"]),
        severity=st.floats(0.01, 1.0),
        start_us=times,
        ramp_s=st.floats(0, 1e6),
        duration_s=st.floats(1, 1e6),
        shape=st.sampled_from(SHAPES),
        sensors=st.lists(st.sampled_from(PUMPS.sensor_names), max_size=2).map(tuple),
        values=st.dictionaries(st.sampled_from(["height", "chance"]), st.floats(0.01, 0.5)),
    ),
    st.builds(Maintenance, st.uuids().map(str), machines, times, st.floats(60, 1e5), st.booleans()),
    st.builds(Cleared, st.uuids().map(str), machines, times),
)


@given(st.lists(entries, max_size=8, unique_by=lambda entry: entry.id))
def test_a_journal_survives_json(found):
    journal = Journal(tuple(found))

    assert Journal.from_json(json.loads(json.dumps(journal.to_json()))) == journal


def test_entries_are_added_and_taken_away_without_changing_the_old_journal():
    empty = Journal()
    one = empty.with_(Maintenance("m", "MACHINE_001", 0, 600.0))

    assert (len(empty), len(one), len(one.without("m")), len(one.without("x"))) == (0, 1, 0, 1)


def test_ids_are_new_even_after_an_entry_was_taken_away():
    journal = Journal().cleared("MACHINE_001", 5).cleared("MACHINE_001", 6)

    assert journal.without(journal[0].id).new_id("clear") not in {journal[1].id}


def test_two_entries_of_one_id_and_unknown_entries_are_refused():
    stop = Maintenance("m", "MACHINE_001", 0, 600.0)
    with pytest.raises(LabError, match="two entries called 'm'"):
        Journal((stop, stop))
    with pytest.raises(LabError, match="entry 1: entry is 'explosion'"):
        Journal.from_json([{"entry": "explosion"}])
    with pytest.raises(LabError, match="entry 1"):
        Journal.from_json([{"entry": "cleared", "id": "x"}])


@pytest.mark.parametrize(
    ("order", "message"),
    [
        ({"fault": "bearing_failur"}, "Did you mean 'bearing_failure'"),
        ({"machine": "MACHINE_9"}, "No machine is called"),
        ({"severity": 0.0}, "severity must be above 0"),
        ({"severity": float("nan")}, "severity must be above 0"),
        ({"ramp_s": -1.0}, "ramp_s must be from 0"),
        ({"duration_s": float("inf")}, "duration_s must be from 1"),
        ({"shape": "suden"}, "Did you mean 'sudden'"),
        ({"sensors": ("presure",)}, "Did you mean 'pressure'"),
        ({"fault": "tool_wear"}, "does not occur in Pump station"),
        ({"values": {"hight": 3}}, "has no parameter 'hight'"),
    ],
)
def test_a_wrong_order_is_refused_with_the_cure(order, message):
    good = {"machine": "MACHINE_001", "fault": "bearing_failure", "start_us": 0}

    with pytest.raises(LabError, match=message):
        injection_for(PUMPS, Journal(), **(good | order))


def test_an_order_without_details_takes_the_patterns_usual_course():
    made = injection_for(PUMPS, Journal(), machine="MACHINE_001", fault="bearing_failure", start_us=3)

    assert (made.severity, made.ramp_s, made.shape) == (0.7, 900.0, "linear")
