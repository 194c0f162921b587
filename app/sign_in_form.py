"""What a way to sign in asks for, and what it answers."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.access import Viewer


@dataclass(frozen=True)
class Field:
    """One input of a sign-in form."""

    name: str
    label: str
    kind: str = "text"


@dataclass(frozen=True)
class Welcome:
    """Who came in, and a piece of HTML to show once before going on (a new handle and its PIN)."""

    who: Viewer
    html: str
