"""One line of the table: what was tried, how it ended, and whether that is well."""

from __future__ import annotations

import time
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

MOST_SHOWN = 5


@dataclass
class Check:
    """A proof and its outcome.

    Parameters
    ----------
    told
        What was counted or measured, in words.
    wrong
        What must not be, one sentence for each; none = it passed.
    """

    name: str
    told: str = ""
    wrong: list[str] = field(default_factory=list)
    seconds: float = 0.0

    @property
    def passed(self) -> bool:
        """Whether nothing went wrong and something was done at all."""
        return not self.wrong and bool(self.told)

    def __str__(self) -> str:
        head = f"{self.name:34}{'ok' if self.passed else 'FAILED':>7}{self.seconds:>8.1f} s  {self.told}"
        more = [f"    and {len(self.wrong) - MOST_SHOWN} more"] if len(self.wrong) > MOST_SHOWN else []
        return "\n".join([head, *(f"    {one}" for one in self.wrong[:MOST_SHOWN]), *more])


@contextmanager
def checking(name: str) -> Iterator[Check]:
    """Give a check and note how long it took; what it raises is what went wrong."""
    made, began = Check(name), time.perf_counter()
    try:
        yield made
    except Exception as problem:  # the other proofs go on
        made.wrong.append(f"{type(problem).__name__}: {str(problem)[:300]}")
    made.seconds = time.perf_counter() - began
