"""Names and files of a school: every person keeps a row, every other byte stays, nobody is left out silently."""

from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.classroom.csv_text import guarded, unguarded
from engine.classroom.gradebook import fill
from engine.classroom.gradebook_match import NAMELESS, NOT_THERE, SEVERAL
from engine.classroom.gradebook_write import left_out, write_canvas, write_lines, write_long, write_moodle
from engine.classroom.grading import Result
from engine.classroom.people import Person
from engine.classroom.roster import read_roster
from engine.errors import FileProblemError, LabError
from tests.engine.classroom.room import Room

TITLE = "Label the pump"
CANVAS = "Student,ID,SIS User ID,SIS Login ID,Section\n"


def result(number: int, points: float = 61.7, **details: str) -> Result:
    return Result(Person(f"P{number}", "student", f"handle-{number}", **details), "graded", points, 100.0)


def cells(content: bytes, column: int = -1, encoding: str = "utf-8") -> list[str]:
    return [row[column] for row in csv.reader(io.StringIO(content.decode(encoding))) if row]


# ---- matching


def test_one_of_ours_never_fills_two_rows_of_theirs_by_name():
    raw = (CANVAS + '"Li, Wei",11,,,A\n"Li, Wei",12,,,A\n').encode()

    filled = fill(raw, [result(1, name="Li, Wei")], TITLE)

    assert cells(filled.content) == [TITLE, "", ""]
    assert filled.cures == (("handle-1", SEVERAL),)


def test_people_of_one_name_are_told_apart_by_their_ids():
    raw = (CANVAS + '"Li, Wei",11,,,A\n"Li, Wei",12,,,A\n').encode()
    ours = [result(1, 10.0, name="Li, Wei", lms_id="12"), result(2, 20.0, name="Li, Wei", lms_id="11")]

    assert cells(fill(raw, ours, TITLE).content)[1:] == ["20", "10"]


def test_when_one_of_two_is_known_by_id_the_name_is_enough_for_the_other():
    raw = (CANVAS + '"Li, Wei",11,,,A\n"Li, Wei",12,,,A\n').encode()
    ours = [result(1, 10.0, name="Wei Li"), result(2, 20.0, name="Li, Wei", lms_id="11")]

    assert cells(fill(raw, ours, TITLE).content)[1:] == ["20", "10"]


def test_a_name_does_not_bring_together_what_ids_part():
    """A namesake who is not in our class."""
    raw = (CANVAS + '"Li, Wei",99,,,A\n').encode()

    filled = fill(raw, [result(1, name="Li, Wei", lms_id="11")], TITLE)

    assert cells(filled.content) == [TITLE, ""]
    assert filled.cures == (("handle-1", NOT_THERE),)


@pytest.mark.parametrize("ours", ["Zoë Müller", "Müller, Zoë", "zoë  müller", "ZOE\u0308 MÜLLER"])
@pytest.mark.parametrize(
    "raw",
    [
        CANVAS + '"Müller, Zoë",11,,,A\n',
        CANVAS + "Zoë Müller,11,,,A\n",
        "First name,Last name,ID number,Email address\nZoë,Müller,7,zoe@uni.example\n",
        "Vorname;Nachname;ID-Nummer;E-Mail-Adresse\nZoë;Müller;7;zoe@uni.example\n",
    ],
)
def test_a_class_typed_by_name_goes_into_the_file_of_the_lms(ours: str, raw: str):
    filled = fill(raw.encode(), [result(1, name=ours)], TITLE)

    assert len(filled.matched) == 1
    assert "61.7" in filled.content.decode() or "61,7" in filled.content.decode()
    assert filled.cures == ()


def test_logins_that_look_like_one_number_are_four_people(room: Room):
    logins = ("0429", "00429", "429", "1E5")
    text = CANVAS + "".join(f"{name},,,{login},A\n" for name, login in zip("ABCD", logins, strict=True))
    room.school.apply_roster(read_roster(text))
    people = {p.login: p for p in room.school.people.students()}

    again = room.school.apply_roster(read_roster(room.school.roster.write()))
    ours = [Result(people[login], "graded", float(at), 10.0) for at, login in enumerate(logins)]

    assert set(people) == set(logins)
    assert (again.added, again.updated) == ([], [])
    assert cells(fill(text.encode(), ours, TITLE).content)[1:] == ["0", "1", "2", "3"]


# ---- bytes


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "cp1252", "latin-1", "utf-16"])
def test_a_file_comes_back_in_its_own_encoding(encoding: str):
    raw = "First name,Last name,ID number,Email address\nRené,X,1,a@x.org\n".encode(encoding)

    filled = fill(raw, [result(1, email="a@x.org")], "Pumpe 1")

    assert filled.content.decode(encoding).splitlines()[1] == "René,X,1,a@x.org,61.7"


def test_a_title_with_a_dash_fits_into_a_file_of_windows_and_others_say_where_they_do_not():
    raw = "First name,Last name,ID number,Email address\nRené,X,1,a@x.org\n".encode("latin-1")

    assert (
        "Pumpe – Woche 3 (Real)".encode("cp1252") in fill(raw, [result(1, email="a@x.org")], "Pumpe – Woche 3").content
    )
    with pytest.raises(FileProblemError, match=r"line 1.*has no 'ł'.*UTF-8"):
        fill(raw, [result(1, email="a@x.org")], "Pompa główna")


@pytest.mark.parametrize(
    "raw", [b"\xef\xbb\xbfStudent,ID,X,Section\nRen\xe9,1,,A\n", "Student,ID,X,Section\n".encode("utf-16")[:-1]]
)
def test_a_file_whose_bytes_would_be_lost_is_refused(raw: bytes):
    with pytest.raises(FileProblemError, match="would be lost"):
        fill(raw, [result(1, lms_id="1")], TITLE)


EXTRA = [
    "\n",
    ",,,,\n",
    "   ,,,,\n",
    "Average,,,,\n",
    "Li\n",
    '"Student, Test",99999,,,A,,\n',
    "    Manual Posting,,,,\n",
]


@pytest.mark.parametrize("place", [1, 2, 3])
@pytest.mark.parametrize("extra", EXTRA)
def test_a_blank_or_extra_row_moves_nobody(extra: str, place: int):
    lines = [CANVAS, "    Points Possible,,,,\n", "Maria,11,,,A\n", "Bo,12,,,A\n"]
    raw = "".join([*lines[:place], extra, *lines[place:]])

    filled = fill(raw.encode(), [result(1, 10.0, lms_id="11"), result(2, 20.0, lms_id="12")], TITLE).content.decode()

    rows = {row[0]: row for row in csv.reader(io.StringIO(filled)) if row}
    assert (rows["Maria"][5], rows["Bo"][5], rows["Student"][5]) == ("10", "20", TITLE)
    assert [row[:1] for row in csv.reader(io.StringIO(filled))] == [row[:1] for row in csv.reader(io.StringIO(raw))]


@pytest.mark.parametrize("extra", ["Average,,,\n", "x\n", ",,,\n"])
def test_an_odd_row_in_a_moodle_file_moves_nobody(extra: str):
    raw = "First name,Last name,ID number,Email address\n" + "".join(
        f"A{at},B,{at},a{at}@x.org\n{extra if at == 5 else ''}" for at in range(10)
    )

    filled = fill(raw.encode(), [result(at, float(at), email=f"A{at}@x.org") for at in range(10)], TITLE)

    assert len(filled.matched) == 10
    assert filled.cures == ()


def test_a_column_named_after_the_assignments_id_is_filled_and_named():
    raw = b"Student,ID,SIS Login ID,Section,wk3-pump (77)\nMaria,11,x,A,\n"

    filled = fill(raw, [result(1, lms_id="11")], TITLE, also=("wk3-pump",))

    assert filled.content == b"Student,ID,SIS Login ID,Section,wk3-pump (77)\nMaria,11,x,A,61.7\n"
    assert (filled.column, filled.added) == ("wk3-pump (77)", False)


@settings(max_examples=60, deadline=None)
@given(
    names=st.lists(st.text(st.characters(blacklist_categories=("Cs", "Cc")), min_size=1, max_size=12), max_size=6),
    widths=st.lists(st.integers(1, 8), min_size=6, max_size=6),
)
def test_taking_the_new_column_out_gives_the_file_back(names: list[str], widths: list[int]):
    """Rows of any width: the grade stands under its title, and nothing else has moved."""
    body = [[name, str(at), "", "A", "", "", "", ""][: max(2, widths[at])] for at, name in enumerate(names)]
    raw = io.StringIO()
    csv.writer(raw, lineterminator="\n").writerows([["Student", "ID", "SIS Login ID", "Section"], *body])

    filled = fill(raw.getvalue().encode(), [result(at, 50.0, lms_id=str(at)) for at in range(len(names))], TITLE)

    rows = list(csv.reader(io.StringIO(filled.content.decode())))
    filled_ids = {row[1] for row in rows[1:] if len(row) > 4 and row[4] == "50"}
    assert filled_ids == {str(at) for _, handle, _ in filled.matched for at in [handle.removeprefix("handle-")]}
    for before, after in zip(csv.reader(io.StringIO(raw.getvalue())), rows, strict=True):
        assert after[: min(4, len(before))] == before[:4]
        assert after[5:] == before[4:]


# ---- written files


def test_nobody_is_left_out_of_a_written_file_silently():
    ours = [
        result(1, name="Zoë Müller"),
        result(2),  # joined by code: nothing is known
        result(3, name="Li, Wei"),
        result(4, name="Wei Li"),
        result(5, name="Bo", login="bo", email="bo@x.org"),
    ]

    canvas, moodle = write_canvas(ours, TITLE), write_moodle(ours, TITLE)

    assert [row[0] for row in csv.reader(io.StringIO(canvas))][2:] == ["Zoë Müller", "Bo"]
    absent = dict(left_out(ours, "canvas"))
    assert set(absent) == {"handle-2", "handle-3", "handle-4"}
    assert absent["handle-2"] == NAMELESS
    assert len(moodle.splitlines()) == 2
    absent = dict(left_out(ours, "moodle"))
    assert set(absent) == {"handle-1", "handle-2", "handle-3", "handle-4"}
    assert all("roster" in why for why in absent.values())


@pytest.mark.parametrize("system", ["canvas", "moodle", "brightspace"])
@pytest.mark.parametrize("missing", ["blank", "zero", "leave out"])
def test_everybody_is_in_the_file_or_on_the_list(system: str, missing: str):
    from engine.classroom.gradebook_write import write_brightspace

    writers = {"canvas": write_canvas, "moodle": write_moodle, "brightspace": write_brightspace}
    known = [{}, {"name": "A B"}, {"login": "ab"}, {"email": "a@b.c"}, {"student_id": "7"}, {"lms_id": "9"}]
    ours = [result(at, **one) for at, one in enumerate(known)]
    ours += [Result(result(9, student_id="8").person, status, None, 100.0) for status in ("missing", "excused", "held")]

    text = writers[system](ours, TITLE, missing)
    written = len(list(csv.reader(io.StringIO(text)))) - (2 if system == "canvas" else 1)

    assert written + len(left_out(ours, system, missing)) == len(ours)


def test_formulas_are_guarded_in_every_report_and_come_back_from_a_roster(room: Room):
    evil = '=HYPERLINK("http://x","y")'
    room.school.people.add(name=evil, login="@ada", student_id="-7", section="+B")

    text = room.school.roster.write()
    again = room.school.apply_roster(read_roster(text))

    assert [cell for row in csv.reader(io.StringIO(text)) for cell in row if cell.startswith(("=", "@", "+"))] == []
    assert (again.added, again.updated) == ([], [])
    (person,) = room.school.people.students()
    assert (person.name, person.login, person.student_id) == (evil, "@ada", "-7")
    reports = [write_long([Result(person, "graded", 1.0, 2.0)], "a", 0, {}), write_lines([], "a")]
    reports.append(write_moodle([result(1, name=evil, email="a@b.c")], TITLE))
    for report in reports:
        assert [cell for row in csv.reader(io.StringIO(report)) for cell in row if cell.startswith("=")] == []


@given(st.text(max_size=20))
def test_a_guarded_cell_comes_back(text: str):
    if not text.startswith("'"):
        assert unguarded(guarded(text)) == text
    assert not guarded(text).startswith(("=", "@", "\t", "\r"))


def test_a_negative_number_stays_a_number():
    assert [guarded(text) for text in ("-3", "-3.5", "+2", "-3+4", "-")] == ["-3", "-3.5", "+2", "'-3+4", "'-"]


# ---- rosters


def test_a_handle_with_capitals_from_a_roster_signs_in(room: Room):
    summary = room.school.apply_roster(read_roster("handle,name,email,student_id,lms_id\nAda-L,Ada,ada@x.org,1,1\n"))
    (handle,) = summary.pins

    assert room.school.people.enter("Ada-L", summary.pins[handle]).handle == handle == "ada-l"


def test_people_of_one_name_are_two_and_one_who_is_listed_twice_is_one(room: Room):
    names = room.school.apply_roster(read_roster("Wei Li\nWei Li\nBo\n"))
    again = room.school.apply_roster(read_roster("Wei Li\nWei Li\nBo\n"))
    twice = room.school.apply_roster(
        read_roster("id,first_name,last_name,email\n7,Ann,Ott,a@x\n7,Ann,Ott,a@x\n8,Ann,Ott,b@x\n7,Eve,Roe,c@x\n")
    )

    assert (len(names.added), len(again.added)) == (3, 0)
    assert [(p.student_id, p.first_name) for p in twice.added] == [("7", "Ann"), ("8", "Ann"), ("7", "Eve")]


@pytest.mark.parametrize(("label", "factor"), [("extra time 1,25", 1.25), ("Extra Time 1.5", 1.5), ("front row", 1.0)])
def test_extra_time_is_read_with_a_point_or_a_comma(room: Room, label: str, factor: float):
    person, _ = room.school.people.add()

    room.school.people.set_labels(person.person, [label])

    assert room.school.people.get(person.person).extra_time == factor


@pytest.mark.parametrize(
    "label", ["extra time 25 %", "extra time", "extra-time 1.25", "Extra time 0.5", "extratime 1,25", "extra time 99"]
)
def test_a_label_that_means_extra_time_and_gives_none_is_refused(room: Room, label: str):
    person, _ = room.school.people.add()

    with pytest.raises(LabError, match="from 1 to 10"):
        room.school.people.set_labels(person.person, [label])
    with pytest.raises(LabError, match="from 1 to 10"):
        room.school.apply_roster(read_roster(f"handle,name,student_id,lms_id,labels\nx,A,1,1,\ny,B,2,2,{label}\n"))
    assert len(room.school.people.students()) == 1
