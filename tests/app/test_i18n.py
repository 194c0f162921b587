"""Every string of the interface is in the second language's catalogue, with the same fields to fill."""

from __future__ import annotations

import ast
import string
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]
SOURCES = sorted([*(ROOT / "app").rglob("*.py"), *(ROOT / "pages").glob("*.py"), ROOT / "lessons/export.py"])
CATALOGUES = sorted((ROOT / "app" / "locales").glob("*.yaml"))


def interface_strings() -> dict[str, str]:
    """Return every literal that goes through `t(…)`, with where it stands."""
    found = {}
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "t" and node.args:
                literal = node.args[0]
                if isinstance(literal, ast.Constant) and isinstance(literal.value, str):
                    found.setdefault(literal.value, f"{path.relative_to(ROOT)}:{node.lineno}")
    return found


def fields(text: str) -> set[str]:
    return {name for _, name, _, _ in string.Formatter().parse(text) if name}


def test_there_is_a_second_language() -> None:
    assert CATALOGUES


def test_no_string_of_the_interface_is_missing_in_a_catalogue() -> None:
    strings = interface_strings()
    assert len(strings) > 50

    for path in CATALOGUES:
        known = yaml.safe_load(path.read_text(encoding="utf-8"))
        missing = [f"{place}: {text!r}" for text, place in strings.items() if text not in known]
        assert missing == [], f"{path.name} lacks {len(missing)} strings"


def test_a_text_is_translated_once() -> None:
    """YAML keeps the last of two equal keys without a word."""
    for path in CATALOGUES:
        keys = [key.value for key, _ in yaml.compose(path.read_text(encoding="utf-8")).value]
        assert sorted(keys) == sorted(set(keys))


def test_a_translation_fills_the_same_fields() -> None:
    for path in CATALOGUES:
        known = yaml.safe_load(path.read_text(encoding="utf-8"))
        wrong = [text for text, shown in known.items() if fields(text) != fields(shown)]
        assert wrong == []


def test_no_catalogue_keeps_what_the_interface_no_longer_says() -> None:
    strings = interface_strings()

    for path in CATALOGUES:
        stale = [text for text in yaml.safe_load(path.read_text(encoding="utf-8")) if text not in strings]
        assert stale == []


def test_every_call_passes_a_literal() -> None:
    """A computed key cannot be found by a translator."""
    offenders = []
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            calls_t = (
                isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "t" and node.args
            )
            if calls_t and not isinstance(getattr(node.args[0], "value", None), str):
                offenders.append(f"{path.relative_to(ROOT)}:{node.lineno}")

    assert offenders == []
