"""Rows in the columns of the course material, as `python -m engine stream --mode api` posts them.

One object for one row, an array for many. What is no reading (state, calendar, derived columns, labels) is left out:
the lab works it out itself, and a label must never be stored beside a reading.
"""

from __future__ import annotations

from typing import Any

import orjson

from engine.streams.readings import is_reading

MACHINE_NAMES = ("machine", "line", "production_line", "line_id", "machine_id")
TIME_NAMES = ("time", "timestamp")


class NotJSONError(ValueError):
    """The body is no JSON, or neither an object nor an array of objects."""


def flat_rows(body: bytes) -> list[dict[str, Any]] | None:
    """Return the rows of a body that is one row or an array of them; None = it is an object with `readings`.

    Raises
    ------
    NotJSONError
        When it is neither; the text says what to send.
    """
    try:
        data = orjson.loads(body)
    except orjson.JSONDecodeError:
        raise NotJSONError('must be JSON, such as {"temperature": 24.5, …}') from None
    if isinstance(data, dict):
        return None if "readings" in data else [data]
    if isinstance(data, list) and all(isinstance(row, dict) for row in data):
        return data
    raise NotJSONError('must be a JSON object (one reading), an array of them, or {"readings": […]}')


def split(row: dict[str, Any], sensors: frozenset[str]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return a row's machine and time, and everything that may be a reading; an empty cell is no reading."""
    head = {name: row[name] for name in (*MACHINE_NAMES, *TIME_NAMES) if name in row}
    rest = {name: value for name, value in row.items() if name not in head}
    return head, {name: value for name, value in rest.items() if name in sensors or is_reading(name)}
