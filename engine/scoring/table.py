"""A stranger's readings as blocks, one per machine, without labels: the type that detectors and students get."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import FileProblemError
from engine.records import DAY_US, SECOND_US, Block, block_of
from engine.scoring.profile import FIXED, Problem

if TYPE_CHECKING:
    from engine.records import BoolArray, FloatArray, IntArray
    from engine.scoring.profile import Profile

MAX_MACHINES = 1000
NO_MACHINE = "machine_1"
# Whole numbers of this size are seconds, milliseconds, microseconds or nanoseconds since 1970 (years 1990 to 2100).
EPOCH_UNITS = ((6.3e8, 4.2e9, 1_000_000.0), (6.3e11, 4.2e12, 1000.0), (6.3e14, 4.2e15, 1.0), (6.3e17, 4.2e18, 0.001))

EXCEL_DAY_OF_1970, EXCEL_DAYS = 25_569, (32_874, 73_415)


@dataclass(frozen=True)
class Table:
    """Readings ready for a detector.

    Parameters
    ----------
    blocks
        One block per machine, in order of first appearance, rows sorted by time.
    rows
        For each block the places (0-based, int64) of its ticks among the file's readable rows.
    lines
        Line in the file (1-based, int64) of each readable row.
    """

    file: str
    blocks: tuple[Block, ...]
    rows: tuple[IntArray, ...]
    lines: IntArray
    units: tuple[str, ...]
    problems: tuple[Problem, ...]

    @property
    def n_rows(self) -> int:
        return len(self.lines)

    @property
    def sensors(self) -> tuple[str, ...]:
        return self.blocks[0].sensors

    @property
    def machines(self) -> tuple[str, ...]:
        return tuple(block.machines[0] for block in self.blocks)


def table_of(profile: Profile) -> Table:
    """Read the columns of the profile's roles into blocks.

    Raises
    ------
    FileProblemError
        When no row has a usable time, or when there are more machines than a class has.
    """
    sensors = profile.of_role("sensor")
    if not sensors:
        raise FileProblemError(profile.file, "columns", "no column is a sensor", "choose at least one sensor column")
    problems: list[Problem] = []
    times, good = _times(profile, problems)
    values = profile.staging.numbers([column.at for column in sensors])
    machines, machine_of_row = _machines(profile)
    blocks, rows = [], []
    for place, machine in enumerate(machines):
        mine = np.flatnonzero((machine_of_row == place) & good)
        if len(mine) == 0:
            continue
        order = np.argsort(times[mine], kind="stable")
        _note_order(machine, times[mine], problems)
        mine = mine[order]
        block = block_of(times[mine], values[mine], machines=(machine,), sensors=tuple(c.name for c in sensors))
        blocks.append(block)
        rows.append(mine)
    if not blocks:
        raise FileProblemError(profile.file, "time column", "no row has a time", "choose another time column")
    lines = profile.staging.lines(np.arange(profile.n_rows))
    return Table(profile.file, tuple(blocks), tuple(rows), lines, tuple(c.unit for c in sensors), tuple(problems))


def _times(profile: Profile, problems: list[Problem]) -> tuple[IntArray, BoolArray]:
    """Return the time of each row in microseconds and which rows have one."""
    columns = profile.of_role("time")
    if not columns and profile.clock_at is not None:
        clock, bad = profile.staging.clock(profile.clock_at)
        midnights = np.cumsum(np.diff(clock, prepend=clock[:1]) < -DAY_US // 2)
        return clock + midnights * DAY_US, ~bad
    if not columns:
        return np.arange(profile.n_rows, dtype=np.int64) * SECOND_US, np.ones(profile.n_rows, bool)
    at = columns[0].at
    numbers = profile.staging.numbers([at])[:, 0]
    if np.isfinite(numbers).mean() > 0.5:
        return _epoch_times(numbers, columns[0].name, problems)
    times, bad = profile.staging.times(at, day_first=profile.day_first is not False)
    if profile.clock_at is not None and profile.staging.is_date_only(at):
        clock, no_clock = profile.staging.clock(profile.clock_at)
        times, bad = times + clock, bad | no_clock
    _note_bad_times(profile, np.flatnonzero(bad), columns[0].name, problems)
    return times, ~bad


def _epoch_times(numbers: FloatArray, name: str, problems: list[Problem]) -> tuple[IntArray, BoolArray]:
    good = np.isfinite(numbers)
    typical = float(np.median(np.abs(numbers[good])))
    for low, high, to_us in EPOCH_UNITS:
        if low <= typical < high:
            return np.where(good, np.rint(np.where(good, numbers, 0.0) * to_us), 0).astype(np.int64), good
    if _are_excel_days(numbers[good]):
        problems.append(Problem(FIXED, f"{name} holds Excel's day numbers; they were converted."))
        ms = np.rint((np.where(good, numbers, 0.0) - EXCEL_DAY_OF_1970) * DAY_US / 1000.0)
        return ms.astype(np.int64) * 1000, good
    problems.append(Problem(FIXED, f"{name} counts; it is read as seconds from the start."))
    good &= np.abs(numbers) < 3.0e9
    return (np.where(good, np.rint(np.where(good, numbers, 0.0) * SECOND_US), 0)).astype(np.int64), good


def _are_excel_days(numbers: FloatArray) -> bool:
    """Days since 1900, the time behind the point: within the years 1990 to 2100, less than a day apart."""
    low, high = EXCEL_DAYS
    in_range = len(numbers) > 1 and bool((numbers >= low).all() and (numbers < high).all())
    return in_range and bool((numbers % 1).any()) and float(np.median(np.abs(np.diff(numbers)))) < 0.05


def _note_bad_times(profile: Profile, bad: IntArray, name: str, problems: list[Problem]) -> None:
    if len(bad):
        text = f"{len(bad):,} rows have no readable time in {name}; they are left out."
        problems.append(Problem("cannot use", text, tuple(profile.staging.lines(bad[:5]).tolist())))


def _machines(profile: Profile) -> tuple[list[str], IntArray]:
    """Return the machines in order of appearance and the place of each row's machine among them."""
    columns = profile.of_role("machine")
    if not columns:
        return [NO_MACHINE], np.zeros(profile.n_rows, dtype=np.int64)
    at = columns[0].at
    names = profile.staging.distinct(at, MAX_MACHINES + 1)
    if len(names) > MAX_MACHINES:
        raise FileProblemError(
            profile.file, f"column {columns[0].name}", f"more than {MAX_MACHINES} machines",
            "choose another machine column, or none",
        )  # fmt: skip
    return [name or NO_MACHINE for name in names], profile.staging.codes(at, names)


def _note_order(machine: str, times: IntArray, problems: list[Problem]) -> None:
    steps = np.diff(times)
    backwards, doubles = int((steps < 0).sum()), len(times) - len(np.unique(times))
    if backwards:
        problems.append(Problem(FIXED, f"{machine}: {backwards:,} rows went back in time; rows were sorted by time."))
    if doubles:
        problems.append(Problem(FIXED, f"{machine}: {doubles:,} readings share their time with another; all are kept."))
    if len(steps) and steps.max() > 30 * DAY_US:
        problems.append(Problem(FIXED, f"{machine}: there is a gap of {steps.max() / DAY_US:.0f} days."))
