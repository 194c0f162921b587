"""Who acts: asked at the moment of the act, not when its button was drawn.

A browser can send the event of any widget or component that a page ever drew, and a page is drawn for what its reader
was then. So whatever changes something that others see goes through `acting_as` (or `command`, which calls it); a test
walks all pages for changes that do not.
"""

from __future__ import annotations

from functools import wraps
from typing import TYPE_CHECKING, ParamSpec, TypeVar

from app.access import viewer
from app.i18n import t
from engine.errors import AccessError

if TYPE_CHECKING:
    from collections.abc import Callable

    from app.access import Viewer

P, R = ParamSpec("P"), TypeVar("R")
INSTRUCTOR = ("instructor",)
STAFF = ("ta", "instructor")
CLASS = ("student", "ta", "instructor")


def acting_as(roles: tuple[str, ...], person: str | None = None) -> Viewer:
    """Return who acts in this tab.

    Parameters
    ----------
    roles
        One of INSTRUCTOR, STAFF and CLASS.
    person
        Id of the only person who may do it; None = whoever has the role.

    Raises
    ------
    AccessError
        When it is somebody else.
    """
    who = viewer()
    if who.role not in roles:
        raise AccessError(_refusal(roles))
    if person is not None and who.classmate != person:
        raise AccessError(t("This is somebody else's work; sign in at /login and open the page again."))
    return who


def acting(roles: tuple[str, ...]) -> Callable[[Callable[P, R]], Callable[P, R]]:
    """Let a function be called by these roles only."""

    def guard(act: Callable[P, R]) -> Callable[P, R]:
        @wraps(act)
        def guarded(*arguments: P.args, **named: P.kwargs) -> R:
            acting_as(roles)
            return act(*arguments, **named)

        return guarded

    return guard


def _refusal(roles: tuple[str, ...]) -> str:
    if "ta" in roles:
        return t("Only instructors and teaching assistants may do this; sign in at /login.")
    return t("Only an instructor may do this; sign in at /login.")
