"""Detectors that are told the truth are kept out in one place."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from engine.catalog import parts
from engine.detectors.scorable import make_scorable, scorable_detectors
from engine.errors import ParameterError, UnknownNameError

ROOT = Path(__file__).resolve().parents[3]
# Beside the filter: the class itself, its wrappers, the contract suite, and what lists the attribute for readers.
MAY_ASK = {
    "engine/detectors/scorable.py",
    "engine/detectors/thresholded.py",
    "engine/detectors/context.py",
    "engine/detectors/contract.py",
    "lessons/labs/detector.py",
}


def test_all_but_the_peeking_are_scorable() -> None:
    assert set(parts("detector")) - set(scorable_detectors()) == {"oracle"}
    assert make_scorable("ewma").name == "ewma"


def test_a_peeking_detector_is_refused_in_one_sentence() -> None:
    with pytest.raises(ParameterError, match="'oracle' is told the truth"):
        make_scorable("oracle")
    with pytest.raises(UnknownNameError):
        make_scorable("ewmma")


def test_nobody_else_filters() -> None:
    """A second filter would be forgotten in a third place, and students be offered the oracle."""
    asking = {
        path.relative_to(ROOT).as_posix()
        for layer in ("engine", "app", "lessons", "pages")
        for path in (ROOT / layer).rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Attribute) and node.attr == "peeks"
    }

    assert asking == MAY_ASK
