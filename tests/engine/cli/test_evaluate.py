"""`python -m engine evaluate` judges files from anywhere and says in one sentence what is wrong with one."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest

from engine.cli import main
from tests import golden

SHARED = Path(__file__).resolve().parents[3].parent / "shared"
PUBLIC, NAB, SKAB = (
    SHARED / "golden" / "metrics_public.jsonl",
    SHARED / "datasets" / "nab",
    SHARED / "datasets" / "skab",
)
needs_shared = pytest.mark.skipif(not PUBLIC.exists(), reason="the shared golden vectors are not beside the project")


def write(file: Path, *lines: str) -> str:
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return str(file)


def as_json(capsys, *arguments: str) -> dict:
    assert main(["evaluate", *map(str, arguments), "--json"]) == 0
    return json.loads(capsys.readouterr().out)


def by_name(report: dict) -> dict:
    return {row["name"]: row for row in report["rows"]}


@pytest.fixture
def intervals(tmp_path):
    truth = write(
        tmp_path / "truth.csv",
        "machine_id,start,end,type,detectable_from",
        "M1,2026-01-05T02:00:00Z,2026-01-05T04:00:00Z,leak,2026-01-05T02:30:00Z",
        "M2,2026-01-05T10:00:00Z,2026-01-05T12:00:00Z,stuck,2026-01-05T10:00:00Z",
    )
    found = write(
        tmp_path / "found.csv",
        "machine_id;start;end;type;confidence",
        "M1;2026-01-05T02:45:00Z;2026-01-05T04:00:00Z;leak;0.8",
        "M2;2026-01-05T15:00:00Z;2026-01-05T15:30:00Z;stuck;0.5",
    )
    return truth, found


def test_interval_files_are_judged_machine_by_machine(intervals, capsys):
    report = as_json(capsys, *intervals)

    rows = by_name(report)
    assert report["kind"] == "intervals"
    assert rows["event_recall"]["value"] == 0.5
    assert rows["delay_mean_s"]["value"] == 900.0
    assert rows["type_accuracy"]["value"] == 1.0
    assert rows["event_recall"]["everything"] == 1.0


def test_the_table_shows_values_baselines_and_reasons(intervals, capsys):
    assert main(["evaluate", *intervals]) == 0

    text = capsys.readouterr().out
    assert text.splitlines()[0].split()[:3] == ["name", "value", "unit"]
    assert "note: baseline three_sigma is missing" in text


def rows_files(folder: Path, n: int = 200):
    rng = np.random.default_rng(2)
    truth = np.zeros(n, int)
    truth[50:70] = truth[150:170] = 1
    scores = rng.random(n) + truth
    times = [f"2026-01-05T{k // 60:02}:{k % 60:02}:00Z" for k in range(n)]
    first = write(folder / "t.csv", "timestamp,truth", *(f"{at},{y}" for at, y in zip(times, truth, strict=True)))
    return first, write(folder / "p.csv", "score", *map(str, scores)), truth, scores


def test_row_files_get_the_whole_panel_and_the_period_of_their_times(tmp_path, capsys):
    truth, found, labels, scores = rows_files(tmp_path)

    report = as_json(capsys, truth, found, "--threshold", "1.0", "--window", "10")

    rows = by_name(report)
    assert report["kind"] == "rows"
    assert rows["vus_pr"]["parameters"]["window"] == 10
    assert rows["false_alarms_per_day"]["parameters"]["period_s"] == 60.0
    assert rows["recall"]["value"] == np.mean(scores[labels == 1] >= 1.0)


def test_rows_of_several_machines_are_never_joined_at_their_ends(tmp_path, capsys):
    """An event at the end of one machine and one at the start of the next are two events."""
    lines = ["machine,truth", *(f"A,{int(k >= 8)}" for k in range(10)), *(f"B,{int(k < 2)}" for k in range(10))]
    truth = write(tmp_path / "t.csv", *lines)
    found = write(tmp_path / "p.csv", "alarm", *(str(int(8 <= k < 10)) for k in range(20)))

    rows = by_name(as_json(capsys, truth, found))

    assert rows["event_recall"]["value"] == 0.5
    assert rows["event_recall"]["parameters"]["machines"] == 2


def nab_folder(case: dict, folder: Path) -> Path:
    for part in case["files"]:
        with open(NAB / "data" / part["file"], encoding="utf-8") as lines:
            times = [row["timestamp"] for row in csv.DictReader(lines)]
        scores = golden.scores_of(part["score"], part["n"]).tolist()
        group, name = part["file"].split("/")
        rows = (f"{at},{score!r}" for at, score in zip(times, scores, strict=True))
        write(folder / group / f"{case['detector']}_{name}", "timestamp,anomaly_score", *rows)
    return folder


def cases_of(kind: str) -> list[dict]:
    lines = PUBLIC.read_text(encoding="utf-8").splitlines() if PUBLIC.exists() else []
    return [case for case in map(json.loads, lines) if case["kind"] == kind]


@needs_shared
@pytest.mark.parametrize("case", cases_of("nab_corpus"), ids=lambda case: case["id"])
def test_the_nab_corpus_values_come_out_of_a_folder_of_results(case, tmp_path, capsys):
    """The fifty shared series, in NAB's own layout `group/detector_series.csv`."""
    folder = nab_folder(case, tmp_path / "results")

    report = as_json(capsys, NAB / "combined_windows.csv", folder)

    assert report["kind"] == "nab"
    found = {row["profile"]: row for row in report["rows"]}
    for check in case["checks"]:
        row = found[check["p"]["profile"]]
        assert {k: row[k] for k in check["v"]} == pytest.approx(check["v"], rel=1e-8, abs=1e-8)


def test_nab_windows_as_json_and_one_file_at_a_threshold(tmp_path, capsys):
    windows = write(tmp_path / "windows.json", '{"g/a.csv": [["2026-01-05 00:02:00", "2026-01-05 00:04:00"]]}')
    rows = (f"2026-01-05 00:0{k}:00,{int(k == 2)}" for k in range(8))
    found = write(tmp_path / "det_a.csv", "timestamp,anomaly_score", *rows)

    report = as_json(capsys, windows, found, "--threshold", "1", "--probation", "0")

    assert [row["normalized"] for row in report["rows"]] == pytest.approx([100.0] * 3)


@needs_shared
@pytest.mark.parametrize("case", cases_of("skab_corpus"), ids=lambda case: case["id"])
def test_the_skab_values_come_out_of_a_folder_of_predictions(case, tmp_path, capsys):
    for part in case["files"]:
        alarms = golden.rows_of(part["pred"], part["n_scored"])
        write(tmp_path / "found" / part["file"], "prediction", *map(str, alarms))
    rolling = any("rolling" in str(check["p"].get("changepoint_rule")) for check in case["checks"])

    report = as_json(capsys, SKAB / "data", tmp_path / "found", *(["--rolling"] if rolling else []))

    rows = by_name(report)
    for check in case["checks"]:
        for name, value in check["v"].items():
            assert rows[name]["value"] == pytest.approx(value, abs=1e-5), name


@pytest.mark.parametrize(
    ("truth", "found", "said"),
    [
        (["truth", "0", "2"], ["score", "1", "2"], "line 3: truth must be 0 or 1, got '2'"),
        (["truth", "0", "1"], ["score", "1", "two"], "line 3: score must be a number, got 'two'"),
        (["truth", "0", "1"], ["score", "1", "nan"], "line 3: score must be a finite number, got 'nan'"),
        (["truth", "0", "", "2"], ["score", "1", "2"], "line 4: truth must be 0 or 1"),
        (["truth,truth", "0,1"], ["score", "1"], "two columns are called truth"),
        (["truth"], ["score"], "it has a header but no rows"),
        (
            ["time,truth", "2026-01-05T01:00,0", "2026-01-05T02:00,1"],
            ["time,score", "2026-01-05T02:00,1", "2026-01-05T01:00,0"],
            "line 2: its time is 2026-01-05T02:00 where the truth has 2026-01-05T01:00",
        ),
        (["start,end", "2026-01-04,2026-01-05"], ["machine,start,end"], "there is no column machine_id"),
        (
            ["start,end", "2026-01-04,2026-01-05"],
            ["start,end,confidence", "2026-01-04,2026-01-05,1.7"],
            "line 2: confidence must be from 0 to 1, got '1.7'",
        ),
        (["datetime;anomaly;changepoint", "2026-01-04;0;0"], ["prediction", "1"], "the first 400 are training"),
        (["truth", "0", "1"], ["score", "1"], "1 rows where the truth has 2"),
        (["truth", "0", "1"], ["points", "1", "2"], "there is no column score"),
        (["truth", "0", "1,1"], ["score", "1", "2"], "line 3: 2 cells where the header has 1"),
        (["start,end", "2026-01-05,2026-01-04"], ["start,end"], "line 2: the end is not after the start"),
        (["start,end", "yesterday,2026-01-04"], ["start,end"], "start must be a time, got 'yesterday'"),
        (["start,end"], ["start,end"], "neither file has an interval"),
    ],
)
def test_a_wrong_file_is_one_sentence_with_place_and_cure(truth, found, said, tmp_path, capsys):
    status = main(["evaluate", write(tmp_path / "t.csv", *truth), write(tmp_path / "p.csv", *found)])

    error = capsys.readouterr().err
    assert status == 2
    assert said in error
    assert "Traceback" not in error


def test_a_missing_file_an_unreadable_one_and_an_unknown_format_are_said(tmp_path, capsys):
    good = write(tmp_path / "t.csv", "truth", "1")
    binary = tmp_path / "b.csv"
    binary.write_bytes(b"\xff\xfe\x00\xd8")

    assert main(["evaluate", str(tmp_path / "none.csv"), good]) == 2
    assert "it does not exist" in capsys.readouterr().err
    assert main(["evaluate", str(binary), good, "--format", "rows"]) == 2
    assert "not UTF-8" in capsys.readouterr().err
    assert main(["evaluate", good, good, "--format", "row"]) == 2
    assert "Did you mean 'rows'" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (["--threshold", "nan"], "threshold must be a finite number"),
        (["--period", "0"], "period must be above 0 seconds"),
        (["--window", "-1"], "window must be 0 rows or more"),
        (["--tolerance", "-60"], "tolerance must be 0 seconds or more"),
        (["--probation", "2"], "probation must be from 0 to 1"),
    ],
)
def test_an_option_that_no_metric_can_use_is_one_sentence(option, said, tmp_path, capsys):
    files = write(tmp_path / "t.csv", "truth", "0", "1"), write(tmp_path / "p.csv", "score", "0", "1")

    assert main(["evaluate", *files, *option]) == 2
    assert said in capsys.readouterr().err


@pytest.mark.parametrize(
    ("window", "times", "said"),
    [
        (["soon", "2026-01-05 00:02"], ["2026-01-05 00:01"], "is not two times"),
        (["2026-01-05 00:03", "2026-01-05 00:02"], ["2026-01-05 00:02"], "ends before it starts"),
        (["2026-01-05 00:01", "2026-01-05 00:02"], ["2026-01-05 00:02", "2026-01-05 00:01"], "the time goes back"),
        (["2026-01-06 00:01", "2026-01-06 00:02"], ["2026-01-05 00:02"], "no row lies in the window"),
    ],
)
def test_a_window_that_fits_no_rows_is_one_sentence(window, times, said, tmp_path, capsys):
    windows = write(tmp_path / "windows.json", json.dumps({"a.csv": [window]}))
    found = write(tmp_path / "a.csv", "timestamp,anomaly_score", *(f"{at},1" for at in times))

    assert main(["evaluate", windows, found]) == 2
    assert said in capsys.readouterr().err


def test_notes_tell_of_unknown_machines_blank_confidences_and_times_that_go_back(tmp_path, capsys):
    times = ["2026-01-05T00:01", "2026-01-05T00:00", "2026-01-05T00:02"]
    truth = write(tmp_path / "t.csv", "time,truth", *(f"{at},{k % 2}" for k, at in enumerate(times)))

    notes = as_json(capsys, truth, write(tmp_path / "p.csv", "alarm", "True", "0", "1.0"))["notes"]

    assert "the time goes back at line 3; rows are judged in the order of the file" in notes
    span = "2026-01-05T00:00Z,2026-01-05T01:00Z"
    truth = write(tmp_path / "i.csv", "machine,start,end", f"M1,{span}")
    found = write(tmp_path / "f.csv", "machine,start,end,confidence", f"M1,{span},0.8", f"M2,{span},")
    report = as_json(capsys, truth, found)
    assert by_name(report)["brier"]["value"] == pytest.approx(0.04)
    assert "the truth has no event on M2; every interval there is a false alarm" in report["notes"]


def test_a_folder_and_a_file_are_no_pair(tmp_path, capsys):
    write(tmp_path / "skab" / "1.csv", "datetime;anomaly;changepoint", "2026-01-05;0;0")

    assert main(["evaluate", str(tmp_path / "skab"), write(tmp_path / "p.csv", "prediction", "0")]) == 2
    assert "a file and a folder" in capsys.readouterr().err
