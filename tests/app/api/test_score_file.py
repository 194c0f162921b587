"""A stranger's file through the API: read, scored, and answered with the same fields as on the command line."""

from __future__ import annotations

import gzip
import json

import pytest

from engine.cli import main

DRUCK = [99.0 if i == 250 else 70 + i * 7 % 11 / 10 for i in range(300)]
ROWS = "".join(
    f"2026-01-05T00:{i // 60:02d}:{i % 60:02d}Z;{druck:.1f};{5 + i % 5};{int(i == 250)}\n"
    for i, druck in enumerate(DRUCK)
)
TEXT = ("wann;Druck;Menge;attack_P1\n" + ROWS.replace(".", ",")).encode()


def test_the_answer_has_the_fields_of_the_command_line(client, tmp_path, monkeypatch, capsys):
    monkeypatch.setenv("FAULTLAB_HOME", str(tmp_path))
    path = tmp_path / "a.csv"
    path.write_bytes(TEXT)

    told = client.post("/api/v1/score-file?name=a.csv", content=TEXT).json()
    main(["score", str(path), "--json"])

    assert json.loads(capsys.readouterr().out) == told
    assert told["scored"]["scored"] > 250
    assert told["machines"][0]["strongest_alarms"][0]["sensors"][0]["sensor"] == "Druck"
    assert next(c for c in told["profile"]["columns"] if c["name"] == "attack_P1")["role"] == "label"


def test_a_packed_file_is_unpacked_and_choices_count(client):
    told = client.post("/api/v1/score-file?sensors=Menge", content=gzip.compress(TEXT, mtime=0)).json()

    assert told["sensors"] == ["Menge"]


@pytest.mark.parametrize(
    ("query", "content", "words"),
    [
        ("", b"", "body: Field required"),
        ("?time=nowhere", TEXT, "there is no column 'nowhere'"),
        ("?detector=none", TEXT, "No detector is called 'none'"),
        ("", b"%PDF-1.4 x", "this is a PDF"),
    ],
)
def test_a_refusal_is_a_sentence(client, query, content, words):
    answer = client.post(
        f"/api/v1/score-file{query}", content=content, headers={"content-type": "application/octet-stream"}
    )

    assert answer.status_code in (400, 404, 422)
    assert words in answer.text
