"""Finds the licence that lies beside data; what nobody has licensed is said so, never guessed."""

from __future__ import annotations

import hashlib
from pathlib import Path

NAMES = ("license", "licence", "copying", "licence.txt", "license.txt", "license.md", "licence.md", "copying.txt")
KNOWN = (
    ("gnu general public license", "GPL"),
    ("gnu affero general public license", "AGPL"),
    ("mit license", "MIT"),
    ("permission is hereby granted, free of charge", "MIT"),
    ("apache license", "Apache-2.0"),
    ("attribution-noncommercial", "CC BY-NC"),
    ("attribution-sharealike", "CC BY-SA"),
    ("creative commons attribution 4.0", "CC BY 4.0"),
    ("creative commons zero", "CC0"),
    ("cc0", "CC0"),
)
UNKNOWN = "No licence file lies beside the data; look at its source before you share it."
MOST_UP = 3


def licence_of(folder: Path) -> tuple[str, str]:
    """Return the licence in a few words and the file that says so, searched in the folder and up to three above."""
    for place in [folder, *folder.parents][: MOST_UP + 1]:
        files = sorted(path for path in place.iterdir() if path.is_file() and path.name.lower() in NAMES)
        if files:
            return _in_words(files[0]), files[0].name
    return UNKNOWN, ""


def digest_of(path: Path) -> str:
    """Return the SHA-256 of a file."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _in_words(path: Path) -> str:
    text = path.read_text(encoding="utf-8", errors="replace")[:4000]
    low = " ".join(text.lower().split())
    known = next((name for words, name in KNOWN if words in low), None)
    lines = [line.strip() for line in text.splitlines() if line.strip()]
    first = " · ".join(lines[:2])[:160]
    return first if known is None else f"{known} ({first})"
