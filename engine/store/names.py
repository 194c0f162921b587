"""Names that become part of SQL text: checked once, quoted always.

Values are bound as parameters; table and column names cannot be, so they pass through here. A sensor may be called
whatever a stranger's file calls it ("Volume Flow RateRMS"), as long as it is printable and not too long.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from engine.errors import LabError

PLANT_NAME = re.compile(r"[a-z][a-z0-9_]{0,47}")
OWN_COLUMNS = ("run", "time_us", "time", "machine", "status", "minute_us", "ticks", "maintenance_ticks")
LONGEST_NAME = 80
SCORE_PREFIX = "score_"


def plant_name(name: str) -> str:
    """Return the plant's name, or raise LabError when it cannot name a table."""
    if not PLANT_NAME.fullmatch(name):
        raise LabError(f"A plant's name must be lower-case letters, digits and _ (at most 48), got {name[:60]!r}.")
    return name


def column_names(names: Sequence[str]) -> tuple[str, ...]:
    """Return sensor names that can be columns together.

    Raises
    ------
    LabError
        When a name is empty, too long, unprintable, one of ours, or twice there (case ignored, as DuckDB does).
    """
    seen: set[str] = set()
    for name in names:
        low = name.casefold()
        if not name.strip() or len(name) > LONGEST_NAME or not name.isprintable() or '"' in name:
            raise LabError(
                f"A sensor's name must be 1 to {LONGEST_NAME} printable characters without quotes, got {name[:60]!r}."
            )
        if low in OWN_COLUMNS or low.startswith(SCORE_PREFIX):
            raise LabError(f"A sensor cannot be called {name!r}: the store uses that name; rename the column.")
        if low in seen:
            raise LabError(f"Two sensors are called {name!r} (upper and lower case count as one); rename one.")
        seen.add(low)
    return tuple(names)


def quoted(name: str) -> str:
    """Return a name as an SQL identifier."""
    return '"' + name.replace('"', '""') + '"'


def score_column(detector: str) -> str:
    """Return the column of a detector's scores.

    Raises
    ------
    LabError
        When the detector's name cannot be part of a column name.
    """
    if not re.fullmatch(r"[A-Za-z][A-Za-z0-9_.:+\- ]{0,60}", detector):
        raise LabError(
            f"A detector's name must begin with a letter and be at most 61 plain characters, got {detector!r}."
        )
    return SCORE_PREFIX + detector


class Fragment(str):
    """A piece of SQL of our own making; `sql` puts it in as it stands, everything else is quoted."""

    __slots__ = ()


def sql(template: str, **pieces: str | Sequence[str]) -> Fragment:
    """Return SQL with names put into its {places}: each name quoted, a sequence of names joined by commas."""
    return Fragment(template.format(**{place: _rendered(piece) for place, piece in pieces.items()}))


def _rendered(piece: str | Sequence[str]) -> str:
    if isinstance(piece, Fragment):
        return str(piece)
    if isinstance(piece, str):
        return quoted(piece)
    return ", ".join(_rendered(part) for part in piece)
