"""How students come in: a join code for those who are new, handle and PIN for those who are known."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from app.access import Viewer
from app.lab import lab
from app.login import Field, Welcome

if TYPE_CHECKING:
    from collections.abc import Mapping


class Enter:
    """For people of the class: from the roster, or joined before."""

    name = "enter"
    title = "Students and assistants"
    slows_down = True
    fields = (Field("handle", "Handle, such as calm-otter"), Field("pin", "PIN", "password"))

    def check(self, form: Mapping[str, str]) -> Viewer:
        """Return who it is; AccessError in one form of words for every reason."""
        person = lab().classroom.people.enter(form.get("handle", ""), form.get("pin", ""), form.get("client", ""))
        return Viewer(person.role, person.handle)


class Join:
    """For people who are new and have the code that the instructor shows."""

    name = "join"
    title = "New here?"
    slows_down = True
    fields = (Field("code", "Join code, six letters"),)

    def check(self, form: Mapping[str, str]) -> Welcome:
        """Return the new student with its handle and PIN, which are shown this once."""
        person, pin = lab().classroom.people.join(form.get("code", ""), form.get("client", ""))
        told = f"""<form><h2>You are in. Write these two down:</h2>
<p>Handle</p><p class="key">{escape(person.handle)}</p><p>PIN</p><p class="key">{escape(pin)}</p>
<p>They are your way back in, also from another computer. Your handle is the only name that others see.
The PIN is shown this once.</p></form>"""
        return Welcome(Viewer(person.role, person.handle), told)
