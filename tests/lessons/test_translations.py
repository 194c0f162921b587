"""A lesson in another language says the same, asks the same and runs the same; a stray translation is named."""

from __future__ import annotations

import re
import shutil
from pathlib import Path

import pytest
import yaml

from lessons.export import html_page
from lessons.glossary import glossary, metric_meaning
from lessons.reader import COURSE, checked_lesson, lesson_folders, load_lesson
from lessons.spec import METRICS
from lessons.translations import languages_of
from tests.lessons.test_reader import assert_named, damage

FIRST = COURSE / "01-meet-the-plant"
IN_GERMAN = [folder for folder in lesson_folders() if "de" in languages_of(folder)]


@pytest.fixture
def lesson(tmp_path: Path) -> Path:
    """A copy of a lesson that speaks German too."""
    return Path(shutil.copytree(FIRST, tmp_path / "lesson"))


def test_two_lessons_speak_german() -> None:
    assert len(IN_GERMAN) >= 2


@pytest.mark.parametrize("folder", IN_GERMAN, ids=lambda folder: folder.name)
def test_every_word_of_a_translated_lesson_is_translated(folder: Path) -> None:
    """None of its texts is the English one: prose, predictions, labels, hints, reasons, questions."""
    english, german = texts_of(load_lesson(folder)), texts_of(load_lesson(folder, "de"))

    assert load_lesson(folder, "de").untranslated == ()
    assert len(english) == len(german)
    assert [text for text in german if text in english and re.search("[a-z]{3}", text)] == []


def texts_of(lesson) -> list[str]:
    """Return all that a student reads of the lesson's files, without numbers."""
    lab = lesson.lab
    found = [lesson.head.title, lesson.head.misconception]
    found += [piece.text for piece in lesson.pieces if piece.kind in ("objectives", "reveal", "callout", "keypoints")]
    for prediction in lab.predictions.values():
        found += [prediction.ask, prediction.unit, prediction.because, *map(lesson.option, prediction.options)]
    for experiment in lab.experiments.values():
        found += [control.label for control in experiment.controls]
        found += [lesson.option(option) for control in experiment.controls for option in control.options]
    for exercise in lab.exercises.values():
        found += [exercise.prompt, *exercise.hints, *(decoy.why for decoy in exercise.decoys)]
        found += [rule.label for rule in exercise.answer.values()]
        found += [lesson.option(option) for rule in exercise.answer.values() for option in rule.options]
    for question in lesson.quiz.questions:
        found += [question.ask, *(option.because for option in question.options)]
    return found


def test_words_change_nothing_that_is_run_or_judged() -> None:
    for folder in IN_GERMAN:
        english, german = load_lesson(folder).lab, load_lesson(folder, "de").lab
        for name, experiment in english.experiments.items():
            assert german.experiments[name].setup == experiment.setup
            assert german.experiments[name].start() == experiment.start()
        for name, exercise in english.exercises.items():
            other = german.exercises[name]
            assert (other.setup, other.solution, other.pass_when) == (
                exercise.setup,
                exercise.solution,
                exercise.pass_when,
            )
            assert [decoy.answer for decoy in other.decoys] == [decoy.answer for decoy in exercise.decoys]
        assert [p.answer for p in german.predictions.values()] == [p.answer for p in english.predictions.values()]


MISTAKES = [
    ("lab.de.yaml", "      smooth: Gem", "      smoth: Gem", "did you mean 'smooth'", 0),
    ("lab.de.yaml", "  both: beide", "  bath: beide", "did you mean 'both'", 0),
    ("lab.de.yaml", "  broken:\n", "  brokn:\n", "did you mean 'broken'", 0),
    ("lab.de.yaml", "      stuck_below: ", "      stuck_belo: ", "did you mean 'stuck_below'", 0),
    ("lab.de.yaml", '      - "hält eine flache Linie für gesund"\n', "", "2 decoys, but lab.yaml has 3", -2),
    ("lab.de.yaml", "    prompt:", "    promt:", "did you mean 'prompt'", 0),
    ("lesson.de.md", "::: experiment {#traces}", "::: experiment {#trace}", "did you mean 'traces'", 0),
    ("lesson.de.md", "::: exercise {#name-them}", "::: predict {#broken}", "in lesson.md exercise 'name-them'", 0),
    ("lesson.de.md", "{{traces.smooth}}", "{{traces.smoth}}", "did you mean 'smooth'", 0),
    ("quiz.de.yaml", "right: true, ", "", "exactly one right option", -3),
]


@pytest.mark.parametrize(("file", "old", "new", "words", "offset"), MISTAKES)
def test_a_mistake_in_a_translation_is_named_with_its_line(
    lesson: Path, file: str, old: str, new: str, words: str, offset: int
) -> None:
    line = damage(lesson, file, old, new)

    _, problems = checked_lesson(lesson)

    assert_named(problems, file, line + offset, words)
    assert {problem.file for problem in problems} == {file}


def test_a_quiz_that_asks_something_else_is_named(lesson: Path) -> None:
    path = lesson / "quiz.de.yaml"
    quiz = yaml.safe_load(path.read_text(encoding="utf-8"))
    gone = quiz["questions"].pop()["id"]
    changed = quiz["questions"][0]["id"]
    quiz["questions"][0]["options"].pop()
    path.write_text(yaml.safe_dump(quiz, allow_unicode=True), encoding="utf-8")

    said = " ".join(str(problem) for problem in checked_lesson(lesson)[1])

    assert f"question {gone!r} of quiz.yaml is missing" in said
    assert f"{changed!r} has another number of options" in said


def test_a_lesson_without_words_for_its_lab_keeps_the_english_ones(lesson: Path) -> None:
    (lesson / "lab.de.yaml").unlink()

    found = load_lesson(lesson, "de")

    assert found.untranslated == ("lab.de.yaml",)
    assert found.lab == load_lesson(lesson).lab
    assert found.option("both") == "both"


def test_a_printed_lesson_has_heads_in_its_language() -> None:
    page = html_page(load_lesson(FIRST, "de"), lambda text: f"«{text}»")

    assert "«Key points»" in page
    assert 'lang="de"' in page


def test_every_number_and_word_is_explained_in_german() -> None:
    assert [metric for metric in METRICS if metric_meaning(metric, "de") == METRICS[metric]] == []
    assert set(yaml.safe_load((COURSE / "metrics.de.yaml").read_text(encoding="utf-8"))) == set(METRICS)
    assert glossary("de").keys() != glossary().keys()
    assert glossary("xx") == glossary()
