"""Loops that numba compiles on first use; where it is missing, callers take their NumPy path."""

from __future__ import annotations

import functools
import os
from collections.abc import Callable
from typing import Any


@functools.cache
def compiled(function: Callable[..., Any]) -> Callable[..., Any] | None:
    """Return the loop as machine code (kept on disk between runs), or None when numba is not to be had.

    FAULTLAB_NUMBA=0 switches it off, for machines where compiling is not wanted and for tests of the NumPy path.
    """
    if os.environ.get("FAULTLAB_NUMBA") == "0":
        return None
    try:
        import numba
    except ImportError:
        return None
    fast: Callable[..., Any] = numba.njit(cache=True, nogil=True)(function)
    return fast
