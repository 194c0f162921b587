"""Lines: status from marks, alarms and a model of its own; marks that an instructor sets for one line."""

from types import SimpleNamespace

import numpy as np
import pytest

from engine.errors import LabError
from engine.lines import LineBook, correlation, distribution, line_states, statistics
from engine.plant.spec import load_plant
from engine.predicting import Predictors
from engine.records import MAINTENANCE, Block
from engine.store.store import Store

SPEC = load_plant("wind_turbine")
CALM = (23.0, 45.0, 62.0)


@pytest.fixture
def book():
    store = Store(":memory:")
    yield LineBook(store, SPEC)
    store.close()


def shot(first=CALM, second=CALM, status=(0, 0), alarms=()):
    """Return a snapshot of one tick of the two lines."""
    values = np.array([[first, second]], np.float64)
    block = Block(np.zeros(1, np.int64), values, np.array([status], np.uint8), SPEC.machines, SPEC.sensor_names)
    return SimpleNamespace(block=block, alarms=alarms, time_us=0)


def alarm(priority, state="raised", machine="turbine-line-1"):
    return SimpleNamespace(machine=machine, priority=priority, state=state)


def statuses(book, models=None, **what):
    return [state.status for state in line_states(shot(**what), book, models)]


def model(*scores, threshold=1.5):
    """Return a line's model that gives these scores, one per call."""
    left = list(scores)
    return SimpleNamespace(scores=lambda rows: np.array([left.pop(0)]), threshold=threshold, version=3)


@pytest.mark.parametrize(
    ("reading", "status"),
    [(23.0, "normal"), (29.9, "normal"), (30.0, "warning"), (40.0, "critical"), (np.nan, "normal")],
)
def test_the_status_follows_the_marks_of_the_guide(book, reading, status):
    """Warning at 30 °C, critical at 40 °C; a mark that is reached counts."""
    assert statuses(book, first=(reading, 45.0, 62.0)) == [status, "normal"]


def test_without_any_reading_there_is_no_status(book):
    assert statuses(book, first=(np.nan,) * 3) == ["no data", "normal"]


def test_a_line_in_maintenance_is_neither_good_nor_bad(book):
    assert statuses(book, first=(50.0, 45.0, 62.0), status=(MAINTENANCE, 0)) == ["maintenance", "normal"]


@pytest.mark.parametrize(
    ("priority", "state", "status"),
    [
        ("notice", "raised", "warning"),
        ("critical", "acknowledged", "critical"),
        ("critical", "shelved", "normal"),
        ("critical", "suppressed", "normal"),
    ],
)
def test_a_standing_alarm_counts_unless_it_is_silenced(book, priority, state, status):
    assert statuses(book, alarms=(alarm(priority, state),)) == [status, "normal"]


@pytest.mark.parametrize(("score", "status"), [(1.4, "normal"), (1.5, "warning"), (2.25, "critical")])
def test_the_score_of_the_lines_own_model_counts(book, score, status):
    models = {"turbine-line-1": model(score), "turbine-line-2": model(0.0)}

    assert statuses(book, models) == [status, "normal"]


def test_two_lines_never_share_a_score(book):
    """The defect of the public project: one score for both lines."""
    models = {"turbine-line-1": model(0.3), "turbine-line-2": model(0.7)}

    states = line_states(shot(), book, models)

    assert [state.score for state in states] == [0.3, 0.7]
    assert [state.version for state in states] == [3, 3]


def test_every_sensor_moves_the_score_of_the_real_model(book, tmp_path):
    """The defect of the public project: one of three sensors silently scored as 0."""
    from engine.plant.simulator import Plant
    from engine.records import time_us

    plant = Plant(SPEC, 7)
    run = book._store.begin_run("wind_turbine", 7, {}, 0)
    models = Predictors(book._store, tmp_path).of(plant, run.run, time_us("2026-01-05T08:00:00Z"))
    calm = models["turbine-line-1"].scores(np.array([CALM]))[0]

    for at in range(3):
        strange = np.array([CALM])
        strange[0, at] *= 2.0
        assert models["turbine-line-1"].scores(strange)[0] > calm + 0.2


def test_a_line_may_have_marks_of_its_own(book):
    book.set("turbine-line-1", {"temperature": (20.0, 22.0)})

    assert statuses(book) == ["critical", "normal"]
    assert set(book.marks()) == {"turbine-line-1"}
    assert LineBook(book._store, SPEC).own == {("turbine-line-1", "temperature"): (20.0, 22.0)}

    book.set("turbine-line-1", {})
    assert statuses(book) == ["normal", "normal"]
    assert book.marks() == {}


def test_marks_as_in_the_data_sheet_are_not_kept(book):
    book.set("turbine-line-1", {"temperature": (30.0, 40.0), "humidity": (None, None)})

    assert book.own == {("turbine-line-1", "humidity"): (None, None)}


@pytest.mark.parametrize(
    ("line", "marks", "told"),
    [
        ("turbine-line-9", {}, "turbine-line-1"),
        ("turbine-line-1", {"sound": (1.0, 2.0)}, "sound_level"),
        ("turbine-line-1", {"temperature": (30.0, 20.0)}, "must be at or above the warning mark"),
        ("turbine-line-1", {"temperature": (float("nan"), None)}, "must be a number"),
    ],
)
def test_wrong_marks_are_refused_with_a_cure(book, line, marks, told):
    with pytest.raises(LabError, match=told):
        book.set(line, marks)

    assert book.own == {}


def test_the_low_side_turns_the_order_of_marks_round():
    store = Store(":memory:")
    book = LineBook(store, load_plant("pump_station"))
    machine = book.spec.machines[0]

    book.set(machine, {"oil_level": (70.0, 60.0)})
    with pytest.raises(LabError, match="must be at or below"):
        book.set(machine, {"oil_level": (60.0, 70.0)})
    store.close()


def test_correlation_is_pearsons_without_rows_that_miss_a_reading():
    rng = np.random.default_rng(1)
    values = rng.normal(size=(200, 3))
    values[:, 1] = 2 * values[:, 0] + 0.01 * values[:, 2]
    values[5, 2] = np.nan
    whole = np.delete(values, 5, axis=0)

    found = correlation(values)

    np.testing.assert_allclose(found, np.corrcoef(whole, rowvar=False))
    assert found[0, 1] > 0.99


def test_too_few_rows_or_a_constant_give_no_correlation():
    assert np.isnan(correlation(np.zeros((5, 2)))).all()
    assert np.isnan(correlation(np.zeros((50, 2)))).all()


def test_statistics_leave_missing_readings_out():
    (row, empty) = statistics(np.array([[1.0, np.nan], [3.0, np.nan], [np.nan, np.nan]]), ("a", "b"))

    assert (row["readings"], row["mean"], row["min"], row["max"]) == (2, 2.0, 1.0, 3.0)
    assert empty == {"sensor": "b", "readings": 0}


def test_the_distribution_counts_every_score_once_and_leaves_gaps_out():
    found = distribution(np.array([[0.0, 1.0], [4.0, np.nan], [3.9, 0.1]]), bins=4)

    assert found == {"edges": [0.0, 1.0, 2.0, 3.0, 4.0], "counts": [2, 1, 0, 2]}
    assert distribution(np.full((3, 1), np.nan)) == {"edges": [], "counts": []}
