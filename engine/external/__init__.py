"""Plants that others feed: any machines and sensors, scored as they come, stored and shown like our own."""

from engine.external.owners import ANYBODY, STAFF, Asker
from engine.external.plant import ExternalPlant, Row, Shown, Taken
from engine.external.posted import PostedPlant
from engine.external.registry import Externals
from engine.external.spec import DEFAULT_DETECTORS, ExternalSensor, ExternalSpec

__all__ = [
    "ANYBODY", "DEFAULT_DETECTORS", "STAFF", "Asker", "ExternalPlant", "ExternalSensor", "ExternalSpec", "Externals",
    "PostedPlant", "Row", "Shown", "Taken",
]  # fmt: skip
