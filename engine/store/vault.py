"""Truth in a file of its own. Only instructors' code paths may import this module; a test watches over the others."""

from __future__ import annotations

from pathlib import Path

from engine.store.database import Database

FILE_NAME = "vault.duckdb"


class Vault:
    """The file that truth lies in; `ClassVault` says what is in it.

    Parameters
    ----------
    place
        A folder (the file in it is vault.duckdb), a file ending in .duckdb, or ":memory:".

    Raises
    ------
    StoreError
        When the file is in use by another process or cannot be opened.
    """

    def __init__(self, place: Path | str) -> None:
        named = str(place) == ":memory:" or str(place).endswith(".duckdb")
        self.database = Database(place if named else Path(place) / FILE_NAME)

    def close(self) -> None:
        """Close the file. May be called twice."""
        self.database.close()
