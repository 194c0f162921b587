"""The interface in the reader's language: English text is the key, catalogues in app/locales give the others.

Every word a person sees in app/ and pages/ goes through `t("literal text with {name}", name=…)`; a test reads the
source for these literals and fails when a catalogue lacks one.
"""

from __future__ import annotations

import functools
from contextlib import contextmanager
from contextvars import ContextVar
from pathlib import Path
from typing import TYPE_CHECKING

import streamlit as st
import yaml

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

LOCALES = Path(__file__).parent / "locales"
LANGUAGE_KEY = "language"
LANGUAGE_COOKIE = "faultlab_language"  # the choice of the sign-in page, which has no session
LANGUAGE_NAMES = {"en": "English", "de": "Deutsch", "fr": "Français", "es": "Español"}
_spoken: ContextVar[str | None] = ContextVar("language", default=None)


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


def wished(cookies: Mapping[str, str], accepted: str = "") -> str:
    """Return the language of a visitor without a session: the one chosen before, else the browser's, else English."""
    asked = [
        cookies.get(LANGUAGE_COOKIE, ""),
        *(part.split(";")[0].strip()[:2].lower() for part in accepted.split(",")),
    ]
    return next((code for code in asked if code and code in languages()), "en")


@contextmanager
def speaking(language: str) -> Iterator[None]:
    """Answer in this language meanwhile, whatever the session says; for routes."""
    before = _spoken.set(language)
    try:
        yield
    finally:
        _spoken.reset(before)


def spoken() -> str:
    """Return the code of the language that `t` answers in now."""
    return _spoken.get() or st.session_state.get(LANGUAGE_KEY, "en")


def t(text: str, **values: object) -> str:
    """Return the text in this session's language, `{name}` filled from `values`."""
    shown = catalogue(spoken()).get(text, text)
    return shown.format(**values) if values else shown
