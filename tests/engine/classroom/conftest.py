"""The class that tests of this folder share."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.engine.classroom.room import Room, open_room
from tests.engine.streams.conftest import apache, broker, lab_home  # noqa: F401  (fixtures)


@pytest.fixture
def room(tmp_path: Path) -> Iterator[Room]:
    opened = open_room(tmp_path)
    yield opened
    opened.close()
