"""The field's words and the lessons' numbers in one sentence each, for the pop-overs of the lessons."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml

from lessons.spec import METRICS

HERE = Path(__file__).parent


@cache
def glossary(language: str = "en") -> dict[str, str]:
    """Return word → meaning, in alphabetical order; in English where there is no glossary of that language."""
    return dict(sorted((_words("glossary", language) or _words("glossary", "en")).items(), key=_alphabetical))


def metric_meaning(metric: str, language: str = "en") -> str:
    """Return what a number of a lesson is; in English where that language has no words for it."""
    return _words("metrics", language).get(metric, METRICS[metric])


def _alphabetical(entry: tuple[str, str]) -> str:
    return entry[0].lower()


@cache
def _words(stem: str, language: str) -> dict[str, str]:
    file = HERE / (f"{stem}.yaml" if language == "en" else f"{stem}.{language}.yaml")
    return dict(yaml.safe_load(file.read_text(encoding="utf-8"))) if file.exists() else {}
