"""How students come in: a join code for those who are new, handle and PIN for those who are known."""

from __future__ import annotations

from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING

from app.access import member
from app.i18n import t
from app.lab import lab
from app.sign_in_form import Field, Welcome
from engine.classroom.doors import TooManyTriesError
from engine.classroom.people import CLOSED, FULL, NO_ENTRY
from engine.errors import AccessError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from app.access import Viewer
    from engine.classroom.doors import Caller


class Enter:
    """For people of the class: from the roster, or joined before."""

    name = "enter"

    @property
    def title(self) -> str:
        return t("Students and assistants")

    @property
    def fields(self) -> tuple[Field, ...]:
        return (Field("handle", t("Handle, such as calm-otter")), Field("pin", t("PIN"), "password"))

    def check(self, form: Mapping[str, str], caller: Caller) -> Viewer:
        """Return who it is; AccessError in one form of words for every reason."""
        with _in_the_readers_words():
            return member(lab().classroom.people.enter(form.get("handle", ""), form.get("pin", ""), caller))


class Join:
    """For people who are new and have the code that the instructor shows."""

    name = "join"

    @property
    def title(self) -> str:
        return t("New here?")

    @property
    def fields(self) -> tuple[Field, ...]:
        return (Field("code", t("Join code, six letters")),)

    def check(self, form: Mapping[str, str], caller: Caller) -> Welcome:
        """Return the new student with its handle and PIN, which are shown this once."""
        with _in_the_readers_words():
            person, pin = lab().classroom.people.join(form.get("code", ""), caller)
        told = f"""<form><h2>{escape(t("You are in. Write these two down:"))}</h2>
<p>{escape(t("Handle"))}</p><p class="key">{escape(person.handle)}</p>
<p>{escape(t("PIN"))}</p><p class="key">{escape(pin)}</p>
<p>{escape(t("They are your way back in, also from another computer. Your handle is the only name that others see."))}
{escape(t("The PIN is shown this once."))}</p></form>"""
        return Welcome(member(person), told)


@contextmanager
def _in_the_readers_words() -> Iterator[None]:
    """Say the class's refusals in the reader's language."""
    try:
        yield
    except AccessError as refusal:
        raise in_the_readers_words(refusal) from None


def in_the_readers_words(refusal: AccessError) -> AccessError:
    """Return a refusal of the class in the reader's language; the engine has one only."""
    if isinstance(refusal, TooManyTriesError):
        return AccessError(t("Too many wrong tries; wait {n} s and try again.", n=refusal.seconds))
    words = {
        NO_ENTRY: t("That does not open the class; check the code, the handle and the PIN, or ask your instructor."),
        CLOSED: t("Joining by code is closed; ask your instructor to open it."),
        FULL: t("The class is full: nobody can join by code any more; ask your instructor to add you."),
    }
    return AccessError(words.get(str(refusal), str(refusal)))
