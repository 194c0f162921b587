"""Every parser takes every input: an answer or a refusal in a sentence, and work that grows with the input alone."""

from __future__ import annotations

import sys
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from tests.adversary.mutations import mutated
from tests.adversary.parsers import Parser, parsers, refused

if TYPE_CHECKING:
    from collections.abc import Callable

MOST_CALLS_PER_BYTE = 400  # Python calls that reading one byte may cost, beside a start of its own
CALLS_AT_START = 60_000
MOST_SHOWN = 3


@dataclass
class Outcome:
    """What became of a parser's inputs.

    Parameters
    ----------
    calls_per_byte
        The most Python calls that an input cost for each of its bytes, of those that were counted.
    defects
        Inputs and what they raised.
    """

    name: str
    taken: int = 0
    refused: int = 0
    calls_per_byte: float = 0.0
    seconds: float = 0.0
    defects: int = 0
    shown: tuple[str, ...] = ()

    @property
    def passed(self) -> bool:
        """Whether nothing but answers and refusals came, within the budget of work."""
        return not self.defects and self.taken > 0


def fuzz(parser: Parser, inputs: int, seed: int, counted_every: int = 50) -> Outcome:
    """Send so many inputs to a parser (a slow one gets fewer) and count the work of some of them."""
    outcome, began = Outcome(parser.name), time.perf_counter()
    for data in parser.good:  # what is imported at the first call is nobody's work
        refused(parser, data)
    for at, data in enumerate(mutated(parser.good, seed, max(len(parser.good), inputs // parser.cost))):
        try:
            if at % counted_every:
                turned_away = refused(parser, data)
            else:
                turned_away, calls = counted(lambda data=data: refused(parser, data))  # type: ignore[misc]
                outcome.calls_per_byte = max(outcome.calls_per_byte, calls / (len(data) + 1))
                if calls > CALLS_AT_START + MOST_CALLS_PER_BYTE * len(data):
                    raise AssertionError(f"{calls:,} calls for {len(data):,} bytes")
        except Exception as problem:
            outcome.defects += 1
            shown = f"{type(problem).__name__}: {str(problem)[:100]} for {data[:200]!r}"
            outcome.shown = (*outcome.shown, shown)[:MOST_SHOWN]
        else:
            outcome.refused += turned_away
            outcome.taken += not turned_away
    outcome.seconds = time.perf_counter() - began
    return outcome


def counted(work: Callable[[], Any]) -> tuple[Any, int]:
    """Return what the work returns and how many calls it made: a measure of work that no busy machine changes."""
    calls = 0

    def note(_frame: Any, event: str, _argument: Any) -> None:
        nonlocal calls
        calls += event in ("call", "c_call")

    before = sys.getprofile()
    sys.setprofile(note)
    try:
        return work(), calls
    finally:
        sys.setprofile(before)


def fuzz_all(inputs: int, seed: int, names: tuple[str, ...] = ()) -> list[Outcome]:
    """Fuzz all parsers, or those named."""
    return [fuzz(parser, inputs, seed) for parser in parsers() if not names or parser.name in names]
