"""Practice data: a scenario played with seeds that nobody chose; the truth is sealed until it is revealed, once."""

from __future__ import annotations

from typing import TYPE_CHECKING

from engine.comparing.stretches import Stretch, plant_stretch
from engine.errors import LabError
from engine.plant.scenario import load_scenario
from engine.records import HOUR_US
from engine.seeds import new_seed

if TYPE_CHECKING:
    from engine.plant.simulator import Plant
    from engine.records import TruthEvent


class Practice:
    """Stretches of one scenario under several seeds, with their truth under a seal.

    Parameters
    ----------
    scenario
        Name of a shipped scenario.
    seeds
        How often it is played.
    first_seed
        For those who may choose; None = drawn, used and thrown away: nobody can make these readings again.
    hours, rate
        Hours from the scenario's start, and readings per second.

    Raises
    ------
    LabError
        When there is no such scenario.
    """

    def __init__(
        self, scenario: str, seeds: int = 1, first_seed: int | None = None, hours: float = 24.0, rate: float = 0.1
    ) -> None:
        played = load_scenario(scenario)
        self.title = played.title
        self._start = played.start_us
        self._end = played.start_us + round(min(hours, played.hours) * HOUR_US)
        self._plants: list[Plant] = []
        made = []
        for k in range(seeds):
            plant = played.plant(new_seed() if first_seed is None else first_seed + k)
            self._plants.append(plant)
            made.append(plant_stretch(f"{played.title} {k + 1}", plant, self._start, self._end, rate))
        self.stretches: tuple[Stretch, ...] = tuple(made)

    @property
    def sealed(self) -> bool:
        """Whether the truth has not been asked for yet."""
        return bool(self._plants)

    def reveal(self) -> list[tuple[TruthEvent, ...]]:
        """Break the seal: return the truth of each stretch and forget the plants that knew it.

        Raises
        ------
        LabError
            When it was revealed before.
        """
        if not self.sealed:
            raise LabError("This practice was revealed already; press Score for a new one.")
        truths = [plant.truth(self._start, self._end) for plant in self._plants]
        self._plants = []
        return truths
