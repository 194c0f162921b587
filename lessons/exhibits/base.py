"""What every exhibit owes: a form of choices and numbers, and property checks that a mended form passes."""

from __future__ import annotations

import importlib
import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Any

from engine.errors import LabError, UnknownNameError

if TYPE_CHECKING:
    from lessons.labs.base import Lane


@dataclass(frozen=True)
class Check:
    """One property, in words, whether it holds, and what was seen."""

    text: str
    holds: bool
    seen: str = ""


@dataclass(frozen=True)
class Seen:
    """What an exhibit shows: its checks, and lanes to look at."""

    checks: tuple[Check, ...]
    lanes: tuple[Lane, ...] = ()


@dataclass(frozen=True)
class Exhibit:
    """A bug behind a form: `form` maps each field to its choices, or to (low, high) for a number."""

    name: str
    form: dict[str, tuple[Any, ...]]
    show: Callable[[dict[str, Any], int], Seen]

    def checked(self, given: dict[str, Any]) -> dict[str, Any]:
        """Return the form as filled in.

        Raises
        ------
        LabError
            When a field is missing, unknown, or out of its choices.
        """
        strange = sorted(set(given) ^ set(self.form))
        if strange:
            raise LabError(f"exhibit {self.name}: give exactly {', '.join(self.form)}; look at {strange[0]!r}.")
        filled: dict[str, Any] = {}
        for field, allowed in self.form.items():
            value = given[field]
            if isinstance(allowed[0], str):
                if value not in allowed:
                    raise LabError(f"{field} must be one of: {', '.join(allowed)}, got {value!r}.")
                filled[field] = value
                continue
            low, high = allowed
            if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
                raise LabError(f"{field} must be a number from {low:g} to {high:g}, got {value!r}.")
            filled[field] = value
        return filled


@cache
def exhibits() -> dict[str, Exhibit]:
    """Return the exhibits by name."""
    import lessons.exhibits as folder

    modules = [info.name for info in pkgutil.iter_modules(folder.__path__) if info.name != "base"]
    found = [importlib.import_module(f"{folder.__name__}.{name}").EXHIBIT for name in modules]
    return {exhibit.name: exhibit for exhibit in found}


def exhibit(name: str) -> Exhibit:
    """Return the exhibit of that name.

    Raises
    ------
    UnknownNameError
        When there is none.
    """
    if name not in exhibits():
        raise UnknownNameError("exhibit", name, exhibits())
    return exhibits()[name]
