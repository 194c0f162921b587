"""Whose plant it is: who made it may change it and take it away, and so may staff; anybody may feed it."""

from __future__ import annotations

import hashlib
import hmac
import secrets
from dataclasses import dataclass

from engine.errors import AccessError


@dataclass(frozen=True)
class Asker:
    """Who wants a plant made, changed or taken away.

    Parameters
    ----------
    sender
        Whose plants are counted together: a person, or a network address.
    person
        Id in the class; None = nobody that the lab knows.
    token
        What was answered when the plant was made.
    staff
        Whether it is an instructor or a teaching assistant.
    """

    sender: str = ""
    person: str | None = None
    token: str = ""
    staff: bool = False


ANYBODY, STAFF = Asker(), Asker(staff=True)


@dataclass(frozen=True)
class Owner:
    """Who made a plant; of the token only its SHA-256 is kept."""

    sender: str = ""
    person: str | None = None
    token_sha256: str = ""

    def require(self, who: Asker, name: str) -> None:
        """Refuse everybody but the owner and staff."""
        known = bool(self.person) and who.person == self.person
        holds = bool(self.token_sha256) and hmac.compare_digest(_digest(who.token), self.token_sha256)
        if not (who.staff or known or holds):
            raise AccessError(
                f"The plant {name!r} is somebody else's: send the token that was answered when it was made "
                "(header Plant-Token), choose another name, or ask an instructor."
            )


def new_owner(who: Asker) -> tuple[Owner, str]:
    """Return the owner of a new plant and the token that proves it; it is shown this once."""
    token = secrets.token_urlsafe(24)
    return Owner(who.sender, who.person, _digest(token)), token


def _digest(token: str) -> str:
    return hashlib.sha256(token.encode()).hexdigest()
