"""YAML text into a pydantic model, with errors that name the line, the wrong word and the cure."""

from __future__ import annotations

import inspect
import typing
from pathlib import Path
from typing import Any, TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from engine.errors import FileProblemError, nearest

Model = TypeVar("Model", bound=BaseModel)


def read_model(text: str, model: type[Model], file: str) -> Model:
    """Return the model in `text`.

    Raises
    ------
    FileProblemError
        For the first problem: file, line, what is wrong and what to write; `problems_of` lists all of them.
    """
    problems = problems_of(text, model, file)
    if problems:
        raise problems[0]
    return model.model_validate(yaml.safe_load(text))


def read_file(path: Path, model: type[Model]) -> Model:
    """Return the model in a file.

    Raises
    ------
    FileProblemError
        When the file is missing, is no UTF-8 text, or breaks the model.
    """
    try:
        text = path.read_text(encoding="utf-8-sig")
    except OSError as problem:
        wrong = f"it cannot be read ({problem.strerror})"
        raise FileProblemError(path, "", wrong, "check the path and its permissions") from None
    except UnicodeDecodeError:
        raise FileProblemError(path.name, "", "it is not UTF-8 text", "save it as UTF-8") from None
    return read_model(text, model, path.name)


def problems_of(text: str, model: type[BaseModel], file: str) -> list[FileProblemError]:
    """Return every problem of the text in the order of its lines; empty when it is good."""
    try:
        tree, raw = yaml.compose(text, Loader=yaml.SafeLoader), yaml.safe_load(text)
    except yaml.YAMLError as problem:
        mark = getattr(problem, "problem_mark", None)
        place = f"line {mark.line + 1}" if mark else ""
        wrong = f"this is not valid YAML ({getattr(problem, 'problem', None) or 'unreadable'})"
        return [FileProblemError(file, place, wrong, "check colons, quotes and the indentation of that line")]
    if not isinstance(raw, dict):
        return [
            FileProblemError(file, "line 1", "the file is not a list of 'key: value' lines", "write keys and values")
        ]
    return [*_twice(tree, file), *problems_at(raw, model, file, tree, ())]


def problems_at(
    raw: Any, model: type[BaseModel], file: str, tree: Any, prefix: tuple[Any, ...], more_keys: tuple[str, ...] = ()
) -> list[FileProblemError]:
    """Return every problem of a part of a file: `raw` stands at `prefix` in the composed YAML `tree`."""
    try:
        model.model_validate(raw)
    except ValidationError as problem:
        errors: list[dict[str, Any]] = [{**error, "loc": (*prefix, *error["loc"])} for error in problem.errors()]
        errors = _without_misspelt(errors, model, len(prefix))
        found = [(line_of(tree, e["loc"]), _problem(file, tree, e, model, len(prefix), more_keys)) for e in errors]
        return [entry for _, entry in sorted(found, key=lambda pair: pair[0])]
    return []


def _twice(node: Any, file: str, path: tuple[str, ...] = ()) -> list[FileProblemError]:
    """Return a problem for each key that stands twice in one place: YAML keeps the last one without a word."""
    found = []
    if isinstance(node, yaml.MappingNode):
        first: dict[str, int] = {}
        for key, value in node.value:
            name, line = str(key.value), int(key.start_mark.line) + 1
            if name in first and name != "<<":
                where = f"line {line}, {'.'.join((*path, name))}"
                wrong = f"{name!r} stands here twice, first on line {first[name]}"
                found.append(FileProblemError(file, where, wrong, "take one of the two out"))
            first.setdefault(name, line)
            found += _twice(value, file, (*path, name))
    elif isinstance(node, yaml.SequenceNode):
        for at, value in enumerate(node.value):
            found += _twice(value, file, (*path, str(at)))
    return found


def _without_misspelt(errors: list[dict[str, Any]], model: type[BaseModel], depth: int) -> list[dict[str, Any]]:
    """Leave out 'missing' where the same entry holds a misspelt form of the key: one mistake, one message."""
    meant = set()
    for error in errors:
        if error["type"] == "extra_forbidden":
            *parent, key = error["loc"]
            meant.add((*parent, nearest(str(key), _keys_at(model, tuple(parent)[depth:]))))
    return [error for error in errors if error["type"] != "missing" or error["loc"] not in meant]


def line_of(tree: Any, loc: tuple[Any, ...]) -> int:
    """Return the 1-based line of a location; for a key that is missing, the line of its parent."""
    node, line = tree, int(tree.start_mark.line) + 1
    for step in loc:
        pairs = node.value if isinstance(node, yaml.MappingNode) else []
        hit = [(key, value) for key, value in pairs if key.value == str(step)]
        if hit:
            line, node = int(hit[0][0].start_mark.line) + 1, hit[0][1]
        elif isinstance(node, yaml.SequenceNode) and isinstance(step, int) and step < len(node.value):
            node = node.value[step]
            line = int(node.start_mark.line) + 1
    return line


def _problem(
    file: str, tree: Any, error: Any, model: type[BaseModel], depth: int, more_keys: tuple[str, ...]
) -> FileProblemError:
    loc, kind = error["loc"], error["type"]
    path = ".".join(str(step) for step in loc if not str(step).endswith("]"))
    place = f"line {line_of(tree, loc)}, {path}" if path else f"line {line_of(tree, loc)}"
    if kind == "missing":
        return FileProblemError(file, place, f"{loc[-1]!r} is missing", f"add a line '{loc[-1]}: …' here")
    if kind == "extra_forbidden":
        near = nearest(str(loc[-1]), [*_keys_at(model, loc[depth:-1]), *more_keys])
        cure = f"did you mean {near!r}" if near else "take the line out"
        return FileProblemError(file, place, f"unknown key {str(loc[-1])!r}", cure)
    message = str(error["msg"]).removeprefix("Value error, ")
    message = message[:1].lower() + message[1:]
    given = error.get("input")
    if isinstance(given, dict):  # a rule about several keys; it begins with the one to change
        about = message.split(" ", 1)[0]
        loc = (*loc, about) if about in given else loc
        place = f"line {line_of(tree, loc)}, {'.'.join(str(step) for step in loc)}" if loc else place
        return FileProblemError(file, place, message, "correct it here")
    return FileProblemError(file, place, message, f"got {error.get('input')!r:.60}; write a value of the right kind")


def _keys_at(model: type[BaseModel], loc: tuple[Any, ...]) -> list[str]:
    """Return the keys that may stand at a location of the model."""
    current: Any = model
    for step in loc:
        if isinstance(step, str) and hasattr(current, "model_fields") and step in current.model_fields:
            current = _model_in(current.model_fields[step].annotation)
    return list(current.model_fields) if hasattr(current, "model_fields") else []


def _model_in(annotation: Any) -> Any:
    """Return the pydantic model inside a type such as tuple[Line, ...] or Plant | None."""
    if inspect.isclass(annotation) and not typing.get_args(annotation):
        return annotation if issubclass(annotation, BaseModel) else None
    return next((m for m in map(_model_in, typing.get_args(annotation)) if m is not None), None)
