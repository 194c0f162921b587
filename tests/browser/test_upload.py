"""The upload page in a real browser, with real strangers' files and with broken ones."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.browser
SHARED = Path(__file__).resolve().parents[3] / "shared" / "datasets"
SAMPLES = Path(__file__).resolve().parents[2] / "data" / "samples"


def drop(page: Any, name: str, content: bytes) -> None:
    page.locator("input[type=file]").set_input_files({"name": name, "mimeType": "text/csv", "buffer": content})


def score(page: Any) -> None:
    page.get_by_role("button", name="Score the file").click()
    page.get_by_role("button", name="Download the scores (CSV)").wait_for(timeout=60_000)


@pytest.mark.skipif(not SHARED.is_dir(), reason="needs the shared datasets")
@pytest.mark.parametrize("file", ["skab/data/valve1/0.csv", "nab/data/realKnownCause/nyc_taxi.csv"])
def test_a_strangers_file_is_scored_and_the_result_comes_down(visit: Any, file: str, tmp_path: Path) -> None:
    page = visit("upload")
    content = (SHARED / file).read_bytes()
    drop(page, Path(file).name, content)

    score(page)
    with page.expect_download() as waiting:
        page.get_by_role("button", name="Download the scores (CSV)").click()
    target = tmp_path / "scores.csv"
    waiting.value.save_as(target)

    rows = target.read_text(encoding="utf-8").splitlines()
    assert rows[0] == "line,timestamp,machine_id,score,alarm"
    assert len(rows) == len(content.decode().strip().splitlines())


def test_a_label_column_is_shown_to_the_instructor_alone(visit: Any) -> None:
    rows = [f"{i},{i % 7},{int(300 <= i < 330)}" for i in range(400)]
    content = ("time,v,anomaly\n" + "\n".join(rows) + "\n").encode()
    student, teacher = visit("upload"), visit("upload", role="instructor")
    for page in (student, teacher):
        drop(page, "labelled.csv", content)
        score(page)

    teacher.get_by_text("Against the labels in the file").wait_for()

    assert student.get_by_text("Against the labels in the file").count() == 0


@pytest.mark.parametrize(
    ("name", "content", "words"),
    [
        ("empty.csv", b"", "the file is empty"),
        ("sheet.xlsx", b"PK\x03\x04junk", "Excel or zip file that is damaged"),
        ("text.csv", b"a,b\nx,y\nz,w\n", "no column holds numbers"),
        ("../../evil.csv", b"a,b\n", "header but no readings"),
    ],
)
def test_a_broken_file_gets_one_clear_sentence(visit: Any, name: str, content: bytes, words: str) -> None:
    page = visit("upload")
    drop(page, name, content)

    page.get_by_text(words).wait_for(timeout=20_000)

    assert page.get_by_text("Traceback").count() == 0


def test_the_messy_sample_lists_what_was_mended_and_what_cannot_be_used(visit: Any) -> None:
    page = visit("upload")
    drop(page, "messy.csv", (SAMPLES / "messy_export.csv").read_bytes())

    for head in ("Fixed for you", "Cannot use"):
        page.get_by_text(head, exact=True).first.wait_for(timeout=20_000)
    page.get_by_text("Dates in Zeit are written day first.").first.wait_for()


def test_a_refused_file_is_corrected_by_hand_and_an_alarm_is_opened(visit: Any) -> None:
    """Decimal commas between commas are refused with their cause; told so, they are read."""
    values = [f"{70 + i % 5},{i % 9}" if not 192 <= i < 204 else f"99,{i % 9}" for i in range(240)]
    rows = [f"2026-01-05 00:{i // 60:02d}:{i % 60:02d},{value}" for i, value in enumerate(values)]
    page = visit("upload")
    drop(page, "commas.csv", ("timestamp,temp\n" + "\n".join(rows) + "\n").encode())
    page.get_by_text("2 names but 3 fields").wait_for(timeout=20_000)

    page.get_by_role("combobox").filter(visible=True).nth(1).click()
    page.get_by_role("option", name=",", exact=True).click()
    page.get_by_role("button", name="Read it so").click()
    score(page)

    page.get_by_text("216 of 240 rows were scored").wait_for()
    assert page.get_by_text("Traceback").count() == 0
