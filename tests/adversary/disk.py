"""A full disk under each writer: one sentence, nothing acknowledged is lost, what was refused is nowhere."""

from __future__ import annotations

import json
import subprocess
import sys
from typing import TYPE_CHECKING

from tests.adversary.check import Check, checking
from tests.adversary.ledger import WRITERS, kept, opened, prepare

if TYPE_CHECKING:
    from pathlib import Path

PATIENCE_S = 120.0
NEVER_HALF = ("receipts", "readings", "spool")  # a refused one must leave nothing behind


def full_disk(folder: Path) -> list[Check]:
    """Let each writer meet a full disk; a check for each."""
    checks = {name: Check(f"full disk: {name}") for name in WRITERS}
    with checking("full disk") as whole:
        prepare(folder)
        command = [sys.executable, "-m", "tests.adversary.writers", "full-disk", str(folder)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=PATIENCE_S, check=False)
        rows = [json.loads(line) for line in done.stdout.splitlines() if line.startswith("[")]
        with opened(folder) as home:
            found = kept(home)
        for name, check in checks.items():
            _judge(check, [row[1:] for row in rows if row[0] == name], found[name])
        whole.wrong += [done.stderr[-600:]] if done.returncode else []
    whole.told = "the lab lives on"
    whole.seconds /= len(WRITERS)
    for check in checks.values():
        check.seconds = whole.seconds
    return [*checks.values(), *([whole] if whole.wrong else [])]


def _judge(check: Check, rows: list[list[str]], found: set[str]) -> None:
    told = [row for row in rows if row[2] == "told"]
    refused = [row for row in rows if row[2] == "refused"]
    check.wrong += [f"{row[0]}: {row[3]}" for row in rows if row[2] == "defect"]
    check.wrong += [f"acknowledged {row[0]} the full disk and gone: {row[3]}" for row in told if row[3] not in found]
    check.wrong += [f"not one sentence: {row[3]!r}" for row in refused if "\n" in row[3] or "Traceback" in row[3]]
    if check.name.endswith(NEVER_HALF):
        check.wrong += [f"refused and there: {row[1]}" for row in refused if str(row[1]) in found]
    check.wrong += [f"names no cure: {row[3]!r}" for row in refused if row[3] and "free some disk space" not in row[3]]
    check.wrong += ["does not come back by itself" for row in refused if row[0] == "after"]
    if rows:
        check.told = f"{len(told)} acknowledged and kept, {len(refused)} refused while full"
