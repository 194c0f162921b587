"""`python -m tests.adversary [--inputs 100000] [--only "label CSV"]`: a table at the end, exit code 1 on failure."""

from __future__ import annotations

import argparse
import sys

from tests.adversary.fuzz import Outcome, fuzz_all

SHORT, FULL = 2_000, 100_000


def main() -> int:
    """Run it and print the table."""
    asked = argparse.ArgumentParser(prog="python -m tests.adversary", description=__doc__)
    asked.add_argument("--inputs", type=int, default=SHORT, help=f"for each parser; {FULL:,} are the full proof")
    asked.add_argument("--seed", type=int, default=1, help="the same seed sends the same inputs")
    asked.add_argument("--only", action="append", default=[], help="one parser by its name; may be given again")
    told = asked.parse_args()
    outcomes = fuzz_all(told.inputs, told.seed, tuple(told.only))
    print(table(outcomes))
    return int(any(not one.passed for one in outcomes))


def table(outcomes: list[Outcome]) -> str:
    """Return the outcomes as text, the count of what passed in the last line."""
    lines = [f"{'parser':18}{'taken':>9}{'refused':>9}{'defects':>9}{'calls/byte':>12}{'seconds':>9}"]
    for one in outcomes:
        row = f"{one.name:18}{one.taken:>9,}{one.refused:>9,}{one.defects:>9,}{one.calls_per_byte:>12.1f}"
        lines += [f"{row}{one.seconds:>9.1f}", *(f"    {shown}" for shown in one.shown)]
    passed = sum(one.passed for one in outcomes)
    return "\n".join([*lines, f"{passed} passed, {len(outcomes) - passed} failed"])


if __name__ == "__main__":
    sys.exit(main())
