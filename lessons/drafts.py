"""Lessons that an instructor is writing: folders in the lab's own files, beside the shipped course."""

from __future__ import annotations

import shutil
from pathlib import Path

from engine.errors import FileProblemError, LabError
from engine.home import home
from lessons.reader import Lesson, checked_lesson, find_lesson
from lessons.template import write_template
from lessons.zips import MOST_TEXT_BYTES, free_folder, unpack_lesson

FILES = ("lesson.md", "lab.yaml", "quiz.yaml")


def drafts_folder() -> Path:
    """Return where drafts lie; made when missing."""
    folder = home() / "lessons"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def drafts() -> list[str]:
    """Return the names of the drafts."""
    return sorted(path.name for path in drafts_folder().iterdir() if (path / FILES[0]).is_file())


def draft(name: str) -> Path:
    """Return a draft's folder.

    Raises
    ------
    LabError
        When there is no such draft.
    """
    if name not in drafts():
        raise LabError(f"There is no draft {name!r}; choose one of: {', '.join(drafts()) or 'none yet'}.")
    return drafts_folder() / name


def new_draft(name: str) -> Path:
    """Make a draft from the commented template."""
    free_folder(drafts_folder(), name)
    return write_template(drafts_folder(), name)


def copy_of(lesson: str, name: str) -> Path:
    """Make a draft from a shipped lesson; the shipped one stays as it is."""
    source, target = find_lesson(lesson).folder, free_folder(drafts_folder(), name)
    shutil.copytree(source, target, ignore=shutil.ignore_patterns("proof.json"))
    return target


def from_zip(content: bytes, name: str) -> Path:
    """Make a draft from a zip."""
    return unpack_lesson(content, drafts_folder(), name)


def save_text(folder: Path, file: str, text: str) -> None:
    """Write one of a lesson's three files.

    Raises
    ------
    LabError
        When it is none of the three, or too long.
    """
    if file not in FILES:
        raise LabError(f"{file!r} is no file of a lesson; choose one of: {', '.join(FILES)}.")
    if len(text.encode("utf-8")) > MOST_TEXT_BYTES:
        raise LabError(f"{file}: the text is longer than {MOST_TEXT_BYTES // 1000} kB; make it shorter.")
    (folder / file).write_text(text.replace("\r\n", "\n"), encoding="utf-8")


def looked_at(folder: Path) -> tuple[Lesson | None, list[FileProblemError]]:
    """Return the lesson (None when it cannot be read) and its problems."""
    return checked_lesson(folder)


def delete(name: str) -> None:
    """Delete a draft with all its files."""
    shutil.rmtree(draft(name))


def line_number(problem: FileProblemError) -> int | None:
    """Return the line that a problem names; None when it names none."""
    digits = problem.place.removeprefix("line ").split(",")[0].split(":")[0].strip()
    return int(digits) if digits.isdigit() else None
