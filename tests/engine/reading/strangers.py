"""Files as strangers write them, for tests: readings under random names in many languages.

Written in a given manner.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

import numpy as np
from hypothesis import strategies as st

from engine.reading.choices import Choices
from engine.reading.container import contents_of_bytes
from engine.reading.evidence import Notes
from engine.reading.profile import Profile, profile_of_contents
from engine.reading.series import Table, table_of

if TYPE_CHECKING:
    from collections.abc import Callable

NOW_US = 1_780_000_000_000_000
WORDS = [
    "pump_in",
    "Druck",
    "Drehzahl",
    "Öltemperatur",
    "vibración",
    "caudal",
    "température",
    "débit",
    "portata",
    "giri",
    "ciśnienie",
    "przepływ",
    "давление",
    "расход",
    "температура",
    "压力",
    "温度",
    "流量",
    "圧力",
    "회전수",
    "basınç",
    "sıcaklık",
    "nyomás",
    "teplota",
    "paine",
    "lämpötila",
    "tryck",
    "varvtal",
    "PT-101",
    "TT.202",
    "FIC301",
    "P7/Temp",
    "motor-current",
    "Leistung",
    "puissance",
    "potencia",
    "мощность",
    "功率",
    "υγρασία",
    "πίεση",
    "עומס",
    "سرعة",
]
LETTERS = "abcdefghijklmnoprstuvwzäöüéèñçşğжшлдфкαβγδλπ温压流量度"


def names(least: int, most: int) -> st.SearchStrategy[list[str]]:
    """Return lists of different names: words of many languages, or letters at random with a number behind."""
    made = st.builds(lambda word, n: f"{word}{n}", st.text(LETTERS, min_size=3, max_size=8), st.integers(2, 99))
    return st.lists(st.sampled_from(WORDS) | made, min_size=least, max_size=most, unique_by=str.lower)


@dataclass
class Readings:
    """Readings of some sensors: begin and step of the clock, and values (n_rows, n_sensors) on levels of their own."""

    names: list[str]
    begin: datetime
    step_s: int
    values: np.ndarray

    def time(self, row: int) -> datetime:
        return self.begin + timedelta(seconds=self.step_s * row)

    @property
    def begin_us(self) -> int:
        return round((self.begin - datetime(1970, 1, 1)).total_seconds() * 1e6)

    def __len__(self) -> int:
        return len(self.values)


@st.composite
def readings(draw: st.DrawFn, least: int = 1, most: int = 4, rows: int = 60) -> Readings:
    """Draw readings: noise on random levels, with two decimals."""
    said = draw(names(least, most))
    seed = draw(st.integers(0, 10_000))
    begin = datetime(2024, 1, 1) + timedelta(minutes=draw(st.integers(0, 2 * 365 * 24 * 60)))
    step = draw(st.sampled_from([1, 10, 60, 300, 600, 3600]))
    rng = np.random.default_rng(seed)
    levels = rng.choice([0.5, 6.0, 71.0, 195.0, 1450.0], len(said))
    values = levels + rng.normal(0, 0.02, (rows, len(said))) * levels
    return Readings(said, begin, step, values.round(2) + 0.001)


def csv_of(
    r: Readings, when: Callable[[datetime], str] = "{:%Y-%m-%d %H:%M:%S}".format, number: Callable[[float], str] = "{:.3f}".format,  # noqa: E501
    mark: str = ",", clock: str = "timestamp",
) -> str:  # fmt: skip
    """Return a plain table: the clock first, then the sensors."""
    lines = [mark.join([clock, *r.names])]
    lines += [mark.join([when(r.time(row)), *(number(v) for v in r.values[row])]) for row in range(len(r))]
    return "\n".join(lines) + "\n"


def read(text: str | bytes, choices: Choices | None = None, name: str = "a.csv") -> tuple[Profile, Table]:
    """Read a file's content."""
    notes, choices = Notes(), choices or Choices()
    contents = contents_of_bytes(name, text.encode() if isinstance(text, str) else text, choices, notes)
    profile = profile_of_contents(contents, choices, notes, now_us=NOW_US)
    return profile, table_of(profile)


def is_read(r: Readings, table: Table, *, times: bool = True, sensors: list[int] | None = None) -> bool:
    """Check that a table holds exactly these readings; raises AssertionError with what differs."""
    mine = list(range(len(r.names))) if sensors is None else sensors
    assert [r.names[at] for at in mine] == list(table.sensors)
    block = table.blocks[0]
    np.testing.assert_allclose(block.values[:, 0], r.values[:, mine], atol=2e-3)
    if times:
        assert r.begin_us == block.times_us[0]
        assert {r.step_s * 1_000_000} == set(np.diff(block.times_us).tolist())
    return True
