"""What a person decided about a file in place of the reader's guesses; every field is also a flag of `engine score`."""

from __future__ import annotations

from dataclasses import asdict, dataclass, fields, replace
from typing import Any

from engine.errors import ParameterError

ROLES = ("time", "machine", "name", "sensor", "quality", "status", "label", "ignore")
DECIMALS = (".", ",")


@dataclass(frozen=True)
class Choices:
    """None or empty = the reader decides.

    Parameters
    ----------
    roles
        (place of the column, role) as set on the page; wins over everything else.
    day_first
        Whether 03/04/2026 is the third of April.
    time, machine, long
        Names of the columns that hold the clock, say which machine, and say which sensor a line is of; "-" = none.
    sensors, labels
        Names of the columns that are readings (all others are left out), and of those that are answers.
    decimal
        "." or ",": the mark before the fraction.
    skip
        Lines above the header.
    sheet
        Name of a workbook's sheet, or of the file inside an archive.
    cycles
        True: each row is a cycle of one sensor, its columns the samples one after another.
    """

    roles: tuple[tuple[int, str], ...] = ()
    day_first: bool | None = None
    time: str | None = None
    sensors: tuple[str, ...] = ()
    labels: tuple[str, ...] = ()
    machine: str | None = None
    long: str | None = None
    decimal: str | None = None
    skip: int | None = None
    sheet: str | None = None
    cycles: bool | None = None

    def __post_init__(self) -> None:
        if self.decimal is not None and self.decimal not in DECIMALS:
            raise ParameterError(f"decimal must be one of: {' '.join(DECIMALS)}, got {self.decimal!r}.")
        if self.skip is not None and self.skip < 0:
            raise ParameterError(f"skip must be 0 or more, got {self.skip!r}.")
        if any(role not in ROLES for _, role in self.roles):
            raise ParameterError(f"role must be one of: {', '.join(ROLES)}.")

    def over(self, other: Choices) -> Choices:
        """Return these choices where they say something, else those of `other`."""
        empty = Choices()
        said = {f.name: getattr(self, f.name) for f in fields(self) if getattr(self, f.name) != getattr(empty, f.name)}
        return replace(other, **said)

    def needs_new_reading(self, other: Choices) -> bool:
        """Tell whether the file must be opened again, since how its cells are parted differs."""
        return (self.decimal, self.skip, self.sheet, self.cycles) != (
            other.decimal, other.skip, other.sheet, other.cycles,
        )  # fmt: skip

    def as_json(self) -> dict[str, Any]:
        """Return what was chosen as plain JSON-ready data; what was left open is not in it."""
        empty = asdict(Choices())
        return {name: value for name, value in asdict(self).items() if value != empty[name]}


def choices_of(said: dict[str, Any]) -> Choices:
    """Return choices from JSON-ready data.

    Raises
    ------
    ParameterError
        When a name is unknown or a value out of range.
    """
    known = {f.name for f in fields(Choices)}
    unknown = sorted(set(said) - known)
    if unknown:
        raise ParameterError(f"choices has no {unknown[0]!r}; choose one of: {', '.join(sorted(known))}.")
    ready = {name: _tuples(value) for name, value in said.items()}
    try:
        return Choices(**ready)
    except TypeError as wrong:
        raise ParameterError(f"choices: {wrong}.") from None


def _tuples(value: Any) -> Any:
    return tuple(_tuples(one) for one in value) if isinstance(value, list | tuple) else value
