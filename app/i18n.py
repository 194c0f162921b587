"""The interface in the reader's language: English text is the key, catalogues in app/locales give the others.

Every word a person sees in app/ and pages/ goes through `t("literal text with {name}", name=…)`; a test reads the
source for these literals and fails when a catalogue lacks one.
"""

from __future__ import annotations

import functools
from pathlib import Path

import streamlit as st
import yaml

LOCALES = Path(__file__).parent / "locales"
LANGUAGE_KEY = "language"


@functools.cache
def catalogue(language: str) -> dict[str, str]:
    """Return English text → text in that language; empty for English and for unknown languages."""
    file = LOCALES / f"{language}.yaml"
    if language not in languages() or language == "en":
        return {}
    return yaml.safe_load(file.read_text(encoding="utf-8")) or {}


def languages() -> list[str]:
    """Return the codes of the languages there are, English first."""
    return ["en", *sorted(file.stem for file in LOCALES.glob("*.yaml"))]


def t(text: str, **values: object) -> str:
    """Return the text in this session's language, `{name}` filled from `values`."""
    chosen = st.session_state.get(LANGUAGE_KEY, "en")
    shown = catalogue(chosen).get(text, text)
    return shown.format(**values) if values else shown
