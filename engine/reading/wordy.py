"""Texts whose lines name what they hold: ARFF, InfluxDB's line protocol, key=value logs, readings as name and value."""

from __future__ import annotations

import csv
import re
from typing import TYPE_CHECKING

import numpy as np

from engine.reading.cells import RawTable, cells_of, settled
from engine.reading.kinds import MOMENT, kind_of
from engine.reading.records import head_records

if TYPE_CHECKING:
    from engine.reading.evidence import Notes
    from engine.reading.records import Text

WORD = r"(?:\\.|[^\s,=])+"
VALUE = r'(?:"(?:\\.|[^"\\])*"|[^\s,"]+)'
LINE_PROTOCOL = re.compile(
    rf"^((?:\\.|[^\s,#=])+)((?:,{WORD}={WORD})*) ({WORD}={VALUE}(?:,{WORD}={VALUE})*)(?: (-?\d+))?\s*$"
)
PAIR = re.compile(r'(?<![\w:.])([^\W\d][\w.\-/%°]*)\s?[=]\s?("(?:[^"\\]|\\.)*"|[^\s,;|]+)')
COLON_PAIR = re.compile(r'(?<![\w:.])([^\W\d][\w.\-/%°]+):\s?("(?:[^"\\]|\\.)*"|[+-]?\d[^\s,;|]*)')
ATTRIBUTE = re.compile(r"""^@attribute\s+('(?:[^'\\]|\\.)*'|"[^"]*"|\S+)\s+(.+)$""", re.IGNORECASE)


def table_of_words(text: Text, notes: Notes) -> tuple[str, RawTable] | None:
    """Return kind and table, or None where the text is a plain table."""
    head = [record for _, record in head_records(text, 60)]
    if any(record.lower().startswith("@relation") for record in head) and any(
        ATTRIBUTE.match(record.strip()) for record in head
    ):
        notes.decide("container", "kind", "ARFF", "it names its columns with @attribute", 1.0)
        return "ARFF", _arff(text)
    lines = [record for record in head if not record.startswith("#")]
    if not lines:
        return None
    if sum(LINE_PROTOCOL.match(record) is not None for record in lines) >= 0.9 * len(lines):
        notes.decide("container", "kind", "InfluxDB line protocol", "measurement,tags fields time in each line", 1.0)
        return "line protocol", _from_lines(text, _protocol_row)
    for pattern in (PAIR, COLON_PAIR):
        counts = [len(pattern.findall(record)) for record in lines]
        if sum(count >= 1 for count in counts) >= 0.9 * len(lines) and np.mean(counts) >= 1.5:
            notes.decide("container", "kind", "key=value lines", "each line names its values", 0.95)
            return "key=value", _from_lines(text, lambda line, pattern=pattern: _pairs_row(line, pattern))
    return None


def _from_lines(text: Text, row_of) -> RawTable:  # type: ignore[no-untyped-def]
    rows, lines, lost = [], [], []
    for line, record in enumerate(text.data.decode("utf-8", errors="replace").split("\n"), start=text.first_line):
        if not record.strip():
            continue
        row = row_of(record.strip())
        if row is None:
            lost.append(line)
            continue
        rows.append(row)
        lines.append(line)
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = [settled(cells_of(name, [row.get(name) for row in rows])) for name in names]
    table = RawTable(columns, np.array(lines, np.int64))
    if lost:
        table.dropped["are written otherwise"] = lost
    return table


def _protocol_row(record: str) -> dict[str, str] | None:
    seen = LINE_PROTOCOL.match(record)
    if seen is None:
        return None
    row = {"time": seen[4] or "", "measurement": _bare(seen[1])}
    for name, value in re.findall(rf"({WORD})=({WORD})", seen[2]):
        row[_bare(name)] = _bare(value)
    for name, value in re.findall(rf"({WORD})=({VALUE})", seen[3]):
        number = re.match(r"^([+-]?\d+)[iu]$", value)
        row[_bare(name)] = number[1] if number else {"t": "true", "f": "false"}.get(value.lower(), value.strip('"'))
    return row


def _bare(word: str) -> str:
    return re.sub(r"\\(.)", r"\1", word)


def _pairs_row(record: str, pattern: re.Pattern[str]) -> dict[str, str] | None:
    pairs = list(pattern.finditer(record))
    if not pairs:
        return None
    before = record[: pairs[0].start()].strip(" \t-|,;:[]")
    said = before.split()
    heads = [" ".join(said[:n]) for n in range(1, min(len(said), 8) + 1)]
    moments = [head for head in heads if kind_of(head) == MOMENT]
    when = next((head for head in moments if ":" in head), moments[-1] if moments else "")
    row = {"time": when or before} if any(letter.isdigit() for letter in before) else {}
    for seen in pairs:
        name, double = seen[1], 2
        while name in row:
            name, double = f"{seen[1]}_{double}", double + 1
        row[name] = seen[2].strip('"').rstrip(",;")
    return row


def _arff(text: Text) -> RawTable:
    """Read Weka's format: names from @attribute, rows after @data; sparse rows in braces too."""
    names, lines, rows, lost, inside = [], [], [], [], False
    for line, record in enumerate(text.data.decode("utf-8", errors="replace").split("\n"), start=text.first_line):
        bare = record.strip()
        if not bare or bare.startswith("%"):
            continue
        if not inside:
            seen = ATTRIBUTE.match(bare)
            if seen is not None:
                names.append(seen[1].strip("'\""))
            inside = bare.lower().startswith("@data")
            continue
        row = _arff_row(bare, len(names))
        if len(row) == len(names):
            rows.append(row)
            lines.append(line)
        else:
            lost.append(line)
    columns = [settled(cells_of(name, [row[at] for row in rows])) for at, name in enumerate(names)]
    table = RawTable(columns, np.array(lines, np.int64))
    if lost:
        table.dropped[f"do not have {len(names)} fields"] = lost
    return table


def _arff_row(record: str, width: int) -> list[str]:
    if record.startswith("{") and record.endswith("}"):
        row = ["0"] * width
        for pair in record[1:-1].split(","):
            place, _, value = pair.strip().partition(" ")
            if place.isdigit() and int(place) < width:
                row[int(place)] = value.strip()
        return row
    mark = "," if "," in record or width == 1 else " "
    return [
        cell.strip().strip("'\"")
        for cell in next(csv.reader([record], delimiter=mark, quotechar="'", skipinitialspace=True))
    ]
