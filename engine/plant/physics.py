"""What a plant's physics is: equations on a slow grid that turn load, weather and damage into quantities.

Each kind declares the *variables* that faults may move and the *quantities* that sensors may measure. A damage
variable is 0 on a healthy machine and about 1 on a broken one; a variable of operation is a normal change.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from engine.errors import UnknownNameError
from engine.plant import noise

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from engine.records import FloatArray, IntArray


@dataclass(frozen=True)
class Grid:
    """The slow grid of some machines over a span, with everything that acts on them.

    Parameters
    ----------
    times_us
        int64 (n,), evenly spaced.
    step_s
        Spacing in seconds.
    running
        (n, n_machines): 1 = turns, 0 = stands still, between while it coasts or starts.
    wear
        (n, n_machines): 0 right after maintenance, towards 1 as it wears.
    inputs
        Variables moved by faults and benign changes, each (n, n_machines); a variable nobody moves is absent.
    keys
        Name of a stream of chance → keys, one for each machine.
    shared_keys
        The same for chance that all machines of the plant share (weather), one key.
    """

    times_us: IntArray
    step_s: float
    running: FloatArray
    wear: FloatArray
    inputs: Mapping[str, FloatArray]
    keys: Callable[[str], noise.KeyArray]
    shared_keys: Callable[[str], noise.KeyArray]

    def variable(self, name: str) -> FloatArray | float:
        """Return how far the variable is moved: (n, n_machines), or 0.0 when nothing moves it."""
        return self.inputs.get(name, 0.0)

    def trait(self, name: str) -> FloatArray:
        """Return a lasting peculiarity of each machine, standard normal cut at ±2, (1, n_machines)."""
        draws = noise.white(self.keys(f"trait {name}"), np.zeros(1, np.int64))
        return np.clip(draws, -2.0, 2.0)

    def wander(self, name: str, period_s: float, octaves: int = 2) -> FloatArray:
        """Return slow noise of unit variance, each machine its own, (n, n_machines)."""
        return noise.lattice(self.keys(name), self.times_us, round(period_s * 1e6), octaves)

    def weather(self, name: str, period_s: float, octaves: int = 2) -> FloatArray:
        """Return slow noise of unit variance that all machines of the plant share, (n, 1)."""
        return noise.lattice(self.shared_keys(name), self.times_us, round(period_s * 1e6), octaves)

    def lag(self, signal: FloatArray, tau_s: float) -> FloatArray:
        """Return the first-order lag of the signal with that time constant."""
        return noise.lag(signal, tau_s, self.step_s)


class Physics(ABC):
    """The equations of one kind of machine."""

    name: ClassVar[str]
    quantities: ClassVar[tuple[str, ...]]
    # Variable → the quantities that show it, the clearest first.
    variables: ClassVar[dict[str, tuple[str, ...]]]
    traits: ClassVar[tuple[str, ...]] = ()

    @abstractmethod
    def quantities_on(self, grid: Grid) -> dict[str, FloatArray]:
        """Return every quantity on the grid, each (n, n_machines)."""

    def require_quantity(self, name: str) -> str:
        """Return the name when the physics has that quantity, or raise UnknownNameError."""
        if name not in self.quantities:
            raise UnknownNameError(f"quantity of the {self.name} physics", name, self.quantities)
        return name
