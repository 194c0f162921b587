"""Who is in the class: roles, joining by code, PINs, tokens, labels such as extra time, export and erasure."""

from __future__ import annotations

import hmac
import json
import re
import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from engine.classroom import passphrase as words
from engine.classroom.doors import Caller, Doors
from engine.errors import AccessError, LabError
from engine.records import DAY_US

if TYPE_CHECKING:
    from engine.classroom.audit import Audit
    from engine.store.class_records import ClassRecords

MOST_TIME = 10  # times as long
ROLES = ("student", "ta", "instructor")
TOKEN_DAYS = 30
NO_ENTRY = "That does not open the class; check the code, the handle and the PIN, or ask your instructor."
CLOSED = "Joining by code is closed; ask your instructor to open it."
FULL = "The class is full: nobody can join by code any more; ask your instructor to add you."
MOST_STUDENTS = 2000  # who join by code; a roster may bring more
NOBODY_KNOWN = Caller()


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
        return max([1.0, *(factor for label in self.labels if (factor := extra_time_of(label)) is not None)])


def extra_time_of(label: str) -> float | None:
    """Return the factor of a label about extra time, with a point or a comma; None for any other label."""
    found = re.fullmatch(r"extra time\s+(\d+(?:[.,]\d+)?)", label.strip().lower())
    return float(found[1].replace(",", ".")) if found else None


def checked_labels(labels: Iterable[str]) -> list[str]:
    """Return labels without doubles, in order.

    Raises
    ------
    LabError
        For one that is about extra time and says no factor: it would count as none, without a word.
    """
    kept = sorted({label.strip() for label in labels if label.strip()})
    for label in kept:
        if re.match(r"extra[\s_-]*time", label, re.IGNORECASE) and not 1 <= (extra_time_of(label) or 0) <= MOST_TIME:
            raise LabError(f'The label {label!r} gives no extra time; write a factor from 1 to 10: "extra time 1.25".')
    return kept


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
        self.doors = Doors(lambda: now_us() / 1e6)
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

    @property
    def joining(self) -> bool:
        """Whether people can join by code; an instructor opens and closes it."""
        return self._setting("joining") != "closed"

    def open_joining(self, opened: bool, who: str = "instructor") -> None:
        """Let people join by code, or no longer; who is in stays in."""
        self._records.settings.put(name="joining", value="open" if opened else "closed")
        self._audit.note(who, "opened" if opened else "closed", "joining by code")

    def join(self, code: str, caller: Caller = NOBODY_KNOWN) -> tuple[Person, str]:
        """Return a new student with a random handle, and the PIN that is shown once.

        Raises
        ------
        AccessError
            For a wrong code, while joining is closed or the class full; TooManyTriesError says how long to wait.
        """
        if not self.joining:
            raise AccessError(CLOSED)
        was_right = self.doors.knock("join", caller)
        if not hmac.compare_digest(code.strip().upper().encode(), self.join_code().encode()):
            raise AccessError(NO_ENTRY)
        was_right()
        if len(self.students()) >= MOST_STUDENTS:
            raise AccessError(FULL)
        self.doors.knock("joined", caller)
        return self.add(role="student")

    def enter(self, handle: str, pin: str, caller: Caller = NOBODY_KNOWN) -> Person:
        """Return the person with that handle (however capitalised) and PIN; every failure looks the same."""
        row = self._of_handle(handle.strip()[:80])
        was_right = self.doors.knock("pin", caller, handle.strip().lower()[:80], row["person"] if row else "")
        right = words.matches("".join(pin.split()), row["pin_hash"] if row else "")
        if not right or row is None or row["dropped"]:
            raise AccessError(NO_ENTRY)
        was_right()
        return _person(row)

    def _of_handle(self, typed: str) -> dict[str, Any] | None:
        """Return the row of a handle; rosters of earlier versions brought some with capitals."""
        people, plain = self._records.people, typed.lower()
        found = people.one(handle=typed) or people.one(handle=plain)
        return found or next((row for row in people.find("handle") if str(row["handle"]).lower() == plain), None)

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
        """Give a person a new PIN (lost, or seen by others) and return it; all that the old one opened ends."""
        found, pin = self.get(person), words.new_pin()
        self._end_sign_ins(person)
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
        """Change a role; the person signs in anew."""
        if role not in ROLES:
            raise LabError(f"role must be one of: {', '.join(ROLES)}, got {role!r}.")
        before = self.get(person)
        if before.role == role:
            return
        self._end_sign_ins(person)
        self._records.people.change({"person": person}, role=role)
        self._audit.note("instructor", "changed the role of", before.handle, before.role, role)

    def set_labels(self, person: str, labels: list[str]) -> None:
        """Replace a person's labels; "extra time 1.25" scales time limits; other people never see labels."""
        before, labels = self.get(person), checked_labels(labels)
        self._records.people.change({"person": person}, labels=json.dumps(labels))
        self._audit.note("instructor", "changed the labels of", before.handle, str(list(before.labels)), str(labels))

    # sign-ins
    def epoch(self, person: str) -> str:
        """Return what a sign-in of this person must carry; another one ends those before it."""
        row = self._records.epochs.one(person=person)
        return "" if row is None else str(row["epoch"])

    def sign_out(self, person: str, who: str = "class") -> None:
        """End all sign-ins and tokens of a person, wherever they are."""
        found = self.get(person)
        self._end_sign_ins(person)
        self._audit.note(who, "signed out everywhere", found.handle)

    def _end_sign_ins(self, person: str) -> None:
        self._records.epochs.put(person=person, epoch=secrets.token_hex(8))
        self._records.tokens.change({"person": person}, revoked=True)

    # tokens
    def token(self, person: str) -> str:
        """Return a new personal token for the API, good for 30 days; older ones of this person end."""
        token = words.new_token()
        self._records.tokens.change({"person": person}, revoked=True)
        self._records.tokens.add(token_hash=words.token_hash(token), person=person, made_us=self._now_us())
        self._audit.note("class", "made a token for", self.get(person).handle)
        return token

    def by_token(self, token: str) -> Person:
        """Return whose token it is; unknown, old and ended tokens look the same."""
        row = self._records.tokens.one(token_hash=words.token_hash(token), revoked=False)
        oldest = self._now_us() - TOKEN_DAYS * DAY_US
        if row is None or row["made_us"] < oldest or (found := self.get(row["person"])).dropped or found.erased:
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
        self._end_sign_ins(person)
        self._records.people.change(
            {"person": person}, **gone, handle=f"erased-{secrets.token_hex(3)}", labels="[]", pin_hash="", erased=True
        )
        self._records.tokens.remove(person=person)
        self._records.drafts.remove(person=person)
        self._audit.note("instructor", "erased", "a person")

    def _setting(self, name: str) -> str | None:
        row = self._records.settings.one(name=name)
        return None if row is None else str(row["value"])


_DETAILS = ("name", "first_name", "last_name", "email", "student_id", "login", "lms_id", "section")
_OWN_TABLES = ("submissions", "drafts", "calls", "begun", "disputes", "votes")


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
