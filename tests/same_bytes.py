"""What must not change when code moves: `python -m tests.same_bytes` prints it, `--record` keeps it as the reference.

Plants, scores and grades are fingerprints, the API is its schema's hash. Record anew only with a change that means to
change them, and say so in the commit.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path
from typing import Any

import numpy as np

from app.api import build_api
from engine.classroom.grade import Work, grade
from engine.classroom.rubric import load_rubric
from engine.detectors.scorable import make_scorable, scorable_detectors
from engine.plant.simulator import Plant
from engine.plant.spec import load_plant, plant_names
from engine.records import Block, Label
from tests.engine.classroom.room import honest, key_of, perfect

FILE = Path(__file__).resolve().parent / "data" / "same_bytes.json"
STEP_US = 10_000_000
TICKS, LEARNED = 360, 240
KEY = key_of(5)
HANDED_IN: dict[str, tuple[Label, ...]] = {"perfect": perfect(KEY), "honest": honest(KEY, 3), "nothing": ()}


def sums(values: np.ndarray) -> list[float]:
    """Return three weighted sums of the finite numbers and how many there are: equal to 1e-9 on any machine."""
    flat = np.asarray(values, float).ravel()
    known = np.isfinite(flat)
    weights = np.cos(np.arange(len(flat)))[:, None] ** np.arange(3)
    return [float(known.sum()), *(weights[known].T @ flat[known]).tolist()]


def block_of_plant(name: str, ticks: int = TICKS) -> Block:
    """Return an hour of a plant with random faults of its own."""
    plant = Plant(load_plant(name), seed=7, auto_faults_per_machine_hour=0.5)
    return plant.block(np.arange(ticks, dtype=np.int64) * STEP_US + 1_767_600_000_000_000)


def score_sums(name: str, block: Block) -> list[float]:
    """Return the sums of a detector's scores after it learned from the first part of a block."""
    detector = make_scorable(name).bind(load_plant("pump_station"))
    detector.fit(block.ticks(0, LEARNED))
    return sums(detector.score_then_learn(block.ticks(LEARNED, len(block))))


def grade_hash(labels: tuple[Label, ...]) -> str:
    """Return the hash of the grade that labels earn on a fixed key."""
    told = grade(Work("labels", labels), KEY, load_rubric("interval-v1")).to_json()
    return hashlib.sha256(told.encode()).hexdigest()


def measured(detectors: tuple[str, ...] | None = None) -> dict[str, Any]:
    """Return everything, of some detectors or of the whole catalogue."""
    block = block_of_plant("pump_station")
    one = block.machine(block.machines[0])
    schema = json.dumps(build_api().openapi(), sort_keys=True)
    return {
        "plants": {name: sums(block_of_plant(name).values) for name in plant_names()},
        "scores": {name: score_sums(name, one) for name in detectors or scorable_detectors()},
        "grades": {
            "perfect": grade_hash(perfect(KEY)),
            "honest": grade_hash(honest(KEY, 3)),
            "nothing": grade_hash(()),
        },
        "api": hashlib.sha256(schema.encode()).hexdigest(),
    }


def recorded() -> dict[str, Any]:
    """Return the reference."""
    return dict(json.loads(FILE.read_text(encoding="utf-8")))


if __name__ == "__main__":
    text = json.dumps(measured(), indent=1, sort_keys=True) + "\n"
    if "--record" in sys.argv:
        FILE.write_text(text, encoding="utf-8")
    else:
        print(text, end="")
