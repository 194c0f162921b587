"""The same thing in Python: what a person clicked, as code that can be pasted into a notebook."""

from __future__ import annotations

from typing import Any

import streamlit as st

from app.i18n import t

WRITTEN = "http://localhost:8501"  # what snippets are written with; shown is the address that the visitor uses


def served_address(url: str | None) -> str:
    """Return where this lab is reached, from the address of the page that is looked at: host, port and prefix."""
    return url.partition("?")[0].rpartition("/")[0] if url else WRITTEN


def show_in_python(code: str, label: str | None = None, expanded: bool = False) -> None:
    """Draw the snippet beside a widget, folded where it is not the point of the page."""
    with st.expander(label or t("Show this in Python"), expanded=expanded, icon=":material/code:"):
        st.code(code.strip().replace(WRITTEN, served_address(st.context.url)), language="python")


def call(name: str, /, **arguments: Any) -> str:
    """Return a call as code, one argument to a line when there are more than three."""
    shown = [f"{key}={value!r}" for key, value in arguments.items() if value is not None]
    if len(shown) <= 3:
        return f"{name}({', '.join(shown)})"
    return f"{name}(\n    " + ",\n    ".join(shown) + ",\n)"


def plant_code(plant: str, seed: int | None) -> str:
    """Return code that makes the same plant in a notebook; the seed is left out where it must stay secret."""
    seed_text = "seed" if seed is None else str(seed)
    return (
        "from engine.plant.spec import load_plant\n"
        "from engine.plant.simulator import Plant\n\n"
        f"plant = Plant(load_plant({plant!r}), seed={seed_text})\n"
    )
