"""People: joining, entering, tokens, labels, privacy; and rosters from every system."""

from __future__ import annotations

import pytest

from engine.classroom.doors import Caller, TooManyTriesError
from engine.classroom.roster import read_roster
from engine.errors import AccessError, FileProblemError, LabError
from tests.engine.classroom.room import Room

CANVAS = (
    "Student,ID,SIS User ID,SIS Login ID,Section,Pump (4711)\n"
    "    Points Possible,,,,,10\n"
    '"García, María",10234,A0012345,mgarcia,CM-101,8.5\n'
    '"O\'Neil, ""Bo""",10235,A0012346,bo,CM-101,\n'
    "محمد علي 🙂,10236,A0012347,mali,CM-102,\n"
    '"Student, Test",99999,,,CM-101,\n'
)
FILES = {
    "canvas": CANVAS,
    "moodle": "First name,Last name,ID number,Email address,Groups\nMaría,García,A0012345,maria@uni.example,B\n",
    "moodle upload": "username,firstname,lastname,email\nmgarcia,María,García,maria@uni.example\n",
    "autolab": "Semester,email,last_name,first_name,school\nf26,maria@uni.example,García,María,CIT\n",
    "nbgrader": "id,first_name,last_name,email\nA0012345,María,García,maria@uni.example\n",
    "brightspace": "OrgDefinedId,Username,Pump Points Grade,End-of-Line Indicator\nA0012345,mgarcia,,#\n",
    "names": "María García\nChidi Okafor\nLi\n",
}


def test_joining_needs_the_code_and_gives_a_random_handle_and_a_pin(room: Room):
    person, pin = room.school.people.join(room.school.people.join_code().lower())

    assert room.school.people.enter(person.handle, pin) == person
    assert person.role == "student"
    assert len(person.handle.split("-")) == 2
    assert len(pin) == 8


def test_every_wrong_entry_looks_the_same(room: Room):
    """A handle that exists and one that does not cannot be told apart."""
    person, pin = room.school.people.add()
    wrong = "000000" if pin != "000000" else "111111"
    said = []

    for handle, guess in ((person.handle, wrong), ("no-such", pin)):
        with pytest.raises(AccessError) as problem:
            room.school.people.enter(handle, guess)
        said.append(str(problem.value))
    with pytest.raises(AccessError) as problem:
        room.school.people.get("P000")

    assert {*said, str(problem.value)} == {said[0]}


def test_guessing_a_pin_is_slowed_down(room: Room):
    person, pin = room.school.people.add()
    for guess in range(5):
        with pytest.raises(AccessError):
            room.school.people.enter(person.handle, f"x{guess}")

    with pytest.raises(TooManyTriesError, match="wait 1 s"):
        room.school.people.enter(person.handle, pin)
    own = Caller(device="the owner's own browser", known=frozenset({person.person}))
    assert room.school.people.enter(person.handle, pin, own) == person
    room.clock.us += 1_100_000

    assert room.school.people.enter(person.handle, pin) == person


def test_an_unknown_role_is_a_student(room: Room):
    person, _ = room.school.people.add(role="admin")

    assert person.role == "student"


def test_a_token_opens_the_api_until_the_next_one(room: Room):
    person, _ = room.school.people.add()
    first = room.school.people.token(person.person)
    second = room.school.people.token(person.person)

    with pytest.raises(AccessError):
        room.school.people.by_token(first)
    assert room.school.people.by_token(second) == person


def test_an_extra_time_label_scales_time(room: Room):
    person, _ = room.school.people.add()
    room.school.people.set_labels(person.person, ["extra time 1.25", "front row"])

    assert room.school.people.get(person.person).extra_time == 1.25


def test_erasing_keeps_scores_and_takes_out_the_person(room: Room):
    person, _ = room.school.people.add(name="María García", email="maria@uni.example")
    room.school.people.erase(person.person)

    left = room.school.people.get(person.person)
    assert (left.name, left.email, left.erased) == ("", "", True)
    assert left not in room.school.people.students()
    assert "maria" not in str(room.school.people.export(person.person)).lower()


@pytest.mark.parametrize("system", FILES)
def test_a_roster_of_every_system_is_recognised(system: str):
    roster = read_roster(FILES[system])

    assert roster.system == system
    assert roster.rows
    assert all(set(row) and any(row.values()) for row in roster.rows)


def test_canvas_notes_and_test_student_are_nobody_and_odd_names_survive(room: Room):
    room.school.apply_roster(read_roster(CANVAS.encode("utf-8-sig")))

    names = {person.name for person in room.school.people.students()}
    assert names == {"García, María", 'O\'Neil, "Bo"', "محمد علي 🙂"}


def test_reading_the_exported_roster_again_changes_nothing(room: Room):
    room.school.apply_roster(read_roster(CANVAS))
    room.school.people.set_labels(room.school.people.students()[0].person, ["extra time 1.5"])
    before = room.school.people.students()

    summary = room.school.apply_roster(read_roster(room.school.roster.write()), mark_missing=True)

    assert (summary.added, summary.updated, summary.dropped) == ([], [], [])
    assert before == room.school.people.students()


def test_dropping_never_deletes_and_coming_back_is_the_same_person(room: Room):
    room.school.apply_roster(read_roster(CANVAS))
    before = {p.lms_id: p.person for p in room.school.people.students()}

    gone = room.school.apply_roster(read_roster("\n".join(CANVAS.splitlines()[:3])), mark_missing=True)
    back = room.school.apply_roster(read_roster(CANVAS))

    assert len(gone.dropped) == 2
    assert len(back.updated) == 2
    assert before == {p.lms_id: p.person for p in room.school.people.students()}


def test_problems_are_listed_with_their_lines_and_a_blank_name_is_none():
    text = "id,first_name,last_name,email\n1,,,a@x\n1,Bo,,b@x\n3,,,A@x\n,,,\n,,,c@x\n"

    problems = dict(read_roster(text).problems)

    assert problems == {3: "the same student id as in line 2", 4: "the same email as in line 2"}


def test_encodings_delimiters_and_foreign_headers_are_mended():
    semicolons = "Vorname;Nachname;ID-Nummer;E-Mail-Adresse\r\nJürgen;Groß;7;j@uni.example\r\n"

    roster = read_roster(semicolons.encode("latin-1"))
    mapped = read_roster(semicolons.encode("utf-16"), {0: "first_name", 1: "last_name", 2: "student_id", 3: "email"})

    assert roster.mapping == {3: "email"}
    assert mapped.rows[0] == {"first_name": "Jürgen", "last_name": "Groß", "student_id": "7", "email": "j@uni.example"}


@pytest.mark.parametrize("raw", [b"", b"PK\x03\x04zip bomb", b"\x1f\x8b", b"a,b\n" + b"x" * 20_000_001, b'a,"b\n1,2'])
def test_what_is_no_roster_is_refused_in_one_sentence(raw: bytes):
    with pytest.raises(FileProblemError) as problem:
        read_roster(raw, file="../../x.csv")

    assert "\n" not in str(problem.value)


def test_an_empty_mapping_is_refused(room: Room):
    with pytest.raises(LabError, match="no people"):
        room.school.apply_roster(read_roster("id,first_name,last_name\n"))
