"""Detectors that each break one promise of the contract, so that the checks can be seen to bite."""

from __future__ import annotations

import dataclasses
from typing import ClassVar

import numpy as np

from engine.detectors.base import Detector


class Honest(Detector):
    """Distance from the last reading: the innocent base of the cheats."""

    name: ClassVar[str] = "cheat"
    title: ClassVar[str] = "Cheat"
    family: ClassVar[str] = "limit"
    good_at: ClassVar[str] = "breaking a promise"
    bad_at: ClassVar[str] = "hiding it"

    def start(self, n_machines, n_sensors):
        return {"last": np.full((n_machines, n_sensors), np.nan)}

    def advance(self, block):
        scores = np.zeros((len(block), block.n_machines))
        for i, now in enumerate(block.values):
            scores[i] = np.abs(np.nan_to_num(now - self.state["last"], posinf=1e6, neginf=1e6)).max(axis=1)
            self.state["last"] = np.where(np.isfinite(now), now, self.state["last"])
        return np.nan_to_num(scores)


class Infinite(Honest):
    """Its surprise knows no bounds."""

    def advance(self, block):
        return np.where(super().advance(block) > 20.0, np.inf, 0.0)


class Hasty(Honest):
    """It accuses before it has seen anything."""

    def advance(self, block):
        return super().advance(block) + 1.0


class Counting(Honest):
    """It scores by the place in the block, as `fit_predict` on a batch does."""

    def advance(self, block):
        return super().advance(block) + np.arange(len(block))[:, None]


class Centred(Honest):
    """It standardises with the whole block, the future included."""

    def advance(self, block):
        return np.nan_to_num(np.abs(block.values - np.nanmean(block.values, axis=0))).max(axis=2)


class LabelReader(Honest):
    """It looks at the answers when they lie about, as the window detector of a public project does."""

    def advance(self, block):
        flags = getattr(block, "is_anomaly", None)
        return super().advance(block) + (0.0 if flags is None else 100.0 * flags)


class Gapless(Honest):
    """It has never seen a missing reading."""

    def advance(self, block):
        return np.abs(block.values).max(axis=2) + super().advance(block)


class Divider(Honest):
    """It divides by a spread that may be 0."""

    def advance(self, block):
        with np.errstate(all="ignore"):
            return np.abs(block.values / np.nanstd(block.values, axis=2, keepdims=True)).max(axis=2)


class Forgetful(Honest):
    """It keeps what it learned outside its state."""

    def __init__(self):
        self.__post_init__()
        self.seen = 0

    def advance(self, block):
        scores = super().advance(block) * min(self.seen, 1) + self.seen
        self.seen += len(block)
        return scores


class Dicer(Honest):
    """It draws from the global generator, seeded by nobody."""

    def advance(self, block):
        return super().advance(block) + np.random.random((len(block), block.n_machines))


class LearnsFirst(Honest):
    """It learns each reading before it judges it, so that a reading excuses itself."""

    def score_then_learn(self, block):
        self.learn(block)
        return self.score(block)

    def learn(self, block):
        Detector.score_then_learn(self, block)

    def score(self, block):
        kept = {key: value.copy() for key, value in (self.state or self.start(block.n_machines, 3)).items()}
        scores = Detector.score_then_learn(self, block)
        self.state = kept
        return scores


class Meddler(Honest):
    """It fills the gaps in the readings of everybody."""

    def advance(self, block):
        block.values[np.isnan(block.values)] = 0.0
        return super().advance(block)


class Backwards(Honest):
    """It gives normality, as scikit-learn's decision_function does: the stranger, the lower."""

    def advance(self, block):
        return 1.0 / (1.0 + np.abs(np.nan_to_num(block.values, nan=50.0) - 50.0).max(axis=2))


class Clipped(Honest):
    """It presses its readings into 0 to 1, as if they had been scaled, and is flat on every plant."""

    def advance(self, block):
        values = np.clip(1.0 + np.abs(block.values), 0.0, 1.0)
        return super().advance(dataclasses.replace(block, values=values))


CAUGHT_BY = {
    "scores_are_finite": Infinite,
    "warm_up_scores_zero": Hasty,
    "block_size_does_not_matter": Counting,
    "future_does_not_matter": Centred,
    "labels_do_not_matter": LabelReader,
    "gaps_are_tolerated": Gapless,
    "constants_are_tolerated": Divider,
    "saving_and_loading_changes_nothing": Forgetful,
    "same_seed_same_scores": Dicer,
    "score_comes_before_learning": LearnsFirst,
    "input_stays_as_it_was": Meddler,
    "strange_scores_higher": Backwards,
}
