"""The instructor's prices in a small file of the lab's own folder."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

from engine.economics import Prices
from engine.errors import FileProblemError, LabError
from engine.params import build

if TYPE_CHECKING:
    from pathlib import Path

FILE_NAME = "prices.json"


def load_prices(folder: Path) -> Prices:
    """Return the stored prices, or the teaching figures when none are stored.

    Raises
    ------
    FileProblemError
        When the file was changed by hand and cannot be read; the text says the cure.
    """
    file = folder / FILE_NAME
    if not file.is_file():
        return Prices()
    try:
        return build(Prices, json.loads(file.read_text(encoding="utf-8")))
    except (ValueError, TypeError, AttributeError, LabError) as problem:
        raise FileProblemError(FILE_NAME, "", f"it cannot be read ({problem})", "delete it to begin anew") from None


def save_prices(folder: Path, prices: Prices) -> None:
    """Store the prices; the file is whole at every moment."""
    part = folder / f"{FILE_NAME}.part"
    part.write_text(json.dumps(asdict(build(Prices, asdict(prices))), indent=2), encoding="utf-8")
    part.replace(folder / FILE_NAME)
