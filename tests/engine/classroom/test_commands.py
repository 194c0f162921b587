"""The class from the command line, in a home folder of its own."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from engine.classroom.label_files import write_labels
from engine.classroom.opening import open_class
from engine.classroom.spec import moment_us
from engine.cli import main
from tests.engine.classroom.room import PUMP, FakeClock, Room, key_of, open_room, perfect


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("FAULTLAB_HOME", str(tmp_path))
    return tmp_path


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    try:
        code = main([str(argument) for argument in arguments])
    except SystemExit as end:
        code = int(end.code or 0)
    out = capsys.readouterr()
    return code, out.out, out.err


def test_a_file_is_graded_without_any_class(home: Path, capsys: pytest.CaptureFixture[str]):
    key = key_of(1)
    (home / "key.json").write_text(key.to_json(), "utf-8")
    (home / "labels.csv").write_text(write_labels(perfect(key)), "utf-8")
    arguments = ("grade", "file", home / "labels.csv", "--key", home / "key.json")

    code, out, _ = run(capsys, *arguments, "--gradescope", home / "results.json")
    _, first, _ = run(capsys, *arguments, "--json")
    _, second, _ = run(capsys, *arguments, "--json")

    assert code == 0
    assert out.splitlines()[-1].split() == ["total", "90.00", "of", "100"]
    assert first == second
    assert json.loads((home / "results.json").read_text("utf-8"))["score"] == 90.0


def test_a_broken_file_is_one_sentence_on_stderr(home: Path, capsys: pytest.CaptureFixture[str]):
    (home / "key.json").write_text(key_of(1).to_json(), "utf-8")
    (home / "labels.csv").write_text("machine_id,start,end\nX,1,2\n", "utf-8")

    code, out, err = run(capsys, "grade", "file", home / "labels.csv", "--key", home / "key.json")

    assert (code, out) == (2, "")
    assert err.count("\n") == 1
    assert "labels.csv, line 2" in err


def test_rubrics_are_proven(home: Path, capsys: pytest.CaptureFixture[str]):
    code, out, _ = run(capsys, "grade", "prove", "interval-v1", "--runs", 5)

    assert code == 0
    assert "interval-v1: proven" in out


def test_fairness_is_printed_as_text_and_as_json(home: Path, capsys: pytest.CaptureFixture[str]):
    """Text and JSON tell the same; the exit code says whether every promise holds."""
    with open_class() as school:
        room = Room(school, FakeClock(), (None, None))  # type: ignore[arg-type]
        room.join(2)
        room.open(PUMP)

    code, out, _ = run(capsys, "grade", "fairness", "pump")
    _, text, _ = run(capsys, "grade", "fairness", "pump", "--json")
    missing, _, err = run(capsys, "grade", "fairness", "nothing")

    told = json.loads(text)
    assert out.startswith("pump: 2 variants, 90 automatic points (interval-v1)")
    assert "range of the careful person" in out
    assert (code == 0) == all(not line.startswith("NO") for line in out.splitlines())
    assert told["variants"] == 2
    assert told["truth"] == 1.0
    assert missing == 2
    assert "no such assignment" in err


def test_a_roster_is_previewed_then_applied_and_exported(home: Path, capsys: pytest.CaptureFixture[str]):
    (home / "r.csv").write_text("id,first_name,last_name,email\n7,Ana,Ruiz,a@x\n7,Bo,Li,b@x\n", "utf-8")

    _, preview, problems = run(capsys, "roster", "import", home / "r.csv")
    _, before, _ = run(capsys, "roster", "export")
    _, done, _ = run(capsys, "roster", "import", home / "r.csv", "--apply", "--pins", home / "pins.csv")
    _, after, _ = run(capsys, "roster", "export")

    assert "nbgrader: 2 people" in preview
    assert "line 3: the same student id as in line 2" in problems
    assert before.count("\n") == 1
    assert "2 added" in done
    assert "Ruiz" in after
    assert len((home / "pins.csv").read_text("utf-8").splitlines()) == 3


def test_regrade_and_gradebook_and_verify_work_on_a_class(home: Path, capsys: pytest.CaptureFixture[str]):
    with open_class(home) as school:
        school.submissions._now_us = FakeClock(moment_us("2026-03-03 12:00"))
        own = Room(school, FakeClock(), ())  # type: ignore[arg-type]
        student = own.join(1, lms_id="10234", name="Ana")[0]
        name = own.open(PUMP)
        school.submissions.submit_labels(student.person, name, perfect(own.key(name, student.person)))
    (home / "canvas.csv").write_text("Student,ID,SIS Login ID,Section\nAna,10234,ana,A\n", "utf-8")

    _, dry, _ = run(capsys, "regrade", name)
    _, published, _ = run(capsys, "regrade", name, "--publish", "--note", "first")
    code, _, _ = run(capsys, "gradebook", "fill", name, home / "canvas.csv", "--output", home / "filled.csv")
    _, long, _ = run(capsys, "gradebook", "write", name, "--system", "long")
    verified, said, _ = run(capsys, "verify")

    assert "90.00" in dry
    assert "published: 1 results changed" in published
    assert code == verified == 0
    assert (home / "filled.csv").read_text("utf-8").endswith("Ana,10234,ana,A,90\n")
    assert ",90,100," in long
    assert "verified" in said


def test_a_proof_is_verified_by_anyone(home: Path, capsys: pytest.CaptureFixture[str]):
    room = open_room(home / "class")
    room.join(1)
    name = room.open(PUMP)
    room.clock.at("2026-05-01 00:00")
    proof = room.school.assignments.proof(name, room.school.assignments.variants(name)[0].variant)
    room.close()
    (home / "good.json").write_text(json.dumps(proof), "utf-8")
    (home / "bad.json").write_text(json.dumps({**proof, "salt": "0" * 64}), "utf-8")

    good, said, _ = run(capsys, "verify", home / "good.json")
    bad, _, why = run(capsys, "verify", home / "bad.json")

    assert (good, said) == (0, "verified\n")
    assert bad == 1
    assert "not the one that was committed to" in why
