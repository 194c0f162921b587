"""From contents to a table that stands upright: names, units, rows; what is no row is named."""

from __future__ import annotations

import re
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from engine.errors import FileProblemError
from engine.reading.cells import Cells, RawTable, cells_of, settled
from engine.reading.container import Contents, lines_of_rows
from engine.reading.delimited import body_of, refuse_decimal_commas, rows_as_table
from engine.reading.dialect import Dialect, dialect_of, split_all, unwrapped
from engine.reading.evidence import FIXED
from engine.reading.header import Header, default_names, header_of, split_unit, unique
from engine.reading.kinds import DATA, MOMENT, NUMBER, WORD, kind_of
from engine.reading.records import head_records, record_lines

if TYPE_CHECKING:
    from collections.abc import Callable

    from engine.reading.choices import Choices
    from engine.reading.evidence import Notes

MOST_COLUMNS = 20_000
MOST_SENSORS = 2000


@dataclass
class Ledger:
    """Where every record of the file went: records = head + read + dropped (each kind named)."""

    records: int
    head: int
    read: int
    dropped: dict[str, list[int]] = field(default_factory=dict)

    @property
    def n_dropped(self) -> int:
        return sum(len(lines) for lines in self.dropped.values())


@dataclass
class Upright:
    """A table with its header taken off."""

    table: RawTable
    mark: str
    has_names: bool
    ledger: Ledger
    on_its_side: bool = False


def upright_of(
    contents: Contents, choices: Choices, notes: Notes,
    progress: Callable[[float], None] = lambda share: None, cancelled: Callable[[], bool] = lambda: False,
) -> Upright:  # fmt: skip
    """Return the table of a file's contents.

    Raises
    ------
    FileProblemError
        When there is a header but no readings, or when names and fields do not fit together.
    """
    if contents.table is not None:
        table = contents.table
        records = len(table) + sum(len(lines) for lines in table.dropped.values())
        found = Upright(table, "", True, Ledger(records, 0, len(table), table.dropped))
    elif contents.text is not None:
        found = _from_text(contents, choices, notes, progress, cancelled)
    else:
        found = _from_rows(contents.name, contents.rows, choices, notes, contents.place)
    _drop_what_is_no_row(found, notes)
    if len(found.table.columns) > MOST_COLUMNS:
        raise _too_wide(contents.name, len(found.table.columns))
    if _on_its_side(found, choices):
        found = _turned(found, notes)
    if len(found.table.columns) > MOST_SENSORS:
        raise _too_wide(contents.name, len(found.table.columns))
    found.table.columns = _name_value_pairs(found, notes)
    for column in found.table.columns:
        column.name, column.unit = split_unit(column.name, column.unit)
    for column, name in zip(found.table.columns, unique([column.name for column in found.table.columns]), strict=True):
        column.name = name
    found.ledger.read = len(found.table)
    return found


def _too_wide(name: str, width: int) -> FileProblemError:
    return FileProblemError(name, "header", f"{width} columns", f"keep at most {MOST_SENSORS} columns, one per sensor")


def _from_text(
    contents: Contents, choices: Choices, notes: Notes, progress: Callable[[float], None], cancelled: Callable[[], bool]
) -> Upright:
    text = contents.text
    if text is None:
        raise ValueError("contents must hold a text, got none.")
    text = unwrapped(text, head_records(text, 60), notes)
    head = every = head_records(text)
    if choices.skip:
        head = [(line, record) for line, record in head if line > choices.skip]
    if not head:
        raise FileProblemError(contents.name, "line 1", "there is no table", "choose a CSV with a header and readings")
    dialect = dialect_of(head, notes)
    rows = _with_marked_header(split_all([record for _, record in head], dialect), head, dialect)
    header = header_of(rows, notes)
    last = len(head) == 1 or header.first >= len(rows)
    if last and header.has_names:
        raise FileProblemError(
            contents.name, f"line {head[-1][0] + 1}", "there is a header but no readings", "choose a file with readings"
        )
    header, merge = _decimal_commas(contents.name, header, rows, head, dialect, choices)
    from_line = head[min(header.first, len(head) - 1)][0]
    widths = [len(row) for row in rows[header.first :]]
    short = sum(1 < width < header.said_width for width in widths)
    pad = header.has_names and short > 0.05 * len(widths) and max(widths) <= header.said_width
    if pad:
        notes.say(FIXED, "Rows shorter than the header are read with their last fields missing.")
    names = header.names
    if pad:
        names = tuple(unique([*rows_of_names(rows, header)][: header.said_width]))
    lines = record_lines(text, from_line)
    table = body_of(text, dialect, names, from_line, lines, pad, progress, cancelled)
    _give_units(table, header)
    if merge:
        table.columns = _merged(table.columns, merge)
    n_head = sum(line < from_line for line, _ in every)
    ledger = Ledger(n_head + len(lines), n_head, len(table), table.dropped)
    return Upright(table, dialect.mark, header.has_names, ledger)


def rows_of_names(rows: list[list[str]], header: Header) -> list[str]:
    """Return the longest row of the header."""
    return max(rows[: header.first], key=len, default=list(header.names))


def _with_marked_header(rows: list[list[str]], head: list[tuple[int, str]], dialect: Dialect) -> list[list[str]]:
    """Split comment lines again without their mark, since a quote behind it would not be seen."""
    marked = re.compile(r"^\s*(#|//|%)+\s*")
    return [
        dialect.split(marked.sub("# ", record)) if marked.match(record) and '"' in record else row
        for row, (_, record) in zip(rows, head, strict=True)
    ]


def _decimal_commas(
    name: str, header: Header, rows: list[list[str]], head: list[tuple[int, str]], dialect: Dialect, choices: Choices
) -> tuple[Header, tuple[int, ...]]:
    """Refuse unquoted decimal commas between commas, or join the halves where a person said so."""
    missing = header.width - header.said_width
    if dialect.mark != "," or not header.has_names or missing <= 0:
        return header, ()
    body = [row for row in rows[header.first :] if len(row) == header.width]
    extra = list(zip(*body, strict=True))[header.said_width :]
    if not extra or all(not cell for column in extra for cell in column):
        return header, ()
    halves = _halves(body)
    if len(halves) < missing or not halves:
        return header, ()
    if choices.decimal != ",":
        raise refuse_decimal_commas(name, header.said_width, header.width, head[header.first][0])
    keep = [at for at in range(header.width) if at - 1 not in halves]
    base = list(header.names[: header.said_width])
    names = default_names(header.width)
    for at, one in zip(keep, base, strict=False):
        names[at] = one
    return replace(header, names=tuple(unique(names))), tuple(halves)


def _halves(body: list[list[str]]) -> list[int]:
    """Return the places whose column is the whole part of a number and the next one its fraction."""
    columns = list(zip(*body, strict=True))
    found: list[int] = []
    for at in range(len(columns) - 1):
        if found and found[-1] == at - 1:
            continue
        whole = all(re.fullmatch(r"[+-]?\d+|", cell) for cell in columns[at])
        fraction = all(re.fullmatch(r"\d{1,6}|", cell) for cell in columns[at + 1])
        if whole and fraction:
            found.append(at)
    return found


def _merged(columns: list[Cells], halves: tuple[int, ...]) -> list[Cells]:
    found = []
    for at, column in enumerate(columns):
        if at - 1 in halves:
            continue
        if at in halves:
            joined = pc.binary_join_element_wise(column.as_texts(), columns[at + 1].as_texts(), ".")
            found.append(
                settled(Cells(column.name, texts=pa.chunked_array([joined.combine_chunks()]), unit=column.unit))
            )
        else:
            found.append(column)
    return found


def _from_rows(name: str, rows: list[list[str]], choices: Choices, notes: Notes, place: str) -> Upright:
    lines = lines_of_rows(len(rows))
    width = max((at + 1 for row in rows for at, cell in enumerate(row) if cell), default=0)
    begin = min((at for row in rows for at, cell in enumerate(row) if cell), default=0)
    rows = [row[begin:width] for row in rows]
    there = np.array([any(row) for row in rows], bool)
    rows, lines = [row for row, good in zip(rows, there, strict=True) if good], lines[there]
    if choices.skip:
        rows, lines = (
            [row for row, line in zip(rows, lines, strict=True) if line > choices.skip],
            lines[lines > choices.skip],
        )
    if not rows:
        raise FileProblemError(name, "", "there is no table", "choose a sheet with a header and readings")
    short = [_trimmed(row) for row in rows[:400]]
    header = header_of(_of_width(short, width - begin), notes)
    if header.first >= len(rows):
        raise FileProblemError(
            name, f"{place} {len(rows)}", "there is a header but no readings", "choose a sheet with readings"
        )
    table = rows_as_table(rows[header.first :], header.names, lines[header.first :], pad=True)
    table.place = place
    _give_units(table, header)
    return Upright(table, "", header.has_names, Ledger(len(rows), header.first, len(table), table.dropped))


def _trimmed(row: list[str]) -> list[str]:
    last = max((at + 1 for at, cell in enumerate(row) if cell), default=0)
    return row[:last]


def _of_width(rows: list[list[str]], width: int) -> list[list[str]]:
    """Give rows of a sheet their width back where at least half of it is filled; a title stays short."""
    return [[*row, *[""] * (width - len(row))] if 2 * len(row) >= width or len(row) > 1 else row for row in rows]


def _give_units(table: RawTable, header: Header) -> None:
    for column, unit, note in zip(table.columns, header.units, header.notes, strict=False):
        column.unit, column.note = unit, note


def _drop_what_is_no_row(found: Upright, notes: Notes) -> None:
    """Name and drop headers that come again, comments and annotations between the rows, and a footer."""
    table = found.table
    if len(table) == 0:
        return
    texts = [column for column in table.columns if column.texts is not None]
    if texts:
        table.drop(_header_again(table, texts), "are the header again")
        first = table.columns[0]
        if first.texts is not None and len(table):
            marked = np.asarray(pc.match_substring_regex(first.texts, r"^#\w").fill_null(False))
            if marked.mean() < 0.1:
                table.drop(marked, "begin with # and are no readings")
        table.drop(_footer(table), "are a footer, no readings")
    if found.table.dropped:
        table.columns = [settled(column) for column in table.columns]
    for why, lines in found.table.dropped.items():
        count = len(lines)
        group = "cannot use" if why.startswith("do not have") else "fixed for you"
        notes.say(group, f"{count:,} {table.place}s {why}; they are left out.", tuple(lines[:5]))
    found.ledger.dropped = table.dropped


def _header_again(table: RawTable, texts: list[Cells]) -> np.ndarray:
    """Return rows in which at least two cells, and all that are there, repeat the columns' names."""
    same = np.zeros(len(table), np.int64)
    for column in texts:
        same += np.asarray(pc.equal(pc.utf8_lower(column.texts), column.name.lower()).fill_null(False))
    suspects = np.flatnonzero(same >= min(2, len(table.columns)))
    mask = np.zeros(len(table), bool)
    for at in suspects.tolist():
        cells = [(str(column.as_texts()[at].as_py() or ""), column.name) for column in table.columns]
        filled = [(cell.lower(), name.lower()) for cell, name in cells if cell]
        mask[at] = sum(cell == name or cell in name for cell, name in filled) >= 0.8 * len(filled)
    return mask


def _footer(table: RawTable) -> np.ndarray:
    """Return the last rows that are mostly empty and hold a word where moments stand above: sums, counts."""
    mask = np.zeros(len(table), bool)
    clocks = [c for c in table.columns if c.texts is not None and _is_moments(c)]
    if not clocks:
        return mask
    tail = range(len(table) - 1, max(0, len(table) - 12), -1)
    for at in tail:
        cell = str(clocks[0].as_texts()[at].as_py() or "")
        if kind_of(cell) in (MOMENT, NUMBER) or cell == "":
            break
        mask[at] = True
    return mask


def _is_moments(column: Cells) -> bool:
    sample = [cell for cell in column.texts.slice(0, 50).to_pylist() if cell]
    return bool(sample) and sum(kind_of(cell) == MOMENT for cell in sample) >= 0.8 * len(sample)


def _on_its_side(found: Upright, choices: Choices) -> bool:
    """Tell whether the names of the columns are moments: then each row is a sensor."""
    names = [column.name for column in found.table.columns]
    moments = [kind_of(name) == MOMENT or re.fullmatch(r"1[67]\d{8}(\d{3})?", name) is not None for name in names]
    return len(names) >= 4 and sum(moments) >= 0.7 * len(names) and sum(moments) >= len(names) - 6


def _turned(found: Upright, notes: Notes) -> Upright:
    """Turn a table that lies on its side: its columns become rows."""
    columns = found.table.columns
    is_moment = [kind_of(c.name) == MOMENT or re.fullmatch(r"1[67]\d{8}(\d{3})?", c.name) is not None for c in columns]
    said = [column for column, moment in zip(columns, is_moment, strict=True) if not moment]
    instants = [column for column, moment in zip(columns, is_moment, strict=True) if moment]
    n = len(found.table)
    texts = [column.as_texts().to_pylist() for column in said]
    names = [str(next((column[at] for column in texts if column[at]), f"row_{at + 1}")) for at in range(n)]
    units = [str(texts[1][at] or "") if len(texts) > 1 else "" for at in range(n)]
    grid = [column.as_texts().to_pylist() for column in instants]
    made = [settled(cells_of("time", [column.name for column in instants]))]
    made += [
        settled(cells_of(name, [column[at] for column in grid], unit))
        for at, (name, unit) in enumerate(zip(unique(names), units, strict=True))
    ]
    places = np.array([at + 1 for at, moment in enumerate(is_moment) if moment], np.int64)
    notes.say("fixed for you", "The table lies on its side, one sensor in a row; it was turned.")
    notes.decide(
        "table", "layout", "on its side", f"{sum(is_moment)} of {len(columns)} columns are named by moments", 0.97
    )
    table = RawTable(made, places, place="column")
    return Upright(table, found.mark, True, Ledger(len(places), 0, len(places)), True)


def _name_value_pairs(found: Upright, notes: Notes) -> list[Cells]:
    """Where each value stands behind its name (time,temp,70.1,press,5.8), let the names name the columns."""
    columns = found.table.columns
    if found.has_names or len(columns) < 3:
        return columns
    kept: list[Cells] = []
    before: Cells | None = None
    named = 0
    for column in columns:
        few = list(before.few()) if before is not None and before.texts is not None else []
        if before is not None and len(few) == 1 and kind_of(few[0]) == WORD and _is_data(column):
            kept[-1] = replace(column, name=few[0])
            named, before = named + 1, None
            continue
        kept.append(column)
        before = column
    if named < 2:
        return columns
    notes.say("fixed for you", f"Each value stands behind its name; {named} columns were named so.")
    notes.decide(
        "table", "layout", "name and value in turn", f"{named} columns hold one word only, before numbers", 0.95
    )
    return kept


def _is_data(column: Cells) -> bool:
    if column.numbers is not None:
        return True
    sample = [cell for cell in column.texts.slice(0, 50).to_pylist() if cell]
    return bool(sample) and sum(kind_of(cell) in DATA for cell in sample) >= 0.8 * len(sample)
