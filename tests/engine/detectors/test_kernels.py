"""Machine code and plain Python must say the same: numba is an accelerator, never a second opinion."""

from __future__ import annotations

import importlib
import pkgutil

import numpy as np
import pytest

import engine.detectors
from engine import catalog
from engine.detectors import contract
from engine.detectors.context import Context
from engine.detectors.kernels import Kernel

SMALL = {
    "robust_random_cut_forest": {"trees": 3, "size": 32},
    "online_isolation_forest": {"trees": 3},
    "half_space_trees": {"trees": 3, "height": 4},
    "xstream": {"chains": 2, "depth": 4},
    "loda": {"projections": 8, "bins": 16},
}

NEEDS_MORE = {"knn_cad"}  # still warming up when the block ends


def _kernels():
    found = []
    for module in pkgutil.iter_modules(engine.detectors.__path__, "engine.detectors."):
        loaded = importlib.import_module(module.name)
        found += [item for item in vars(loaded).values() if isinstance(item, Kernel)]
    return list({id(item): item for item in found}.values())


def _with_kernels():
    return [
        name
        for name, cls in catalog.parts("detector").items()
        if any(
            isinstance(v, Kernel)
            for base in cls.__mro__
            for v in vars(importlib.import_module(base.__module__)).values()
        )
    ]


@pytest.fixture
def interpreted():
    """Run the loops as plain Python for one test."""
    kernels = _kernels()
    before = [kernel._fast for kernel in kernels]
    yield lambda: [setattr(kernel, "_fast", kernel.plain) for kernel in kernels]
    for kernel, fast in zip(kernels, before, strict=True):
        kernel._fast = fast


def test_there_are_kernels_to_compare():
    """A list that drives tests must not be empty by accident."""
    assert len(_kernels()) >= 10
    assert len(_with_kernels()) >= 15


@pytest.mark.parametrize("name", _with_kernels())
def test_machine_code_and_python_give_the_same_scores(name, interpreted):
    """Bit for bit up to the rounding of sums."""
    block = contract.example_block(n_ticks=330)
    block.values[280:310, 0, 1] = 50.0  # stuck, for the rule that sees nothing else
    cls = catalog.part("detector", name)
    short = contract.shortened(cls)()
    values = {p["name"]: getattr(short, p["name"]) for p in catalog.describe("detector", name)["parameters"]}
    values |= SMALL.get(name, {})

    fast = cls(**values).score_then_learn(block)
    interpreted()
    plain = cls(**values).score_then_learn(block)

    np.testing.assert_allclose(fast, plain, rtol=1e-9, atol=1e-9)
    assert fast.any() or name in NEEDS_MORE


def test_the_context_stage_is_the_same_in_both(interpreted):
    """The stage stands before every detector."""
    block = contract.example_block(n_ticks=400)

    fast = Context().residuals(block).values
    interpreted()
    plain = Context().residuals(block).values

    np.testing.assert_allclose(fast, plain, rtol=1e-9, atol=1e-9, equal_nan=True)
