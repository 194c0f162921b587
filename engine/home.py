"""Where the lab keeps its files: the only place that reads FAULTLAB_HOME."""

from __future__ import annotations

import json
import os
from pathlib import Path

from engine.errors import LabError

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
        folder.mkdir(parents=True, exist_ok=True)
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
