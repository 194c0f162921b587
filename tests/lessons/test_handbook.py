"""The instructor's handbook agrees with the course that it describes."""

from __future__ import annotations

import re

import pytest

from lessons.reader import COURSE, course_file, load_lesson, minutes_of

HANDBOOK = (COURSE / "HANDBOOK.md").read_text(encoding="utf-8")
ROWS = dict(re.findall(r"^\| ([a-z-]+) \| (.*)$", HANDBOOK, flags=re.M))


def numbers(words: str) -> list[int]:
    """Return 1, 2, 3 and 9 for "01–03, 09"."""
    found: list[int] = []
    for part in words.split(", "):
        first, _, last = part.partition("–")
        found += range(int(first), int(last or first) + 1)
    return found


@pytest.mark.parametrize("path", course_file().paths)
def test_each_path_has_a_plan_with_its_lessons_and_minutes(path: str) -> None:
    lessons, minutes, plan = (cell.strip() for cell in ROWS[path].strip("| ").split(" | "))
    folders = course_file().paths[path]

    assert numbers(lessons) == [int(folder[:2]) for folder in folders]
    assert int(minutes) == minutes_of(load_lesson(COURSE / folder) for folder in folders)
    assert plan


@pytest.mark.parametrize(
    "part", ["Before the first class", "Ten minutes", "A plan for each path", "goes wrong", "grade", "write a lesson"]
)
def test_the_handbook_has_each_part(part: str) -> None:
    assert re.search(rf"^## .*{part}", HANDBOOK, flags=re.M)
