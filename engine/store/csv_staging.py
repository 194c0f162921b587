"""Holds a stranger's CSV as text in a scratch database, and reads its columns as numbers with every failure counted.

All cells come in as text (`all_varchar`) and are cast by us, since a reader that picks types from a sample silently
rounds what comes later. The scratch database lies on disk, so a large file does not fill the memory.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import duckdb
import numpy as np

from engine.errors import FileProblemError

if TYPE_CHECKING:
    from engine.records import BoolArray, FloatArray, IntArray

MEMORY_LIMIT = "600MB"
REJECTS_LIMIT = 1000
COUNT_DISTINCT_TO = 100_000
COLUMNS_AT_ONCE = 16  # one scan serves so many columns, and so many columns of numbers wait in memory
DAY_FIRST = ("%d.%m.%Y %H:%M:%S.%f", "%d.%m.%Y %H:%M:%S", "%d.%m.%Y %H:%M", "%d.%m.%Y",
             "%d/%m/%Y %H:%M:%S.%f", "%d/%m/%Y %H:%M:%S", "%d/%m/%Y %H:%M", "%d/%m/%Y",
             "%d-%m-%Y %H:%M:%S", "%d-%m-%Y %H:%M", "%d-%m-%Y",
             "%d/%m/%Y %I:%M:%S %p", "%d/%m/%Y %I:%M %p")  # fmt: skip
MONTH_FIRST = tuple(pattern.replace("%d", "%X").replace("%m", "%d").replace("%X", "%m") for pattern in DAY_FIRST)
# The month is a word, so the order is plain.
MONTH_NAMED = ("%d-%b-%Y %H:%M:%S", "%d-%b-%Y %H:%M", "%d-%b-%Y", "%d %b %Y %H:%M:%S", "%d %b %Y %H:%M", "%d %b %Y",
               "%b %d, %Y %H:%M:%S", "%b %d, %Y", "%a, %d %b %Y %H:%M:%S GMT", "%Y%m%dT%H%M%S", "%Y%m%dT%H%M%SZ",
               "%Y.%m.%d %H:%M:%S", "%Y.%m.%d %H:%M", "%Y.%m.%d")  # fmt: skip
MOST = "1e100"  # beyond it squares overflow; no instrument shows such a number
FIRST_US, LAST_US = -62_135_596_800_000_000, 253_402_300_799_999_999  # years 1 to 9999: what a calendar here can show


class CsvStaging:
    """The rows of one CSV as text columns c0, c1, …; a context manager that leaves nothing behind.

    Parameters
    ----------
    path
        The file, in UTF-8.
    delimiter, width, skip_lines
        How it is written: the field mark, the number of columns, and the lines above the first data row.
    missing
        Lower-case texts that stand for a missing reading.
    thousands, long_minus
        The mark between groups of three digits ("" = none), and whether "−" stands for a minus.
    """

    def __init__(
        self, path: Path, *, delimiter: str, width: int, skip_lines: int, decimal: str, missing: tuple[str, ...],
        thousands: str = "", long_minus: bool = False,
    ) -> None:  # fmt: skip
        self.thousands, self.long_minus = thousands, long_minus
        self.width, self.decimal, self.missing = width, decimal, list(missing)
        self.skip_lines = skip_lines
        self._folder = tempfile.TemporaryDirectory(prefix="faultlab-csv-")
        self._connection = duckdb.connect(str(Path(self._folder.name) / "staging.duckdb"))
        self._connection.execute(f"SET memory_limit = '{MEMORY_LIMIT}'")
        self._connection.execute("SET TimeZone = 'UTC'")
        self._connection.execute("SET preserve_insertion_order = true")
        self._load(path, delimiter)
        self.n_rows: int = self._one("SELECT count(*) FROM staged")[0]

    def __enter__(self) -> CsvStaging:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Delete the scratch database."""
        self._connection.close()
        self._folder.cleanup()

    def rejected(self) -> list[tuple[int, str]]:
        """Return (line, what is wrong) of rows that could not be split into the right number of cells."""
        found = self._connection.execute("SELECT line, error_message FROM reject_errors ORDER BY line").fetchall()
        seen: dict[int, str] = {}
        for line, message in found:
            seen.setdefault(int(line), str(message).splitlines()[0])
        return sorted(seen.items())

    def lines(self, rows: IntArray) -> IntArray:
        """Return the lines in the file (1-based) of staged rows (0-based), rejected lines counted in."""
        rejected = np.array([line for line, _ in self.rejected()], dtype=np.int64)
        lines = np.asarray(rows, dtype=np.int64) + self.skip_lines + 1
        for line in rejected:
            lines = lines + (lines >= line)
        return lines

    def counts(self) -> list[tuple[int, int, int]]:
        """Return for each column how many cells are filled, are numbers, and are finite numbers."""
        found: list[int] = []
        for group in _groups(list(range(self.width))):
            casts = ", ".join(f"c{at:d}, {self._number(at)} AS v{at:d}" for at in group)
            counted = ", ".join(
                f"count(*) FILTER ({_usable(f'v{at:d}')} OR {self._filled(at)}), "
                f"count(v{at:d}) FILTER ({_usable(f'v{at:d}')} OR {self._filled(at)}), "
                f"count(*) FILTER ({_usable(f'v{at:d}')})"
                for at in group
            )
            found += self._one(f"SELECT {counted} FROM (SELECT {casts} FROM staged)", *[self.missing] * 2 * len(group))
        return list(zip(found[0::3], found[1::3], found[2::3], strict=True))

    def times_in(self, at: int) -> int:
        """Return how many filled cells of the column are times (dear: many patterns a cell)."""
        return self._one(
            f"SELECT count({self._any_time(at)}) FILTER ({self._filled(at)}) FROM staged",
            list(DAY_FIRST + MONTH_FIRST + MONTH_NAMED), self.missing,
        )[0]  # fmt: skip

    def distinct_in(self, at: int) -> int:
        """Return how many distinct cells the first rows of the column hold."""
        rows = f"SELECT c{at:d} FROM staged LIMIT {COUNT_DISTINCT_TO:d}"
        return self._one(f"SELECT count(DISTINCT c{at:d}) FROM ({rows})")[0]

    def bad_numbers(self, at: int, most: int = 5) -> tuple[list[int], str]:
        """Return the first rows (0-based) of the column whose filled cell is no finite number, and the first cell."""
        found = self._connection.execute(
            f"""SELECT rowid, c{at:d} FROM staged WHERE {self._filled(at)}
                AND ({self._number(at)} IS NULL OR NOT {_usable(self._number(at))}) ORDER BY rowid LIMIT ?""",
            [self.missing, most],
        ).fetchall()
        return [int(row) for row, _ in found], (str(found[0][1]) if found else "")

    def numbers(self, columns: list[int]) -> FloatArray:
        """Return columns as float64 (n_rows, n_columns); cells that are missing or no finite number are NaN."""
        values = np.empty((self.n_rows, len(columns)))
        for group in _groups(list(range(len(columns)))):
            casts = ", ".join(
                f"CASE WHEN {_usable(number)} THEN {number} ELSE 'nan'::DOUBLE END AS v{place:d}"
                for place, number in ((place, self._number(columns[place])) for place in group)
            )
            # Without a sort: a query over one table keeps the order of its rows (preserve_insertion_order).
            got = self._connection.execute(f"SELECT {casts} FROM staged").fetchnumpy()
            for place in group:
                values[:, place] = got[f"v{place}"]
        return values

    def texts(self, at: int) -> list[str]:
        """Return the column as texts (n_rows,), trimmed; a missing cell is an empty text."""
        query = f"SELECT trim(coalesce(c{at:d}, '')) FROM staged ORDER BY rowid"
        return [text for (text,) in self._connection.execute(query).fetchall()]

    def distinct(self, at: int, most: int = 1000) -> list[str]:
        """Return the distinct texts of the column in order of appearance, at most `most`."""
        query = f"SELECT trim(coalesce(c{at:d}, '')) AS v FROM staged GROUP BY v ORDER BY min(rowid) LIMIT ?"
        return [text for (text,) in self._connection.execute(query, [most]).fetchall()]

    def codes(self, at: int, words: list[str]) -> IntArray:
        """Return for each row the place of its text among `words` (−1 = none of them)."""
        query = f"SELECT coalesce(list_position(?, trim(coalesce(c{at:d}, ''))), 0) - 1 AS v FROM staged ORDER BY rowid"
        got = self._connection.execute(query, [words]).fetchnumpy()["v"]
        return np.asarray(got, dtype=np.int64)

    def times(self, at: int, *, day_first: bool) -> tuple[IntArray, BoolArray]:
        """Return the column as times: microseconds (n_rows,) and a mask of the cells that are no times.

        ISO 8601 wins; then the day-first or the month-first patterns, as asked; a year of two digits is of this
        century.
        """
        patterns = list((DAY_FIRST if day_first else MONTH_FIRST) + MONTH_NAMED)
        got = self._connection.execute(
            f"""WITH iso AS (SELECT rowid AS row, {self._iso(at)} AS iso, trim(c{at:d}) AS text FROM staged),
                     read AS (SELECT row, iso, CASE WHEN iso IS NULL THEN try_strptime(text, ?) END AS other FROM iso),
                     taken AS (SELECT row, coalesce(epoch_us(iso), epoch_us(
                                   CASE WHEN year(other) BETWEEN 1 AND 99 THEN other + INTERVAL 2000 YEAR ELSE other END
                               )) AS us FROM read)
                SELECT CASE WHEN us BETWEEN {FIRST_US:d} AND {LAST_US:d} THEN us END AS v FROM taken ORDER BY row""",
            [patterns],
        ).fetchnumpy()["v"]
        return _filled_and_bad(got)

    def clock_times(self, at: int) -> int:
        """Return how many cells of the column are a time of day, such as 13:05:00."""
        return int(self._one(f"SELECT count({self._clock(at)}) FROM staged")[0])

    def is_date_only(self, at: int) -> bool:
        """Tell whether no cell of the column has a time of day."""
        return int(self._one(f"SELECT count(*) FROM staged WHERE contains(c{at:d}, ':')")[0]) == 0

    def clock(self, at: int) -> tuple[IntArray, BoolArray]:
        """Return the column as time of day: microseconds since midnight (n_rows,), and a mask of what is none."""
        query = f"SELECT epoch_us({self._clock(at)}) AS v FROM staged ORDER BY rowid"
        return _filled_and_bad(self._connection.execute(query).fetchnumpy()["v"])

    def first_text(self, at: int) -> str:
        """Return the first filled cell of the column, or an empty text."""
        query = f"SELECT trim(c{at:d}) FROM staged WHERE {self._filled(at)} ORDER BY rowid LIMIT 1"
        found = self._connection.execute(query, [self.missing]).fetchall()
        return str(found[0][0]) if found else ""

    def counts_rows(self, at: int) -> bool:
        """Tell whether the column only numbers the rows: each one more than the last."""
        return self._steps(at, "= 1")

    def rises(self, at: int) -> bool:
        """Tell whether each number of the column is larger than the last."""
        return self._steps(at, "> 0")

    def _steps(self, at: int, rule: str) -> bool:
        step = f"{self._number(at)} - lag({self._number(at)}) OVER (ORDER BY rowid)"
        query = f"SELECT count(*) FROM (SELECT {step} AS step FROM staged) WHERE step {rule}"
        return self.n_rows > 2 and int(self._one(query)[0]) == self.n_rows - 1

    def iso_times(self, at: int) -> int:
        """Return how many cells of the column read as ISO 8601."""
        return int(self._one(f"SELECT count({self._iso(at)}) FROM staged")[0])

    def date_orders(self, at: int) -> tuple[int, ...]:
        """Return how many cells read as day first, and as month first (dear: twenty patterns a cell)."""
        return self._one(
            f"""SELECT count(try_strptime(trim(c{at:d}), ?)), count(try_strptime(trim(c{at:d}), ?)) FROM staged""",
            list(DAY_FIRST), list(MONTH_FIRST),
        )  # fmt: skip

    def _load(self, path: Path, delimiter: str) -> None:
        columns = "{" + ", ".join(f"'c{at:d}': 'VARCHAR'" for at in range(self.width)) + "}"
        try:
            self._connection.execute(
                f"""CREATE TABLE staged AS SELECT * FROM read_csv(?, delim = ?,
                    skip = {self.skip_lines:d}, columns = {columns}, header = false, auto_detect = false,
                    quote = '"', escape = '"', store_rejects = true, rejects_limit = {REJECTS_LIMIT:d},
                    strict_mode = true, max_line_size = 1000000)""",
                [str(path), delimiter],
            )
        except duckdb.Error as problem:
            self.close()
            raise FileProblemError(
                path.name, "", f"the table cannot be read ({str(problem).splitlines()[0]})",
                "check that every line has the same number of fields",
            ) from None  # fmt: skip

    def _one(self, query: str, *values: object) -> tuple[int, ...]:
        return self._connection.execute(query, list(values)).fetchall()[0]

    def _filled(self, at: int) -> str:
        return f"(c{at:d} IS NOT NULL AND NOT list_contains(?, lower(trim(c{at:d}))))"

    def _number(self, at: int) -> str:
        text = f"trim(c{at:d})"
        if self.long_minus:
            text = f"replace({text}, '−', '-')"
        if self.thousands:
            mark = self.thousands.replace("'", "''")
            grouped = rf"'[+-]?\d{{1,3}}([{mark}]\d{{3}})+([.,]\d+)?'"
            text = f"CASE WHEN regexp_full_match({text}, {grouped}) THEN replace({text}, '{mark}', '') ELSE {text} END"
        if self.decimal == ",":
            text = f"replace({text}, ',', '.')"
        return f"TRY_CAST({text} AS DOUBLE)"

    def _iso(self, at: int) -> str:
        # TIMESTAMPTZ honours an offset; text without one is UTC. Plain numbers must not pass as years.
        return f"CASE WHEN contains(c{at:d}, '-') OR contains(c{at:d}, '/') THEN TRY_CAST(c{at:d} AS TIMESTAMPTZ) END"

    def _clock(self, at: int) -> str:
        return f"CASE WHEN contains(c{at:d}, ':') AND length(trim(c{at:d})) < 16 THEN TRY_CAST(c{at:d} AS TIME) END"

    def _any_time(self, at: int) -> str:
        return f"coalesce({self._iso(at)}, try_strptime(trim(c{at:d}), ?)::TIMESTAMPTZ)"


def _usable(number: str) -> str:
    return f"(abs({number}) <= {MOST})"  # NaN is beyond every number


def _groups(columns: list[int]) -> list[list[int]]:
    return [columns[start : start + COLUMNS_AT_ONCE] for start in range(0, len(columns), COLUMNS_AT_ONCE)]


def _filled_and_bad(got: IntArray) -> tuple[IntArray, BoolArray]:
    bad = np.ma.getmaskarray(got) if isinstance(got, np.ma.MaskedArray) else np.zeros(len(got), bool)
    return np.asarray(np.ma.filled(got, 0), dtype=np.int64), bad
