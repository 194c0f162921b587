"""The field's words in one sentence each, for the pop-overs of the lessons."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import yaml


@cache
def glossary() -> dict[str, str]:
    """Return word → meaning, in alphabetical order."""
    text = Path(__file__).with_name("glossary.yaml").read_text(encoding="utf-8")
    return dict(sorted(yaml.safe_load(text).items()))
