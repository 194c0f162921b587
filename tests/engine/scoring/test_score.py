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
from engine.scoring.score import CancelledError, _paced, guarded, score_table, write_scores

from engine.reading.series import Table, table_of


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


def test_a_file_that_cannot_be_written_is_said_and_leaves_nothing(table: Table, tmp_path: Path) -> None:
    with pytest.raises(LabError, match="cannot be written"):
        save_scores(table, [score_table(table, "z_score")], tmp_path / "no" / "out.csv")


def test_a_formula_in_a_machine_name_is_guarded() -> None:
    assert guarded("=1+1") == "'=1+1"
    assert guarded("PUMP") == "PUMP"


def test_the_command_line_scores_a_file_as_json(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
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
