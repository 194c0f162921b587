"""Damaged files: never a traceback, and every record is either read or named as dropped."""

from __future__ import annotations

import random
from datetime import datetime

import numpy as np
import pytest

from engine.errors import LabError
from engine.reading.profile import Profile
from tests.engine.reading.strangers import Readings, csv_of, read

NOISE = [
    '"',
    "'",
    ",",
    ";",
    "\t",
    "\n",
    "\r",
    "\x00",
    "#",
    "NaN",
    "-999",
    "é",
    "\ufeff",
    "=1+1",
    "{",
    "1e999",
    "  ",
    "∞",
    "%",
    "@data",
]


def made(rng: random.Random) -> str:
    """Return a whole file in one of several manners."""
    n, k = rng.randint(5, 60), rng.randint(1, 5)
    values = np.random.default_rng(rng.randrange(10**6)).normal(50, 1, (n, k)).round(2)
    r = Readings([f"s{at}" for at in range(k)], datetime(2025, 3, 1), rng.choice([1, 10, 3600]), values)
    mark = rng.choice([",", ";", "\t", "  "])
    when = rng.choice(["{:%Y-%m-%dT%H:%M:%S}", "{:%d.%m.%Y_%H:%M:%S}", '"{:%m/%d/%Y %I:%M:%S %p}"', "{:%s}"])
    text = csv_of(r, when.format, mark=mark)
    if rng.random() < 0.3:
        text = "# exported\nunit 7\n" + text
    if rng.random() < 0.2:
        text = "\n".join(f"name{at % 2};{line}" for at, line in enumerate(text.splitlines()))
    return text


def mutated(text: str, rng: random.Random) -> bytes:
    """Damage a file in up to four places."""
    for _ in range(rng.randint(1, 4)):
        at = rng.randrange(len(text) or 1)
        lines = text.split("\n")
        line = rng.randrange(len(lines))
        kind = rng.randrange(8)
        if kind == 0:
            text = text[:at] + rng.choice(NOISE) + text[at:]
        elif kind == 1:
            text = text[:at] + text[at + rng.randint(1, 30) :]
        elif kind == 2:
            lines[line] = rng.choice(lines)
            text = "\n".join(lines)
        elif kind == 3:
            del lines[line]
            text = "\n".join(lines)
        elif kind == 4:
            lines.insert(line, rng.choice(["", "   ", "total;12", "--------", ",,,,", lines[0], "time,value"]))
            text = "\n".join(lines)
        elif kind == 5:
            text = text[:at]
        elif kind == 6:
            text = text.replace(
                *rng.choice([(",", ";"), (".", ","), ("\n", "\r\n"), ("\n", "\r"), ("2025", "0000"), ("0", "")])
            )
        else:
            lines[line] = lines[line] * 2
            text = "\n".join(lines)
        if not text:
            break
    return text.encode(rng.choice(["utf-8", "utf-8", "utf-8", "utf-16", "cp1252"]), errors="replace")


def check(seed: int) -> Profile | None:
    rng = random.Random(seed)
    content = mutated(made(rng), rng)
    try:
        profile, table = read(content)
    except LabError as problem:
        if "\n" in str(problem).strip():
            raise
        return None
    ledger = profile.ledger
    assert ledger.records == ledger.head + ledger.read + ledger.n_dropped, (seed, ledger)
    assert ledger.read == table.n_rows
    named = " ".join(problem.text for problem in (*profile.problems, *table.problems))
    for why, lines in ledger.dropped.items():
        assert f"{len(lines):,} " in named, (seed, why, lines)
        assert why in named
    lost = int((table.block_of_row < 0).sum())
    assert not lost or "have no readable time" in named, (seed, lost)
    return profile


@pytest.mark.parametrize("part", range(3))
def test_no_damaged_file_gives_a_traceback_or_loses_rows_unseen(part: int) -> None:
    read_ones = [check(seed) for seed in range(40 * part, 40 * part + 40)]

    assert sum(one is not None for one in read_ones) >= 15


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_no_file_of_a_thousand_damaged_ones_gives_a_traceback_or_loses_rows_unseen() -> None:
    read_ones = [check(seed) for seed in range(1000, 2000)]

    assert sum(one is not None for one in read_ones) >= 400
