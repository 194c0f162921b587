import csv
import json

import numpy as np
import pytest
from typer.testing import CliRunner

from engine.cli import command_line, main
from engine.dataset import TRUTH_COLUMNS, generate, write_dataset
from engine.dataset_reading import read_block, read_truth
from engine.errors import LabError
from engine.plant.journal import Injection, Journal
from engine.plant.simulator import Plant
from engine.plant.spec import load_plant
from engine.records import HOUR_US, SECOND_US, join_blocks, time_us

PUMPS = load_plant("pump_station")
START = time_us("2026-01-05T00:00:00Z")
HEADER = (
    "timestamp,machine_id,maintenance_status,temperature,vibration,pressure,flow_rate,power_consumption,oil_level,"
    "bearing_temperature,hour,day_of_week,month,is_weekend,is_night_shift,temp_pressure_ratio,vibration_power_ratio,"
    "flow_pressure_product"
)
GAPS = Journal((Injection("x", "MACHINE_002", "dropout", 0.9, START, 0.0, 1800.0, "sudden", ("pressure",)),))


def run(*arguments):
    return main([str(argument) for argument in arguments])


def test_a_csv_has_exactly_the_documented_columns_in_their_order(tmp_path):
    """The forerunner's CSV had 10 of the 18 columns that its guide shows."""
    path = tmp_path / "d.csv"

    rows = write_dataset(Plant(PUMPS, 7), path, start_us=START, hours=0.1, rate=0.1)

    lines = path.read_text(encoding="utf-8").splitlines()
    assert lines[0] == HEADER
    assert len(lines) - 1 == rows == 36 * 5
    assert lines[1].startswith("2026-01-05T00:00:00+00:00,MACHINE_001,operational,")


@pytest.mark.parametrize("name", ["csv", "parquet", "jsonl"])
def test_every_format_holds_the_same_readings(tmp_path, name):
    plant = Plant(PUMPS, 7, GAPS)
    path = tmp_path / f"d.{name}"
    write_dataset(plant, path, start_us=START, hours=0.5, rate=0.1, file_format=name)

    back, block = read_block(path), join_blocks(list(generate(plant, START, 0.5, 0.1)))

    assert np.isnan(block.values).any()
    assert np.array_equal(back.values, block.values, equal_nan=True)
    assert np.array_equal(back.times_us, block.times_us)
    assert (back.machines, back.sensors) == (block.machines, block.sensors)


def test_json_lines_are_one_object_a_line_with_null_for_a_missing_reading(tmp_path):
    path = tmp_path / "d.jsonl"
    write_dataset(Plant(PUMPS, 7, GAPS), path, start_us=START, hours=0.5, rate=0.1, file_format="jsonl")

    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]

    assert list(rows[0]) == HEADER.split(",")
    assert any(row["pressure"] is None and row["temp_pressure_ratio"] is None for row in rows)


def test_the_data_never_holds_truth(tmp_path):
    path = tmp_path / "d.csv"
    write_dataset(Plant(PUMPS, 7, GAPS), path, start_us=START, hours=0.5, rate=0.1)
    text = path.read_text(encoding="utf-8")

    assert not any(word in text for word in ("dropout", "fault", "anomaly", "label", "severity", "onset"))


def test_truth_goes_to_a_file_of_its_own_only_when_asked_for(tmp_path):
    out, truth = tmp_path / "d.csv", tmp_path / "t.csv"
    order = ["dataset", "--scenario", "pump_demo", "--hours", 12, "--rate", 0.01, "--out", out]

    assert run(*order) == 0
    assert not truth.exists()
    assert run(*order, "--truth", truth) == 0
    with truth.open(encoding="utf-8", newline="") as file:
        table = list(csv.DictReader(file))
    assert tuple(table[0]) == TRUTH_COLUMNS
    assert [row["fault"] for row in table] == ["misalignment", "filter_clog", "overheating"]
    assert [event.fault for event in read_truth(truth)] == [row["fault"] for row in table]


def test_the_same_order_gives_the_same_bytes_and_another_seed_does_not(tmp_path):
    paths = [tmp_path / name for name in ("a.csv", "b.csv", "c.csv")]
    for path, seed in zip(paths, (5, 5, 6), strict=True):
        assert run("dataset", "--seed", seed, "--hours", 0.2, "--out", path) == 0

    a, b, c = (path.read_bytes() for path in paths)
    assert a == b != c


def test_machines_rate_and_start_are_obeyed(tmp_path):
    path = tmp_path / "d.csv"
    order = ["dataset", "--machines", "MACHINE_004,MACHINE_002", "--rate", 2, "--hours", 0.01]

    assert run(*order, "--start", "2027-03-01T12:00:00+02:00", "--out", path) == 0

    block = read_block(path)
    assert block.machines == ("MACHINE_004", "MACHINE_002")
    assert block.times_us[0] == time_us("2027-03-01T10:00:00Z")
    assert set(np.diff(block.times_us)) == {SECOND_US // 2}


def test_blocks_of_a_long_span_join_without_gap_or_overlap():
    times = np.concatenate([block.times_us for block in generate(Plant(PUMPS, 7), START, 30.0, 1.0)])

    assert len(times) == 30 * 3600
    assert set(np.diff(times)) == {SECOND_US}


@pytest.mark.parametrize("level", ["easy", "medium", "hard"])
def test_a_drawn_level_stays_under_its_cap_as_the_difficulty_command_measures_it(tmp_path, level, capsys):
    from engine.difficulty import CAPS

    out, truth = tmp_path / "d.parquet", tmp_path / "t.csv"
    assert (
        run(
            "dataset",
            "--level",
            level,
            "--seed",
            12,
            "--rate",
            1 / 60,
            "--format",
            "parquet",
            "--out",
            out,
            "--truth",
            truth,
        )
        == 0
    )
    capsys.readouterr()

    assert run("difficulty", out, truth, "--json") == 0

    found = json.loads(capsys.readouterr().out)
    assert 0 < found["event_f1"] <= CAPS[level]
    assert level in found["levels"]


@pytest.mark.parametrize(
    ("order", "message"),
    [
        (["--plant", "pump_staton"], "Did you mean 'pump_station'"),
        (["--machines", "MACHINE_9"], "No machine is called 'MACHINE_9'"),
        (["--rate=-1"], "rate must be from"),
        (["--rate", "nan"], "rate must be from"),
        (["--hours", "0"], "hours must be above 0"),
        (["--start", "yesterday"], "start must be a time such as"),
        (["--format", "cvs"], "Did you mean 'csv'"),
        (["--scenario", "pump_dem"], "Did you mean 'pump_demo'"),
        (["--scenario", "pump_demo", "--level", "easy"], "give one of them"),
        (["--scenario", "pump_demo", "--plant", "wind_turbine"], "belongs to plant 'pump_station'"),
        (["--level", "hrad"], "No level is called 'hrad'"),
        (["--hours", "8000", "--rate", "1000"], "ask for fewer hours"),
        (["--out", "/nonexistent/d.csv"], "choose a folder that exists"),
    ],
)
def test_a_wrong_order_ends_with_one_sentence(tmp_path, order, message, capsys):
    assert run("dataset", "--out", tmp_path / "d.csv", *order) == 2

    said = capsys.readouterr().err
    assert message in said
    assert said.count("\n") == 1
    assert "Traceback" not in said


@pytest.mark.parametrize("command", ["plants", "faults", "scenarios"])
def test_lists_print_text_and_json(command):
    plain = CliRunner().invoke(command_line(), [command])
    found = CliRunner().invoke(command_line(), [command, "--json"])

    assert plain.exit_code == found.exit_code == 0
    names = [one["name"] for one in json.loads(found.stdout)]
    assert names
    assert all(name in plain.stdout for name in names)


def test_faults_of_one_plant_leave_out_the_others():
    found = CliRunner().invoke(command_line(), ["faults", "--plant", "wind_turbine", "--json"])

    names = {one["name"] for one in json.loads(found.stdout)}
    assert "tool_wear" in names
    assert "pump_failure" not in names


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("a,b\n1,2\n", "no column 'timestamp'"),
        ("", "d.csv"),
        ("timestamp,machine_id,temperature\n", "holds no readings"),
        ("timestamp,machine_id,temperature\n2026-01-05T00:00:00Z,a,warm\n", "could not convert"),
    ],
)
def test_a_file_of_another_layout_is_refused(tmp_path, text, message):
    path = tmp_path / "d.csv"
    path.write_text(text, encoding="utf-8")

    with pytest.raises(LabError, match=message):
        read_block(path)


def test_a_wrong_truth_file_says_where(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(",".join(TRUTH_COLUMNS) + "\nm,f,s,0.5,soon,,later\n", encoding="utf-8")

    with pytest.raises(LabError, match="line 2"):
        read_truth(path)
    path.write_text("machine,fault\n", encoding="utf-8")
    with pytest.raises(LabError, match="line 1"):
        read_truth(path)


def test_progress_is_told_and_ends_at_the_whole(tmp_path):
    told = []
    write_dataset(
        Plant(PUMPS, 7),
        tmp_path / "d.csv",
        start_us=START,
        hours=24.0,
        rate=1.0,
        progress=lambda a, b: told.append((a, b)),
    )

    assert len(told) > 1
    assert told[-1] == (432_000, 432_000)
    assert told[-1][1] == HOUR_US * 24 // SECOND_US * 5
