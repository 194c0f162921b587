"""Detectors of one's own beside the running plant: trained once on its past, then fed what is new."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

from engine.comparing.stretches import HISTORY_DAYS, HISTORY_STEP_S, RECENT_TICKS
from engine.errors import LabError
from engine.records import DAY_US, SECOND_US, Block, join_blocks

if TYPE_CHECKING:
    from engine.comparing.contenders import Contender
    from engine.detectors.base import Detector
    from engine.detectors.thresholds.base import ThresholdRule
    from engine.plant.simulator import Plant
    from engine.records import FloatArray


@dataclass
class Watch:
    """One contender that follows the plant; `block`, `scores` and `levels` are the last `keep_s` seconds.

    With `look_back`, `before` is a second detector that has learned only what came before the kept ticks: the inside
    view of a window must not have learned that window.
    """

    contender: Contender
    keep_s: float = 1800.0
    look_back: bool = False
    problem: str = ""
    block: Block | None = None
    scores: FloatArray = field(default_factory=lambda: np.zeros((0, 0)), repr=False)
    levels: FloatArray = field(default_factory=lambda: np.zeros((0, 0)), repr=False)

    def __post_init__(self) -> None:
        self.detector: Detector = self.contender.make()
        self.before: Detector = self.detector
        self.rule: ThresholdRule = self.contender.levels_rule(self.detector)

    def begin(self, plant: Plant, block: Block) -> None:
        """Train on the plant's week before the block, then score the block; nothing after it is looked at."""
        try:
            self._train(plant, int(block.times_us[0]), _step_us(block))
            self.before = copy.deepcopy(self.detector) if self.look_back else self.detector
            self.follow(block)
        except LabError as problem:
            self.problem = str(problem)

    def follow(self, block: Block) -> None:
        """Score and learn the ticks of the block that are newer than what was seen."""
        seen = -(2**62) if self.block is None else int(self.block.times_us[-1])
        new = block.ticks(int(np.searchsorted(block.times_us, seen, side="right")), len(block))
        if not len(new):
            return
        scores = self.detector.score_then_learn(new)
        levels = self.rule.levels(scores, new.times_us)
        if self.block is None:
            self.block, self.scores, self.levels = new, scores, levels
        else:
            self.block = join_blocks([self.block, new])
            self.scores = np.concatenate([self.scores, scores])
            self.levels = np.concatenate([self.levels, levels])
        self._forget(int(new.times_us[-1]) - round(self.keep_s * SECOND_US))

    def _train(self, plant: Plant, now_us: int, step_us: int) -> None:
        self.detector.bind(plant.spec)
        recent_us = now_us - np.arange(RECENT_TICKS, 0, -1, dtype=np.int64) * step_us
        last = int(recent_us[0])
        times = np.arange(last - round(HISTORY_DAYS * DAY_US), last, round(HISTORY_STEP_S * SECOND_US), dtype=np.int64)
        self.detector.fit(plant.block(times))
        recent = plant.block(recent_us)
        self.rule.levels(self.detector.score_then_learn(recent), recent.times_us)

    def _forget(self, before_us: int) -> None:
        if self.block is None:
            return
        first = int(np.searchsorted(self.block.times_us, before_us))
        if self.look_back and first:
            self.before.learn(self.block.ticks(0, first))
        self.block = self.block.ticks(first, len(self.block))
        self.scores, self.levels = self.scores[first:], self.levels[first:]


def _step_us(block: Block) -> int:
    return max(1, int(np.median(np.diff(block.times_us)))) if len(block) > 1 else SECOND_US
