"""Experiment kind "clips": hours of one sensor, each healthy or with one sensor fault, named by four simple rules."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

import numpy as np
from pydantic import BaseModel, Field

from engine.plant.journal import Injection, Journal
from engine.plant.simulator import Plant
from engine.plant.spec import load_plant
from engine.records import HOUR_US, SECOND_US, time_us
from lessons.labs.base import LabKind, Lane, Outcome
from lessons.spec import Strict

if TYPE_CHECKING:
    from engine.records import FloatArray

KINDS = ("normal", "stuck", "noise_up", "spike", "drift")
START = time_us("2026-01-05T00:00:00Z")
STEP_S = 5
SPACING_H = 5  # clips lie so far apart that none sees another's fault


class Settings(Strict):
    """The keys of this kind; the rules are in standard deviations of the sensor's own noise.

    `stuck_below` and `noisy_above` judge the roughness (the scatter from reading to reading), `jump_above` the largest
    distance from the neighbours, `shift_above` the way from the first quarter's mean to the last one's.
    """

    machine: str = "MACHINE_001"
    sensor: str = "pressure"
    clips: int = Field(default=20, ge=4, le=60)
    order: tuple[str, ...] = ()
    smooth: int = Field(default=1, ge=1, le=60)
    stuck_below: float = Field(default=0.2, ge=0, le=10)
    noisy_above: float = Field(default=2.0, ge=0, le=50)
    jump_above: float = Field(default=7.0, ge=0, le=100)
    shift_above: float = Field(default=4.0, ge=0, le=100)
    seed: str = "fresh"


@dataclass(frozen=True)
class Clip:
    """One hour of readings and what is wrong with it."""

    kind: str
    values: FloatArray
    noise: float


class ClipsLab(LabKind):
    """Hours of one sensor, to be named."""

    name: ClassVar[str] = "clips"
    metrics: ClassVar[tuple[str, ...]] = ("type_accuracy", "mean", "sd", "events")
    Settings: ClassVar[type[BaseModel]] = Settings

    def rows(self, settings: Settings) -> int:
        """Return the readings of all clips."""
        return settings.clips * 3600 // STEP_S

    def run(self, settings: Settings, seed: int) -> Outcome:
        """Make the clips, name them by the rules, and count what was named rightly."""
        seed = seed if settings.seed == "fresh" else int(settings.seed.removeprefix("fixed-"))
        clips = clips_of(settings, seed)
        right = [named(clip, settings) == clip.kind for clip in clips]
        first = smoothed(clips[0].values, settings.smooth)
        metrics = {
            "type_accuracy": float(np.mean(right)),
            "events": float(len(clips)),
            "mean": float(np.nanmean(first)),
            "sd": float(np.nanstd(first)),
        }
        return Outcome(
            metrics, tuple(_lane(clip, letter, settings) for clip, letter in zip(clips, "ABCD", strict=False))
        )


def clips_of(settings: Settings, seed: int) -> list[Clip]:
    """Return the clips; their kinds stand in `order`, or are drawn from the seed, each kind about equally often."""
    rng = np.random.default_rng([seed, 0xC11B5])
    kinds = list(settings.order) or [str(k) for k in rng.permutation(np.resize(np.array(KINDS), settings.clips))]
    spec = load_plant("pump_station")
    sensor = next(s for s in spec.sensors if s.name == settings.sensor)
    entries = [_injection(kind, number, settings, rng) for number, kind in enumerate(kinds) if kind != "normal"]
    plant = Plant(spec, seed, Journal(tuple(entries)), (settings.machine,))
    at = spec.sensor_names.index(settings.sensor)
    clips = []
    for number, kind in enumerate(kinds):
        times = _start(number) + np.arange(0, 3600, STEP_S, dtype=np.int64) * SECOND_US
        clips.append(Clip(kind, plant.block(times).values[:, 0, at], sensor.noise))
    return clips


def _start(number: int) -> int:
    return START + number * SPACING_H * HOUR_US


def _injection(kind: str, number: int, settings: Settings, rng: np.random.Generator) -> Injection:
    sizes = {"spike": {"height": 20.0, "chance": 0.01}, "drift": {"size": float(rng.uniform(12, 18))}}
    ramp = 2400.0 if kind == "drift" else 0.0
    onset = _start(number) + round(rng.uniform(300, 900) * SECOND_US)
    return Injection(
        id=f"clip-{number}", machine=settings.machine, fault=kind, severity=1.0, start_us=onset, ramp_s=ramp,
        duration_s=3600.0, shape="linear" if ramp else "sudden", sensors=(settings.sensor,),
        values=tuple(sizes.get(kind, {}).items()),
    )  # fmt: skip


def named(clip: Clip, settings: Settings) -> str:
    """Return what the rules call the clip, the first rule that fits."""
    rough, jump, shift = features(clip)
    if rough < settings.stuck_below:
        return "stuck"
    if rough > settings.noisy_above:
        return "noise_up"
    if jump > settings.jump_above:
        return "spike"
    return "drift" if shift > settings.shift_above else "normal"


def features(clip: Clip) -> tuple[float, float, float]:
    """Return roughness, largest jump and shift of a clip, in standard deviations of the sensor's noise.

    Roughness is the median scatter over five-minute parts of the second half, so that a fault that begins within the
    clip shows; spikes do not move a median.
    """
    values = clip.values[np.isfinite(clip.values)]
    half = np.diff(values[len(values) // 2 :])
    parts = np.array_split(half, 6)
    rough = float(np.median([np.std(part) for part in parts]) / np.sqrt(2) / clip.noise)
    neighbours = np.median(np.lib.stride_tricks.sliding_window_view(np.pad(values, 3, mode="edge"), 7), axis=1)
    jump = float(np.max(np.abs(values - neighbours)) / clip.noise)
    quarter = len(values) // 4
    shift = float(abs(np.median(values[-quarter:]) - np.median(values[:quarter])) / clip.noise)
    return rough, jump, shift


def smoothed(values: FloatArray, window: int) -> FloatArray:
    """Return the mean of the last `window` readings at each reading."""
    if window == 1:
        return values
    sums = np.cumsum(np.insert(np.nan_to_num(values, nan=float(np.nanmean(values))), 0, 0.0))
    counts = np.minimum(np.arange(1, len(values) + 1), window)
    starts = np.arange(1, len(values) + 1) - counts
    means: FloatArray = (sums[1:] - sums[starts]) / counts
    return means


def _lane(clip: Clip, letter: str, settings: Settings) -> Lane:
    minutes = (np.arange(len(clip.values)) * STEP_S / 60).tolist()
    shown = smoothed(clip.values, settings.smooth)
    return Lane(letter, minutes, [round(float(value), 4) for value in shown], time=False, x_title="minutes")
