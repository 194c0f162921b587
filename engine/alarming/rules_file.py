"""Alarm rules as a YAML file: one section called default, and one for each detector that differs."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import yaml

from engine.alarming.rules import AlarmRules
from engine.errors import FileProblemError, ParameterError
from engine.params import build


def load_rules(path: Path | str) -> dict[str, AlarmRules]:
    """Return the rules by detector; a detector's section changes what it names and keeps the default for the rest.

    Raises
    ------
    FileProblemError
        When the file cannot be read, is no YAML, or a rule is unknown or out of range.
    """
    path = Path(path)
    try:
        content = yaml.safe_load(path.read_text(encoding="utf-8")) or {}
    except OSError:
        raise FileProblemError(path, "", "it cannot be read", "check the path") from None
    except (yaml.YAMLError, UnicodeDecodeError) as problem:
        raise FileProblemError(path, _place(problem), "it is no YAML", "check indents and colons") from None
    if not isinstance(content, dict):
        raise FileProblemError(path, "", "it has no sections", "write `default:` and rules below it") from None
    default = _section(path, "default", content.get("default"), AlarmRules())
    named = {str(name): part for name, part in content.items() if name != "default"}
    return {"default": default, **{name: _section(path, name, part, default) for name, part in named.items()}}


def _section(path: Path, name: str, part: object, base: AlarmRules) -> AlarmRules:
    if part is not None and not isinstance(part, dict):
        raise FileProblemError(path, name, "a section holds rules", "write lines such as `confirm: 3` below it")
    try:
        return build(AlarmRules, {**asdict(base), **(part or {})})
    except ParameterError as problem:
        raise FileProblemError(path, name, str(problem).rstrip("."), "correct that line") from None


def _place(problem: Exception) -> str:
    mark = getattr(problem, "problem_mark", None)
    return "" if mark is None else f"line {mark.line + 1}"
