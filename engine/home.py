"""Where the lab keeps its files: the only place that reads FAULTLAB_HOME."""

from __future__ import annotations

import json
import logging
import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.errors import LabError

log = logging.getLogger(__name__)
OURS = ("access.json", "faultlab.duckdb", "vault.duckdb", "receipts.jsonl", "sign_ins.json")
PROJECT = Path(__file__).resolve().parents[1]
_NOTE = "served.json"


def home() -> Path:
    """Return the folder of the lab's own files: FAULTLAB_HOME, or data/local beside the code; made when missing.

    Raises
    ------
    LabError
        When it cannot be made, or nothing can be written there.
    """
    named = os.environ.get("FAULTLAB_HOME", "").strip()
    folder = Path(named).expanduser() if named else PROJECT / "data" / "local"
    try:
        folder.mkdir(0o700, parents=True, exist_ok=True)
        problem = "" if os.access(folder, os.W_OK | os.X_OK) else "Permission denied"
    except OSError as failed:
        problem = failed.strerror or type(failed).__name__
    if problem:
        cure = "set FAULTLAB_HOME to a folder that you may write to"
        raise LabError(f"The lab's files cannot be kept in {folder} ({problem}); {cure}.")
    return folder


def note_address(folder: Path, address: str) -> None:
    """Note where the app of this process serves a folder's lab, for commands that cannot open its store meanwhile."""
    (folder / _NOTE).write_text(json.dumps({"address": address, "process": os.getpid()}), encoding="utf-8")


def noted_address(folder: Path) -> str | None:
    """Return where the app serves the folder's lab, or None when none says so."""
    try:
        return str(json.loads((folder / _NOTE).read_text(encoding="utf-8"))["address"])
    except (OSError, ValueError, KeyError):
        return None


def forget_address(folder: Path) -> None:
    """Remove that note."""
    (folder / _NOTE).unlink(missing_ok=True)


@contextmanager
def private_files() -> Iterator[None]:
    """Let files and folders that are made meanwhile be readable by their owner only (not on Windows)."""
    before = os.umask(0o077)
    try:
        yield
    finally:
        os.umask(before)


def close_to_others(folder: Path) -> None:
    """Take from everybody else on this computer the right to read the home: keys and truth lie there.

    Mends what an earlier version left open. Not on Windows, and not in a folder that is not the lab's alone.
    """
    if os.name != "nt" and _is_ours(folder):
        for path in (folder, *folder.rglob("*")):
            _close(path)


def _is_ours(folder: Path) -> bool:
    """Tell whether a folder is the lab's alone: a home may be named that holds other things, as /tmp does."""
    try:
        shared = bool(folder.stat().st_mode & stat.S_ISVTX)
        return not shared and (any((folder / name).exists() for name in OURS) or not any(folder.iterdir()))
    except OSError:
        return False


def _close(path: Path) -> None:
    try:
        facts = path.lstat()
        if facts.st_mode & 0o077 and (stat.S_ISREG(facts.st_mode) or stat.S_ISDIR(facts.st_mode)):
            path.chmod(facts.st_mode & 0o700)
    except FileNotFoundError:
        return  # a file that was only there for a moment
    except OSError as problem:
        log.warning("%s can be read by others (%s); take that right away by hand.", path, problem.strerror)
