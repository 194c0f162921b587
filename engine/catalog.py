"""Finds the parts of a kind by looking in their folder: one file, one part, nothing to register.

A part is a class in `engine/<kind>/` that derives from the kind's base class and has a `name` of its own.
"""

from __future__ import annotations

import functools
import importlib
import inspect
import pkgutil
from typing import Any, cast

from engine.errors import UnknownNameError
from engine.params import Choice, Parameter, Range, build, parameters_of

# The folder of each kind and the base class of its parts, as module path and class name.
KINDS = {
    "detector": ("engine.detectors", "engine.detectors.base", "Detector"),
    "fault": ("engine.faults", "engine.faults.base", "Fault"),
    "threshold": ("engine.detectors.thresholds", "engine.detectors.thresholds.base", "ThresholdRule"),
    "sink": ("engine.streams.sinks", "engine.streams.sinks.base", "Sink"),
    "source": ("engine.streams.sources", "engine.streams.sources.base", "Source"),
}


@functools.cache
def parts(kind: str) -> dict[str, type[Any]]:
    """Return the parts of a kind by name, in alphabetical order."""
    folder, base_module, base_name = KINDS[kind]
    base = getattr(importlib.import_module(base_module), base_name)
    found: dict[str, type[Any]] = {}
    for module_info in pkgutil.iter_modules(importlib.import_module(folder).__path__):
        module = importlib.import_module(f"{folder}.{module_info.name}")
        classes: list[tuple[str, Any]] = inspect.getmembers(module, inspect.isclass)
        for _, cls in classes:
            if issubclass(cls, base) and cls.__module__ == module.__name__ and "name" in cls.__dict__:
                if cls.name in found:
                    raise ValueError(f"Two parts of kind {kind!r} are called {cls.name!r}.")
                found[cls.name] = cls
    return dict(sorted(found.items()))


def part(kind: str, name: str) -> type[Any]:
    """Return the part of that kind and name.

    Raises
    ------
    UnknownNameError
        When no part has that name; the message offers the nearest one.
    """
    known = parts(kind)
    if name not in known:
        raise UnknownNameError(kind, name, known)
    return known[name]


def make(kind: str, name: str, values: dict[str, Any] | None = None) -> Any:
    """Return a new part of that kind and name, its parameters checked."""
    return build(part(kind, name), values)


def caption(cls: type[Any]) -> str:
    """Return the first line of a part's docstring: what it is in one sentence."""
    return (inspect.getdoc(cls) or "").split("\n", 1)[0]


def describe(kind: str, name: str) -> dict[str, Any]:
    """Return what pages, API and command line show of a part, as plain JSON-ready data."""
    cls = part(kind, name)
    return {
        "name": name,
        "title": getattr(cls, "title", name),
        "caption": caption(cls),
        "parameters": [_described(parameter) for parameter in parameters_of(cast(Any, cls))],
    }


def _described(parameter: Parameter) -> dict[str, Any]:
    rule = parameter.rule
    limits = {"low": rule.low, "high": rule.high} if isinstance(rule, Range) else {}
    options = {"options": list(rule.options)} if isinstance(rule, Choice) else {}
    return {
        "name": parameter.name,
        "type": parameter.kind.__name__,
        "default": parameter.default,
        "unit": parameter.unit,
        "help": parameter.help,
        **limits,
        **options,
    }
