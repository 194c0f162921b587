"""The files of the review, where they lie beside the tree: each is read and scored as a person reads it."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.files.__main__ import problems_of
from tests.files.expectations import FILES

FOLDER = Path(__file__).resolve().parents[3] / "shared" / "cases" / "files"


def test_there_are_expectations_for_54_files() -> None:
    assert len(FILES) == 54


@pytest.mark.skipif(not FOLDER.is_dir(), reason="needs the shared cases")
@pytest.mark.parametrize("name", FILES)
def test_a_file_is_read_and_scored_as_a_person_reads_it(name: str) -> None:
    assert problems_of(FOLDER / name, FILES[name]) == []
