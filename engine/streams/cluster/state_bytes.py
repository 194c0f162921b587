"""A detector's state as bytes: JSON with arrays inside, never a pickle."""

from __future__ import annotations

import base64
from typing import Any

import numpy as np
import orjson


def to_bytes(state: Any) -> bytes:
    """Return nested dicts, lists, tuples, arrays and plain values as bytes.

    Raises
    ------
    TypeError
        When there is something else in it.
    """
    return orjson.dumps(_packed(state))


def from_bytes(data: bytes) -> Any:
    """Return what `to_bytes` was given."""
    return _unpacked(orjson.loads(data))


def _packed(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        if value.dtype.hasobject:
            raise TypeError("an array of Python objects cannot be kept in a worker's state")
        text = base64.b64encode(np.ascontiguousarray(value).tobytes()).decode()
        return {"~": "array", "type": value.dtype.str, "shape": list(value.shape), "data": text}
    if isinstance(value, np.generic):
        return {"~": "scalar", "type": value.dtype.str, "data": base64.b64encode(value.tobytes()).decode()}
    if isinstance(value, dict):
        return {"~": "dict", "items": [[_packed(key), _packed(item)] for key, item in value.items()]}
    if isinstance(value, tuple):
        return {"~": "tuple", "items": [_packed(item) for item in value]}
    if isinstance(value, list):
        return [_packed(item) for item in value]
    if isinstance(value, float) and not np.isfinite(value):
        return _packed(np.float64(value))
    if value is None or isinstance(value, bool | int | float | str):
        return value
    raise TypeError(f"a {type(value).__name__} cannot be kept in a worker's state")


def _unpacked(value: Any) -> Any:
    if isinstance(value, list):
        return [_unpacked(item) for item in value]
    if not isinstance(value, dict):
        return value
    kind = value["~"]
    if kind == "dict":
        return {_unpacked(key): _unpacked(item) for key, item in value["items"]}
    if kind == "tuple":
        return tuple(_unpacked(item) for item in value["items"])
    raw = np.frombuffer(base64.b64decode(value["data"]), np.dtype(value["type"]))
    return raw.reshape(value["shape"]).copy() if kind == "array" else raw[0]
