"""The newest rows of a named view: what the API's table route and `python -m engine db sample` show."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from engine.errors import ParameterError, UnknownNameError
from engine.store.explore import MOST_ROWS, STUDENT_VIEWS, VIEWS
from engine.store.names import sql

if TYPE_CHECKING:
    from engine.store.store import Store


@dataclass(frozen=True)
class ViewRows:
    """Columns and rows of a view, the newest first."""

    columns: tuple[str, ...]
    rows: tuple[tuple[Any, ...], ...]


def newest_of(store: Store, view: str, plant: str, limit: int) -> ViewRows:
    """Return the newest rows of one of the views that students may see.

    Raises
    ------
    LabError
        When there is no such view or plant, or the limit is out of range.
    """
    if view not in STUDENT_VIEWS:
        raise UnknownNameError("table", view[:80], STUDENT_VIEWS)
    if not 1 <= limit <= MOST_ROWS:
        raise ParameterError(f"limit must be from 1 to {MOST_ROWS}, got {limit!r}.")
    text, bound = VIEWS[view](store.plant_table(plant))
    cursor = store.database.read().execute(sql("select * from ({q}) limit ?", q=text), [*bound, limit])
    columns = tuple(column[0] for column in cursor.description or ())
    return ViewRows(columns, tuple(cursor.fetchall()))
