"""Parameters described once: the typed fields of a part give validation, command-line help, sliders and docs.

A part is a dataclass whose fields look like `slack: Annotated[float, Range(0.0, 5.0, unit="σ")] = 0.5`; the text
for a field stands in the class docstring's Parameters section (NumPy style).
"""

from __future__ import annotations

import dataclasses
import functools
import inspect
import math
import re
import typing
from dataclasses import dataclass
from typing import Any, TypeVar

from engine.errors import ParameterError, nearest

T = TypeVar("T")


@dataclass(frozen=True)
class Range:
    """What a number may be: low ≤ value ≤ high, in `unit`; `log` and `step` are hints for sliders."""

    low: float
    high: float
    unit: str = ""
    step: float | None = None
    log: bool = False


@dataclass(frozen=True)
class Choice:
    """What a word may be."""

    options: tuple[str, ...]


@dataclass(frozen=True)
class Parameter:
    """One parameter of a part as pages, command line and docs see it."""

    name: str
    kind: type
    default: Any
    rule: Range | Choice | None
    help: str

    @property
    def unit(self) -> str:
        return self.rule.unit if isinstance(self.rule, Range) else ""

    def check(self, value: Any) -> Any:
        """Return `value` in the parameter's type, or raise ParameterError with the rule that it breaks."""
        if self.kind is bool:
            return self._checked_bool(value)
        if isinstance(self.rule, Choice):
            if value in self.rule.options:
                return value
            near = nearest(str(value), self.rule.options)
            hint = f" Did you mean {near!r}?" if near else ""
            raise ParameterError(f"{self.name} must be one of: {', '.join(self.rule.options)}, got {value!r}.{hint}")
        if self.kind in (int, float):
            return self._checked_number(value)
        return value

    def _checked_bool(self, value: Any) -> bool:
        if isinstance(value, bool):
            return value
        if str(value).lower() in ("true", "yes", "on", "1"):
            return True
        if str(value).lower() in ("false", "no", "off", "0"):
            return False
        raise ParameterError(f"{self.name} must be true or false, got {value!r}.")

    def _checked_number(self, value: Any) -> int | float:
        unit = f" {self.unit}" if self.unit else ""
        rule = f"from {self.rule.low:g} to {self.rule.high:g}{unit}" if isinstance(self.rule, Range) else "a number"
        try:
            number = float(value)
        except (TypeError, ValueError):
            raise ParameterError(f"{self.name} must be {rule}, got {value!r}.") from None
        if isinstance(value, bool) or not math.isfinite(number):
            raise ParameterError(f"{self.name} must be {rule}, got {value!r}.")
        if isinstance(self.rule, Range) and not self.rule.low <= number <= self.rule.high:
            raise ParameterError(f"{self.name} must be {rule}, got {value!r}.")
        if self.kind is int:
            if number != int(number):
                raise ParameterError(f"{self.name} must be a whole number {rule}, got {value!r}.")
            return int(number)
        return number


@functools.cache
def parameters_of(part: type) -> tuple[Parameter, ...]:
    """Return the parameters of a part (a dataclass) in the order of its fields; fields with init=False are left out."""
    hints = typing.get_type_hints(part, include_extras=True)
    texts = _field_texts(part)
    found = []
    for field in dataclasses.fields(part):
        if not field.init:
            continue
        hint = hints[field.name]
        rules = [m for m in getattr(hint, "__metadata__", ()) if isinstance(m, Range | Choice)]
        kind = typing.get_args(hint)[0] if rules else hint
        default = field.default if field.default is not dataclasses.MISSING else None
        if field.default_factory is not dataclasses.MISSING:
            default = field.default_factory()
        kind = kind if isinstance(kind, type) else object
        found.append(Parameter(field.name, kind, default, rules[0] if rules else None, texts.get(field.name, "")))
    return tuple(found)


def build(part: type[T], values: dict[str, Any] | None = None) -> T:
    """Return the part made with checked values; a name that is no parameter is refused with the nearest right one.

    Raises
    ------
    ParameterError
        When a name is unknown or a value breaks its rule.
    """
    known = {parameter.name: parameter for parameter in parameters_of(typing.cast(Any, part))}
    checked = {}
    for name, value in (values or {}).items():
        if name not in known:
            near = nearest(name, known)
            hint = f" Did you mean {near!r}?" if near else ""
            title = getattr(part, "name", part.__name__)
            choices = ", ".join(known) or "none"
            raise ParameterError(f"{title} has no parameter {name!r}; it has: {choices}.{hint}")
        checked[name] = known[name].check(value)
    return part(**checked)


def _field_texts(part: type) -> dict[str, str]:
    """Read the Parameters sections of the class docstrings, base classes first."""
    texts: dict[str, str] = {}
    for cls in reversed(part.__mro__):
        section = re.search(
            r"Parameters\n-+\n(.*?)(?:\n\n[A-Z][a-z]+\n-+\n|\Z)", inspect.cleandoc(cls.__doc__ or ""), re.S
        )
        if section is None:
            continue
        for names, text in re.findall(r"^(\w[\w, ]*)\n((?:[ \t]+.*\n?|\n)+)", section[1] + "\n", re.M):
            for name in names.split(","):
                texts[name.strip()] = " ".join(text.split())
    return texts
