"""Choices are remembered for files of the same shape: the same first line, numbers aside."""

from __future__ import annotations

import hashlib
import json
import re
from typing import TYPE_CHECKING, Any

from engine.errors import LabError, ParameterError
from engine.files import write_atomically
from engine.reading.choices import Choices, choices_of
from engine.reading.records import head_records

if TYPE_CHECKING:
    from pathlib import Path

    from engine.reading.container import Contents

FILE = "file_choices.json"
MOST = 500


def shape_of(contents: Contents) -> str:
    """Return a fingerprint of a file's layout, told from its first record or its columns."""
    if contents.text is not None:
        said = next((record for _, record in head_records(contents.text, 1)), "")
    elif contents.table is not None:
        said = "\x1f".join(column.name for column in contents.table.columns)
    else:
        said = "\x1f".join(next((row for row in contents.rows if any(row)), []))
    plain = re.sub(r"[-+]?\d+", "0", said)
    return hashlib.sha256(f"{contents.kind}\x1e{plain}".encode()).hexdigest()[:16]


class Remembered:
    """Choices by shape, in a file or, without a path, in memory only."""

    def __init__(self, path: Path | None = None) -> None:
        self.path = path
        self._known: dict[str, dict[str, Any]] = _read(path) if path is not None else {}

    def of(self, shape: str) -> Choices | None:
        """Return what was chosen for files of that shape; None = nothing."""
        said = self._known.get(shape)
        try:
            return choices_of(said) if said else None
        except ParameterError:  # written by another version
            return None

    def keep(self, shape: str, choices: Choices) -> None:
        """Remember choices; none at all are forgotten."""
        said = choices.as_json()
        self._known.pop(shape, None)
        if said:
            self._known[shape] = said
        self._known = dict(list(self._known.items())[-MOST:])
        if self.path is not None:
            write_atomically(self.path, json.dumps(self._known, indent=1).encode())


def _read(path: Path) -> dict[str, dict[str, Any]]:
    try:
        found = json.loads(path.read_text(encoding="utf-8")) if path.is_file() else {}
    except (OSError, ValueError) as problem:
        raise LabError(f"{path} cannot be read ({problem}); delete it, choices are then asked again.") from None
    return (
        {str(shape): said for shape, said in found.items() if isinstance(said, dict)} if isinstance(found, dict) else {}
    )
