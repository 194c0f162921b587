"""A stranger's readings as blocks, one per machine, without labels: the type that detectors and students get."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from engine.errors import FileProblemError
from engine.reading.clock import mended
from engine.reading.evidence import FIXED, Notes, Problem
from engine.reading.facts import NUMBERS, SWITCH, Facts
from engine.reading.keys import MOST_KEYS, codes_of
from engine.reading.qualities import bad_rows, owner_of
from engine.reading.rates import held
from engine.reading.rounded import is_rounded, say_rounded
from engine.reading.values import sentinels_in, switch_of
from engine.records import DAY_US, SECOND_US, block_of

if TYPE_CHECKING:
    from engine.reading.profile import Profile
    from engine.records import Block, BoolArray, FloatArray, IntArray

MAX_MACHINES = 1000
NO_MACHINE = "machine_1"


@dataclass(frozen=True)
class Table:
    """Readings ready for a detector.

    Parameters
    ----------
    blocks
        One block per machine, in order of first appearance, ticks sorted by time.
    rows
        For each block the file's readable row (0-based, int64) at which each tick first stands.
    lines
        Line in the file (1-based, int64) of each readable row.
    block_of_row, tick_of_row
        For each readable row its block and its tick there (int64); −1 = the row has no time and is in no block.
    left_out
        Sensors that are in no block, and why.
    """

    file: str
    blocks: tuple[Block, ...]
    rows: tuple[IntArray, ...]
    lines: IntArray
    units: tuple[str, ...]
    problems: tuple[Problem, ...]
    block_of_row: IntArray
    tick_of_row: IntArray
    left_out: dict[str, str] = field(default_factory=dict)
    kinds: tuple[str, ...] = ()  # of each sensor: "numbers", "states" (few values) or "constant"

    @property
    def n_rows(self) -> int:
        return len(self.lines)

    @property
    def sensors(self) -> tuple[str, ...]:
        return self.blocks[0].sensors

    @property
    def machines(self) -> tuple[str, ...]:
        return tuple(block.machines[0] for block in self.blocks)

    def of_ticks(self, at: int, row_values: BoolArray) -> BoolArray:
        """Return for each tick of a block whether any of its rows is marked, bool (n_ticks,)."""
        mine = self.block_of_row == at
        found = np.zeros(len(self.blocks[at]), bool)
        np.logical_or.at(found, self.tick_of_row[mine], row_values[mine])
        return found


def table_of(profile: Profile) -> Table:
    """Read the columns of the profile's roles into blocks.

    Raises
    ------
    FileProblemError
        When no row has a usable time, or when there are more machines than a class has.
    """
    notes = Notes()
    sensors = [profile.facts[c.at] for c in profile.of_role("sensor")]
    if not sensors:
        raise FileProblemError(profile.file, "columns", "no column is a sensor", "choose at least one sensor column")
    machines, machine = _key(profile, "machine")
    names, name = _key(profile, "name")
    times, good = _times(profile, machine * len(names) + name if len(names) > 1 else machine, notes)
    columns = _columns(profile, sensors, names, name, notes)
    blocks: list[Block] = []
    rows: list[IntArray] = []
    block_of_row, tick_of_row = np.full(profile.n_rows, -1, np.int64), np.full(profile.n_rows, -1, np.int64)
    for place, who in enumerate(machines):
        mine = (
            np.flatnonzero((machine == place) & good)
            if len(machines) > 1 or not good.all()
            else np.arange(profile.n_rows)
        )
        if len(mine) == 0:
            continue
        block, first, tick = _block(who, mine, times, columns, name, notes)
        block_of_row[mine], tick_of_row[mine] = len(blocks), tick
        blocks.append(block)
        rows.append(first)
    if not blocks:
        raise FileProblemError(profile.file, "time column", "no row has a time", "choose another time column")
    blocks, kept, left_out = held(blocks, columns.names, notes)
    units = tuple(columns.units[at] for at in kept)
    kinds = tuple(_kind(blocks, at) for at in range(len(kept)))
    return Table(
        profile.file,
        tuple(blocks),
        tuple(rows),
        profile.lines,
        units,
        tuple(notes.problems),
        block_of_row,
        tick_of_row,
        left_out,
        kinds,
    )


@dataclass
class _Columns:
    """Sensors as they will be named: `values[i]` (n_rows,) of sensor i; `of_name[i]` = only rows of that key.

    −1 = all.
    """

    names: list[str]
    units: list[str]
    values: list[FloatArray]
    of_name: list[int]

    @property
    def is_long(self) -> bool:
        return any(at >= 0 for at in self.of_name)


def _key(profile: Profile, role: str) -> tuple[list[str], IntArray]:
    """Return the machines (or names of sensors) in order of appearance, and each row's place among them."""
    columns = profile.of_role(role)
    if not columns:
        return [NO_MACHINE if role == "machine" else ""], np.zeros(profile.n_rows, np.int64)
    fact = profile.facts[columns[0].at]
    few, codes = codes_of(fact)
    if not few or len(few) > max(MOST_KEYS, MAX_MACHINES):
        wrong = f"more than {MAX_MACHINES} {'machines' if role == 'machine' else 'sensors'}"
        raise FileProblemError(profile.file, f"column {fact.name}", wrong, "choose another column for it, or none")
    if (codes < 0).any():
        few, codes = [*few, NO_MACHINE if role == "machine" else "unnamed"], np.where(codes < 0, len(few), codes)
    return few, codes


def _times(profile: Profile, parted: IntArray, notes: Notes) -> tuple[IntArray, BoolArray]:
    """Return the time of each row in microseconds and which rows have one."""
    n = profile.n_rows
    counters = profile.of_role("time")
    if profile.clock is None:
        if counters and profile.facts[counters[0].at].kind == NUMBERS:
            values = profile.facts[counters[0].at].values
            good = np.isfinite(values)
            return np.rint(np.where(good, values, 0.0) * SECOND_US).astype(np.int64), good
        return np.arange(n, dtype=np.int64) * SECOND_US, np.ones(n, bool)
    if is_rounded(profile.clock, parted):
        say_rounded(" and ".join(profile.clock_names), notes)
        return np.arange(n, dtype=np.int64) * SECOND_US, np.ones(n, bool)
    clock = mended(profile.clock, parted, " and ".join(profile.clock_names), profile.lines, notes)
    return clock.us, clock.good


def _columns(profile: Profile, sensors: list[Facts], names: list[str], name: IntArray, notes: Notes) -> _Columns:
    """Return the sensors without what quality columns call bad and without sentinels."""
    qualities = [profile.facts[c.at] for c in profile.of_role("quality")]
    units = {c.at: c.unit for c in profile.columns}
    values = {fact.at: _values(fact) for fact in sensors}
    for quality in qualities:
        _take_bad(quality, owner_of(quality, sensors, len(qualities)), values, profile.lines, notes)
    found = _Columns([], [], [], [])
    long = bool(profile.of_role("name"))
    described = _units_of_names(profile, names, name) if long else {}
    for fact in sensors:
        for place, key in enumerate(names if long else [""]):
            mine = (name == place) if long else np.ones(profile.n_rows, bool)
            column = _long_values(fact, values[fact.at], mine) if long else values[fact.at]
            title = fact.name if not long else key if len(sensors) == 1 else f"{key} {fact.name}"
            found.names.append(title)
            found.units.append(described.get(place, units[fact.at]))
            found.values.append(_without_sentinels(title, column, profile.lines, notes))
            found.of_name.append(place if long else -1)
    if long:
        _drop_empty(found, profile, name, notes)
    return found


def _drop_empty(found: _Columns, profile: Profile, name: IntArray, notes: Notes) -> None:
    """Leave out names under which no reading stands, such as a line that counts the rows of an export."""
    for at in reversed(range(len(found.names))):
        n = int(np.isfinite(found.values[at]).sum())
        if (n == 0 or (n <= 3 and profile.n_rows > 100 * n)) and len(found.names) > 1:
            lines = tuple(profile.lines[np.flatnonzero(name == found.of_name[at])][:5].tolist())
            notes.say(
                FIXED, f"{found.names[at]} is no sensor: {n or 'no'} readings stand under it; it is left out.", lines
            )
            for one in (found.names, found.units, found.values, found.of_name):
                del one[at]


def _values(fact: Facts) -> FloatArray:
    if fact.kind != SWITCH:
        return fact.values
    states = switch_of(fact.cells.few()) or {}
    codes = fact.cells.codes(list(states))
    return np.where(codes >= 0, np.array([*states.values(), np.nan])[codes], np.nan)


def _long_values(fact: Facts, values: FloatArray, mine: BoolArray) -> FloatArray:
    """Return the readings of one name; where they are words of a switch, 0 and 1."""
    found = np.where(mine, values, np.nan)
    if np.isfinite(found).any() or fact.cells.texts is None:
        return found
    few = fact.cells.rows(mine).few()
    states = switch_of(few) or {}
    codes = fact.cells.codes(list(states))
    return np.where(mine & (codes >= 0), np.array([*states.values(), np.nan])[codes], np.nan)


def _units_of_names(profile: Profile, names: list[str], name: IntArray) -> dict[int, str]:
    """Return the unit of each name from a column that says the same for all rows of it."""
    from engine.reading.header import UNIT

    for fact in profile.facts:
        few = fact.cells.few() if fact.cells.texts is not None and profile.columns[fact.at].role == "ignore" else {}
        if few and all(UNIT.match(word) and len(word) > 1 for word in few):
            codes = fact.cells.codes(list(few))
            words = list(few)
            return {at: words[int(codes[np.argmax(name == at)])] for at in range(len(names)) if (name == at).any()}
    return {}


def _take_bad(
    quality: Facts, owners: list[Facts], values: dict[int, FloatArray], lines: IntArray, notes: Notes
) -> None:
    bad = bad_rows(quality)
    for fact in owners:
        strange = bad & np.isfinite(values[fact.at])
        values[fact.at] = np.where(bad, np.nan, values[fact.at])
        if strange.any():
            text = (
                f"Column {quality.name} marks {int(strange.sum()):,} readings of {fact.name} as bad; they "
                "are read as missing."
            )
            notes.say(FIXED, text, tuple(lines[np.flatnonzero(strange)[:5]].tolist()))


def _without_sentinels(name: str, values: FloatArray, lines: IntArray, notes: Notes) -> FloatArray:
    for value, count in sentinels_in(values):
        mine = values == value
        times = {1: "once", 2: "twice"}.get(count, f"{count:,} times")
        text = (
            f"{value:g} comes {times} in {name} and lies far outside all else: it stands for no reading "
            "and is read as missing."
        )
        notes.say(FIXED, text, tuple(lines[np.flatnonzero(mine)[:5]].tolist()))
        values = np.where(mine, np.nan, values)
    return values


def _block(
    who: str, mine: IntArray, times: IntArray, columns: _Columns, name: IntArray, notes: Notes
) -> tuple[Block, IntArray, IntArray]:
    """Return the block of one machine, the row of each tick, and the tick of each of its rows."""
    t = times[mine]
    order = np.argsort(t, kind="stable") if (np.diff(t) < 0).any() else np.arange(len(t))
    backwards = int((np.diff(t) < 0).sum())
    if backwards and not columns.is_long:
        notes.say(FIXED, f"{who}: {backwards:,} rows went back in time; rows were sorted by time.")
    ordered = mine[order]
    t = t[order]
    new = np.concatenate(([True], np.diff(t) > 0))
    values = None
    if not new.all():
        values = _merged(who, ordered, new, columns, notes)
    if values is None:
        new = np.ones(len(t), bool)
        values = np.empty((len(t), len(columns.names)))
        for at, column in enumerate(columns.values):
            values[:, at] = column[ordered] if len(ordered) < len(column) or backwards else column
    tick = np.empty(len(mine), np.int64)
    tick[order] = np.cumsum(new) - 1
    gap = np.diff(t[new])
    if len(gap) and gap.max() > 30 * DAY_US:
        notes.say(FIXED, f"{who}: there is a gap of {gap.max() / DAY_US:.0f} days.")
    block = block_of(t[new], values, machines=(who,), sensors=tuple(columns.names))
    return block, ordered[new], tick


def _merged(who: str, ordered: IntArray, new: BoolArray, columns: _Columns, notes: Notes) -> FloatArray | None:
    """Return rows of one instant as one tick where they do not contradict each other; None = they do, all are kept."""
    starts = np.flatnonzero(new)
    tick = np.cumsum(new) - 1
    values = np.full((len(starts), len(columns.names)), np.nan)
    doubles = 0
    for at, column in enumerate(columns.values):
        part = column[ordered]
        there = np.flatnonzero(np.isfinite(part))
        first = there[np.unique(tick[there], return_index=True)[1]]
        values[tick[first], at] = part[first]
        doubles += len(there) - len(first)
    n_shared = len(ordered) - len(starts)
    if columns.is_long:
        if doubles:
            notes.say(FIXED, f"{who}: {doubles:,} readings share time and sensor with another; the first is kept.")
        return values
    if doubles > 0.02 * len(columns.names) * n_shared:
        notes.say(FIXED, f"{who}: {n_shared:,} readings share their time with another; all are kept.")
        return None
    notes.say(FIXED, f"{who}: {n_shared:,} rows belong to the instant of another; they were merged.")
    return values


def _kind(blocks: list[Block], at: int) -> str:
    values = np.concatenate([block.values[:20_000, 0, at] for block in blocks[:50]])
    distinct = np.unique(values[np.isfinite(values)])
    if len(distinct) <= 1:
        return (
            "constant"
            if all(len(np.unique(b.values[:, 0, at][np.isfinite(b.values[:, 0, at])])) <= 1 for b in blocks)
            else "states"
        )
    return "states" if len(distinct) <= 3 else "numbers"
