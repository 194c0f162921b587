"""The one place where a seed is drawn that hides something: a plant's future, its twin, its faults.

Readings are a public hash of (seed, names, time): whoever can try all seeds finds the one that made what he sees, and
with it the truth. 2**31 seeds take an hour on one core; 2**63 do not end.
"""

from __future__ import annotations

import secrets

from engine.errors import LabError

BITS = 63  # the most that a signed 64-bit column and a TOML or YAML integer hold
LARGEST_SEED = 2**BITS - 1


def new_seed() -> int:
    """Return a seed that nobody chose and nobody can find by trying."""
    return secrets.randbits(BITS)


def chosen_seed(text: str) -> int | None:
    """Return the seed that a person typed; None = none: one by chance.

    Raises
    ------
    LabError
        When it is no whole number of that range.
    """
    text = text.strip()
    if not text:
        return None
    if not (text.isascii() and text.isdecimal()) or int(text[:20]) > LARGEST_SEED:
        raise LabError(f"A seed is a whole number from 0 to {LARGEST_SEED}, got {text[:40]!r}; empty = by chance.")
    return int(text)
