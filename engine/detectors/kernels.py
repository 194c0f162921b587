"""Loops that NumPy cannot vectorise, compiled on first use; without numba the same Python code runs, only slower.

A kernel is written once as plain Python over arrays and scalars, so the compiled and the interpreted result are the
same by construction (and tested). Nothing is compiled at import; machine code is cached beside the source, or in
numba's user folder where that is read-only.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

from engine.detectors.compiled import compiled


class Kernel:
    """A function compiled by numba at its first call; `plain` is the interpreted original."""

    def __init__(self, function: Callable[..., None]) -> None:
        self.plain = function
        functools.update_wrapper(self, function)
        self._fast: Callable[..., None] | None = None

    def __call__(self, *arrays: Any) -> None:
        if self._fast is None:
            self._fast = compiled(self.plain) or self.plain
        self._fast(*arrays)


def kernel(function: Callable[..., None]) -> Kernel:
    """Mark a loop for compilation; it may use arrays, numbers and NumPy scalars only, and call no other kernel."""
    return Kernel(function)
