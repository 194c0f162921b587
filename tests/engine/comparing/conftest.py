"""One short stretch of a scenario with its truth, made once."""

from __future__ import annotations

from typing import Any, NamedTuple

import pytest

from engine.comparing.practice import Practice
from engine.comparing.stretches import Stretch


class Played(NamedTuple):
    stretch: Stretch
    truth: tuple[Any, ...]


@pytest.fixture(scope="session")
def played() -> Played:
    """Twelve hours of the medium pump station, a reading a minute."""
    practice = Practice("pump_medium", first_seed=5, hours=12.0, rate=1 / 60)
    return Played(practice.stretches[0], practice.reveal()[0])
