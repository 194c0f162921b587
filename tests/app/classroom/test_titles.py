"""Labels of assignments in a choice."""

from __future__ import annotations

from app.classroom.titles import assignment_titles
from engine.classroom.spec import load_spec
from tests.app.classroom import demo_class

TITLES = {"one": "Pump", "two": "Pump", "three": "Fan"}


def test_assignments_of_one_title_are_two_choices():
    """Streamlit finds what was chosen by its label."""
    specs = [load_spec(demo_class.assignment(name, title, 1)) for name, title in TITLES.items()]

    assert assignment_titles(specs) == {"one": "Pump (one)", "two": "Pump (two)", "three": "Fan"}
