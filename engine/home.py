"""Where the lab keeps its files: the only place that reads FAULTLAB_HOME."""

from __future__ import annotations

import os
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[1]


def home() -> Path:
    """Return the folder of the lab's own files: FAULTLAB_HOME, or data/local beside the code; made when missing."""
    named = os.environ.get("FAULTLAB_HOME", "").strip()
    folder = Path(named).expanduser() if named else PROJECT / "data" / "local"
    folder.mkdir(parents=True, exist_ok=True)
    return folder
