"""`python -m tests.benchmarks`: measures the promises of speed and size, and prints them as a table.

Each module of this folder has ROWS: name → function that returns a list of results (name, ours, peer, ratio, target).
Where a peer exists, it runs in the same process right after ours, so that the ratio survives a noisy machine.
"""

from __future__ import annotations

import argparse
import importlib
import json
import pkgutil
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

COLUMNS = ("name", "ours", "peer", "ratio", "target")
Rows = dict[str, Callable[[], list[dict[str, Any]]]]


def rows() -> Rows:
    """Return every row of every module, by name."""
    found: Rows = {}
    for info in sorted(pkgutil.iter_modules([str(Path(__file__).parent)]), key=lambda i: i.name):
        if not info.name.startswith("_"):
            module = importlib.import_module(f"tests.benchmarks.{info.name}")
            found |= getattr(module, "ROWS", {})
    return found


def table(results: list[dict[str, Any]]) -> str:
    """Return the results as an aligned text table."""
    cells = [COLUMNS] + [tuple(str(result.get(column, "") or "") for column in COLUMNS) for result in results]
    widths = [max(len(row[at]) for row in cells) for at in range(len(COLUMNS))]
    lines = ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells]
    return "\n".join([lines[0], "  ".join("-" * width for width in widths), *lines[1:]])


def main(arguments: list[str] | None = None) -> int:
    """Run the chosen rows and print them; a row that fails says so and the others go on."""
    parser = argparse.ArgumentParser(prog="python -m tests.benchmarks", description="Measure the promises.")
    parser.add_argument("--only", action="append", metavar="NAME", help="run this row alone; may repeat")
    parser.add_argument("--list", action="store_true", help="print the names of the rows")
    parser.add_argument("--json", action="store_true", help="print JSON for machines")
    options = parser.parse_args(arguments)
    known = rows()
    if options.list:
        print("\n".join(known))
        return 0
    unknown = sorted(set(options.only or []) - set(known))
    if unknown:
        print(f"No row is called {unknown[0]!r}; choose one of: {', '.join(known)}.", file=sys.stderr)
        return 2
    results, failed = [], 0
    for name in options.only or list(known):
        try:
            results += known[name]()
        except Exception as problem:  # one broken row must not hide the others
            failed += 1
            results.append({"name": name, "ours": f"failed: {type(problem).__name__}: {problem}"})
        if not options.json:
            print(f"measured {name}", file=sys.stderr, flush=True)
    print(json.dumps(results, indent=2, default=str) if options.json else table(results))
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
