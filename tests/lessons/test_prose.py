"""The prose of the lessons is plain: short sentences, abbreviations in full where they first come, terms explained."""

from __future__ import annotations

import re

import pytest

from lessons.glossary import glossary
from lessons.reader import Lesson, lesson_folders, load_lesson, museum_folders

COURSE = [load_lesson(folder) for folder in lesson_folders()]
MOST_WORDS = 18
IN_FULL = {
    "EWMA": "exponentially weighted moving average", "CUSUM": "cumulative sum", "ARL₀": "average run length",
    "PCA": "principal component analysis", "SPE": "squared prediction error", "LOF": "local outlier factor",
    "ECOD": "empirical cumulative distribution", "ROC": "receiver operating characteristic",
    "SPOT": "streaming peaks over threshold", "F1": "harmonic mean", "ISA-18.2": "International Society of Automation",
}  # fmt: skip


def prose(lesson: Lesson) -> str:
    """Return the page without front matter, formulas, tables and the list of literature."""
    text = (lesson.folder / "lesson.md").read_text(encoding="utf-8").split("---", 2)[2]
    text = re.sub(r"::: reading.*?:::|\$\$.*?\$\$|^\|.*?$", "", text, flags=re.S | re.M)
    return re.sub(r"^(:::.*|#.*)$|^(- |\d\. )", "\n\n", text, flags=re.M)


def sentences(text: str) -> list[list[str]]:
    """Return the words of each sentence."""
    parts = [part for block in text.split("\n\n") for part in re.split(r"(?<=[.!?])\s+", block.strip())]
    return [part.split() for part in parts if part]


@pytest.mark.parametrize("lesson", [*COURSE, *map(load_lesson, museum_folders())], ids=lambda lesson: lesson.id)
def test_sentences_are_short(lesson: Lesson) -> None:
    found = sentences(prose(lesson))

    assert sum(map(len, found)) / len(found) <= MOST_WORDS


@pytest.mark.parametrize("short", IN_FULL)
def test_an_abbreviation_is_given_in_full_where_it_first_comes(short: str) -> None:
    texts = [prose(lesson) for lesson in COURSE]
    first = next(text for text in texts if re.search(rf"(?<!\w){re.escape(short)}(?!\w)", text))

    assert IN_FULL[short].lower() in " ".join(first.split()).lower()


@pytest.mark.parametrize(
    "short",
    [
        *sorted(IN_FULL.keys() - {"ARL₀", "ISA-18.2"}),
        "ARL",
        "T²",
        "kappa",
        "limit",
        "threshold",
        "lag",
        "shadow",
        "z-score",
    ],
)
def test_a_term_of_the_course_stands_in_the_glossary(short: str) -> None:

    assert short in glossary()


def test_the_glossary_is_complete() -> None:
    assert len(glossary()) >= 60
