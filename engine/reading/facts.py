"""What is in a column, whatever its name: numbers, moments, a switch, few words, text; constant, counting, rising."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from engine.reading.kinds import MISS, MOMENT, kind_of
from engine.reading.values import PLAIN, Marks, Numbers, is_known_switch, numbers_of, switch_of

if TYPE_CHECKING:
    from engine.reading.cells import Cells
    from engine.records import FloatArray, IntArray

EMPTY, NUMBERS, MOMENTS, SWITCH, WORDS, TEXT = "empty", "numbers", "moments", "switch", "few words", "text"
MOST_WORDS = 40
SAMPLE = 400


@dataclass
class Facts:
    """One column and what its cells are."""

    at: int
    cells: Cells
    marks: Marks = PLAIN
    forced: str | None = None

    @property
    def name(self) -> str:
        return self.cells.name

    @cached_property
    def n_filled(self) -> int:
        return int(self.cells.filled.sum())

    @cached_property
    def numbers(self) -> Numbers:
        return numbers_of(self.cells, self.marks, self.forced)

    @property
    def values(self) -> FloatArray:
        return self.numbers.values

    @cached_property
    def kind(self) -> str:
        """Return what the cells mostly are."""
        if self.n_filled == 0:
            return EMPTY
        if self.cells.numbers is not None:
            return NUMBERS
        sample = [text for text in self.sample if kind_of(text) != MISS]
        if sum(kind_of(text) == MOMENT for text in sample) >= 0.8 * len(sample):
            return MOMENTS
        if self.numbers.n_numbers >= 0.5 * self.n_filled:
            return NUMBERS
        few = self.cells.few()
        if few and switch_of(few) is not None and (is_known_switch(few) or self.n_filled >= 8):
            return SWITCH
        return WORDS if 0 < len(few) <= max(2, min(MOST_WORDS, 0.2 * self.n_filled)) else TEXT

    @cached_property
    def sample(self) -> list[str]:
        """Return texts from the column's beginning, middle and end."""
        texts = self.cells.as_texts()
        n = len(texts)
        places = sorted({*range(min(SAMPLE, n)), *range(0, n, max(1, n // SAMPLE))})
        return [text for text in texts.take(places).to_pylist() if text]

    @cached_property
    def finite(self) -> FloatArray:
        values = self.values
        there = np.isfinite(values)
        return values if bool(there.all()) else values[there]

    @cached_property
    def whole(self) -> bool:
        """Whether all numbers are whole."""
        head, finite = self.finite[:1000], self.finite
        return len(finite) > 0 and bool((head == np.rint(head)).all()) and bool((finite == np.rint(finite)).all())

    @cached_property
    def few_numbers(self) -> IntArray | FloatArray:
        """Return the distinct numbers where there are at most 1000, else an empty array."""
        head = np.unique(self.finite[:20_000])
        if len(head) > 1000:
            return np.zeros(0)
        distinct = np.unique(self.finite)
        return distinct if len(distinct) <= 1000 else np.zeros(0)

    @cached_property
    def constant(self) -> bool:
        return len(self.finite) > 0 and bool((self.finite == self.finite[0]).all())

    @cached_property
    def counts(self) -> bool:
        """Whether each number is more than the last by the same step."""
        values = self.values
        if len(values) < 3 or not np.isfinite(values).all():
            return False
        if len(values) > 100 and not bool(
            (np.abs(np.diff(values[:100], 2)) <= 1e-6 * np.abs(values[1:99]) + 1e-9).all()
        ):
            return False
        steps = np.diff(values)
        return bool(
            steps[0] > 0 and (np.abs(steps - steps[0]) <= 1e-6 * abs(steps[0]) + 1e-9 * np.abs(values[1:])).all()
        )

    @cached_property
    def rises(self) -> bool:
        """Whether each number is larger than the last."""
        return len(self.finite) > 2 and len(self.finite) == len(self.values) and bool((np.diff(self.values) > 0).all())

    @cached_property
    def two_valued(self) -> bool:
        return self.kind == SWITCH or (self.kind == NUMBERS and len(self.few_numbers) == 2)
