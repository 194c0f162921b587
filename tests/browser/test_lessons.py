"""Every lesson and exhibit is walked in a browser as a student: predict, experiment, read, practise, answer, go on.

The lab notebook of each walk is graded anew.

CI walks the first lessons; `pytest -m walk` walks all the others and the museum, in about a quarter of an hour.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from lessons.reader import lesson_folders, load_lesson, museum_folders
from tests.browser.student import Student

pytestmark = pytest.mark.browser
SHELVES = (lesson_folders(), museum_folders())
FOLDERS = [folder for shelf in SHELVES for folder in shelf]
IN_CI = 3


def following(folder: Path) -> Any:
    """Return the lesson that comes next on the same shelf, or None after the last."""
    shelf = next(shelf for shelf in SHELVES if folder in shelf)
    place = shelf.index(folder) + 1
    return load_lesson(shelf[place]) if place < len(shelf) else None


@pytest.mark.slow
@pytest.mark.timeout(900)
@pytest.mark.parametrize(
    "folder",
    [
        pytest.param(folder, id=folder.name, marks=() if at < IN_CI else pytest.mark.walk)
        for at, folder in enumerate(FOLDERS)
    ],
)
def test_a_student_walks_the_whole_lesson(visit: Any, folder: Path) -> None:
    """Solutions, decoys, reasons and what comes after a prediction reach the student when they are due, not before."""
    lesson = load_lesson(folder)
    student = Student(visit(f"lessons?lesson={lesson.id}"), lesson)

    student.begin()
    student.walk()
    student.come_back()
    student.take_the_notebook()
    student.reach_the_end(following(folder))
    student.nothing_broke()
