"""What every source owes: rows as dicts in the guide's columns, a little at a time, and an end."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import Any, ClassVar

Row = dict[str, Any]


@dataclass
class Source(ABC):
    """Gives rows; `read` returns [] when none came in time, and `finished` says that none will come any more."""

    name: ClassVar[str]
    title: ClassVar[str]
    finished: ClassVar[bool] = False

    @abstractmethod
    def read(self, timeout_s: float = 0.5) -> list[Row]:
        """Return the next rows, waiting up to `timeout_s` for the first."""

    def close(self) -> None:
        """Release everything; may be called twice."""
        return
