"""What is computed of a window's rows; an aggregate keeps no state of its own."""

from __future__ import annotations

from typing import Any, Protocol


class Aggregate(Protocol):
    """Creates, fills, merges and sums up the content of a window; `merge` must be associative."""

    def create(self) -> Any:
        """Return empty content."""
        ...

    def add(self, content: Any, at: int, value: Any) -> Any:
        """Return the content with one row more; may change it in place."""
        ...

    def merge(self, left: Any, right: Any) -> Any:
        """Return the content of both."""
        ...

    def result(self, content: Any) -> Any:
        """Return the result; must not depend on the order in which rows arrived."""
        ...

    def dump(self, content: Any) -> Any:
        """Return the content as JSON-ready data."""
        ...

    def load(self, data: Any) -> Any:
        """Return the content that `dump` wrote."""
        ...


class Rows:
    """Keeps the rows themselves, as (event time, value) in event-time order."""

    def create(self) -> list[tuple[int, Any]]:
        return []

    def add(self, content: list[tuple[int, Any]], at: int, value: Any) -> list[tuple[int, Any]]:
        content.append((at, value))
        return content

    def merge(self, left: list[tuple[int, Any]], right: list[tuple[int, Any]]) -> list[tuple[int, Any]]:
        return left + right

    def result(self, content: list[tuple[int, Any]]) -> Any:
        return sorted(content)

    def dump(self, content: list[tuple[int, Any]]) -> Any:
        return [[at, value] for at, value in content]

    def load(self, data: Any) -> list[tuple[int, Any]]:
        return [(at, tuple(value) if isinstance(value, list) else value) for at, value in data]
