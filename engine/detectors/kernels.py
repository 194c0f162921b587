"""Loops that NumPy cannot vectorise, compiled on first use; without numba the same Python code runs, only slower.

A kernel is written once as plain Python over arrays and scalars, so the compiled and the interpreted result are the
same by construction (and tested). Nothing is compiled at import; machine code is cached beside the source, or in
numba's user folder where that is read-only.
"""

from __future__ import annotations

import functools
import types
from collections.abc import Callable
from typing import Any

from engine.detectors.compiled import compiled


class Kernel:
    """A function compiled by numba at its first call; `plain` is the interpreted original."""

    def __init__(self, function: Callable[..., Any]) -> None:
        self.plain = function
        functools.update_wrapper(self, function)
        self._fast: Callable[..., Any] | None = None

    def __call__(self, *arrays: Any) -> Any:
        if self._fast is None:
            self._fast = self.machine_code() or self.plain
        return self._fast(*arrays)

    @functools.cache  # noqa: B019 - kernels live as long as their modules
    def machine_code(self) -> Callable[..., Any] | None:
        """Return the compiled loop, the kernels that it calls compiled with it; None when numba is not to be had."""
        names = self.plain.__code__.co_names
        known = self.plain.__globals__
        called = {name: known[name].machine_code() for name in names if isinstance(known.get(name), Kernel)}
        if not called:
            return compiled(self.plain)
        # numba looks callees up among the function's globals and wants to find machine code there.
        function = types.FunctionType(self.plain.__code__, {**known, **called}, self.plain.__name__)
        function.__qualname__, function.__module__ = self.plain.__qualname__, self.plain.__module__
        return compiled(function)


def kernel(function: Callable[..., Any]) -> Kernel:
    """Mark a loop for compilation; it may use arrays, numbers, NumPy scalars and other kernels only."""
    return Kernel(function)
