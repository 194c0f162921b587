"""What can go wrong in a way that a learner or an instructor can mend.

Pages and the command line catch `LabError` only and show its text; everything else is a defect of ours.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable


class LabError(Exception):
    """Something a person can mend; the text is one sentence that names the place and the cure."""


class ParameterError(LabError):
    """A value is outside what a parameter allows."""


class CancelledError(LabError):
    """The person stopped the work; nothing was written."""


class UnknownNameError(LabError):
    """Nothing of that kind has that name."""

    def __init__(self, kind: str, name: str, choices: Iterable[str]) -> None:
        known = sorted(choices)
        if not known:
            super().__init__(f"No {kind} is called {name!r}; there is none yet.")
            return
        near = nearest(name, known)
        hint = f" Did you mean {near!r}?" if near else ""
        super().__init__(f"No {kind} is called {name!r}; choose one of: {', '.join(known)}.{hint}")


class FileProblemError(LabError):
    """A file cannot be used as it is: where, why, and what to write instead."""

    def __init__(self, file: object, place: str, wrong: str, cure: str) -> None:
        self.file, self.place, self.wrong, self.cure = str(file), place, wrong, cure
        where = f"{file}, {place}" if place else f"{file}"
        super().__init__(f"{where}: {wrong}; {cure}.")


class StoreError(LabError):
    """The store cannot be opened or written: held by another process, disk full, damaged."""


class UnknownOutcomeError(StoreError):
    """Nobody knows yet whether a write was done; the caller must not say that it failed."""


class AccessError(LabError):
    """The person asking may not do or see this."""


def nearest(name: str, choices: Iterable[str]) -> str | None:
    """Return the choice most like `name` (case ignored), or None when nothing comes near."""
    by_lower = {choice.lower(): choice for choice in choices}
    found = difflib.get_close_matches(name.lower(), by_lower, n=1, cutoff=0.5)
    return by_lower[found[0]] if found else None
