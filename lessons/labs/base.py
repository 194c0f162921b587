"""What every kind of experiment owes: checked settings in, named numbers and lanes to draw out."""

from __future__ import annotations

import importlib
import pkgutil
from abc import ABC, abstractmethod
from dataclasses import dataclass, field
from functools import cache
from typing import Any, ClassVar

from pydantic import BaseModel

from engine.errors import UnknownNameError

Number = float | None


@dataclass(frozen=True)
class Lane:
    """One row of a figure: points (x, y), and what stands across it.

    `x` is milliseconds since the epoch where `time` is True. `style` is line, points or bars. `limit` is drawn as a
    dashed line, `spans` as (x0, x1, word) bands, `marks` as crosses at (x, y), `curve` as a dashed line through its
    points. `surface` lies below it all as shades: x, y, and rows of scores over the alarm limit (1 = the limit).
    """

    title: str
    x: list[float]
    y: list[Number]
    style: str = "line"
    time: bool = True
    limit: Number = None
    spans: tuple[tuple[float, float, str], ...] = ()
    marks: tuple[tuple[float, float], ...] = ()
    curve: tuple[tuple[float, float], ...] = ()
    surface: tuple[list[float], list[float], list[list[float]]] | None = None
    x_title: str = ""


@dataclass(frozen=True)
class Outcome:
    """What an experiment gave: metrics by name (None = undefined, with the reason in `notes`), lanes, notes.

    `checks` are properties as (text, holds, what was seen).
    """

    metrics: dict[str, Number]
    lanes: tuple[Lane, ...] = ()
    notes: tuple[str, ...] = field(default=())
    checks: tuple[tuple[str, bool, str], ...] = ()


class LabKind(ABC):
    """A kind of experiment."""

    name: ClassVar[str]
    metrics: ClassVar[tuple[str, ...]]  # the numbers it can give, of lessons.spec.METRICS
    Settings: ClassVar[type[BaseModel]]

    @abstractmethod
    def run(self, settings: Any, seed: int) -> Outcome:
        """Run it; `settings` is an instance of `Settings`, every chance comes from `seed`."""

    def rows(self, settings: Any) -> int:
        """Return how many readings one run makes; lessons have a budget."""
        return 0


@cache
def lab_kinds() -> dict[str, LabKind]:
    """Return the kinds by name."""
    import lessons.labs as folder

    found: dict[str, LabKind] = {}
    for info in pkgutil.iter_modules(folder.__path__):
        module = importlib.import_module(f"{folder.__name__}.{info.name}")
        for value in vars(module).values():
            ours = isinstance(value, type) and issubclass(value, LabKind) and value.__module__ == module.__name__
            if ours and "name" in value.__dict__:
                found[value.name] = value()
    return dict(sorted(found.items()))


def lab_kind(name: str) -> LabKind:
    """Return the kind of that name.

    Raises
    ------
    UnknownNameError
        When there is none.
    """
    kinds = lab_kinds()
    if name not in kinds:
        raise UnknownNameError("kind of experiment", name, kinds)
    return kinds[name]


def filled_in(raw: Any, values: dict[str, Any]) -> Any:
    """Return the setup with every `$name` replaced by its value; a name without a value stays."""
    if isinstance(raw, str) and raw.startswith("$"):
        return values.get(raw[1:], raw)
    if isinstance(raw, dict):
        return {key: filled_in(value, values) for key, value in raw.items()}
    if isinstance(raw, list | tuple):
        return [filled_in(value, values) for value in raw]
    return raw


def placeholders(raw: Any) -> set[str]:
    """Return the names that a setup asks for with `$name`."""
    if isinstance(raw, str) and raw.startswith("$"):
        return {raw[1:]}
    if isinstance(raw, dict):
        return set().union(*(placeholders(value) for value in raw.values())) if raw else set()
    if isinstance(raw, list | tuple):
        return set().union(*(placeholders(value) for value in raw)) if raw else set()
    return set()
