"""Which plant is on stage: what can be chosen, and the choice that the lab's home keeps over a restart."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from engine.clock import FASTEST, SLOWEST
from engine.errors import FileProblemError, LabError, StoreError, UnknownNameError
from engine.files import write_atomically
from engine.importing.recording import recording_names, recording_title
from engine.plant.spec import load_plant, own_plant_names, plant_names
from engine.seeds import LARGEST_SEED

if TYPE_CHECKING:
    from pathlib import Path

FILE = "plant.json"


@dataclass(frozen=True)
class Choice:
    """A plant to be put on stage.

    Parameters
    ----------
    plant
        Name of a shipped plant, of one in the home's folder `plants`, or of imported data.
    seed
        None = by chance.
    speed
        Seconds of plant time in one second; None = the usual one.
    """

    plant: str
    seed: int | None = None
    speed: float | None = None


@dataclass(frozen=True)
class Offer:
    """Something that can be chosen.

    Parameters
    ----------
    source
        shipped, own or imported.
    problem
        Why it cannot be chosen, in a sentence; empty = it can.
    """

    name: str
    title: str
    source: str
    problem: str = ""


class _Kept(BaseModel):
    model_config = ConfigDict(extra="forbid")
    plant: str = Field(min_length=1, max_length=80)
    seed: int | None = Field(None, ge=0, le=LARGEST_SEED)
    speed: float | None = Field(None, ge=SLOWEST, le=FASTEST)


def offers(folder: Path) -> tuple[Offer, ...]:
    """Return what can be put on stage from that home, shipped plants first; files that are wrong say why."""
    imported = recording_names(folder)
    taken = {*plant_names(), *imported}
    own = [_own(name, name in taken) for name in own_plant_names()]
    shipped = [Offer(name, load_plant(name).title, "shipped") for name in plant_names()]
    return (*shipped, *own, *(_imported(folder, name) for name in imported))


def checked_choice(folder: Path, choice: Choice) -> Choice:
    """Return the choice when that home has such a plant.

    Raises
    ------
    LabError
        When there is none, or its file is wrong.
    """
    known = {offer.name: offer for offer in offers(folder)}
    if choice.plant not in known:
        raise UnknownNameError("plant", choice.plant, known)
    if known[choice.plant].problem:
        raise LabError(known[choice.plant].problem)
    return choice


def kept_choice(folder: Path) -> Choice | None:
    """Return the choice that the home keeps; None when none was made.

    Raises
    ------
    FileProblemError
        When its file is damaged.
    """
    try:
        return Choice(**_Kept.model_validate_json((folder / FILE).read_bytes()).model_dump())
    except FileNotFoundError:
        return None
    except (OSError, ValidationError):
        raise FileProblemError(
            folder / FILE, "", "this is no choice of a plant", "delete it and choose again"
        ) from None


def keep_choice(folder: Path, choice: Choice) -> None:
    """Keep the choice for the next start."""
    try:
        write_atomically(folder / FILE, json.dumps(asdict(choice)).encode())
    except OSError as problem:
        raise StoreError(f"The choice cannot be written to {folder} ({problem.strerror}); make room there.") from None


def _own(name: str, taken: bool) -> Offer:
    if taken:
        problem = f"{name}.yaml: another plant is called {name!r}; give this file and its plant another name."
        return Offer(name, name, "own", problem)
    try:
        return Offer(name, load_plant(name).title, "own")
    except LabError as problem:
        return Offer(name, name, "own", str(problem))


def _imported(folder: Path, name: str) -> Offer:
    try:
        return Offer(name, recording_title(folder, name), "imported")
    except LabError as problem:
        return Offer(name, name, "imported", str(problem))
