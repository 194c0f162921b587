"""A teacher's mistake is named with its file and line, all mistakes at once."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest

from engine.cli import main
from engine.errors import FileProblemError, LabError
from lessons.reader import (
    COURSE,
    course_problems,
    find_lesson,
    lesson_at,
    lesson_folders,
    load_lesson,
    read_lesson,
)
from lessons.template import write_template

SOUND = COURSE / "02-thresholds"


@pytest.fixture
def lesson(tmp_path: Path) -> Path:
    """A copy of a sound lesson."""
    return Path(shutil.copytree(SOUND, tmp_path / "lesson"))


def damage(lesson: Path, file: str, old: str, new: str) -> int:
    """Replace a text in a file; returns the line (from 1) on which it stood."""
    path = lesson / file
    text = path.read_text(encoding="utf-8")
    assert old in text
    path.write_text(text.replace(old, new, 1), encoding="utf-8")
    return text[: text.index(old)].count("\n") + 1


def assert_named(problems: list[FileProblemError], file: str, line: int, words: str) -> None:
    """Hold that a problem with these words names that file and line."""
    named = [problem for problem in problems if words in str(problem)]
    assert named, [str(problem) for problem in problems]
    assert named[0].file == file
    assert re.match(rf"line {line}\b", named[0].place), str(named[0])


# file, what stands there, what the teacher wrote, words of the message, lines from the text to the named line
MISTAKES = [
    ("lab.yaml", "    seeds: 3", "    seeds: three", "valid integer", 0),
    ("lab.yaml", "    points: 10", "    pionts: 10", "did you mean 'points'", 0),
    ("lab.yaml", "    kind: detector", "    kind: detectr", "did you mean 'detector'", 0),
    ("lab.yaml", "name: z_score", "name: zscore", "z_score", 0),
    ("lab.yaml", "fault: drift", "fault: drfit", "drift", 0),
    ("lab.yaml", "false_alarms_per_day <= 1, ", "false_alarm_per_day <= 1, ", "false_alarms_per_day", 0),
    ("lab.yaml", "event_recall >= 0.8", "event_recall => 0.8", "metric <= number", 0),
    ("lab.yaml", "    solution: {k: 3, confirm: 3}\n", "", "'solution' is missing", -14),
    ("lab.yaml", "rate_hz: 0.1, days: 4", "rate_hz: 100, days: 60", "readings", 0),
    ("lab.yaml", "seed: fresh", "seed: random", "fixed-", 0),
    ("lab.yaml", "version: 1", "version: 2", "1", 0),
    ("lab.yaml", "experiments:", "experiment:", "did you mean 'experiments'", 0),
    ("lab.yaml", "min: 2, max: 6", "min: 6, max: 2", "min < max", 0),
    (
        "lab.yaml",
        "threshold: $k, confirm: $confirm}\n    readout",
        "threshold: $kk, confirm: 1}\n    readout",
        "$kk",
        0,
    ),
    ("quiz.yaml", ', because: "That would be right for one reading a minute."', "", "'because' is missing", 0),
    ("quiz.yaml", "right: true, ", "", "exactly one right option", -3),
    ("quiz.yaml", "kind: number", "kind: numbr", "'number'", 0),
    ("quiz.yaml", "  - id: per-day\n    ask:", "  - id: per-day\n   ask:", "not valid YAML", 1),
    ("lesson.md", "level: beginner", "level: easy", "beginner", 0),
    ("lesson.md", "::: objectives", "::: objectivs", "did you mean 'objectives'", 0),
    ("lesson.md", "::: exercise {#limit}", "::: exercise {#limits}", "did you mean 'limit'", 0),
    ("lesson.md", "::: quiz {#q}", "::: quiz", "has no name", 0),
    ("lesson.md", "## Name it", "## Name it <b>now</b>", "HTML is not allowed", 0),
    ("lesson.md", "## Name it", "![](img/x.png)", "no alt text", 0),
    ("lesson.md", "## Name it", "![a plot](img/x.png)", "does not exist", 0),
    ("lesson.md", "https://www.itl", "http://www.itl", "not https", 0),
    ("lesson.md", "title: Thresholds and their price\n", "", "'title' is missing", -1),
    ("lesson.md", "{{demo.false_alarms_per_day}}", "{{demo.false_alarm_per_day}}", "false_alarms_per_day", 0),
    ("lesson.md", "{{demo.confirm}}", "{{dmo.confirm}}", "did you mean 'demo'", 0),
    ("lesson.md", "{{demo.confirm}}", "{{demo.agreement}}", "gives no 'agreement'", 0),
    ("lab.yaml", "{experiment: demo,", "{experiment: dmo,", "did you mean 'demo'", 0),
    ("lab.yaml", "solution: {k: 3,", "solution: {k: 30,", "from 1 to 12", 0),
    ("lab.yaml", "{k: 12, confirm: 1}", "{k: 12, confrim: 1}", "'confrim' is no part", 0),
    ("quiz.yaml", "id: half-rate", "id: per-day", "two questions are called 'per-day'", 0),
]


@pytest.mark.parametrize(("file", "old", "new", "words", "offset"), MISTAKES)
def test_a_mistake_is_named_with_its_line(lesson: Path, file: str, old: str, new: str, words: str, offset: int) -> None:
    line = damage(lesson, file, old, new)

    _, problems = read_lesson(lesson)

    assert_named(problems, file, line + offset, words)


def test_all_mistakes_are_named_at_once(lesson: Path) -> None:
    damage(lesson, "lab.yaml", "    seeds: 3", "    seeds: three")
    damage(lesson, "quiz.yaml", "kind: number", "kind: numbr")
    damage(lesson, "lesson.md", "level: beginner", "level: easy")

    _, problems = read_lesson(lesson)

    assert {"lab.yaml", "quiz.yaml", "lesson.md"} == {problem.file for problem in problems}


def test_a_byte_order_mark_does_not_hide_the_front_matter(lesson: Path) -> None:
    """Editors on Windows write one."""
    path = lesson / "lesson.md"
    path.write_text("\ufeff" + path.read_text(encoding="utf-8"), encoding="utf-8")

    assert load_lesson(lesson).id == "thresholds"


def test_a_missing_file_is_named(lesson: Path) -> None:
    (lesson / "quiz.yaml").unlink()

    _, problems = read_lesson(lesson)

    assert [str(problem) for problem in problems] == ["quiz.yaml: the file is missing; add it to the lesson folder."]


def test_a_missing_translation_falls_back_and_is_listed(lesson: Path) -> None:
    for path in lesson.glob("*.fr.*"):
        path.unlink()

    found = load_lesson(lesson, "fr")

    assert found.head.title == "Thresholds and their price"
    assert found.untranslated == ("lesson.fr.md", "lab.fr.yaml", "quiz.fr.yaml")


def test_every_shipped_lesson_is_sound() -> None:
    assert lesson_folders()
    assert [str(problem) for problem in course_problems()] == []


def test_the_template_passes_the_check(tmp_path: Path) -> None:
    folder = write_template(tmp_path, "17-my-lesson")

    assert read_lesson(folder)[1] == []


def test_the_template_refuses_odd_names_and_existing_folders(tmp_path: Path) -> None:
    write_template(tmp_path, "mine")

    with pytest.raises(LabError, match="exists"):
        write_template(tmp_path, "mine")
    with pytest.raises(LabError, match="small letters"):
        write_template(tmp_path, "../mine")


def test_the_check_command_ends_with_one_when_something_is_wrong(
    lesson: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["lesson", "check", str(lesson)]) == 0
    damage(lesson, "lab.yaml", "    seeds: 3", "    seeds: three")

    assert main(["lesson", "check", str(lesson)]) == 1
    assert "1 problems" in capsys.readouterr().out


def course_with_paths(folder: Path, paths: str) -> Path:
    """A course of the first three lessons with these paths."""
    names = ["01-meet-the-plant", "02-thresholds", "03-small-shifts"]
    for name in names:
        shutil.copytree(COURSE / name, folder / name)
    lessons = "".join(f"  - {name}\n" for name in names)
    (folder / "course.yaml").write_text(
        f"version: 1\ntitle: Mine\nlessons:\n{lessons}paths:\n{paths}", encoding="utf-8"
    )
    return folder


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("[02-thresholds]", "'02-thresholds' needs 'sensors-noise'"),
        ("[02-thresholds, 01-meet-the-plant]", "'02-thresholds' needs 'sensors-noise'"),
        ("[01-meet-the-plant, 03-small-shifts]", "'03-small-shifts' needs 'thresholds'"),
        ("[01-meet-the-plant, 02-treshold]", "names '02-treshold'"),
    ],
)
def test_a_path_that_leaves_out_what_a_lesson_needs_is_named(tmp_path: Path, path: str, words: str) -> None:
    problems = course_problems(course_with_paths(tmp_path, f"  short: {path}\n"))

    assert len(problems) == 1
    assert problems[0].file == "course.yaml"
    assert problems[0].place == "paths.short"
    assert words in str(problems[0])


def test_a_path_that_teaches_first_what_it_needs_is_sound(tmp_path: Path) -> None:
    assert course_problems(course_with_paths(tmp_path, "  short: [01-meet-the-plant, 02-thresholds]\n")) == []


def test_commands_take_the_path_of_a_folder_and_addresses_do_not(tmp_path):
    copy = tmp_path / "mine"
    shutil.copytree(lesson_folders()[0], copy)

    assert lesson_at(str(copy)).folder == copy
    assert lesson_at(lesson_folders()[0].name).folder == lesson_folders()[0]
    with pytest.raises(LabError):
        find_lesson(str(copy))
