"""What a person decides wins over every guess, is checked, and is remembered for files of the same shape."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.cli import main
from engine.errors import FileProblemError, ParameterError
from engine.reading.choices import Choices, choices_of
from engine.reading.profile import profile_of
from engine.reading.remembered import Remembered
from engine.reading.series import table_of

ROWS = "".join(f"2026-01-05 00:{i // 60:02d}:{i % 60:02d},{i % 7}.5,{i % 5},{i % 2}\n" for i in range(120))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "day.csv"
    path.write_text("zeit,a,b,c\n" + ROWS, encoding="utf-8")
    return path


@pytest.mark.parametrize(
    ("choices", "sensors"),
    [
        (Choices(sensors=("a",)), ("a",)),
        (Choices(sensors=("a,b",)), ("a", "b")),
        (Choices(labels=("c",)), ("a", "b")),
        (Choices(roles=((1, "ignore"),)), ("b", "c")),
        (Choices(time="-"), ("a", "b", "c")),
        (Choices(machine="c"), ("a", "b")),
    ],
)
def test_a_choice_wins(path: Path, choices: Choices, sensors: tuple[str, ...]) -> None:
    assert table_of(profile_of(path, choices)).sensors == sensors
    assert table_of(profile_of(path).with_choices(choices)).sensors == sensors


def test_a_column_that_is_not_there_is_refused_with_the_nearest(path: Path) -> None:
    with pytest.raises(FileProblemError, match="there is no column 'zeitt'"):
        profile_of(path, Choices(time="zeitt"))


def test_choices_come_back_from_json_and_are_checked() -> None:
    choices = Choices(roles=((1, "label"),), sensors=("a",), day_first=False, decimal=",")

    assert choices_of(json.loads(json.dumps(choices.as_json()))) == choices
    with pytest.raises(ParameterError, match="decimal"):
        Choices(decimal=";")
    with pytest.raises(ParameterError, match="no 'colour'"):
        choices_of({"colour": 1})


def test_a_file_of_the_same_shape_is_read_as_chosen_before(path: Path, tmp_path: Path) -> None:
    memory = Remembered(tmp_path / "choices.json")
    profile_of(path, Choices(labels=("c",)), memory=memory)
    other = tmp_path / "next day.csv"
    other.write_text("zeit,a,b,c\n" + ROWS.replace("2026-01-05", "2026-01-06"), encoding="utf-8")

    profile = profile_of(other, memory=Remembered(tmp_path / "choices.json"))

    assert [column.name for column in profile.of_role("label")] == ["c"]
    assert any("as was chosen for files of this shape" in problem.text for problem in profile.problems)


def test_profile_and_score_say_the_same_on_the_command_line(
    path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("FAULTLAB_HOME", str(tmp_path / "home"))

    main(["profile", str(path), "--json", "--label", "c"])
    told = json.loads(capsys.readouterr().out)
    main(["score", str(path), "--json"])
    scored = json.loads(capsys.readouterr().out)
    main(["profile", str(path), "--forget", "--json"])
    afresh = json.loads(capsys.readouterr().out)

    assert told["summary"] == scored["summary"]
    assert "`c` looks like an answer and is kept out" in told["summary"]
    assert told["records"] == {"in_file": 121, "above_the_table": 1, "read": 120, "dropped": {}}
    assert {one["stage"] for one in told["decisions"]} >= {"container", "text", "header", "roles", "clock"}
    assert afresh["choices"] == {}
