"""Scores go back to the rows they belong to, and a cancelled run writes nothing."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path

import numpy as np
import pytest

from engine.catalog import part
from engine.cli import main
from engine.errors import LabError, UnknownNameError
from engine.reading.profile import profile_of
from engine.reading.series import Table, table_of
from engine.scoring.outputs import result_bytes, save_result
from engine.scoring.policy import Policy
from engine.scoring.score import CancelledError, _paced, alarms_of, guarded, score_table, write_scores


@pytest.fixture
def table(tmp_path: Path) -> Table:
    """Two machines, rows of the second shuffled, one reading far out."""
    rng = np.random.default_rng(5)
    rows = []
    for tick in range(400):
        for machine in ("B", "A"):
            value = 90.0 if (machine, tick) == ("A", 350) else rng.normal(10, 1)
            rows.append(f"{1_767_571_200 + tick},{machine},{value:.3f},{rng.normal():.3f}")
    path = tmp_path / "two.csv"
    path.write_text("timestamp,machine_id,p,q\n" + "\n".join(rows) + "\n", encoding="utf-8")
    profile = profile_of(path)
    try:
        return table_of(profile)
    finally:
        profile.close()


def test_the_far_reading_scores_highest_at_its_own_line(table: Table) -> None:
    result = score_table(table, "z_score")

    strangest = int(np.argmax(result.scores))

    assert table.lines[strangest] == 2 + 350 * 2 + 1


def test_progress_ends_at_one_and_cancel_stops(table: Table) -> None:
    seen: list[float] = []

    score_table(table, "z_score", progress=seen.append)

    assert seen[-1] == pytest.approx(1.0)
    with pytest.raises(CancelledError, match="cancelled"):
        score_table(table, "z_score", cancelled=lambda: True)


def test_the_result_has_a_line_for_each_row(table: Table) -> None:
    out = io.StringIO()

    write_scores(table, [score_table(table, "z_score")], out)

    rows = list(csv.DictReader(io.StringIO(out.getvalue())))
    assert len(rows) == 800
    assert rows[0]["machine_id"] == "B"
    assert rows[0]["timestamp"] == "2026-01-05T00:00:00Z"
    assert set(rows[0]) == {"line", "timestamp", "machine_id", "score", "alarm"}


def test_a_long_file_is_refitted_a_few_times_unless_the_person_says_otherwise() -> None:
    cls = part("detector", "isolation_forest")

    assert _paced(cls, {}, 1_000_000) == {"refit_every": 100_000}
    assert _paced(cls, {}, 1000) == {"refit_every": 3600}
    assert _paced(cls, {"refit_every": 7}, 1_000_000) == {"refit_every": 7}
    assert _paced(part("detector", "ewma"), {}, 1_000_000) == {}


def test_an_unknown_detector_is_refused_with_the_nearest(table: Table) -> None:
    with pytest.raises(UnknownNameError, match="z_score"):
        score_table(table, "z_scor")


def test_the_oracle_is_refused_on_a_file(table: Table) -> None:
    with pytest.raises(LabError, match="truth"):
        score_table(table, "oracle")


def test_a_file_that_cannot_be_written_is_said_and_leaves_nothing(tmp_path: Path) -> None:
    path = tmp_path / "one.csv"
    path.write_text("time,v\n" + "".join(f"{i},{i % 5}\n" for i in range(300)), encoding="utf-8")
    profile = profile_of(path)
    own = table_of(profile)

    with pytest.raises(LabError, match="cannot be written"):
        save_result(profile, own, [score_table(own)], tmp_path / "no" / "out.csv")


def test_a_formula_in_a_machine_name_is_guarded() -> None:
    assert guarded("=1+1") == "'=1+1"
    assert guarded("PUMP") == "PUMP"


def test_the_command_line_scores_a_file_as_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("FAULTLAB_HOME", str(tmp_path / "home"))
    path, out = tmp_path / "one.csv", tmp_path / "scores.csv"
    path.write_text("time,v\n" + "".join(f"{i},{i % 5}\n" for i in range(300)), encoding="utf-8")

    ended = main(["score", str(path), "--detector", "z_score", "--json", "--out", str(out)])

    assert ended == 0
    assert json.loads(capsys.readouterr().out)["rows"] == 300
    assert len(out.read_text(encoding="utf-8").splitlines()) == 301


def test_the_command_line_says_what_is_wrong_in_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "empty.csv"
    path.write_text("", encoding="utf-8")

    ended = main(["score", str(path)])

    captured = capsys.readouterr()
    assert ended == 2
    assert captured.out == ""
    assert captured.err.startswith("error: ")
    assert "Traceback" not in captured.err


def _step(tmp_path: Path, n: int = 240) -> Table:
    rng = np.random.default_rng(2)
    values = rng.normal(70, 0.3, (n, 2))
    values[int(0.8 * n) : int(0.8 * n) + 12, 1] += 9
    rows = [f"{i * 10},{a:.2f},{b:.2f}" for i, (a, b) in enumerate(values)]
    path = tmp_path / "step.csv"
    path.write_text("time,quiet,loud\n" + "\n".join(rows), encoding="utf-8")
    return table_of(profile_of(path))


def test_a_short_file_is_scored_from_its_first_tenth_on_and_says_so(tmp_path: Path) -> None:
    table = _step(tmp_path)

    result = score_table(table)

    assert result.coverage is not None
    assert result.coverage.text == "216 of 240 rows were scored: the first 24 taught Level and state what is usual."
    assert result.alarm_runs(table.rows[0]) == [(192, 203)]


def test_nothing_scored_is_never_said_as_no_alarm(tmp_path: Path) -> None:
    result = score_table(_step(tmp_path), "z_score", {"warm_up": 500})

    assert result.coverage is not None
    assert result.coverage.scored == 0
    assert result.coverage.text.startswith("Nothing was scored, so no alarm means nothing: its warm-up of 500 readings")


def test_an_alarm_names_the_sensor_that_drove_it(tmp_path: Path) -> None:
    table = _step(tmp_path)

    for detector in ("level_and_state", "z_score", "mahalanobis"):
        alarms = alarms_of(table, score_table(table, detector), 0)

        assert alarms[-1]["sensors"][0]["sensor"] == "loud", detector


def test_a_policy_changes_alarms_without_scoring_again(tmp_path: Path) -> None:
    table = _step(tmp_path)
    result = score_table(table)

    assert result.alarm_runs(table.rows[0], Policy(6.5, confirm=13)) == []
    assert len(result.alarm_runs(table.rows[0], Policy(2.0, hold_off=0))) > 1


@pytest.mark.parametrize("kind", ["csv", "parquet", "json", "html"])
def test_the_result_comes_in_four_forms(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "a.csv"
    path.write_text("time,<b>v\n" + "".join(f"{i},{i % 5 + (i == 250) * 90}\n" for i in range(300)), encoding="utf-8")
    profile = profile_of(path)
    table = table_of(profile)

    content = result_bytes(profile, table, [score_table(table)], kind)

    assert len(content) > 500
    if kind == "json":
        assert json.loads(content)["results"][0]["alarms"][0]["lines"] == [252, 252]
    if kind == "html":
        assert b"<b>v" not in content
