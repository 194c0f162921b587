"""JSON in its usual shapes as columns: records, lines of records, columns, series of pairs.

A table with its columns.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.errors import FileProblemError
from engine.reading.cells import RawTable, cells_of, settled

if TYPE_CHECKING:
    from engine.reading.evidence import Notes
    from engine.reading.records import Text

Row = dict[str, Any]
MOST_DEEP = 6


def is_json(text: Text) -> bool:
    """Tell whether a text is JSON or lines of JSON."""
    head = text.data[:200].lstrip()
    return (head[:1] == b"{" and b'"' in head) or (head[:1] == b"[" and head[1:].lstrip()[:1] in (b"{", b"["))


def table_of_json(text: Text, notes: Notes) -> RawTable:
    """Return the largest table in the JSON.

    Raises
    ------
    FileProblemError
        When it is no JSON or holds no table.
    """
    import orjson

    dropped: list[int] = []
    try:
        rows, lines = _rows(orjson.loads(text.data)), None
    except orjson.JSONDecodeError as problem:
        rows, lines, dropped = _lines_of_json(text)
        if not rows:
            where = f"line {problem.lineno}"
            raise FileProblemError(
                text.name, where, f"this is no complete JSON ({problem.msg})", "export it again"
            ) from None
    if not rows:
        wrong = "this JSON holds no table: neither records nor columns of equal length"
        raise FileProblemError(text.name, "", wrong, 'write it as [{"time": …, "sensor": …}, …]')
    notes.decide("table", "records", len(rows), "the largest list of records in it", 0.95)
    names = list(dict.fromkeys(name for row in rows for name in row))
    columns = [settled(cells_of(name, [_text(row.get(name)) for row in rows])) for name in names]
    places = np.arange(1, len(rows) + 1, dtype=np.int64) if lines is None else np.array(lines, np.int64)
    table = RawTable(columns, places, place="record")
    if dropped:
        table.dropped["are no JSON"] = dropped
    return table


def _lines_of_json(text: Text) -> tuple[list[Row], list[int], list[int]]:
    import orjson

    rows, lines, dropped = [], [], []
    for line, part in enumerate(text.data.split(b"\n"), start=text.first_line):
        part = part.strip().removesuffix(b",")
        if not part or part in (b"[", b"]"):
            continue
        try:
            one = orjson.loads(part)
        except orjson.JSONDecodeError:
            one = None
        if isinstance(one, dict):
            rows.append(_flat(one))
            lines.append(line)
        else:
            dropped.append(line)
    return (rows, lines, dropped) if len(rows) > len(dropped) else ([], [], [])


def _rows(found: Any, deep: int = 0) -> list[Row]:
    """Return the records of the largest table anywhere in the data."""
    candidates = [rows for rows in _readings(found) if rows]
    if deep < MOST_DEEP:
        inside = found.values() if isinstance(found, dict) else found[:200] if isinstance(found, list) else ()
        candidates += [rows for one in inside if isinstance(one, dict | list) and (rows := _rows(one, deep + 1))]
    return max(candidates, key=lambda rows: len(rows) * max(1, len(rows[0])), default=[])


def _readings(found: Any) -> list[list[Row]]:
    if isinstance(found, list) and found:
        if all(isinstance(one, dict) for one in found):
            series = [row for one in found for row in _series(one)]
            return [series or [_flat(one) for one in found]]
        if (
            len(found) > 2
            and all(isinstance(one, list) and len(one) == len(found[0]) for one in found)
            and len(found[0]) > 1
        ):
            named = all(isinstance(cell, str) for cell in found[0]) and not all(
                isinstance(cell, str) for cell in found[1]
            )
            names = found[0] if named else [f"column_{at + 1}" for at in range(len(found[0]))]
            return [[dict(zip(names, row, strict=True)) for row in found[named:]]]
    if isinstance(found, dict):
        for rows_name in ("data", "values", "rows"):
            names, rows = found.get("columns"), found.get(rows_name)
            if isinstance(names, list) and isinstance(rows, list) and rows and isinstance(rows[0], list):
                plain = [
                    one if isinstance(one, str) else str(one.get("name", at)) if isinstance(one, dict) else str(one)
                    for at, one in enumerate(names)
                ]
                return [[dict(zip(plain, row, strict=False)) for row in rows if isinstance(row, list)]]
        columns = {name: value for name, value in found.items() if isinstance(value, list) and len(value) > 2}
        columns = {
            name: value for name, value in columns.items() if not any(isinstance(one, dict | list) for one in value[:5])
        }
        if columns and len({len(value) for value in columns.values()}) == 1:
            return [[dict(zip(columns, row, strict=True)) for row in zip(*columns.values(), strict=True)]]
        nested = {name: value for name, value in found.items() if isinstance(value, dict) and len(value) > 2}
        if len(nested) > 1 and len({tuple(value) for value in nested.values()}) == 1:
            keys = list(next(iter(nested.values())))
            return [[{name: value[key] for name, value in nested.items()} | {"": key} for key in keys]]
    return []


def _series(one: Row) -> list[Row]:
    """Return pairs of time and value under a name, as monitoring systems give them, as one reading a record."""
    pairs = next((value for value in one.values() if isinstance(value, list) and len(value) > 1
                  and all(isinstance(pair, list) and len(pair) == 2 for pair in value)), None)  # fmt: skip
    if pairs is None:
        return []
    said = _flat({name: value for name, value in one.items() if value is not pairs})
    value_first = all(isinstance(pair[1], int | float) and pair[1] > 1e9 for pair in pairs)
    return [
        said | ({"time": pair[1], "value": pair[0]} if value_first else {"time": pair[0], "value": pair[1]})
        for pair in pairs
    ]


def _flat(one: Row, before: str = "") -> Row:
    found: Row = {}
    for name, value in one.items():
        if isinstance(value, dict) and set(value) == {"$date"}:
            value = value["$date"]
        if isinstance(value, dict):
            found |= _flat(value, f"{before}{name}.")
        else:
            found[f"{before}{name}"] = value
    return found


def _text(value: Any) -> str | None:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    return repr(value) if isinstance(value, int | float) else json.dumps(value)
