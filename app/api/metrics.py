"""GET /metrics: figures in Prometheus' text format (version 0.0.4)."""

from __future__ import annotations

from itertools import accumulate
from typing import TYPE_CHECKING, Any

from fastapi import APIRouter
from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, HistogramMetricFamily
from prometheus_client.registry import Collector
from starlette.requests import Request
from starlette.responses import Response

from app.api.guard import BOUNDS_S
from app.lab import lab

if TYPE_CHECKING:
    from collections.abc import Iterator

    from prometheus_client.core import Metric

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
    registry = CollectorRegistry()
    registry.register(_Figures(lab().health(), request.app.state.traffic))
    return Response(generate_latest(registry), media_type=MEDIA)


class _Figures(Collector):
    """The figures of one moment, as the library wants them."""

    def __init__(self, facts: dict[str, Any], traffic: Traffic) -> None:
        self.facts, self.traffic = facts, traffic

    def collect(self) -> Iterator[Metric]:
        """Yield every family of figures."""
        for name, kind, text, value in _gauges(self.facts):
            if value is not None:
                family = CounterMetricFamily if kind == "counter" else GaugeMetricFamily
                yield family(name, text, value=value)
        working = GaugeMetricFamily("faultlab_detector_working", "1 when the detector works.", labels=["detector"])
        for who, one in self.facts["detectors"].items():
            working.add_metric([who], int(one["working"]))
        yield working
        yield from _traffic(self.traffic)


def _traffic(traffic: Traffic) -> Iterator[Metric]:
    labels = ["method", "route", "status"]
    requests = CounterMetricFamily("faultlab_requests", "Requests by method, route and status.", labels=labels)
    for (method, route, status), count in sorted(traffic.requests.copy().items()):
        requests.add_metric([method, route, str(status)], count)
    yield requests
    seconds = HistogramMetricFamily("faultlab_request_seconds", "Duration of requests.", labels=["route"])
    for route, counts in sorted(dict(traffic.buckets).items()):
        bounds = [*map(str, BOUNDS_S), "+Inf"]
        up_to = list(zip(bounds, accumulate(counts), strict=True))
        seconds.add_metric([route], up_to, sum_value=traffic.seconds[route])
    yield seconds


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
