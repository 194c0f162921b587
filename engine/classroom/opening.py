"""Opens the class of this lab from its home folder: for the command line and for the app's one lab."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from engine.classroom.classroom import Classroom
from engine.home import close_to_others, home, private_files
from engine.store.database import Database
from engine.store.store import FILE_NAME
from engine.store.vault import Vault


@contextmanager
def open_class(folder: Path | None = None) -> Iterator[Classroom]:
    """Give the class of a home folder and close everything afterwards.

    Raises
    ------
    StoreError
        When the app has the files open; the message says so.
    """
    place = home() if folder is None else folder
    close_to_others(place)
    with private_files(), _opened(place) as school:
        yield school


@contextmanager
def _opened(place: Path) -> Iterator[Classroom]:
    database = Database(place / FILE_NAME)
    try:
        vault = Vault(place)
        try:
            school = Classroom(database, vault.database, place)
            try:
                yield school
            finally:
                school.close()
        finally:
            vault.close()
    finally:
        database.close()


def class_beside(database: Database, folder: Path) -> tuple[Classroom, Vault]:
    """Return the class of a lab whose database is open already, and its vault; the caller closes both."""
    vault = Vault(folder)
    try:
        return Classroom(database, vault.database, folder), vault
    except BaseException:
        vault.close()
        raise
