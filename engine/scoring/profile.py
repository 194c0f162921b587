"""Looks at a stranger's CSV and says what was understood, what was mended, what is to choose, what cannot be used."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np

from engine.errors import FileProblemError
from engine.scoring.columns import (
    Column,
    ColumnFigures,
    guess_role,
    is_counter_name,
    is_long_form_name,
    is_time_name,
    one_of_each,
    split_unit,
)
from engine.scoring.encoding import encoding_of
from engine.scoring.sniff import MISSING, Dialect, dialect_of
from engine.store.csv_staging import CsvStaging

FIXED, CHOOSE, CANNOT_USE = "fixed for you", "choose", "cannot use"
MAX_COLUMNS = 2000


@dataclass(frozen=True)
class Problem:
    """One thing about the file: its group, one sentence, and the lines (1-based) where it was seen first."""

    group: str
    text: str
    lines: tuple[int, ...] = ()


@dataclass(frozen=True)
class Choices:
    """What the person decided about the file.

    `day_first` matters only for dates such as 03/04/2026; None = not asked yet, read as day first.
    """

    roles: tuple[tuple[int, str], ...] = ()
    day_first: bool | None = None


@dataclass
class Profile:
    """What was understood of a file; `staging` holds its rows until the profile is closed.

    `clock_at` is the place of a column with times of day, whose dates stand in the time column or nowhere.
    """

    file: str
    dialect: Dialect
    columns: list[Column]
    n_rows: int
    problems: list[Problem]
    staging: CsvStaging
    day_first: bool | None = None
    clock_at: int | None = None
    _scratch: tempfile.TemporaryDirectory[str] | None = field(default=None, repr=False)

    def of_role(self, role: str) -> list[Column]:
        """Return the columns of a role."""
        return [column for column in self.columns if column.role == role]

    def with_choices(self, choices: Choices) -> Profile:
        """Return the profile with the person's roles and date order in place of the guesses."""
        roles = dict(choices.roles)
        columns = [replace(column, role=roles.get(column.at, column.role)) for column in self.columns]
        return replace(self, columns=columns, day_first=choices.day_first)

    def close(self) -> None:
        """Delete the scratch files."""
        self.staging.close()
        if self._scratch is not None:
            self._scratch.cleanup()


def profile_of(path: Path) -> Profile:
    """Recognise a CSV file and stage its rows.

    Raises
    ------
    FileProblemError
        When the file holds no table with readings; the text names the place and the cure.
    """
    if not path.is_file():
        raise FileProblemError(path, "", "there is no such file", "check the name and the folder")
    encoding = encoding_of(path)
    dialect = dialect_of(path, encoding)
    if len(dialect.names) > MAX_COLUMNS:
        wrong = f"{len(dialect.names)} columns"
        raise FileProblemError(path.name, "header", wrong, f"keep at most {MAX_COLUMNS} columns, one per sensor")
    scratch, text_file = _as_utf8(path, encoding)
    staging = CsvStaging(
        text_file, delimiter=dialect.delimiter, width=len(dialect.names), skip_lines=dialect.skip_lines,
        decimal=dialect.decimal, missing=MISSING, thousands=dialect.thousands, long_minus=dialect.long_minus,
    )  # fmt: skip
    profile = Profile(path.name, dialect, [], staging.n_rows, [], staging, _scratch=scratch)
    try:
        _refuse_open_quote(profile)
        _look_at_columns(profile)
        _find_clock(profile)
        _list_problems(profile)
    except BaseException:
        profile.close()
        raise
    return profile


def _as_utf8(path: Path, encoding: str) -> tuple[tempfile.TemporaryDirectory[str] | None, Path]:
    """Return the file in UTF-8: itself, or a copy in a scratch folder."""
    if encoding in ("utf-8", "utf-8-sig"):
        return None, path
    scratch = tempfile.TemporaryDirectory(prefix="faultlab-csv-")
    copy = Path(scratch.name) / "upload.csv"
    with (
        path.open(encoding=encoding, errors="replace", newline="") as source,
        copy.open("w", encoding="utf-8", newline="") as target,
    ):
        while chunk := source.read(1 << 20):
            target.write(chunk)
    return scratch, copy


def _refuse_open_quote(profile: Profile) -> None:
    """A quotation mark that is never closed swallows all lines below it: nothing may be scored as if it were whole."""
    for line, what in profile.staging.rejected():
        if "unterminated quote" in what.lower():
            wrong = "a quotation mark is opened and never closed"
            raise FileProblemError(profile.file, f"line {line}", wrong, "close it or delete it")


def _look_at_columns(profile: Profile) -> None:
    staging, dialect = profile.staging, profile.dialect
    if profile.n_rows == 0:
        raise FileProblemError(profile.file, "", "no row could be read", "check that all lines have the same fields")
    columns = []
    for at, (name, (filled, numbers, finite)) in enumerate(zip(dialect.names, staging.counts(), strict=True)):
        times = 0 if numbers >= 0.5 * filled else staging.times_in(at)  # among numbers nobody looks for dates
        figures = ColumnFigures(filled, numbers, finite, times, staging.distinct_in(at))
        plain, unit = split_unit(name, dialect.units[at] if at < len(dialect.units) else "")
        role = guess_role(plain, figures, n_rows=profile.n_rows)
        if role == "sensor" and is_counter_name(name) and staging.counts_rows(at):
            role = "ignore"
            profile.problems.append(Problem(FIXED, f"Column {plain} only numbers the rows; it is left out."))
        columns.append(Column(at, plain, unit, role))
        _note_bad_cells(profile, columns[-1], figures)
    profile.columns = one_of_each(_with_seconds(columns, staging))
    if not profile.of_role("sensor"):
        raise _no_sensor(profile)
    _note_long_form(profile)


def _with_seconds(columns: list[Column], staging: CsvStaging) -> list[Column]:
    """Take a `t` that only rises for seconds, where no other column holds times."""
    if any(column.role == "time" for column in columns):
        return columns
    counts = [c.name == "t" and c.role == "sensor" and staging.rises(c.at) for c in columns]
    return [replace(c, role="time") if yes else c for c, yes in zip(columns, counts, strict=True)]


def _no_sensor(profile: Profile) -> FileProblemError:
    texts = [profile.staging.first_text(column.at) for column in profile.columns if not is_time_name(column.name)]
    said = ", ".join(repr(text[:40]) for text in texts[:2] if text)
    wrong = f"no column holds numbers (the first row says {said})" if said else "no column holds numbers"
    cure = "choose a file with at least one sensor column, its cells without units or words"
    return FileProblemError(profile.file, "header", wrong, cure)


def _note_long_form(profile: Profile) -> None:
    """One reading a line: the column that names the sensor parts the readings, as a machine would."""
    machines = profile.of_role("machine")
    if machines and is_long_form_name(machines[0].name):
        text = f"Each line holds one reading; those of each {machines[0].name} are scored by themselves."
        profile.problems.append(Problem(FIXED, text))


def _find_clock(profile: Profile) -> None:
    """Find a column with times of day, for a file that writes date and time apart, or no date at all."""
    times = profile.of_role("time")
    if times and not profile.staging.is_date_only(times[0].at):
        return
    for column in profile.of_role("ignore"):
        if profile.staging.clock_times(column.at) >= 0.9 * profile.n_rows:
            profile.clock_at = column.at
            mine = f"Column {column.name} "
            profile.problems = [problem for problem in profile.problems if not problem.text.startswith(mine)]
            how = f"with the dates of {times[0].name}" if times else "as of one day and those after it"
            profile.problems.append(Problem(FIXED, f"{mine}holds times of day; they were read {how}."))
            return


def _note_bad_cells(profile: Profile, column: Column, figures: ColumnFigures) -> None:
    if figures.filled == 0:
        profile.problems.append(Problem(CANNOT_USE, f"Column {column.name} is empty."))
        return
    if column.role == "ignore" and is_time_name(column.name) and figures.numbers < 0.5 * figures.filled:
        cell = profile.staging.first_text(column.at)[:40]
        text = f"Column {column.name} should hold times, but {cell!r} cannot be read; write 2026-01-31T12:00:00Z."
        profile.problems.append(Problem(CANNOT_USE, text))
        return
    if column.role == "ignore" and figures.numbers < 0.5 * figures.filled:
        profile.problems.append(Problem(CANNOT_USE, f"Column {column.name} holds text, not readings; it is left out."))
        return
    if column.role != "sensor":
        return
    bad = figures.filled - figures.finite
    if bad:
        bad_rows, first = profile.staging.bad_numbers(column.at)
        text = (
            f"{bad:,} of {profile.n_rows:,} cells in {column.name} are no numbers (the first says {first[:40]!r}); "
            "they are read as missing."
        )
        profile.problems.append(
            Problem(FIXED, text, tuple(profile.staging.lines(np.array(bad_rows, dtype=np.int64)).tolist()))
        )
    missing = profile.n_rows - figures.filled
    if missing:
        profile.problems.append(Problem(FIXED, f"{missing:,} cells in {column.name} are missing; they stay missing."))


def _list_problems(profile: Profile) -> None:
    dialect, problems = profile.dialect, profile.problems
    if dialect.encoding not in ("utf-8", "utf-8-sig"):
        problems.append(Problem(FIXED, f"The file is written in {dialect.encoding}; it was converted."))
    if dialect.decimal == ",":
        problems.append(Problem(FIXED, "Numbers are written with a decimal comma; they were converted."))
    if dialect.thousands:
        problems.append(Problem(FIXED, "Numbers are written with marks between thousands; they were removed."))
    if dialect.n_prose:
        problems.append(Problem(FIXED, f"{dialect.n_prose} lines above the header are no table; they were skipped."))
    if not dialect.has_header:
        problems.append(Problem(FIXED, f"There is no header; the columns are called {dialect.names[0]} and so on."))
    if any(dialect.units):
        problems.append(Problem(FIXED, "The row below the header holds units; it was taken as such."))
    rejected = profile.staging.rejected()
    if rejected:
        lines = tuple(line for line, _ in rejected[:5])
        problems.append(
            Problem(
                CANNOT_USE,
                f"{len(rejected):,} lines do not have {len(dialect.names)} fields; they are left out.",
                lines,
            )
        )
    labels = profile.of_role("label")
    if labels:
        names = ", ".join(column.name for column in labels)
        problems.append(Problem(FIXED, f"Kept away from the detectors, because they look like labels: {names}."))
    _list_time_problems(profile)


def _list_time_problems(profile: Profile) -> None:
    times = profile.of_role("time")
    if not times and profile.clock_at is not None:
        return
    if not times:
        profile.problems.append(Problem(FIXED, "No column holds times; rows are taken as one second apart."))
        return
    if profile.staging.iso_times(times[0].at) >= 0.5 * profile.n_rows:
        return
    day_first, month_first = profile.staging.date_orders(times[0].at)
    if not (day_first or month_first):
        return
    if day_first == month_first:
        text = f"Dates in {times[0].name} can be read day first or month first; choose which."
        profile.problems.append(Problem(CHOOSE, text))
    else:
        profile.day_first = day_first > month_first
        order = "day" if profile.day_first else "month"
        profile.problems.append(Problem(FIXED, f"Dates in {times[0].name} are written {order} first."))
