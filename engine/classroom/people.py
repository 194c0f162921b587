"""Who is in the class: roles, joining by code, PINs, tokens, labels such as extra time, export and erasure."""

from __future__ import annotations

import hmac
import json
import re
import secrets
from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from engine.classroom import passphrase as words
from engine.errors import AccessError, LabError

if TYPE_CHECKING:
    from engine.classroom.audit import Audit
    from engine.store.class_records import ClassRecords

ROLES = ("student", "ta", "instructor")
NO_ENTRY = "That does not open the class; check the code, the handle and the PIN, or ask your instructor."
TRIES, TRIES_OF_ALL, PAUSE_US, MOST_DOORS = 5, 50, 60_000_000, 10_000  # a client's, everybody's, a minute


@dataclass(frozen=True)
class Person:
    """One person of the class. `person` is a random id; name and email are optional and never leave the gradebook."""

    person: str
    role: str
    handle: str
    name: str = ""
    first_name: str = ""
    last_name: str = ""
    email: str = ""
    student_id: str = ""
    login: str = ""
    lms_id: str = ""
    section: str = ""
    labels: tuple[str, ...] = ()
    dropped: bool = False
    erased: bool = False

    @property
    def extra_time(self) -> float:
        """Factor on time limits, from a label such as "extra time 1.25"; 1.0 without one."""
        found = [re.fullmatch(r"extra time\s+(\d+(?:\.\d+)?)", label.strip().lower()) for label in self.labels]
        return max([1.0, *(float(match[1]) for match in found if match)])


class People:
    """People of one class.

    Parameters
    ----------
    records, audit
        Tables and log.
    now_us
        The server's clock in microseconds.
    """

    def __init__(self, records: ClassRecords, audit: Audit, now_us: Callable[[], int]) -> None:
        self._records, self._audit, self._now_us = records, audit, now_us
        self._misses: dict[tuple[str, str | None], list[int]] = {}
        self.results_seen: Callable[[str], list[dict[str, Any]]] = lambda person: []  # the class says what is out

    # join code
    def join_code(self) -> str:
        """Return the class's join code; made when there is none."""
        code = self._setting("join_code")
        return self.new_join_code() if code is None else code

    def new_join_code(self) -> str:
        """Replace the join code; people who are in stay in."""
        code = words.new_join_code()
        self._records.settings.put(name="join_code", value=code)
        return code

    def join(self, code: str, client: str = "") -> tuple[Person, str]:
        """Return a new student with a random handle, and the PIN that is shown once.

        `client` is the browser session that asks: one who guesses does not close the door to the others.
        """
        self._slow_down("join", client)
        right = hmac.compare_digest(code.strip().upper().encode(), self.join_code().encode())
        self._remember("join", client, right)
        if not right:
            raise AccessError(NO_ENTRY)
        return self.add(role="student")

    def enter(self, handle: str, pin: str, client: str = "") -> Person:
        """Return the person with that handle and PIN; every failure looks the same."""
        handle = handle.strip().lower()
        self._slow_down(handle, client)
        row = self._records.people.one(handle=handle)
        right = words.matches(pin, row["pin_hash"] if row else "") and row is not None and not row["dropped"]
        self._remember(handle, client, right)
        if not right or row is None:
            raise AccessError(NO_ENTRY)
        return _person(row)

    # persons
    def add(self, role: str = "student", **details: Any) -> tuple[Person, str]:
        """Add a person and return it with its PIN (shown once); a role that is unknown is a student."""
        pin = words.new_pin()
        row = self.new_row(role, {p.handle for p in self.all()}, details)
        self._records.people.add(**row, pin_hash=words.hashed(pin))
        self._audit.note("class", "added", f"{row['role']} {row['handle']}")
        return _person(row), pin

    def new_row(self, role: str, taken: set[str], details: dict[str, Any]) -> dict[str, Any]:
        """Return the table row of a new person with a free handle."""
        labels = json.dumps(list(details.pop("labels", ())))
        known = {name: value for name, value in details.items() if name in _DETAILS}
        return {
            "person": f"P{secrets.token_hex(6)}",
            "role": role if role in ROLES else "student",
            "handle": words.new_handle(taken),
            "labels": labels,
            "joined_us": self._now_us(),
            **known,
        }

    def new_pin(self, person: str) -> str:
        """Give a person a new PIN (lost, or another laptop) and return it."""
        found, pin = self.get(person), words.new_pin()
        self._records.people.change({"person": person}, pin_hash=words.hashed(pin))
        self._audit.note("instructor", "gave a new PIN to", found.handle)
        return pin

    def get(self, person: str) -> Person:
        """Return a person by id; an unknown id is refused in the words of a wrong PIN."""
        row = self._records.people.one(person=person)
        if row is None:
            raise AccessError(NO_ENTRY)
        return _person(row)

    def named(self, **given: str) -> Person | None:
        """Return who is in the class now with that `email` or `login`, however it is capitalised.

        None when it is nobody's, and when it is several people's: none of them shall come in as the other.
        """
        ((field, value),) = given.items()
        wanted = _plain(value)
        found = [p for p in self.all(dropped=False) if not p.erased and wanted == _plain(getattr(p, field))]
        return found[0] if wanted and len(found) == 1 else None

    def all(self, *, dropped: bool = True) -> list[Person]:
        """Return everybody by handle (never in the order of names), dropped ones too unless told otherwise."""
        return [p for p in map(_person, self._records.people.find("handle")) if dropped or not p.dropped]

    def students(self) -> list[Person]:
        """Return the students who are in the class now."""
        return [p for p in self.all(dropped=False) if p.role == "student" and not p.erased]

    def drop(self, person: str, *, dropped: bool = True) -> None:
        """Mark a person as dropped, or as back; nothing is ever deleted by this."""
        self._records.people.change({"person": person}, dropped=dropped)
        self._audit.note("instructor", "dropped" if dropped else "took back", self.get(person).handle)

    def set_role(self, person: str, role: str) -> None:
        """Change a role."""
        if role not in ROLES:
            raise LabError(f"role must be one of: {', '.join(ROLES)}, got {role!r}.")
        before = self.get(person)
        self._records.people.change({"person": person}, role=role)
        self._audit.note("instructor", "changed the role of", before.handle, before.role, role)

    def set_labels(self, person: str, labels: list[str]) -> None:
        """Replace a person's labels; "extra time 1.25" scales time limits; other people never see labels."""
        before = self.get(person)
        self._records.people.change({"person": person}, labels=json.dumps(sorted(set(labels))))
        self._audit.note("instructor", "changed the labels of", before.handle, str(list(before.labels)), str(labels))

    # tokens
    def token(self, person: str) -> str:
        """Return a new personal token for the API; older ones of this person end."""
        token = words.new_token()
        self._records.tokens.change({"person": person}, revoked=True)
        self._records.tokens.add(token_hash=words.token_hash(token), person=person, made_us=self._now_us())
        self._audit.note("class", "made a token for", self.get(person).handle)
        return token

    def by_token(self, token: str) -> Person:
        """Return whose token it is; unknown and ended tokens look the same."""
        row = self._records.tokens.one(token_hash=words.token_hash(token), revoked=False)
        if row is None or (found := self.get(row["person"])).dropped or found.erased:
            raise AccessError("The token is not known; make a new one on your page of the class.")
        return found

    # privacy
    def export(self, person: str) -> dict[str, Any]:
        """Return everything that is kept about a person, for the person."""
        found = self.get(person)
        tables = {name: getattr(self._records, name).find(person=person) for name in _OWN_TABLES}
        own = {"person": {f.name: getattr(found, f.name) for f in fields(found)}, **tables}
        return {**own, "published": self.results_seen(person)}

    def erase(self, person: str) -> None:
        """Take out name, email, ids, handle, drafts and tokens; anonymous submissions and scores stay."""
        gone = dict.fromkeys(_DETAILS, "")
        self._records.people.change(
            {"person": person}, **gone, handle=f"erased-{secrets.token_hex(3)}", labels="[]", pin_hash="", erased=True
        )
        self._records.tokens.remove(person=person)
        self._records.drafts.remove(person=person)
        self._audit.note("instructor", "erased", "a person")

    def _setting(self, name: str) -> str | None:
        row = self._records.settings.one(name=name)
        return None if row is None else str(row["value"])

    def _slow_down(self, door: str, client: str) -> None:
        since = self._now_us() - PAUSE_US
        for name, limit in (((door, client), TRIES), ((door, None), TRIES_OF_ALL)):
            recent = [at for at in self._misses.get(name, []) if at > since]
            if len(recent) >= limit:
                raise AccessError("Too many wrong tries; wait a minute and try again.")

    def _remember(self, door: str, client: str, right: bool) -> None:
        if right:
            self._misses.pop((door, client), None)
            return
        if len(self._misses) >= MOST_DOORS:
            self._misses.clear()
        for name, limit in (((door, client), TRIES), ((door, None), TRIES_OF_ALL)):
            self._misses[name] = [*self._misses.get(name, []), self._now_us()][-limit:]


_DETAILS = ("name", "first_name", "last_name", "email", "student_id", "login", "lms_id", "section")
_OWN_TABLES = ("submissions", "drafts", "calls", "disputes", "votes")


def _person(row: dict[str, Any]) -> Person:
    known = {field.name: row[field.name] for field in fields(Person) if field.name in row and field.name != "labels"}
    return Person(**known, labels=tuple(json.loads(row["labels"])))


def _plain(name: str) -> str:
    """Return an address or login to compare; beyond ASCII another letter may turn into the same small one (K, ſ)."""
    name = name.strip()
    return name.lower() if name.isascii() else name


def person_of_row(row: dict[str, Any]) -> Person:
    """Return the person of a row of the class's table."""
    return _person(row)
