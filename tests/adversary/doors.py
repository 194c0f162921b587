"""Every way in which a student may ask the lab for something: each door gives its name and what came out of it."""

from __future__ import annotations

import io
import json
from typing import TYPE_CHECKING, Any

import pyarrow.parquet

from app.api import operations
from app.classroom.student import StudentDesk
from engine.classroom.label_files import write_labels
from engine.classroom.topic import ClassTopic
from engine.errors import LabError
from engine.store.explore import STUDENT_VIEWS

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from engine.classroom.people import Person
    from tests.adversary.world import World

READINGS = "readings"  # a door that gives timestamps of readings by right begins so
HEAVY = ("/data", "/stream")
Answer = tuple[str, str]  # (door, everything that came out)


def desk_doors(world: World, who: Person, name: str, *, files: bool = True) -> Iterator[Answer]:
    """Ask the student's desk, which pages and routes ask, and what stands beside it on the pages of everybody."""
    desk, school = StudentDesk(world.school, who), world.school
    asked: dict[str, Callable[[], Any]] = {
        "result in numbers": lambda: desk.counts(name),
        "report": lambda: desk.report(name),
        "results": lambda: desk.results(name),
        "disputes": lambda: (_dispute(desk, name), desk.disputes(name)),
        "my data": desk.export,
        "card": lambda: desk.card(name),
        "commitment": lambda: desk.commitment(name),
        "variant": lambda: desk.variant(name),
        "labels": lambda: desk.book(name),
        "calls": lambda: (desk.called(name), desk.stream(name)),
        "board": lambda: (school.boards.board(name, viewer=who.person), school.boards.says(name)),
        "leak meter": lambda: school.boards.leak(name),
    }
    if files:
        asked[f"{READINGS} as CSV"] = lambda: desk.file(name, "csv").decode()
        asked[f"{READINGS} as Parquet"] = lambda: _parquet(desk.file(name, "parquet"))
    asked |= {
        f"proof of {one.variant}": lambda one=one: school.assignments.proof(name, one.variant)  # type: ignore[misc]
        for one in school.assignments.variants(name)
    }
    for door, ask in asked.items():
        yield door, _told(ask)


def _dispute(desk: StudentDesk, name: str) -> str:
    span = desk.variant(name)
    return _told(lambda: desk.dispute(name, span.machines[0], span.start_us + 1, span.start_us + 60_000_001, "why?"))


def _told(ask: Callable[[], Any]) -> str:
    """Return the answer as text; a refusal is an answer too, anything else it raises is a defect."""
    try:
        found = ask()
    except LabError as refusal:
        return str(refusal)
    return found if isinstance(found, str) else repr(found)


def _parquet(raw: bytes) -> str:
    table = pyarrow.parquet.read_table(io.BytesIO(raw))
    columns = [str(table.column(name).to_pylist()) for name in table.column_names]
    return "\n".join([str(table.schema), str(table.schema.metadata), *columns])


def topic_door(world: World, name: str) -> Answer:
    """Let the class's topic be filled, as an instructor may by mistake, and read it."""
    sink = _Sink()

    def publish() -> str:
        ClassTopic(world.school, name, sink).publish()  # type: ignore[arg-type]
        return "\n".join(sink.texts)

    return f"{READINGS} on the topic", _told(publish)


class _Sink:
    def __init__(self) -> None:
        self.texts: list[str] = []

    def write(self, rows: Any) -> None:
        self.texts.append(str(list(rows.times_us)))


def api_doors(world: World, who: Person | None, names: list[str], *, files: bool = True) -> Iterator[Answer]:
    """Ask every operation that the API has, with every id that a student can know or guess."""
    token = {} if who is None else {"Authorization": f"Bearer {world.school.people.token(who.person)}"}
    document = world.client.get("/api/openapi.json").json()
    for method, path, _ in operations(document):
        if path.endswith("/live/stream"):
            continue  # never ends on a plant that stands still; the socket says the same
        meant = names if files or not path.endswith(HEAVY) else [name for name in names if world.hides(name)]
        for filled in _filled(path, meant):
            body = {} if method in ("POST", "PUT", "PATCH") else None
            answer = world.client.request(method, f"/api{filled}", headers=token, json=body)
            if answer.status_code >= 500:
                raise AssertionError(f"{method} {filled} answers {answer.status_code}: {answer.text[:200]}")
            kind = READINGS if path.endswith(("/data", "/window", "/stream")) else "API"
            yield f"{kind} {method} {filled}", f"{answer.text}\n{dict(answer.headers)}"


def _filled(path: str, names: list[str]) -> list[str]:
    """Return a path with every id that may be meant; what reads is asked for all, the rest of the lab once."""
    if "{assignment}" not in path:
        for word in ("machine", "plant", "name", "model", "table", "sensor", "number"):
            path = path.replace(f"{{{word}}}", "1")
        return [path]
    found = [path.replace("{assignment}", name) for name in names]
    if path.endswith("/window"):
        return [f"{one}?machine={machine}&points=2000" for one in found for machine in ("MACHINE_001", "MACHINE_002")]
    if path.endswith("/stream"):
        return [f"{one}?speed=10000&limit=3" for one in found]
    if path.endswith("/data"):
        return [*found, *(f"{one}?every_s=600" for one in found)]
    return found


def name_doors(world: World, who: Person) -> Iterator[Answer]:
    """Ask for ids and files that are none: ways up and out, other people's ids, variants, names of files."""
    token = {"Authorization": f"Bearer {world.school.people.token(who.person)}"}
    others = [one.person for one in world.people.values()]
    variants = [one.variant for name in world.names for one in world.school.assignments.variants(name)]
    up = ["..%2f..%2fvault.duckdb", "%2e%2e%2fvault.duckdb", "receipts.jsonl", "vault.duckdb", "%00", "x" * 61]
    for name in (*up, *others, *variants):
        for end in ("data", "window?machine=MACHINE_001", "submissions", "stream?limit=1", "proof", "key", "truth"):
            answer = world.client.get(f"/api/v1/assignments/{name}/{end}", headers=token)
            yield f"name {name}/{end}", answer.text
    yield from _file_names(world, who)


def _file_names(world: World, who: Person) -> Iterator[Answer]:
    """Hand in files with names that lead elsewhere: nothing but the receipts may change."""
    name, before = world.names[0], _listing(world)
    raw = write_labels(world.marks(name, who)).encode()
    for called in (
        "../../receipts.jsonl",
        "/etc/passwd",
        "..\\..\\vault.duckdb",
        "a\0b.csv",
        "<script>.csv",
        "x" * 5000,
    ):
        for content in (raw, b"\xff" + raw, raw.replace(b"MACHINE_001", b"../../x")):
            told = _told(lambda c=content, n=called: StudentDesk(world.school, who).hand_in_file(name, c, n))  # type: ignore[misc]
            yield f"file called {called[:20]!r}", told
    if _listing(world) != before:
        raise AssertionError(f"files of the home changed: {_listing(world) ^ before}")


def _listing(world: World) -> set[str]:
    return {str(path) for path in world.folder.rglob("*") if not path.name.endswith((".wal", ".tmp"))}


PLAIN_QUESTIONS = (
    "select * from information_schema.tables", "select * from duckdb_tables()", "select * from duckdb_settings()",
    "select * from duckdb_views()", "select * from duckdb_secrets()", "select getenv('FAULTLAB_PASSPHRASE')",
    "select * from class_keys", "select * from class_people", "select * from class_published", "select * from truth",
    "select * from vault.keys", "pragma database_list", "select * from journal", "load httpfs", "select 1; select 2",
    "select * from read_csv('/etc/passwd')", "call pragma_version()", "set memory_limit = '1TB'",
    "select * from readings limit 50", "select * from alarms limit 50",
)  # fmt: skip
FILE_QUESTIONS = (
    "select * from read_blob('HOME/vault.duckdb')", "select * from read_text('HOME/receipts.jsonl')",
    "select * from glob('HOME/*')", "attach 'HOME/vault.duckdb' as v", "copy (select 1) to 'HOME/out'",
    "from 'HOME/vault.duckdb'", "explain analyze copy (select 1) to 'HOME/out'",
)  # fmt: skip


def sql_doors(world: World) -> Iterator[Answer]:
    """Ask Explore, which everybody may, for tables, files, settings and itself."""
    home = str(world.folder)
    questions = [*PLAIN_QUESTIONS, *(question.replace("HOME", home) for question in FILE_QUESTIONS)]
    for question in questions:
        yield f"SQL {question[:40]}", _told(lambda q=question: world.lab.store.explore(q, STUDENT_VIEWS))  # type: ignore[misc]
    if (world.folder / "out").exists():
        raise AssertionError("a question wrote a file")


def socket_doors(world: World) -> Iterator[Answer]:
    """Listen to the live socket of the plant, as every page does, and send it what it does not expect."""
    for address in ("/api/live", "/api/v1/live?plant=pump_station", "/api/v1/live?plant=vault"):
        try:
            with world.client.websocket_connect(address) as socket:
                socket.send_text(json.dumps({"act": "mark", "assignment": world.names[0], "variant": "all"}))
                yield f"socket {address}", str(socket.receive())
        except Exception as closed:  # a refusal of a socket is whatever the test client makes of it
            yield f"socket {address}", repr(closed)
