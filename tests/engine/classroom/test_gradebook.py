"""Gradebooks: golden files made by us for every convention and every silent trap of the LMS importers."""

from __future__ import annotations

import csv
import io
import re
from dataclasses import replace
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from engine.classroom.csv_text import csv_rows, guarded, read_csv_text
from engine.classroom.gradebook import fill
from engine.classroom.gradebook_cells import number
from engine.classroom.gradebook_write import (
    LONG_HEADER,
    write_brightspace,
    write_canvas,
    write_lines,
    write_long,
    write_moodle,
)
from engine.classroom.grading import Result
from engine.classroom.people import Person
from engine.errors import FileProblemError, LabError

GOLDEN = Path(__file__).resolve().parents[2] / "data" / "gradebook"
TITLE = "Label the pump"
MARIA = Person(
    "P1",
    "student",
    "warm-otter",
    "García, María",
    "María",
    "García",
    "maria@uni.example",
    "A0012345",
    "mgarcia",
    "10234",
)
CHIDI = Person(
    "P2",
    "student",
    "calm-heron",
    'Okafor, "Chidi"',
    "Chidi",
    "Okafor",
    "chidi@uni.example",
    "A0012346",
    "cokafor",
    "10235",
)
MOHAMED = Person("P3", "student", "kind-lynx", "محمد علي 🙂", lms_id="10236")
LEA = Person("P4", "student", "wise-newt", "=HYPERLINK(1)", email="lea@uni.example")
RESULTS = [
    Result(MARIA, "graded", 88.25, 100.0),
    Result(CHIDI, "excused", None, 100.0),
    Result(MOHAMED, "graded", 1000.0, 100.0),
    Result(LEA, "held", 50.0, 100.0),
]


@pytest.mark.parametrize(
    ("source", "golden", "system"),
    [
        ("canvas_export.csv", "canvas_filled.csv", "canvas"),
        ("moodle_export.csv", "moodle_filled.csv", "moodle"),
        ("moodle_worksheet.csv", "moodle_worksheet_filled.csv", "moodle worksheet"),
        ("brightspace_export.csv", "brightspace_filled.csv", "brightspace"),
    ],
)
def test_filling_changes_one_column_and_not_a_byte_more(source: str, golden: str, system: str):
    """BOM, line ends, quotes, blank lines, delimiter and decimal comma come back as they were."""
    filled = fill((GOLDEN / source).read_bytes(), RESULTS, TITLE)

    assert (GOLDEN / golden).read_bytes() == filled.content
    assert filled.system == system


def test_the_match_list_names_strangers_absent_and_held():
    filled = fill((GOLDEN / "canvas_export.csv").read_bytes(), RESULTS, TITLE)

    assert [handle for _, handle, _ in filled.matched] == ["warm-otter", "calm-heron", "kind-lynx"]
    assert filled.not_in_class == ("Stranger, Sam 99999",)
    assert filled.not_in_file == ("wise-newt",)


def test_a_held_result_never_leaves_the_house():
    rows = csv_rows([["Student", "ID", "SIS Login ID", "Section", TITLE], ["L", "1", "lea", "A", "keep"]])
    lea = replace(LEA, lms_id="1")

    filled = fill(rows.encode(), [Result(lea, "held", 50.0, 100.0)], TITLE)

    assert filled.content == rows.encode()
    assert filled.left_out == (("wise-newt", "held"),)
    assert "50" not in write_canvas([Result(lea, "held", 50.0, 100.0)], TITLE).split("\n", 2)[2]


@pytest.mark.parametrize(("missing", "cell"), [("blank", ""), ("zero", "0"), ("leave out", "")])
def test_missing_is_not_zero_unless_the_teacher_says_so(missing: str, cell: str):
    rows = csv_rows([["Student", "ID", "SIS Login ID", "Section", TITLE], ["M", "10234", "x", "A", ""]])

    filled = fill(rows.encode(), [Result(MARIA, "missing", None, 100.0)], TITLE, missing)  # type: ignore[arg-type]

    assert list(csv.reader(io.StringIO(filled.content.decode())))[1][4] == cell


@pytest.mark.parametrize(
    "title", ["Capstone Final Score", "final grade of all", "Override Status", "my Current Points 2", "Override grade"]
)
def test_titles_that_canvas_drops_silently_are_refused(title: str):
    with pytest.raises(LabError, match="silently drops"):
        write_canvas(RESULTS, title)
    with pytest.raises(LabError, match="silently drops"):
        fill((GOLDEN / "canvas_export.csv").read_bytes(), RESULTS, title)


def test_a_read_only_column_is_refused():
    raw = (GOLDEN / "canvas_export.csv").read_bytes().replace(b"10,100,(read", b"10,(read only),(read")

    with pytest.raises(FileProblemError, match="read only"):
        fill(raw, RESULTS, TITLE)


def test_a_new_canvas_column_gets_its_points_possible():
    raw = b"Student,ID,SIS Login ID,Section\n    Points Possible,,,\nMaria,10234,mgarcia,A\n,,,\n"

    assert fill(raw, RESULTS, "New one").content == (
        b"Student,ID,SIS Login ID,Section,New one\n    Points Possible,,,,100\nMaria,10234,mgarcia,A,88.25\n,,,\n"
    )


def test_numbers_never_carry_a_thousands_separator():
    """Canvas reads 1,000 as 1."""
    assert [number(x) for x in (1000.0, 1234567.891, 0.0, 8.5, -0.001, None)] == [
        "1000",
        "1234567.89",
        "0",
        "8.5",
        "0",
        "",
    ]


def test_canvas_accepts_our_header_by_its_own_rules():
    """At least 4 columns; Student; ID; then SIS User ID needs SIS Login ID; the last information column is Section."""
    header, points, *people = list(csv.reader(io.StringIO(write_canvas(RESULTS, f"{TITLE} (4711)"))))

    assert header[:5] == ["Student", "ID", "SIS User ID", "SIS Login ID", "Section"]
    assert re.fullmatch(r"(.*)\s\((\d+)\)", header[5])
    assert points[0] == "    Points Possible"
    assert [row[5] for row in people] == ["88.25", "EX", "1000"]


def test_a_name_that_starts_a_formula_is_written_as_canvas_itself_does():
    text = write_canvas([Result(LEA, "graded", 1.0, 100.0)], TITLE)

    assert next(iter(list(csv.reader(io.StringIO(text)))[2])) == '="=HYPERLINK(1)"'
    assert guarded("=1+1") == "'=1+1"
    assert guarded("Ana") == "Ana"


def test_moodle_gets_only_rows_that_cannot_abort_its_import():
    """One unknown user or one cell that is no number aborts the whole import."""
    rows = list(csv.reader(io.StringIO(write_moodle(RESULTS, TITLE))))

    assert rows[0][-2:] == [f"{TITLE} (Real)", f"{TITLE} (Feedback)"]
    assert [(row[3], row[4]) for row in rows[1:]] == [("maria@uni.example", "88.25")]


def test_brightspace_ends_each_line_with_its_mark():
    rows = list(csv.reader(io.StringIO(write_brightspace(RESULTS, TITLE))))

    assert rows[0] == ["OrgDefinedId", "Username", f"{TITLE} Points Grade", "End-of-Line Indicator"]
    assert all(row[-1] == "#" for row in rows[1:])


def test_the_long_form_quotes_names_with_commas_and_marks_the_status():
    """nbgrader joins with commas and never quotes: a comma in a name breaks its file."""
    rows = list(csv.DictReader(io.StringIO(write_long(RESULTS, "pump", 1772438400000000, {"P1": "AB-CDE"}))))

    assert tuple(rows[0]) == LONG_HEADER
    assert [row["status"] for row in rows] == ["graded", "excused", "graded", "held"]
    assert rows[0]["variant"] == "AB-CDE"
    assert write_lines(RESULTS, "pump").count("\n") == 1


def test_a_file_of_another_kind_is_refused():
    with pytest.raises(FileProblemError, match="no Canvas, Moodle or Brightspace"):
        fill(b"a,b\n1,2\n", RESULTS, TITLE)


cells = st.text(alphabet=st.sampled_from('ab,;"\n\r é🙂=\t1'), max_size=6)


@settings(max_examples=80, deadline=None)
@given(st.lists(st.lists(cells, min_size=3, max_size=3), min_size=1, max_size=5), st.sampled_from([",", ";"]))
def test_the_reader_finds_the_cells_that_the_csv_module_wrote(rows: list[list[str]], delimiter: str):
    head = [["one", "two", "three"]]
    text = csv_rows(head + rows, delimiter)

    table = read_csv_text(text)

    wanted = [
        row for row in csv.reader(io.StringIO(text, newline=""), delimiter=delimiter) if any(c.strip() for c in row)
    ]
    assert table.delimiter == delimiter
    assert [table.values(at) for at in range(len(table.rows))] == wanted
