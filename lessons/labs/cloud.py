"""Experiment kind "cloud": two made-up sensors, one of the engine's model detectors, and one point to be judged.

Four clouds are known: two operating points with a gap between them ("gap"), two sensors that move together
("together"), a tight operating point beside a loose one ("tight"), and one in whose training an old fault lies as a
small dense group ("group"). The kind "picks" lets a person choose a detector for three of them at once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar, Literal

import numpy as np
from pydantic import BaseModel, Field

from engine.catalog import make
from engine.records import OPERATIONAL, SECOND_US, Block, time_us
from lessons.labs.base import LabKind, Lane, Number, Outcome
from lessons.spec import Strict

if TYPE_CHECKING:
    from engine.detectors.base import Detector
    from engine.records import FloatArray

START = time_us("2026-01-05T00:00:00Z")
TRAINING, TESTED, STRANGE = 1200, 1200, 30
OLD_FAULT = 30  # readings of the old fault among the training of "group"
PICKED = ("gap", "together", "group")
DETECTORS = ("isolation_forest", "lof", "ecod", "z_score", "mahalanobis")
GRID = 33
SIDE = 5.0


Name = Literal["isolation_forest", "lof", "ecod", "z_score", "mahalanobis"]


class Settings(Strict):
    """The keys of this kind: which cloud, which detector, the point, and the share that may be called strange."""

    shape: Literal["gap", "together", "tight", "group"] = "gap"
    detector: Name = "ecod"
    across: float = Field(default=0.0, ge=-SIDE, le=SIDE)
    up: float = Field(default=0.0, ge=-SIDE, le=SIDE)
    contamination: float = Field(default=1.0, gt=0, le=50)  # per cent
    seed: str = "fresh"


class CloudLab(LabKind):
    """A detector's idea of normal, seen from above."""

    name: ClassVar[str] = "cloud"
    metrics: ClassVar[tuple[str, ...]] = ("stranger_share", "alarm_share", "event_recall", "roc_auc", "threshold")
    Settings: ClassVar[type[BaseModel]] = Settings

    def rows(self, settings: Settings) -> int:
        """Return the readings of one run."""
        return TRAINING + TESTED + STRANGE + GRID * GRID

    def run(self, settings: Settings, seed: int) -> Outcome:
        """Fit on the cloud, cut at the wanted share, judge fresh readings, the strange ones, and the point."""
        seed = seed if settings.seed == "fresh" else int(settings.seed.removeprefix("fixed-"))
        training, fresh, odd = readings_of(settings.shape, seed)
        model = fitted(settings.detector, training)
        normal, faulty, cut = judged(model, training, fresh, odd, settings.contamination)
        point = float(scores_of(model, np.array([[settings.across, settings.up]]))[0])
        metrics: dict[str, Number] = {
            "stranger_share": float(np.mean(normal > point)),
            "alarm_share": float(np.mean(normal > cut)),
            "event_recall": float(np.mean(faulty > cut)),
            "roc_auc": float(np.mean(faulty[:, None] > normal) + 0.5 * np.mean(faulty[:, None] == normal)),
            "threshold": cut,
        }
        word = "strange" if point > cut else "normal"
        note = f"At this cut the chosen point ({settings.across:g}, {settings.up:g}) counts as {word}."
        return Outcome(metrics, (_map(model, training, cut, settings),), (note,))


class Picks(Strict):
    """The keys of "picks": a detector for each plant, and one share that may be called strange on all of them."""

    gap: Name
    together: Name
    group: Name
    contamination: float = Field(gt=0, le=50)  # per cent
    seed: str = "fresh"


class PicksLab(LabKind):
    """Three plants, each with a detector of its own."""

    name: ClassVar[str] = "picks"
    metrics: ClassVar[tuple[str, ...]] = ("event_recall", "worst_recall", "alarm_share")
    Settings: ClassVar[type[BaseModel]] = Picks

    def rows(self, settings: Picks) -> int:
        """Return the readings of one run."""
        return len(PICKED) * (TRAINING + TESTED + STRANGE)

    def run(self, settings: Picks, seed: int) -> Outcome:
        """Judge each plant with its detector."""
        found, false = [], []
        for place, shape in enumerate(PICKED):
            training, fresh, odd = readings_of(shape, seed + 1000 * place)
            model = fitted(getattr(settings, shape), training)
            normal, faulty, cut = judged(model, training, fresh, odd, settings.contamination)
            found.append(float(np.mean(faulty > cut)))
            false.append(float(np.mean(normal > cut)))
        metrics: dict[str, Number] = {
            "event_recall": float(np.mean(found)),
            "worst_recall": min(found),
            "alarm_share": max(false),
        }
        return Outcome(metrics)


def readings_of(shape: str, seed: int) -> tuple[FloatArray, FloatArray, FloatArray]:
    """Return training readings, fresh normal ones and strange ones of a shape, each (n, 2)."""
    rng = np.random.default_rng([seed, 0xC10D])
    training, fresh, odd = cloud(rng, shape, TRAINING), cloud(rng, shape, TESTED), strange(rng, shape, STRANGE)
    if shape == "group":
        training = rng.permutation(np.concatenate([training[OLD_FAULT:], strange(rng, shape, OLD_FAULT)]))
    return training, fresh, odd


def judged(
    model: Detector, training: FloatArray, fresh: FloatArray, odd: FloatArray, contamination: float
) -> tuple[FloatArray, FloatArray, float]:
    """Return the scores of normal and of strange readings, and the cut that calls that share of training strange."""
    cut = float(np.quantile(scores_of(model, training), 1 - contamination / 100))
    return scores_of(model, fresh), scores_of(model, odd), cut


def cloud(rng: np.random.Generator, shape: str, n: int) -> FloatArray:
    """Return normal readings of a shape, (n, 2)."""
    noise: FloatArray = rng.standard_normal((n, 2))
    second = rng.random(n) < 0.5
    if shape == "together":
        return np.stack([noise[:, 0] * 1.3, noise[:, 0] * 1.3 + noise[:, 1] * 0.3], axis=1)
    if shape == "group":
        return noise
    if shape == "gap":
        return 0.45 * noise + np.where(second, 2.0, -2.0)[:, None]
    return np.where(second[:, None], 0.12 * noise - 2.0, 1.0 * noise + 1.5)


def strange(rng: np.random.Generator, shape: str, n: int) -> FloatArray:
    """Return readings that are wrong in the way that the shape is about, (n, 2)."""
    noise: FloatArray = rng.standard_normal((n, 2))
    if shape == "together":
        side = np.where(rng.random(n) < 0.5, 1.0, -1.0)
        return np.stack([side, -side], axis=1) * 1.2 + 0.15 * noise
    if shape == "group":
        return 0.06 * noise + 3.5
    if shape == "gap":
        return 0.25 * noise
    angle = rng.random(n) * 2 * np.pi
    return np.stack([np.cos(angle), np.sin(angle)], axis=1) * 0.75 - 2.0


def fitted(name: str, rows: FloatArray) -> Detector:
    """Return the engine's detector, fitted on the rows once."""
    wide = name in ("isolation_forest", "lof", "ecod")
    options = {"train_rows": TRAINING, "refit_every": 0} if wide else {}
    model: Detector = make("detector", name, options)
    model.fit(_block(rows, 0))
    return model


def scores_of(model: Detector, rows: FloatArray) -> FloatArray:
    """Return the score of each row as if it were the next reading; nothing is learned from them."""
    if model.online:
        found: FloatArray = np.array([model.score(_block(row[None], TRAINING))[0, 0] for row in rows])
        return found
    return model.score(_block(rows, TRAINING))[:, 0]


def _block(rows: FloatArray, first: int) -> Block:
    times = START + (first + np.arange(len(rows), dtype=np.int64)) * SECOND_US
    status = np.full((len(rows), 1), OPERATIONAL, np.uint8)
    return Block(times, rows[:, None, :].copy(), status, ("MACHINE_001",), ("across", "up"))


def _map(model: Detector, training: FloatArray, cut: float, settings: Settings) -> Lane:
    """Return the landscape of scores (1 = the cut) with the training cloud and the chosen point on it."""
    axis = np.linspace(-SIDE, SIDE, GRID)
    across, up = np.meshgrid(axis, axis)
    scores = scores_of(model, np.stack([across.ravel(), up.ravel()], axis=1)).reshape(GRID, GRID)
    shown = training[::3]
    return Lane(
        "sensor 2, σ",
        np.round(shown[:, 0], 3).tolist(),
        np.round(shown[:, 1], 3).tolist(),
        style="points",
        time=False,
        marks=((settings.across, settings.up),),
        surface=(axis.tolist(), axis.tolist(), np.round(np.minimum(scores / max(cut, 1e-9), 3.0), 3).tolist()),
        x_title="sensor 1, σ",
    )
