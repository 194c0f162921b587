"""What the store remembers besides readings, and what it does when it is used wrongly."""

import subprocess
import sys

import pytest

from engine.alarming.records import Alarm
from engine.errors import LabError, StoreError
from engine.store.explore import INSTRUCTOR_VIEWS
from engine.store.store import Store
from engine.store.window_records import WINDOW_COLUMNS
from tests.engine.store.samples import START_US, block, small_store


def alarm(number: int, **changes: object) -> Alarm:
    """Return a standing alarm."""
    facts = {"machine": "M1", "detector": "ewma", "state": "raised", "priority": "notice", "peak_us": 1, "group": 1}
    times = {"onset_us": START_US, "start_us": START_US + number, "end_us": None, "peak_score": 2.0, "threshold": 1.0}
    return Alarm(**{"number": number, **facts, **times, **changes})


def test_everything_is_there_after_closing_and_opening(tmp_path):
    store = small_store(tmp_path)
    store.append(1, "demo", block(20))
    store.save_alarms(1, [alarm(1)])
    store.save_journal(1, [{"entry": "injection", "id": "a"}], START_US, "inject")
    store.close()

    store = Store(tmp_path)

    assert store.count_readings("demo") == 40
    assert (alarm(1),) == store.alarms()
    assert store.journal(1) == [{"entry": "injection", "id": "a"}]
    assert store.newest_run().seed == 7
    store.close()


def test_closing_twice_is_closing_once(tmp_path):
    store = small_store(tmp_path)
    store.close()
    store.close()

    with pytest.raises(StoreError, match="closed"):
        store.runs()


def test_a_second_process_gets_one_clear_sentence(tmp_path):
    store = small_store(tmp_path)
    code = (
        "import sys\nfrom engine.store.store import Store\nfrom engine.errors import StoreError\n"
        "try:\n    Store(sys.argv[1])\nexcept StoreError as problem:\n    print(problem)\n"
    )

    told = subprocess.run([sys.executable, "-c", code, str(tmp_path)], capture_output=True, text=True, timeout=60)

    assert "is in use by another FaultLab" in told.stdout
    assert told.stderr == ""
    store.close()


def test_a_damaged_file_gets_one_clear_sentence(tmp_path):
    (tmp_path / "faultlab.duckdb").write_bytes(b"this is no database" * 1000)

    with pytest.raises(StoreError, match="cannot be opened"):
        Store(tmp_path)


def test_an_alarm_is_stored_once_in_its_newest_state():
    store = small_store()
    store.save_alarms(1, [alarm(1), alarm(2)])

    store.save_alarms(1, [alarm(1, state="cleared", end_us=START_US + 9)])

    assert [one.number for one in store.alarms()] == [2, 1]
    assert (alarm(2),) == store.standing_alarms(1)
    assert store.last_alarm_number(1) == 2
    assert store.alarms(state="cleared")[0].state == "cleared"


def test_the_journal_keeps_every_version():
    store = small_store()
    store.save_journal(1, [{"id": "a"}], 5, "inject")
    store.save_journal(1, [], 6, "undo inject")

    assert store.journal(1) == []
    kept = store.explore("select version, action from journal order by version", INSTRUCTOR_VIEWS).rows
    assert list(kept) == [(1, "inject"), (2, "undo inject")]


def test_window_statistics_are_found_by_machine_sensor_and_time():
    store = small_store()
    row = (1, "M1", "temperature", 60, 120, 60, 70.0, 1.0, 68.0, 72.0, 0.1, 2)
    columns = {name: [value, value] for name, value in zip(WINDOW_COLUMNS, row, strict=True)}
    columns["start_us"] = [0, 60]

    assert store.add_window_stats(columns) == 2
    assert store.window_stats("M1", "temperature", start_us=60)["start_us"].tolist() == [60]
    with pytest.raises(LabError, match="lack the columns: trend"):
        store.add_window_stats({name: [1] for name in WINDOW_COLUMNS if name != "trend"})


def test_figures_tell_where_every_row_is():
    store = small_store()
    store.append(1, "demo", block(5))

    facts = store.figures()

    assert 10 == facts["rows_accepted"] == facts["rows_stored"] + facts["rows_waiting"] + facts["rows_lost"]
