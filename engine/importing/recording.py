"""A recording: readings of one or more machines with their own times, kept with provenance; its answers lie apart."""

from __future__ import annotations

import hashlib
import io
import json
import re
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.errors import FileProblemError, LabError, UnknownNameError
from engine.files import write_atomically

if TYPE_CHECKING:
    from engine.records import FloatArray, IntArray

FOLDER = "imported"
ABOUT, READINGS, ANSWERS = "about.json", "readings.npz", "answers.json"


@dataclass(frozen=True)
class Track:
    """The readings of one machine: times_us int64 ascending (n,), values (n, n_sensors); NaN = missing."""

    machine: str
    times_us: IntArray
    values: FloatArray


@dataclass(frozen=True)
class Origin:
    """Where a recording is from.

    Parameters
    ----------
    kind
        nab, skab, secom or table.
    files
        Name and SHA-256 of each file that was read.
    licence
        First lines of the licence found beside the data, or what to do when there is none.
    notes
        What was mended or left out while reading.
    """

    kind: str
    folder: str
    files: tuple[tuple[str, str], ...]
    licence: str
    licence_file: str = ""
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Recording:
    """Something that can be played: there is no truth in it.

    Parameters
    ----------
    units
        Of the sensors; empty = unknown.
    """

    name: str
    title: str
    sensors: tuple[str, ...]
    tracks: tuple[Track, ...]
    origin: Origin
    units: tuple[str, ...] = field(default=())

    @property
    def machines(self) -> tuple[str, ...]:
        return tuple(track.machine for track in self.tracks)

    @property
    def step_us(self) -> int:
        """The usual time between two readings, microseconds."""
        steps = [np.diff(track.times_us) for track in self.tracks if len(track.times_us) > 1]
        together = np.concatenate(steps) if steps else np.zeros(0, np.int64)
        together = together[together > 0]
        return int(np.median(together)) if len(together) else 1_000_000

    @property
    def readings(self) -> int:
        """Rows of all machines together."""
        return sum(len(track.times_us) for track in self.tracks)


def save_recording(recording: Recording, home: Path, answers: dict[str, list[tuple[int, int]]] | None = None) -> Path:
    """Write a recording below the lab's home, replacing one of the same name; returns its folder.

    Parameters
    ----------
    answers
        Labelled intervals by machine, half-open, microseconds; kept in a file of their own that no page reads.
    """
    folder = home / FOLDER / recording.name
    folder.mkdir(parents=True, exist_ok=True)
    arrays: dict[str, Any] = {}
    for at, track in enumerate(recording.tracks):
        arrays[f"t{at}"], arrays[f"v{at}"] = track.times_us, track.values
    out = io.BytesIO()
    np.savez_compressed(out, **arrays)
    write_atomically(folder / READINGS, out.getvalue())
    about = {
        "name": recording.name,
        "title": recording.title,
        "sensors": recording.sensors,
        "units": recording.units,
        "machines": recording.machines,
        "origin": asdict(recording.origin),
        "readings_sha256": hashlib.sha256(out.getvalue()).hexdigest(),
    }
    if answers:
        write_atomically(folder / ANSWERS, json.dumps(answers, indent=1).encode())
    else:
        (folder / ANSWERS).unlink(missing_ok=True)
    write_atomically(folder / ABOUT, json.dumps(about, ensure_ascii=False, indent=1).encode())
    return folder


def recording_names(home: Path) -> tuple[str, ...]:
    """Return the names of what was imported."""
    return tuple(sorted(path.parent.name for path in (home / FOLDER).glob(f"*/{ABOUT}")))


def recording_title(home: Path, name: str) -> str:
    """Return the title of an imported recording; its readings are not looked at."""
    try:
        return str(json.loads((home / FOLDER / name / ABOUT).read_text(encoding="utf-8"))["title"])
    except (OSError, ValueError, KeyError, TypeError):
        raise _damaged(home / FOLDER / name) from None


def load_recording(home: Path, name: str) -> Recording:
    """Return an imported recording.

    Raises
    ------
    LabError
        When there is none of that name, or its files were changed.
    """
    if name not in recording_names(home):
        raise UnknownNameError("imported plant", name, recording_names(home))
    folder = home / FOLDER / name
    try:
        about = json.loads((folder / ABOUT).read_text(encoding="utf-8"))
        content = (folder / READINGS).read_bytes()
        if hashlib.sha256(content).hexdigest() != about["readings_sha256"]:
            raise LabError("changed")
        with np.load(io.BytesIO(content), allow_pickle=False) as arrays:
            tracks = [Track(m, arrays[f"t{at}"], arrays[f"v{at}"]) for at, m in enumerate(about["machines"])]
        origin = about["origin"]
        origin["files"] = tuple((file, digest) for file, digest in origin["files"])
        origin["notes"] = tuple(origin["notes"])
        sensors, units = tuple(about["sensors"]), tuple(about["units"])
        return Recording(about["name"], about["title"], sensors, tuple(tracks), Origin(**origin), units)
    except (OSError, ValueError, KeyError, TypeError, LabError):
        raise _damaged(folder) from None


def _damaged(folder: Path) -> FileProblemError:
    return FileProblemError(folder, "", "the recording was changed or damaged", "import it again")


def plain_name(text: str, otherwise: str = "data") -> str:
    """Return a name for plants and sensors: small letters, digits and underscores, beginning with a letter."""
    plain = re.sub(r"[^a-z0-9]+", "_", text.lower()).strip("_")[:40].strip("_")
    if not plain:
        return otherwise
    return plain if plain[0].isalpha() else f"{otherwise[0]}_{plain}"


def different(names: list[str]) -> list[str]:
    """Return the names, later ones of the same kind with a number."""
    found: list[str] = []
    for name in names:
        number, wanted = 2, name
        while wanted in found:
            wanted, number = f"{name}_{number}", number + 1
        found.append(wanted)
    return found
