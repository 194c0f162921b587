"""GET /store: what the store holds, for `python -m engine db` while the lab runs."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter

from app.lab import lab
from engine.plant.spec import normal_ranges
from engine.store.facts import plant_facts, sensor_notes

router = APIRouter(tags=["tables"])


@router.get("/store")
def store_facts() -> dict[str, Any]:
    """Return size, runs and plants of the store, with a note for each sensor that is silent or out of its range."""
    store = lab().store
    plants = [
        {**plant_facts(store, name), "notes": sensor_notes(store, name, normal_ranges(name))}
        for name in store.known_plants()
    ]
    return {"bytes": store.figures()["bytes"], "runs": len(store.runs()), "plants": plants}
