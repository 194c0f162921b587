"""GET /metrics: figures in Prometheus' text format (version 0.0.4)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from starlette.requests import Request
from starlette.responses import Response

from app.api.guard import BOUNDS_S
from app.lab import lab

if TYPE_CHECKING:
    from app.api.guard import Traffic

router = APIRouter(tags=["health"])
MEDIA = "text/plain; version=0.0.4; charset=utf-8"


@router.get(
    "/metrics",
    response_class=Response,
    responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
)
def metrics(request: Request) -> Response:
    """Return counters and gauges of engine, store, viewers and API."""
    facts, traffic = lab().health(), request.app.state.traffic
    lines = [line for name, kind, text, value in _gauges(facts) for line in _lines(name, kind, text, value)]
    return Response("\n".join([*lines, *_detectors(facts), *_traffic(traffic)]) + "\n", media_type=MEDIA)


def _gauges(facts: dict[str, Any]) -> list[tuple[str, str, str, Any]]:
    store, queue, viewers = facts["store"], facts["queue"], facts["viewers"]
    return [
        ("faultlab_up", "gauge", "1 when the engine is well.", int(facts["status"] == "ok")),
        ("faultlab_ticks_total", "counter", "Ticks delivered.", facts["ticks"]),
        ("faultlab_ticks_per_second", "gauge", "Ticks per second of wall time.", facts["ticks_per_s"]),
        ("faultlab_lag_seconds", "gauge", "Wall time that the plant is behind its clock.", facts["lag_s"]),
        ("faultlab_engine_restarts_total", "counter", "Times the thread was started again.", facts["restarts"]),
        ("faultlab_queue_ticks", "gauge", "Ticks that wait for the detectors.", queue["queued"]),
        ("faultlab_ticks_dropped_total", "counter", "Ticks not scored for overload.", queue["dropped"]),
        ("faultlab_alarms_standing", "gauge", "Alarms that have not ended.", facts["alarms_standing"]),
        ("faultlab_rows_accepted_total", "counter", "Rows given to the store.", store["rows_accepted"]),
        ("faultlab_rows_stored_total", "counter", "Rows on disk.", store["rows_stored"]),
        ("faultlab_rows_waiting", "gauge", "Rows that wait for the next commit.", store["rows_waiting"]),
        ("faultlab_rows_lost_total", "counter", "Rows given up while the disk took nothing.", store["rows_lost"]),
        ("faultlab_store_bytes", "gauge", "Size of the store's file.", store["bytes"]),
        ("faultlab_memory_bytes", "gauge", "Memory of the process.", facts["memory_bytes"]),
        ("faultlab_viewers", "gauge", "Viewers of the live stream.", viewers["watching"]),
        ("faultlab_messages_total", "counter", "Messages published to viewers.", viewers["messages"]),
        ("faultlab_messages_dropped_total", "counter", "Messages that slow viewers missed.", viewers["dropped"]),
    ]


def _lines(name: str, kind: str, text: str, value: Any) -> list[str]:
    if value is None:
        return []
    return [f"# HELP {name} {text}", f"# TYPE {name} {kind}", f"{name} {value}"]


def _detectors(facts: dict[str, Any]) -> list[str]:
    name = "faultlab_detector_working"
    rows = [f'{name}{{detector="{who}"}} {int(one["working"])}' for who, one in facts["detectors"].items()]
    return [f"# HELP {name} 1 when the detector works.", f"# TYPE {name} gauge", *rows]


def _traffic(traffic: Traffic) -> list[str]:
    requests, seconds = "faultlab_requests_total", "faultlab_request_seconds"
    lines = [f"# HELP {requests} Requests by method, route and status.", f"# TYPE {requests} counter"]
    for (method, route, status), count in sorted(traffic.requests.copy().items()):
        lines.append(f'{requests}{{method="{method}",route="{route}",status="{status}"}} {count}')
    lines += [f"# HELP {seconds} Duration of requests.", f"# TYPE {seconds} histogram"]
    for route, counts in sorted(dict(traffic.buckets).items()):
        total = 0
        for bound, count in zip((*BOUNDS_S, "+Inf"), counts, strict=True):
            total += count
            lines.append(f'{seconds}_bucket{{route="{route}",le="{bound}"}} {total}')
        lines += [f'{seconds}_sum{{route="{route}"}} {traffic.seconds[route]:.6f}']
        lines += [f'{seconds}_count{{route="{route}"}} {total}']
    return lines
