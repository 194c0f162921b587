"""One column of a file as it came: numbers where every cell is one, else texts; and the table of such columns."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

if TYPE_CHECKING:
    from engine.records import BoolArray, FloatArray, IntArray

MISSING = (
    "",
    "-",
    "--",
    "?",
    "na",
    "n/a",
    "nan",
    "null",
    "none",
    "#n/a",
    "missing",
    ".",
    "nil",
    "nat",
    "<null>",
    "n.a.",
)
MISSING_WRITTEN = tuple(sorted({form for word in MISSING for form in (word, word.upper(), word.capitalize(), word.title())}  # noqa: E501
                               | {"NaN", "NaT"}))  # fmt: skip
FEW = 1000


@dataclass
class Cells:
    """A column: `numbers` (n_rows,) with NaN = missing, or `texts` with null = missing; one of the two is None."""

    name: str
    numbers: FloatArray | None = None
    texts: Any = None  # pa.ChunkedArray of strings
    unit: str = ""
    note: str = ""
    _few: dict[str, int] | None = field(default=None, repr=False)

    def __len__(self) -> int:
        return len(self.numbers) if self.numbers is not None else len(self.texts)

    @property
    def filled(self) -> BoolArray:
        """Return which cells are not missing, bool (n_rows,)."""
        if self.numbers is not None:
            return ~np.isnan(self.numbers)
        return np.asarray(self.texts.is_valid())

    def as_texts(self) -> pa.ChunkedArray:
        """Return the cells as texts, whole numbers without a point."""
        if self.texts is not None:
            return self.texts
        mine = np.zeros(0) if self.numbers is None else self.numbers
        numbers = pa.array(mine, from_pandas=True)
        finite = mine[~np.isnan(mine)]
        if bool((finite == np.round(finite)).all()) and float(np.abs(finite).max(initial=0.0)) < 2**62:
            numbers = numbers.cast(pa.int64())
        return pa.chunked_array([numbers.cast(pa.string())])

    def few(self) -> dict[str, int]:
        """Return how often each text comes, in order of appearance, where there are at most FEW; else {}."""
        if self._few is None:
            self._few = self._count_few()
        return self._few

    def _count_few(self) -> dict[str, int]:
        if self.numbers is not None:
            head = self.numbers[: 20 * FEW]
            if len(np.unique(head[~np.isnan(head)])) > FEW:
                return {}
        column = self.as_texts()
        if len(column) > 20 * FEW and len(column.slice(0, 20 * FEW).unique()) > FEW:
            return {}
        counted = column.drop_null().value_counts()
        if len(counted) > FEW:
            return {}
        return {str(one["values"]): int(one["counts"]) for one in counted.to_pylist()}

    def codes(self, words: list[str]) -> IntArray:
        """Return for each row the place of its text among `words` (−1 = none of them)."""
        found = pc.index_in(self.as_texts(), pa.array(words, pa.string()))
        return np.asarray(found.fill_null(-1), dtype=np.int64)

    def first_text(self) -> str:
        """Return the first filled cell, or an empty text."""
        at = np.flatnonzero(self.filled[: 50 * FEW])
        return "" if len(at) == 0 else str(self.as_texts()[int(at[0])].as_py())

    def rows(self, keep: BoolArray) -> Cells:
        """Return the column with only the rows to keep."""
        if self.numbers is not None:
            return replace(self, numbers=self.numbers[keep], _few=None)
        return replace(self, texts=self.texts.filter(pa.array(keep)), _few=None)


@dataclass
class RawTable:
    """Columns and the line (1-based, int64) of each row; `dropped` names what is no row, with its lines."""

    columns: list[Cells]
    lines: IntArray
    dropped: dict[str, list[int]] = field(default_factory=dict)
    place: str = "line"  # what `lines` counts: lines of a file, rows of a sheet, columns of a table on its side

    def __len__(self) -> int:
        return len(self.lines)

    def drop(self, mask: BoolArray, why: str) -> None:
        """Take rows out and name them."""
        if not mask.any():
            return
        self.dropped.setdefault(why, []).extend(self.lines[mask].tolist())
        self.columns = [column.rows(~mask) for column in self.columns]
        self.lines = self.lines[~mask]


def cells_of(name: str, texts: list[str | None], unit: str = "", note: str = "") -> Cells:
    """Return a column from texts; words that stand for nothing become missing."""
    ready = [None if text is None or text.strip().lower() in MISSING else text.strip() for text in texts]
    return settled(Cells(name, texts=pa.chunked_array([pa.array(ready, pa.string())]), unit=unit, note=note))


def settled(cells: Cells) -> Cells:
    """Return the column as numbers where every cell is plainly one."""
    if cells.texts is None or not plain_numbers(cells.texts.slice(0, 200).to_pylist()):
        return cells
    try:
        numbers = cells.texts.cast(pa.float64())
    except pa.ArrowInvalid:
        return cells
    return replace(cells, numbers=np.asarray(numbers.fill_null(np.nan), dtype=np.float64), texts=None, _few=None)


def plain_numbers(sample: list[str | None]) -> bool:
    """Tell whether texts are numbers that mean nothing else: no leading zero (a name, a clock), no mark inside."""
    seen = [text for text in sample if text]
    return bool(seen) and all(_plain(text) for text in seen)


def _plain(text: str) -> bool:
    digits = text.lstrip("+-")
    if len(digits) > 1 and digits[0] == "0" and digits[1].isdigit():
        return False
    return text[:1] in "+-.0123456789" and text.isascii() and "," not in text and _is_float(text)


def _is_float(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return "_" not in text
