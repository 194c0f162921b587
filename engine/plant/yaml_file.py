"""YAML files checked against a pydantic model, with errors that name the file, the line and the nearest right key."""

from __future__ import annotations

from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from engine.errors import FileProblemError, nearest

M = TypeVar("M", bound=BaseModel)


def read_model(path: Path, model: type[M]) -> M:
    """Return the file's content as a checked model.

    Raises
    ------
    FileProblemError
        When the file is missing, is no YAML, or breaks the model; the text names the line and the cure.
    """
    text = _text_of(path)
    try:
        node = yaml.compose(text, Loader=yaml.SafeLoader)
        content = yaml.safe_load(text)
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        place = f"line {mark.line + 1}" if mark else ""
        wrong = getattr(problem, "problem", None) or "this is no YAML"
        raise FileProblemError(path.name, place, wrong, "mend the indentation, colons or quotes there") from None
    if not isinstance(content, dict):
        raise FileProblemError(path.name, "line 1", "the file must hold keys and values", "write `name: value` lines")
    try:
        return model.model_validate(content)
    except ValidationError as problem:
        raise _first_problem(path, node, problem, model) from None


def _text_of(path: Path) -> str:
    try:
        return path.read_text(encoding="utf-8-sig")
    except OSError as problem:
        raise FileProblemError(
            path, "", f"it cannot be read ({problem.strerror})", "check the path and its permissions"
        ) from None
    except UnicodeDecodeError:
        raise FileProblemError(path.name, "", "it is not UTF-8 text", "save it as UTF-8") from None


def _first_problem(path: Path, node: Any, problem: ValidationError, model: type[BaseModel]) -> FileProblemError:
    # A misspelt key comes first: that another one is missing is only its consequence.
    error = min(problem.errors(), key=lambda one: one["type"] != "extra_forbidden")
    trail = [part for part in error["loc"] if not str(part).endswith("]")]
    place = f"line {_line_of(node, trail)}"
    where = ".".join(str(part) for part in trail) or "file"
    if error["type"] == "extra_forbidden":
        known = _keys_at(model, trail[:-1])
        near = nearest(str(trail[-1]), known)
        cure = f"write {near!r} instead" if near else f"use one of: {', '.join(known)}"
        return FileProblemError(path.name, place, f"{where!r} is no known key", cure)
    if error["type"] == "missing":
        return FileProblemError(path.name, place, f"{where!r} is missing", f"add `{trail[-1]}: …`")
    if error["type"] == "value_error":
        return FileProblemError(path.name, place, f"{where}: {_bare(error['msg'])}", "correct the value")
    given = f", got {error.get('input')!r}"
    return FileProblemError(path.name, place, f"{where}: {error['msg'].lower()}{given}", "correct the value")


def _bare(message: str) -> str:
    return message.removeprefix("Value error, ").rstrip(".")


def _line_of(node: Any, trail: list[Any]) -> int:
    """Return the line (from 1) of the deepest part of the trail that the file has."""
    line = node.start_mark.line + 1
    for part in trail:
        if isinstance(node, yaml.MappingNode):
            pair = next((pair for pair in node.value if pair[0].value == str(part)), None)
            if pair is None:
                return int(line)
            line, node = pair[0].start_mark.line + 1, pair[1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(part, int) and part < len(node.value):
            node = node.value[part]
            line = node.start_mark.line + 1
        else:
            return int(line)
    return int(line)


def _keys_at(model: type[BaseModel], trail: list[Any]) -> list[str]:
    """Return the keys that the model allows where the trail leads."""
    at: Any = model
    for part in trail:
        if isinstance(part, str) and hasattr(at, "model_fields") and part in at.model_fields:
            at = _inner_model(at.model_fields[part].annotation)
    return sorted(getattr(at, "model_fields", {}))


def _inner_model(annotation: Any) -> Any:
    if hasattr(annotation, "model_fields"):
        return annotation
    inner = (_inner_model(argument) for argument in getattr(annotation, "__args__", ()))
    return next((found for found in inner if found is not None), None)
