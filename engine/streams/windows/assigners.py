"""Which windows a row belongs to; half-open spans `[start, end)` aligned to the epoch plus an offset.

References
----------
Akidau, T. et al. (2015). The dataflow model. PVLDB 8(12), 1792-1803. The names follow Apache Flink, but "hopping" is
what Flink calls sliding.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar, Protocol

from engine.errors import ParameterError

Span = tuple[int, int]


class Assigner(Protocol):
    """Turns an event time into the spans it belongs to; `merging` spans grow together when they touch."""

    merging: ClassVar[bool]

    def assign(self, at: int) -> list[Span]:
        """Return the spans `(start, end)` that hold the event time, earliest first."""
        ...


def _positive(name: str, value: int) -> None:
    if value <= 0:
        raise ParameterError(f"{name} must be positive, got {value!r}.")


@dataclass(frozen=True)
class Tumbling:
    """Spans of equal size, one after the other: each row belongs to exactly one.

    Parameters
    ----------
    size, offset
        Length of a span and shift of the grid, both in the unit of the event time.
    """

    size: int
    offset: int = 0
    merging: ClassVar[bool] = False

    def __post_init__(self) -> None:
        _positive("size", self.size)

    def assign(self, at: int) -> list[Span]:
        start = at - (at - self.offset) % self.size  # floor, also for times before the epoch
        return [(start, start + self.size)]


@dataclass(frozen=True)
class Hopping:
    """Spans of equal size that start every `slide`: each row belongs to about size / slide of them.

    Parameters
    ----------
    size, slide, offset
        Length of a span, distance between starts, shift of the grid, in the unit of the event time.
    """

    size: int
    slide: int
    offset: int = 0
    merging: ClassVar[bool] = False

    def __post_init__(self) -> None:
        _positive("size", self.size)
        _positive("slide", self.slide)

    def assign(self, at: int) -> list[Span]:
        last = at - (at - self.offset) % self.slide
        return [(start, start + self.size) for start in range(last, at - self.size, -self.slide)][::-1]


@dataclass(frozen=True)
class Session:
    """Spans of activity: rows at most `gap` apart share one (touching spans merge, as in Flink).

    Parameters
    ----------
    gap
        Silence that ends a session, in the unit of the event time.
    """

    gap: int
    merging: ClassVar[bool] = True

    def __post_init__(self) -> None:
        _positive("gap", self.gap)

    def assign(self, at: int) -> list[Span]:
        return [(at, at + self.gap)]
