"""What assignments and failure patterns are called in a choice."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

from engine.catalog import parts

if TYPE_CHECKING:
    from collections.abc import Iterable

    from engine.classroom.spec import AssignmentSpec


def assignment_titles(specs: Iterable[AssignmentSpec]) -> dict[str, str]:
    """Return a label for each assignment that is its alone and stays as it is.

    Streamlit knows a choice by its label: two equal ones would both open the first, and a label that told the state
    would lose the choice when the state changes.
    """
    titles = {spec.id: spec.title for spec in specs}
    times = Counter(titles.values())
    return {name: title if times[title] == 1 else f"{title} ({name})" for name, title in titles.items()}


def fault_titles() -> dict[str, str]:
    """Return name and title of every type that a label may have: the catalogue, the same for everybody."""
    return {name: getattr(part, "title", name) for name, part in sorted(parts("fault").items())}


def plain(text: str) -> str:
    """Return a title without any markup of its own."""
    return "".join(f"\\{letter}" if letter in "\\`*_{}[]()#+!|<>$:~" else letter for letter in text)
