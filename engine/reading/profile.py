"""Reads a stranger's file up to the roles of its columns and says why: what the page.

The command line and the API show.
"""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.errors import FileProblemError
from engine.reading.choices import Choices
from engine.reading.clock import Clock, clocks_in, tell
from engine.reading.container import Contents, contents_of
from engine.reading.cycles import ask_about_cycles, rows_as_cycles
from engine.reading.evidence import CANNOT_USE, FIXED, Notes, Problem
from engine.reading.facts import NUMBERS, SWITCH, Facts
from engine.reading.keys import codes_of
from engine.reading.remembered import Remembered, shape_of
from engine.reading.roles import Column, roles_of
from engine.reading.table import Ledger, Upright, upright_of
from engine.reading.values import file_marks
from engine.reading.words import NORMAL_WORDS

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from engine.records import BoolArray


@dataclass
class Profile:
    """What was understood of a file, up to the roles of its columns; `table_of` makes readings of it.

    Parameters
    ----------
    facts
        The columns and what their cells are.
    clock
        How the times are read; None = no column holds any.
    """

    file: str
    kind: str
    upright: Upright
    facts: list[Facts]
    columns: list[Column]
    clock: Clock | None
    clock_names: tuple[str, ...]
    choices: Choices
    notes: Notes
    base_notes: Notes
    now_us: int
    shape: str = ""  # a fingerprint of the layout: files of the same shape are read with the same choices
    day_first: bool | None = None
    _closed: bool = field(default=False, repr=False)

    @property
    def problems(self) -> list[Problem]:
        return self.notes.problems

    @property
    def n_rows(self) -> int:
        return len(self.upright.table)

    @property
    def ledger(self) -> Ledger:
        return self.upright.ledger

    @property
    def lines(self) -> np.ndarray:
        """Return the line (1-based) of each row."""
        return self.upright.table.lines

    def of_role(self, role: str) -> list[Column]:
        """Return the columns of a role."""
        return [column for column in self.columns if column.role == role]

    def with_choices(self, choices: Choices) -> Profile:
        """Return the profile with the person's choices in place of the guesses (not those that part cells otherwise).

        Return the profile with the person's choices in place of the guesses (not those that part cells otherwise).
        """
        return _decided(replace(self, notes=self.base_notes.copy()), choices)

    def as_json(self) -> dict[str, Any]:
        """Return what was understood as plain JSON-ready data."""
        ledger = self.ledger
        return {
            "file": self.file,
            "container": self.kind,
            "shape": self.shape,
            "rows": self.n_rows,
            "records": {
                "in_file": ledger.records, "above_the_table": ledger.head, "read": ledger.read,
                "dropped": {why: len(lines) for why, lines in ledger.dropped.items()},
            },
            "columns": [{"at": c.at, "name": c.name, "unit": c.unit, "role": c.role, "why": c.why} for c in self.columns],  # noqa: E501
            "choices": self.choices.as_json(),
            **self.notes.as_json(),
        }  # fmt: skip

    def close(self) -> None:
        """Free the memory; kept so that callers need not know how a profile keeps its rows."""
        self._closed = True


def profile_of(
    path: Path, choices: Choices | None = None, *, memory: Remembered | None = None, now_us: int | None = None,
    progress: Callable[[float], None] = lambda share: None, cancelled: Callable[[], bool] = lambda: False,
) -> Profile:  # fmt: skip
    """Recognise a file.

    Parameters
    ----------
    choices
        What a person decided.
    memory
        Choices for files of the same shape; what is chosen now is kept there.
    now_us
        The present in microseconds, against which years are weighed; None = the computer's clock.

    Raises
    ------
    FileProblemError
        When the file holds no table with readings; the text names the place and the cure.
    """
    asked, notes = choices or Choices(), Notes()
    contents = contents_of(path, asked, notes)
    shape, before = shape_of(contents), None
    if memory is not None:
        before = memory.of(shape)
        if before is not None:
            asked = asked.over(before)
            if asked.sheet != (choices or Choices()).sheet:
                notes = Notes()
                contents = contents_of(path, asked, notes)
            said = ", ".join(f"{name} {value}" for name, value in before.as_json().items())
            notes.say(FIXED, f"Read as was chosen for files of this shape ({said[:200]}).")
    profile = profile_of_contents(contents, asked, notes, now_us, progress, cancelled)
    if memory is not None and asked != (before or Choices()):
        memory.keep(shape, asked)
    return profile


def profile_of_contents(
    contents: Contents, choices: Choices, notes: Notes, now_us: int | None = None,
    progress: Callable[[float], None] = lambda share: None, cancelled: Callable[[], bool] = lambda: False,
) -> Profile:  # fmt: skip
    """Recognise what lies in a file that was opened."""
    file, shape = contents.name, shape_of(contents)
    upright = upright_of(contents, choices, notes, progress, cancelled)
    contents.text = contents.table = None
    contents.rows = []
    if len(upright.table) == 0:
        raise FileProblemError(file, "", "no row could be read", "check that all lines have the same fields")
    if choices.cycles:
        upright = rows_as_cycles(upright, notes)
    samples = [c.texts.slice(0, 300).to_pylist() if c.texts is not None else [] for c in upright.table.columns]
    marks = file_marks(samples, upright.mark)
    facts = [Facts(at, cells, marks, choices.decimal) for at, cells in enumerate(upright.table.columns)]
    now = int(time.time() * 1e6) if now_us is None else now_us
    blank = Profile(file, contents.kind, upright, facts, [], None, (), choices, notes, notes.copy(), now, shape)
    return _decided(blank, choices)


def _decided(profile: Profile, choices: Choices) -> Profile:
    facts, notes, lines = profile.facts, profile.notes, profile.lines
    clocks = clocks_in(facts, profile.now_us, choices.day_first)
    roles, clock = roles_of(profile.file, facts, clocks, choices, notes)
    columns = roles.columns()
    names = tuple(facts[at].name for at in clock.places) if clock else ()
    others = tuple(
        dict.fromkeys(facts[c.places[0]].name for c in clocks if clock is None or c.places[0] not in clock.places)
    )
    if not profile.upright.has_names:
        notes.say(FIXED, f"There is no header; the columns are called {facts[0].name} and so on.")
    counted = [c for c in columns if c.role == "time"] if clock is None else []
    if not counted:
        tell(clock, " and ".join(names), profile.now_us, notes, others, lines)
    found = replace(
        profile,
        columns=columns,
        clock=clock,
        clock_names=names,
        choices=choices,
        day_first=clock.day_first if clock else None,
    )
    if not found.of_role("sensor"):
        raise _no_sensor(found)
    _note_numbers(found)
    ask_about_cycles(found)
    return found


def _no_sensor(profile: Profile) -> FileProblemError:
    texts = [f.cells.first_text() for f in profile.facts if profile.columns[f.at].role not in ("time", "label")]
    said = ", ".join(repr(text[:40]) for text in texts[:2] if text)
    wrong = f"no column holds numbers (the first row says {said})" if said else "no column holds numbers"
    cure = "choose a file with at least one sensor column, its cells without words"
    return FileProblemError(profile.file, "header", wrong, cure)


def _note_numbers(profile: Profile) -> None:
    """Say how numbers are written, which cells are none, and which are missing."""
    notes, long = profile.notes, bool(profile.of_role("name"))
    sensors = [profile.facts[c.at] for c in profile.of_role("sensor")]
    numeric = [f for f in sensors if f.kind == NUMBERS]
    if any(f.numbers.marks.decimal == "," and f.cells.texts is not None for f in numeric):
        notes.say(FIXED, "Numbers are written with a decimal comma; they were converted.")
    if any(f.numbers.marks.group for f in numeric):
        notes.say(FIXED, "Numbers are written with marks between thousands; they were removed.")
    switches = [f.name for f in sensors if f.kind == SWITCH]
    if switches:
        notes.say(FIXED, f"Switches are read as 0 and 1: {', '.join(switches)}.")
    constant = [f.name for f in numeric if f.constant and profile.n_rows > 2]
    if constant and not long:
        some = ", ".join(constant[:5]) + (" …" if len(constant) > 5 else "")
        verb = "column never changes" if len(constant) == 1 else "columns never change"
        notes.say(FIXED, f"{len(constant)} {verb}: {some}.")
    for fact in numeric:
        _note_cells(profile, fact)


def _note_cells(profile: Profile, fact: Facts) -> None:
    notes, found = profile.notes, fact.numbers
    if found.unit:
        notes.say(FIXED, f"The cells of {fact.name} carry their unit ({found.unit}); it was taken off.")
    if found.n_scaled:
        notes.say(FIXED, f"Some cells of {fact.name} are in another size of {found.unit}; they were converted.")
    if found.mixed:
        notes.say(
            CANNOT_USE, f"Some cells of {fact.name} are in {found.mixed}, not {found.unit}; they are read as missing."
        )
    if found.n_marked:
        notes.say(
            FIXED,
            f"{found.n_marked:,} cells of {fact.name} carry a mark such as < or *; the number beside it was taken.",
        )
    bad = found.bad[~_wordy(profile, fact)[found.bad]]
    if len(bad):
        text = (
            f"{len(bad):,} of {profile.n_rows:,} cells in {fact.name} are no numbers "
            f"(the first says {found.first_bad[:40]!r}); they are read as missing."
        )
        notes.say(FIXED, text, tuple(profile.lines[bad[:5]].tolist()))
    missing = profile.n_rows - found.n_filled
    if missing:
        notes.say(FIXED, f"{missing:,} cells in {fact.name} are missing; they stay missing.")


def _wordy(profile: Profile, fact: Facts) -> BoolArray:
    """Return the rows of names under which there are words only: a switch among readings, each line one of them."""
    names = profile.of_role("name")
    if not names:
        return np.zeros(profile.n_rows, bool)
    codes = codes_of(profile.facts[names[0].at])[1] + 1
    numbers = np.bincount(codes, np.isfinite(fact.values))
    return np.asarray(numbers[codes] == 0)


def labels_of(profile: Profile, column_name: str | None = None) -> BoolArray:
    """Return which rows the file itself calls anomalous, bool (n_rows,): by its label columns together, or a named one.

    Raises
    ------
    FileProblemError
        When the file has no such label column.
    """
    found = [c for c in profile.of_role("label") if column_name is None or c.name == column_name]
    if not found:
        raise FileProblemError(profile.file, "columns", "no column is a label", "choose the label column first")
    first = profile.facts[found[0].at].cells
    few = first.few()
    normal = [word for word in few if word.strip().lower() in NORMAL_WORDS]
    if not normal and few:
        normal = [max(few, key=lambda word: few[word])]
    return first.filled & (first.codes(normal) < 0)
