"""One wall before every door: rate, bytes, and how much one client holds open."""

import asyncio
import contextlib

import pytest
from starlette.applications import Starlette
from starlette.responses import PlainTextResponse
from starlette.routing import Route, WebSocketRoute
from starlette.testclient import TestClient
from starlette.websockets import WebSocketDisconnect

from app import main
from app.access import SCOPE_KEY, Access, Viewer
from app.api.wall import BURST, Places, Rates, Room, Wall, cost_of, kind_of

STILL = {"wall": lambda: 0.0}


async def done(request):
    await request.body()
    return PlainTextResponse("done")


async def held(websocket):
    await websocket.accept()
    with contextlib.suppress(WebSocketDisconnect):
        await websocket.receive_text()


ROUTES = [
    *(Route(path, done, methods=["GET", "POST", "PUT"]) for path in (
        "/login", "/export-csv", "/api/v1/health", "/api/v1/export", "/static/js/main.js", "/_stcore/upload_file/a/b",
    )),
    WebSocketRoute("/_stcore/stream", held), WebSocketRoute("/api/live", held),
]  # fmt: skip


def walled(**options):
    """Return a client of a server that stands behind the wall."""
    return TestClient(Wall(Starlette(routes=ROUTES), **options))


def tries(client, method, path, most=100):
    """Return how many requests are taken at once before one is refused."""
    for count in range(most):
        if client.request(method, path).status_code == 429:
            return count
    return most


def test_the_wall_stands_before_the_whole_server():
    assert [one.cls for one in main.app._user_middleware][:2] == [Access, Wall]


@pytest.mark.parametrize(
    ("method", "path", "taken"),
    [
        ("POST", "/login", 30),
        ("GET", "/export-csv", 30),
        ("GET", "/api/v1/export", 30),
        ("GET", "/static/js/main.js", 100),
        ("GET", "/login", 100),
        ("PUT", "/_stcore/upload_file/a/b", 100),
    ],
)
def test_every_door_has_its_price(method, path, taken):
    client = walled(rates=Rates(per_second=1.0, most=BURST, **STILL))

    assert tries(client, method, path) == taken


def test_bytes_cost_too():
    client = walled(rates=Rates(per_second=1.0, most=BURST, **STILL))
    body = b" " * 8_000_000

    codes = [client.post("/api/v1/health", content=body).status_code for _ in range(40)]

    assert codes.count(200) == 37  # 3,000 tokens at 81 each


@pytest.mark.parametrize("path", ["/login", "/export-csv", "/api/v1/health", "/static/js/main.js"])
def test_a_body_has_a_limit_at_every_door(path):
    client = walled(most_body=1000)

    assert client.post(path, content=b"x" * 1001).status_code == 413
    assert client.post(path, content=(b"x" * 400 for _ in range(3))).status_code == 413
    assert client.post(path, content=b"x" * 1000).status_code == 200


@pytest.mark.parametrize("path", ["/_stcore/stream", "/api/live"])
def test_a_client_holds_so_many_sockets_open_and_no_more(path):
    client = walled(places=Places({"sockets": Room(2, 2, 100)}))

    with (
        client.websocket_connect(path),
        client.websocket_connect("/_stcore/stream"),
        pytest.raises(WebSocketDisconnect) as refused,
        client.websocket_connect(path),
    ):
        pass
    with client.websocket_connect(path):  # both places were given back
        pass

    assert refused.value.code == 1013


def test_places_are_counted_by_client_and_for_all():
    places = Places({"streams": Room(person=1, address=2, all=3)})

    taken = [
        places.take("streams", who) for who in ("person a", "person a", "1.2.3.4", "1.2.3.4", "1.2.3.4", "5.6.7.8")
    ]
    places.leave("streams", "person a")

    assert taken == [True, False, True, True, False, False]
    assert places.take("streams", "5.6.7.8")
    for who in ("1.2.3.4", "1.2.3.4", "5.6.7.8"):
        places.leave("streams", who)
    assert not places._taken  # nothing is remembered of who has gone


def test_a_person_of_the_class_has_a_bucket_of_his_own():
    app = Wall(Starlette(routes=ROUTES), Rates(per_second=1.0, most=1.0, **STILL))

    async def code(handle):
        sent = []
        scope = {"type": "http", "method": "GET", "path": "/api/v1/health", "headers": [], "query_string": b"",
                 "client": ("9.9.9.9", 1), SCOPE_KEY: Viewer(handle=handle)}  # fmt: skip

        async def receive():
            return {"type": "http.request", "body": b""}

        async def send(message):
            sent.append(message)

        await app(scope, receive, send)
        return sent[0]["status"]

    assert [asyncio.run(code(handle)) for handle in ("eve", "eve", "adam", None)] == [200, 429, 200, 200]


def test_what_stays_open_long_takes_a_place():
    def scope(path, kind="http"):
        return {"type": kind, "method": "GET", "path": path}

    assert kind_of(scope("/api/live/stream")) == "streams"
    assert kind_of(scope("/api/v1/assignments/stream/stream")) == "streams"
    assert kind_of(scope("/_stcore/stream", "websocket")) == "sockets"
    assert kind_of(scope("/base/_stcore/upload_file/s/f")) == "uploads"
    assert kind_of(scope("/api/v1/assignments/x/data")) == kind_of(scope("/export-csv")) == "long answers"
    assert kind_of(scope("/api/v1/health")) == kind_of(scope("/")) == ""
    assert cost_of(scope("/base/export-csv"), 0) == 100.0
