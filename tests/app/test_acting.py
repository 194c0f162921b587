"""Whatever changes something that others see asks who acts, at the moment of the act."""

from __future__ import annotations

import ast
import re
from typing import TYPE_CHECKING

import pytest
import streamlit as st

from app import controls
from app.acting import CLASS, INSTRUCTOR, STAFF, acting, acting_as
from app.controls import acknowledge, command
from app.keys_of_session import DONE_KEY, PROBLEM_KEY
from engine.errors import AccessError
from engine.home import PROJECT
from tests.app.conftest import user

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

# ---- which methods change something: read from the engine's own source, so that a new one is found by itself

SHARED = (
    "engine/classroom",
    "engine/running",
    "engine/alarming",
    "engine/lines.py",
    "engine/runner.py",
    "app/stage.py",
)
SHARED += ("engine/external", "app/classroom/student.py", "app/lab.py", "app/sign_ins.py", "lessons/drafts.py")
SHARED += ("lessons/proofs.py",)
# Where a change ends up: a row that is written, a file, a command that the runner obeys.
WRITES = {
    "add",
    "add_all",
    "add_next",
    "put",
    "put_all",
    "write",
    "write_soon",
    "write_text",
    "write_atomically",
    "rmtree",
}
WRITES |= {"_call", "insert"}
HOLDERS = ("_records", "_database", "database", "_audit", "_book", "records")  # what those names hang on
# They write too, yet what others see stays: results that are kept for the next time, reads that wait for the runner.
READS = {"grades", "payloads", "join_code", "active_faults", "pending_entries", "subscribe"}
READS |= {
    "adopt",
    "attempts",
    "payloads_of",
    "reveal",
    "begin",
    "of",
    "sealed",
    "result",
    "public_result",
    "_results",
    "_copy",
    "copy",
}  # kept by the way: that it was seen, its grade


def functions(tree: ast.AST) -> Iterator[ast.FunctionDef]:
    return (node for node in ast.walk(tree) if isinstance(node, ast.FunctionDef))


def called(node: ast.AST) -> Iterator[tuple[str, str]]:
    """Return (name, what it hangs on) of every call inside."""
    for one in (one for one in ast.walk(node) if isinstance(one, ast.Call)):
        for on in ast.walk(one.func) if isinstance(one.func, ast.IfExp) else (one.func,):
            yield (on.attr, ast.unparse(on.value)) if isinstance(on, ast.Attribute) else (ast.unparse(on), "")


def writes(name: str, on: str) -> bool:
    if name in ("change", "remove"):
        return "_records" in on
    if name in ("write_text", "write_atomically", "rmtree", "write_template", "_call"):
        return True
    return name in WRITES and any(holder in on for holder in HOLDERS)


def changing() -> set[str]:
    """Return the names of functions that change something shared, through however many others."""
    parts = [PROJECT / part for part in SHARED]
    files = [file for part in parts for file in ([part] if part.suffix else part.rglob("*.py"))]
    found = [
        ((one.name, file), {(word, file if word.startswith("_") else None, on) for word, on in called(one)})
        for file in files for one in functions(ast.parse(file.read_text("utf-8"))) if one.name not in READS
    ]  # fmt: skip
    known = {key for key, calls in found if any(writes(word, on) for word, _, on in calls)}
    while True:
        names = {(name, file if name.startswith("_") else None) for name, file in known}
        more = {
            key for key, calls in found
            if key[0] != "__init__" and any((w, f) in names and re.search("self|runner|desk", on) for w, f, on in calls)
        } - known  # fmt: skip
        if not more:
            return {name for name, _ in known if not name.startswith("_")}
        known |= more


CHANGING = changing()

# ---- where pages use them

GUARDS = {"command", "own", "keep", "_do", "long_work"}  # each of them asks `acting_as` before it acts
SHARED_THINGS = re.compile(r"school\(\)|lab\(\)|opened|runner|desk$|people|office|drafts|the_class|classroom")
# Reads that are called like a change elsewhere.
SAME_NAME = re.compile(r"runner(\.core)?\.run(\.run)?$|conductor\.(seal|revealed)$|get\(name\)\.submit$")
NOT_PAGES = ("app/api", "app/classroom/student.py", "app/acting.py", "app/lab.py", "app/stage.py", "app/opening.py")
NOT_PAGES += ("app/server.py", "app/login.py", "app/desks.py", "app/sign_ins.py", "app/replaying.py", "app/doorstep.py")
OWN_CHECKS = {"app/classroom/student_entry.py": {"join", "enter"}}  # a code, a PIN


def pages() -> list[Path]:
    found = [file for folder in ("app", "pages") for file in (PROJECT / folder).rglob("*.py")]
    return [file for file in found if not file.relative_to(PROJECT).as_posix().startswith(NOT_PAGES)]


def asks(function: ast.FunctionDef) -> bool:
    """Return whether a function asks who acts."""
    names = {name for name, _ in called(function)}
    return "acting_as" in names or any("acting(" in ast.unparse(one) for one in function.decorator_list)


def guards(call: ast.AST) -> bool:
    """Return whether this is a call of a guard, or hands its arguments to one: `on_click=keep, args=(…)`."""
    if not isinstance(call, ast.Call):
        return False
    return ast.unparse(call.func) in GUARDS or any(ast.unparse(one.value) in GUARDS for one in call.keywords)


def changes(node: ast.AST, allowed: frozenset[str]) -> bool:
    """Return whether this names a changing method of something shared."""
    if not isinstance(node, ast.Attribute) or node.attr not in CHANGING - allowed:
        return False
    return bool(SHARED_THINGS.search(ast.unparse(node.value))) and not SAME_NAME.search(ast.unparse(node))


def unguarded(tree: ast.AST, allowed: frozenset[str] = frozenset()) -> list[str]:
    """Return line and name of every use of a changing method that nobody asks for."""
    handed = {
        node.id for call in ast.walk(tree) if guards(call)
        for one in call.args for node in ast.walk(one) if isinstance(node, ast.Name)
    }  # fmt: skip
    found: list[str] = []

    def walk(node: ast.AST, safe: bool) -> None:
        safe = safe or guards(node)
        if isinstance(node, ast.FunctionDef):
            safe = safe or asks(node) or node.name in handed
        if changes(node, allowed) and not safe:
            found.append(f"line {node.lineno}: {ast.unparse(node)}")
            return
        for child in ast.iter_child_nodes(node):
            walk(child, safe)

    walk(tree, False)
    return found


def test_the_changes_that_the_engine_offers_are_known():
    """The list is read from the source; these must be in it, or the search below looks for nothing."""
    expected = {"inject", "clear", "acknowledge", "comment", "shelve", "set_speed", "pause", "undo", "change_plant"}
    expected |= {"new_pin", "set_role", "drop", "erase", "sign_out", "save", "release", "publish", "mark", "hold"}
    expected |= {"hand_in_labels", "call", "vote", "dispute", "token", "set_policy", "end_phrase", "delete"}

    assert expected - CHANGING == set()
    assert len(CHANGING) < 200


@pytest.mark.parametrize("file", pages(), ids=lambda file: file.relative_to(PROJECT).as_posix())
def test_no_page_control_or_component_changes_anything_without_asking_who_acts(file: Path):
    allowed = frozenset(OWN_CHECKS.get(file.relative_to(PROJECT).as_posix(), ()))

    assert unguarded(ast.parse(file.read_text("utf-8")), allowed) == []


@pytest.mark.parametrize(
    "source",
    [
        "st.button('x', on_click=lambda: lab().runner.acknowledge(3))",
        "st.button('x', on_click=lab().runner.pause)",
        "def act():\n    school().people.new_pin('P1')\nchart(on_act=act)",
        "job = Job(lambda *_: school().assignments.release('pump')).start()",
        "if st.button('x'):\n    people.erase(person)",
    ],
)
def test_the_search_finds_each_way_to_forget_it(source: str):
    assert len(unguarded(ast.parse(source))) == 1


@pytest.mark.parametrize("name", sorted(GUARDS))
def test_what_counts_as_a_guard_asks(name: str):
    """All of that name: another `keep` of a page that does not ask must be called otherwise."""
    files = [file for file in pages() if f"def {name}(" in file.read_text("utf-8")]
    found = [one for file in files for one in functions(ast.parse(file.read_text("utf-8"))) if one.name == name]
    by_another = {"keep": {"own", "person"}, "_do": {"command"}}

    assert found
    assert all(asks(one) or by_another.get(name, set()) & {word for word, _ in called(one)} for one in found)


def test_every_route_that_changes_something_asks_for_a_role():
    """The API's own: a parameter of type Instructor, Staff or Member; strangers may only do what is listed here."""
    open_to_all = {"make_plant", "ingest", "predict", "score", "score_file", "token"}
    open_to_all |= {"remove_plant"}  # who made it, or staff: the registry asks
    unsafe = re.compile(r"router\.(post|put|patch|delete)\b")
    files = [*(PROJECT / "app" / "api").glob("*.py")]
    found = [one for file in files for one in ast.walk(ast.parse(file.read_text("utf-8")))]
    routes = [one for one in found if unsafe.search("".join(map(ast.unparse, getattr(one, "decorator_list", ()))))]
    without = {one.name for one in routes if not re.search(r"\b(Instructor|Staff|Member)\b", ast.unparse(one.args))}

    assert len(routes) > 15
    assert without <= open_to_all


# ---- the guard itself


@pytest.fixture
def tab(opened, monkeypatch):
    """A tab of whoever is set: `tab("ta")`."""
    state: dict[str, object] = {}
    monkeypatch.setattr(st, "session_state", state)

    def of(role: str, person: str = "") -> dict[str, object]:
        monkeypatch.setattr(st, "user", {"role": role, "person": person} if person else user(role))
        state.clear()
        return state

    return of


@pytest.mark.parametrize(
    ("roles", "may"),
    [(INSTRUCTOR, {"instructor"}), (STAFF, {"ta", "instructor"}), (CLASS, {"student", "ta", "instructor"})],
)
def test_only_these_roles_may(tab, roles, may):
    for role in ("student", "ta", "instructor"):
        state = tab(role)
        done = []
        command(done.append, role, by=roles)
        assert (done == [role]) == (role in may)
        assert (PROBLEM_KEY in state) == (role not in may)


def test_only_the_person_itself_may(tab, opened):
    ann, bob = (opened.classroom.people.add()[0] for _ in range(2))
    tab("student", ann.person)

    assert acting_as(CLASS, ann.person).handle == ann.handle
    with pytest.raises(AccessError, match="somebody else"):
        acting_as(CLASS, bob.person)


def test_a_role_that_was_taken_away_counts_at_once(tab, opened):
    people = opened.classroom.people
    person, _ = people.add("ta")
    tab("ta", person.person)
    act = acting(STAFF)(lambda: "done")
    assert act() == "done"

    people.set_role(person.person, "student")

    with pytest.raises(AccessError):
        act()


@pytest.mark.parametrize(("role", "acknowledged"), [("student", 0), ("ta", 1), ("instructor", 1)])
def test_a_students_browser_cannot_acknowledge_an_alarm(tab, opened, monkeypatch, role, acknowledged):
    """The live page's component takes the event from any browser's console."""
    hit = []
    monkeypatch.setattr(opened.runner, "acknowledge", lambda number, author="": hit.append(number))
    state = tab(role)

    acknowledge(12)

    assert len(hit) == acknowledged
    assert (DONE_KEY in state) == bool(acknowledged)
    assert controls.acknowledge is acknowledge
