"""Experiment kind "climb": a class climbs a board by flipping guesses, and the private part tells what it was worth."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from engine.classroom.boards import exact_bits, ladder, ladder_bits
from lessons.labs.base import LabKind, Lane, Outcome
from lessons.spec import Strict

BOARDS = ("exact", "ladder")
DECIMALS = 3


class Settings(Strict):
    """The keys of this kind: windows to be labelled, tries, and what the board shows after each."""

    windows: int = Field(default=200, ge=20, le=2000)
    tries: int = Field(default=300, ge=1, le=2000)
    board: str = Field(default="exact", pattern=f"^({'|'.join(BOARDS)})$")
    step: float = Field(default=0.05, ge=0.01, le=0.5)


class ClimbLab(LabKind):
    """Blind climbing on half of the windows; the other half is nobody's to query."""

    name: ClassVar[str] = "climb"
    metrics: ClassVar[tuple[str, ...]] = ("public_score", "private_score", "bits")
    Settings: ClassVar[type[Settings]] = Settings

    def run(self, settings: Settings, seed: int) -> Outcome:
        """Flip a few guesses, look at the board, keep what it liked; scores are shares of windows labelled rightly."""
        rng = np.random.default_rng([seed, 0xC11B])
        truth = rng.integers(0, 2, settings.windows)
        public = np.arange(settings.windows) < settings.windows // 2
        guess = rng.integers(0, 2, settings.windows)
        seen, tops, privates, shown = [], [], [], -1.0
        for _ in range(settings.tries):
            trial = guess.copy()
            flips = rng.choice(settings.windows, 2, replace=False)
            trial[flips] ^= 1
            seen.append(float(np.mean(trial[public] == truth[public])))
            board = ladder(seen, settings.step)[-1] if settings.board == "ladder" else round(max(seen), DECIMALS)
            if board > shown or (settings.board == "exact" and round(seen[-1], DECIMALS) >= shown):
                guess, shown = trial, board
            tops.append(shown)
            privates.append(float(np.mean(guess[~public] == truth[~public])))
        exact = settings.board == "exact"
        said = exact_bits(DECIMALS, settings.tries) if exact else ladder_bits(settings.step, settings.tries)
        bits = min(said, float(public.sum()))  # a coin holds one bit; nobody can learn more of it
        x = list(range(1, settings.tries + 1))
        x = [float(value) for value in x]
        lanes = (
            Lane("board, shown", x, tops, time=False, x_title="tries"),
            Lane("private part", x, privates, time=False, limit=0.5, x_title="tries"),
        )
        return Outcome({"public_score": tops[-1], "private_score": privates[-1], "bits": bits}, lanes)
