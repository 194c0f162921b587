"""How students come in: a join code for those who are new, handle and PIN for those who are known."""

from __future__ import annotations

from contextlib import contextmanager
from html import escape
from typing import TYPE_CHECKING

from app.access import member
from app.i18n import t
from app.lab import lab
from app.sign_in_form import Field, Welcome
from engine.classroom.people import NO_ENTRY
from engine.errors import AccessError

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from app.access import Viewer


class Enter:
    """For people of the class: from the roster, or joined before."""

    name = "enter"
    slows_down = True

    @property
    def title(self) -> str:
        return t("Students and assistants")

    @property
    def fields(self) -> tuple[Field, ...]:
        return (Field("handle", t("Handle, such as calm-otter")), Field("pin", t("PIN"), "password"))

    def check(self, form: Mapping[str, str]) -> Viewer:
        """Return who it is; AccessError in one form of words for every reason."""
        people, client = lab().classroom.people, form.get("client", "")
        with _in_the_readers_words():
            return member(people.enter(form.get("handle", ""), form.get("pin", ""), client))


class Join:
    """For people who are new and have the code that the instructor shows."""

    name = "join"
    slows_down = True

    @property
    def title(self) -> str:
        return t("New here?")

    @property
    def fields(self) -> tuple[Field, ...]:
        return (Field("code", t("Join code, six letters")),)

    def check(self, form: Mapping[str, str]) -> Welcome:
        """Return the new student with its handle and PIN, which are shown this once."""
        with _in_the_readers_words():
            person, pin = lab().classroom.people.join(form.get("code", ""), form.get("client", ""))
        told = f"""<form><h2>{escape(t("You are in. Write these two down:"))}</h2>
<p>{escape(t("Handle"))}</p><p class="key">{escape(person.handle)}</p>
<p>{escape(t("PIN"))}</p><p class="key">{escape(pin)}</p>
<p>{escape(t("They are your way back in, also from another computer. Your handle is the only name that others see."))}
{escape(t("The PIN is shown this once."))}</p></form>"""
        return Welcome(member(person), told)


@contextmanager
def _in_the_readers_words() -> Iterator[None]:
    """Say the class's two refusals in the reader's language; the engine has one only."""
    try:
        yield
    except AccessError as refusal:
        if str(refusal) == NO_ENTRY:
            told = t("That does not open the class; check the code, the handle and the PIN, or ask your instructor.")
        else:
            told = t("Too many wrong tries; wait a minute and try again.")
        raise AccessError(told) from None
