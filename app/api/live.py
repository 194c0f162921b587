"""The live stream: a WebSocket for browsers, an event stream (SSE) for curl and lessons, both with the same ticks.

Browsers never use the event stream: with HTTP/1.1 a seventh tab that holds one would hang the whole site.
"""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Annotated

from fastapi import APIRouter, Query
from fastapi.responses import StreamingResponse
from starlette.websockets import WebSocket, WebSocketDisconnect

from app.api.asking import Name
from app.lab import lab
from engine.errors import LabError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from app.feed import Feed
    from app.hub import Hub

router = APIRouter(tags=["live"])


@router.websocket("/live")
async def live(socket: WebSocket) -> None:
    """Send a hello with names, limits and history, then a frame for each 100 ms; JSON in binary messages.

    `?plant=` chooses a plant that others feed; without it the lab's own is meant.
    """
    await socket.accept()
    try:
        hub, feed = _meant(socket.query_params.get("plant"))
    except LabError as problem:
        await socket.close(1008, str(problem)[:120])
        return
    viewing = hub.subscribe()
    gone = asyncio.create_task(_until_gone(socket))
    gone.add_done_callback(lambda _task: viewing.put(None))
    try:
        await socket.send_bytes(await asyncio.to_thread(feed.hello))
        async for message in viewing:
            await socket.send_bytes(message)
        await socket.close(1001)
    except (WebSocketDisconnect, RuntimeError):
        pass  # the viewer left while a message was on its way
    finally:
        gone.cancel()
        hub.unsubscribe(viewing)


async def _until_gone(socket: WebSocket) -> None:
    with contextlib.suppress(WebSocketDisconnect, RuntimeError):
        while (await socket.receive())["type"] != "websocket.disconnect":
            continue


def _meant(plant: str | None) -> tuple[Hub, Feed]:
    """Return the stream of the lab's own plant, or of one that others feed."""
    opened = lab()
    return (opened.hub, opened.feed) if plant in (None, "", opened.spec.name) else opened.desks.live(plant)


@router.get(
    "/live/stream",
    response_class=StreamingResponse,
    responses={200: {"content": {"text/event-stream": {"schema": {"type": "string"}}}}},
)
async def stream(
    limit: Annotated[int | None, Query(ge=1, le=1_000_000)] = None, plant: Name | None = None
) -> StreamingResponse:
    """Send the same messages as server-sent events; `limit` frames after the hello, endless without it."""
    hub, feed = _meant(plant)
    headers = {"Cache-Control": "no-store"}
    return StreamingResponse(_events(hub, feed, limit), media_type="text/event-stream", headers=headers)


async def _events(hub: Hub, feed: Feed, limit: int | None) -> AsyncIterator[bytes]:
    viewing = hub.subscribe()
    try:
        yield _event(await asyncio.to_thread(feed.hello))
        sent = 0
        async for message in viewing:
            yield _event(message)
            sent += 1
            if sent == limit:
                return
    finally:
        hub.unsubscribe(viewing)


def _event(message: bytes) -> bytes:
    return b"data: " + message + b"\n\n"
