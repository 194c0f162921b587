"""How a text parts its fields: by which mark, with which quotes, and whether whole lines stand in quotes."""

from __future__ import annotations

import csv
import re
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from engine.reading.kinds import DATA, MISS, kind_of

if TYPE_CHECKING:
    from engine.reading.evidence import Notes
    from engine.reading.records import Text

MARKS = (";", "\t", "|", ",")
BLANKS, WIDE_BLANKS = " ", "  "
MARK_NAMES = {
    ",": "commas",
    ";": "semicolons",
    "\t": "tabs",
    "|": "bars",
    BLANKS: "blanks",
    WIDE_BLANKS: "several blanks",
}
SEPARATOR_LINE = re.compile(r'^"?sep=(.)"?$', re.IGNORECASE)  # what Excel writes for itself on the first line
WHOLE = re.compile(r'^"(?:[^"]|"")*"[;,]*$')


@dataclass(frozen=True)
class Dialect:
    """The mark between fields, and the quotation mark."""

    mark: str
    quote: str = '"'

    def split(self, record: str) -> list[str]:
        """Return the fields of a record, trimmed."""
        return split_all([record], self)[0]


def split_all(records: list[str], dialect: Dialect) -> list[list[str]]:
    """Return the trimmed fields of each record."""
    if dialect.mark in (BLANKS, WIDE_BLANKS):
        gap = r"[ \t]+" if dialect.mark == BLANKS else r"\t+| {2,}"
        return [[cell.strip('"') for cell in re.split(gap, record.strip())] for record in records]
    csv.field_size_limit(1 << 24)
    found = []
    for record in records:
        try:
            cells = next(
                csv.reader(
                    [record.replace("\x00", "")], delimiter=dialect.mark, quotechar=dialect.quote, skipinitialspace=True
                ),
                [],
            )
        except csv.Error:
            cells = record.split(dialect.mark)
        if "\n" in record and len(cells) < record.count(dialect.mark):
            cells = next(
                csv.reader(record.splitlines(keepends=True), delimiter=dialect.mark, quotechar=dialect.quote), []
            )
        found.append([cell.strip() for cell in cells])
    return found


def unwrapped(text: Text, head: list[tuple[int, str]], notes: Notes) -> Text:
    """Return the text without the quotes that some program put around each whole line."""
    whole = [record for _, record in head if WHOLE.match(record.strip())]
    inner = [record.strip().rstrip(";,")[1:-1].replace('""', '"') for record in whole]
    if len(whole) < 2 or len(whole) < 0.8 * len(head) or not any(mark in one for mark in MARKS for one in inner[:1]):
        return text
    data = re.sub(rb'(?m)^"(.*)"[;,]*[ ]*$', rb"\1", text.data).replace(b'""', b'"')
    notes.say("fixed for you", "Each whole line stood in quotation marks; they were taken off.")
    notes.decide("text", "quotes", "around whole lines", f"{len(whole)} of the first {len(head)} lines", 0.98)
    return replace(text, data=data)


def dialect_of(head: list[tuple[int, str]], notes: Notes) -> Dialect:
    """Return how the records are parted: the mark whose fields are the most even, and most often are data."""
    records = [record for _, record in head]
    said = next(
        (SEPARATOR_LINE.match(record.strip()) for record in records[:3] if SEPARATOR_LINE.match(record.strip())), None
    )
    if said is not None:
        notes.decide("text", "delimiter", _name(said[1]), "the line sep= says so", 1.0)
        return Dialect(said[1])
    scores = {mark: _worth(records, Dialect(mark)) for mark in (*MARKS, WIDE_BLANKS, BLANKS)}
    scores[BLANKS] *= 0.9
    scores[WIDE_BLANKS] *= 0.95
    best = max(scores, key=lambda mark: scores[mark])
    others = tuple(_name(mark) for mark, worth in scores.items() if mark != best and worth > 0.7 * scores[best])
    quote = "'" if all(_single(record, best) for record in records[-20:]) else '"'
    sure = min(1.0, 0.5 + (scores[best] - max(worth for mark, worth in scores.items() if mark != best)))
    notes.decide(
        "text", "delimiter", _name(best), "its fields are the most even and hold most numbers and times", sure, others
    )
    return Dialect(best, quote)


def _name(mark: str) -> str:
    return MARK_NAMES.get(mark, repr(mark))


def _single(record: str, mark: str) -> bool:
    return any(len(cell) > 1 and cell[0] == cell[-1] == "'" for cell in record.split(mark))


def _worth(records: list[str], dialect: Dialect) -> float:
    """Return how well a mark parts the records: even widths, cells that are data, a header as wide as they are."""
    rows = split_all(records[-max(20, int(0.7 * len(records))) :][:150], dialect)
    widths = [len(row) for row in rows]
    width = commonest(widths)
    even = widths.count(width) / len(widths)
    first = split_all(records[:60], dialect)
    header = next((row for row in first if len(row) > 1 or width == 1), [])
    if len(header) >= max(widths) > 1 and even < 0.8:  # some programs leave trailing empty fields away
        even = max(even, 0.8 * sum(2 <= one <= len(header) for one in widths) / len(widths))
    cells = [cell for row in rows if len(row) == width or even == 0.8 for cell in row[:60]]
    kinds = [kind_of(cell) for cell in cells]
    filled = [kind for kind in kinds if kind != MISS]
    typed = np.mean([kind in DATA for kind in filled]) if filled else 0.0
    if width == 1 and dialect.mark != ",":
        even *= 0.9
    fits = 1.1 if abs(len(header) - width) <= 0 or not header[-1:] else 1.0
    return float(even * (0.2 + 0.8 * typed) * (1.0 + 0.02 * min(width, 20)) * fits * (1.0 if width > 1 else 0.8))


def commonest(counts: list[int]) -> int:
    """Return the value that comes most often, the largest of equals."""
    return max(sorted(set(counts), reverse=True), key=counts.count) if counts else 0
