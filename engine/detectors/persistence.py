"""A detector as bytes: parameters, bound limits and plain numbers as JSON, arrays as npz; no pickle anywhere."""

from __future__ import annotations

import dataclasses
import io
import json
import zipfile
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.detectors.base import SensorLimits
from engine.errors import FileProblemError

if TYPE_CHECKING:
    from engine.detectors.base import Detector, State

HEADER = "detector.json"  # the one member of the archive that is not an array
FORMAT = 1


def state_to_bytes(detector: Detector) -> bytes:
    """Return everything that a detector of the same class needs to go on exactly where this one stands.

    Raises
    ------
    ValueError
        When the state holds something that is neither an array, a plain number, text, None, nor a dict of these.
    """
    arrays: dict[str, Any] = {}
    plain = None if detector.state is None else _taken_apart(detector.state, "", arrays)
    header = {
        "format": FORMAT,
        "detector": detector.name,
        "state": plain,
        "limits": {sensor: dataclasses.asdict(limits) for sensor, limits in detector.limits.items()},
    }
    arrays[HEADER] = np.frombuffer(json.dumps(header).encode(), np.uint8)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, allow_pickle=False, **arrays)
    return buffer.getvalue()


def state_from_bytes(detector: Detector, saved: bytes) -> None:
    """Put a saved state (and the limits bound then) into a detector of the same name.

    Raises
    ------
    FileProblemError
        When the bytes are no saved detector, or one of another name or format.
    """
    header, arrays = _opened(saved)
    if header.get("detector") != detector.name:
        cure = f"load it into {header.get('detector')!r}"
        raise FileProblemError("saved detector", "", f"it is no {detector.name!r}", cure)
    state = header["state"]
    detector.state = None if state is None else _put_together(state, arrays)
    detector.limits = {
        sensor: SensorLimits(**{**limits, "normal": tuple(limits["normal"])})
        for sensor, limits in header["limits"].items()
    }


def _opened(saved: bytes) -> tuple[dict[str, Any], dict[str, Any]]:
    try:
        with np.load(io.BytesIO(saved), allow_pickle=False) as archive:
            arrays = {name: archive[name] for name in archive.files}
        header = json.loads(arrays.pop(HEADER).tobytes())
    except (ValueError, OSError, KeyError, zipfile.BadZipFile, EOFError):
        cure = "write it with state_to_bytes"
        raise FileProblemError("saved detector", "", "the bytes are damaged or of another kind", cure) from None
    if header.get("format") != FORMAT:
        cure = f"write it again with this version (format {FORMAT})"
        raise FileProblemError("saved detector", "", f"its format is {header.get('format')!r}", cure)
    return header, arrays


def _taken_apart(value: Any, path: str, arrays: dict[str, Any]) -> Any:
    """Return JSON-ready data in which each array is replaced by its name in `arrays`."""
    if isinstance(value, np.ndarray) and value.dtype != object:
        arrays[path or "value"] = value
        return {"array": path or "value"}
    if isinstance(value, np.generic):
        return value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    if isinstance(value, dict):
        return {"dict": {str(key): _taken_apart(item, f"{path}.{key}", arrays) for key, item in value.items()}}
    raise ValueError(f"state{path} must be an array, a number, text, None or a dict of these, got {type(value)!r}.")


def _put_together(value: Any, arrays: dict[str, Any]) -> State | Any:
    if isinstance(value, dict) and "array" in value:
        return arrays[value["array"]]
    if isinstance(value, dict):
        return {key: _put_together(item, arrays) for key, item in value["dict"].items()}
    return value
