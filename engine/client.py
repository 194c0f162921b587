"""A typed client of the lab's API with nothing but the standard library: for notebooks, lessons and other programs.

Examples
--------
>>> lab = LabClient("http://localhost:8501")                      # doctest: +SKIP
>>> lab.predict([{"machine": "turbine-line-1", "temperature": 24.5, "humidity": 48, "sound_level": 63}])[0].status
'normal'
"""

from __future__ import annotations

import http.client
import json
import time
import urllib.error
import urllib.parse
import urllib.request
import uuid
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any, TypeVar

from engine.errors import AccessError, LabError

T = TypeVar("T")
PREFIX = "/api/v1"
MOST_TRIES, FIRST_WAIT_S = 4, 0.2
AGAIN = {429, 503}  # answers after which the same request may be sent again


class ApiError(LabError):
    """The lab refused a request; `status` is HTTP's, `places` names what was wrong where."""

    def __init__(self, status: int, detail: str, places: Sequence[Mapping[str, str]] = ()) -> None:
        self.status, self.places = status, tuple(places)
        super().__init__(detail)


class ApiAccessError(ApiError, AccessError):
    """This token (or none) may not do that."""


class ApiUnknownError(ApiError):
    """There is no such thing."""


@dataclass(frozen=True)
class Prediction:
    """What the lab says of one posted reading."""

    machine: str
    time: str
    score: float
    threshold: float
    is_anomaly: bool
    status: str
    sensors: tuple[str, ...]
    beyond: tuple[str, ...]
    model_version: int


@dataclass(frozen=True)
class AlarmFacts:
    """An alarm in one line; times ISO 8601, `end` None while it stands."""

    number: int
    machine: str
    detector: str
    state: str
    priority: str
    start: str
    end: str | None
    peak: float
    sensors: tuple[str, ...]


@dataclass(frozen=True)
class Receipt:
    """Proof of a submission."""

    submission: str
    assignment: str
    variant: str
    kind: str
    received: str
    sha256: str
    attempt: int


@dataclass(frozen=True)
class Taken:
    """What became of a batch of readings of your own plant."""

    accepted: int
    late: int
    scores: list[dict[str, float | None]]
    alarms: list[dict[str, Any]]
    ahead: int
    note: str


@dataclass
class LabClient:
    """Asks one lab.

    Parameters
    ----------
    address
        Where the lab runs, such as http://localhost:8501.
    token
        A personal token; None = as a student nobody knows.
    timeout_s
        Longest wait for one answer, seconds.
    plant_tokens
        By plant of your own, what was answered when it was made.
    """

    address: str = "http://localhost:8501"
    token: str | None = field(default=None, repr=False)
    timeout_s: float = 30.0
    plant_tokens: dict[str, str] = field(default_factory=dict, repr=False)

    def __post_init__(self) -> None:
        self.address = self.address.rstrip("/")
        if urllib.parse.urlsplit(self.address).scheme not in ("http", "https"):
            raise LabError(f"address must begin with http:// or https://, got {self.address!r}.")

    # ---- signing in

    def sign_in(self, handle: str | None = None, pin: str | None = None, phrase: str | None = None) -> str:
        """Get a token with handle and PIN or the instructors' phrase, use it from now on, and return the role."""
        keys = {"handle": handle, "pin": pin, "phrase": phrase}
        told = self.call("POST", "/tokens", {name: value for name, value in keys.items() if value is not None})
        self.token = told["token"]
        return str(told["role"])

    # ---- reading

    def health(self) -> dict[str, Any]:
        """Return how the lab does."""
        return dict(self.call("GET", "/health"))

    def status(self) -> dict[str, Any]:
        """Return how the plant and its lines stand."""
        return dict(self.call("GET", "/current-status"))

    def lines(self) -> list[dict[str, Any]]:
        """Return the production lines with readings, levels and scores."""
        return list(self.call("GET", "/production-lines"))

    def readings(
        self,
        plant: str | None = None,
        machine: str | None = None,
        start: str | None = None,
        end: str | None = None,
        most: int = 1000,
    ) -> Iterator[dict[str, Any]]:
        """Yield stored readings, the newest first, page by page, at most so many."""
        path = "/readings" if plant is None else f"/plants/{_quoted(plant)}/readings"
        asked: dict[str, Any] = {"machine": machine, "start": start, "end": end}
        left = most
        while left > 0:
            page = self.call("GET", path, query={**asked, "limit": min(left, 1000)})
            yield from page["rows"][:left]
            left -= len(page["rows"])
            if page["next"] is None or not page["rows"]:
                return
            asked["end"] = page["next"]

    def history(self, sensor: str, hours: float = 24.0, machine: str | None = None) -> dict[str, Any]:
        """Return the readings of one sensor by machine, the newest first."""
        asked = {"hours": hours, "machine": machine}
        return dict(self.call("GET", f"/sensor-history/{_quoted(sensor)}", query=asked)["machines"])

    def alarms(self, machine: str | None = None, state: str | None = None, limit: int = 100) -> list[AlarmFacts]:
        """Return alarms, the newest first."""
        asked = {"machine": machine, "state": state, "limit": limit}
        return [_as(AlarmFacts, one) for one in self.call("GET", "/alarms", query=asked)]

    def detectors(self) -> dict[str, Any]:
        """Return the detectors at work and the catalogue."""
        return dict(self.call("GET", "/detectors"))

    # ---- sending

    def predict(
        self, readings: Sequence[Mapping[str, Any]], detector: str | None = None, key: str | None = None
    ) -> list[Prediction]:
        """Have readings scored and stored; each is a dict of machine, sensors and, if you like, time.

        A batch that is sent again after a broken connection is stored once: it carries a key.
        """
        body: dict[str, Any] = {"readings": [dict(one) for one in readings]}
        if detector is not None:
            body["detector"] = detector
        told = self.call("POST", "/predict", body, key=key or str(uuid.uuid4()))
        return [_as(Prediction, one) for one in told["results"]]

    def score_file(self, path: str | Path, detector: str | None = None, **how: Any) -> dict[str, Any]:
        """Have a file of readings read and scored; nothing is stored. `how` as the flags of `engine score`.

        The answer has the same fields as `engine score --json`: profile, what was scored, alarms with sensors.
        """
        file = Path(path)
        asked = {"name": file.name, "detector": detector, **how}
        return dict(self.call("POST", "/score-file", file.read_bytes(), query=asked))

    def make_plant(
        self,
        name: str,
        machines: Sequence[str],
        sensors: Iterable[str | Mapping[str, Any]],
        detectors: Sequence[str] | None = None,
    ) -> dict[str, Any]:
        """Make a plant of your own; a sensor is its name, or a dict with name, unit, normal, warning and critical.

        The answer holds a token when it is new; keep it as `plant_tokens[name]` for a program that will change it.
        """
        told = [{"name": one} if isinstance(one, str) else dict(one) for one in sensors]
        body: dict[str, Any] = {"name": name, "machines": list(machines), "sensors": told}
        if detectors is not None:
            body["detectors"] = list(detectors)
        token = {"Plant-Token": self.plant_tokens.get(name, "")}
        made = dict(self.call("POST", "/plants", body, headers=token))
        if "token" in made:
            self.plant_tokens[name] = str(made["token"])
        return made

    def remove_plant(self, name: str) -> None:
        """Take a plant of your own away (who made it, or staff)."""
        token = {"Plant-Token": self.plant_tokens.pop(name, "")}
        self.call("DELETE", f"/plants/{_quoted(name)}", headers=token)

    def send(self, plant: str, readings: Sequence[Mapping[str, Any]], key: str | None = None) -> Taken:
        """Send readings of your own plant: dicts of machine, time and values; stored once however often it is tried."""
        body = {"readings": [dict(one) for one in readings]}
        told = self.call("POST", f"/plants/{_quoted(plant)}/readings", body, key=key or str(uuid.uuid4()))
        return _as(Taken, told)

    def submit(self, assignment: str, **work: Any) -> Receipt:
        """Hand in labels, csv, answers, text, or parameters with a detector; returns the receipt."""
        return _as(Receipt, self.call("POST", f"/assignments/{_quoted(assignment)}/submissions", work))

    # ---- for staff

    def begin_run(self, plant: str, seed: int | None = None, speed: float | None = None) -> dict[str, Any]:
        """Put another plant, or the same anew, on stage for everybody (instructors)."""
        asked = {"plant": plant, "seed": seed, "speed": speed}
        return dict(self.call("POST", "/runs", {name: value for name, value in asked.items() if value is not None}))

    def inject(self, fault: str, machine: str, **how: Any) -> dict[str, Any]:
        """Break a machine (instructors)."""
        return dict(self.call("POST", "/injections", {"fault": fault, "machine": machine, **how}))

    def clear(self, machine: str | None = None) -> list[str]:
        """End the faults of a machine or of all (instructors)."""
        return list(self.call("DELETE", "/injections", query={"machine": machine})["cleared"])

    def acknowledge(self, number: int) -> AlarmFacts:
        """Say that you have seen an alarm (staff)."""
        return _as(AlarmFacts, self.call("POST", f"/alarms/{int(number)}/acknowledge"))

    # ---- the wire

    def call(
        self,
        method: str,
        path: str,
        body: Any = None,
        query: Mapping[str, Any] | None = None,
        key: str | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Any:
        """Send one request and return the answer's JSON; too many requests and short outages are tried again.

        Raises
        ------
        ApiError
            When the lab refuses it, with its sentence and its places.
        LabError
            When the lab cannot be reached.
        """
        asked = {name: value for name, value in (query or {}).items() if value is not None}
        words = urllib.parse.urlencode(asked, doseq=True)
        address = f"{self.address}{PREFIX}{path}" + (f"?{words}" if asked else "")
        raw = isinstance(body, bytes)
        data = body if raw or body is None else json.dumps(body, allow_nan=False).encode()
        every = {**self._headers(data, key, raw), **(headers or {})}
        request = urllib.request.Request(address, data, every, method=method)
        may_repeat = method in ("GET", "PUT") or key is not None
        for attempt in range(MOST_TRIES):
            last = attempt == MOST_TRIES - 1
            try:
                with urllib.request.urlopen(request, timeout=self.timeout_s) as answer:
                    text = answer.read()
                    return json.loads(text) if text else None
            except urllib.error.HTTPError as refused:
                if last or refused.code not in AGAIN or not may_repeat:
                    raise _problem(refused) from None
                wait = float(refused.headers.get("Retry-After") or FIRST_WAIT_S * 2**attempt)
            except (urllib.error.URLError, http.client.HTTPException, OSError) as broken:
                if last or not may_repeat:
                    raise LabError(f"The lab at {self.address} does not answer ({broken}); is it running?") from None
                wait = FIRST_WAIT_S * 2**attempt
            time.sleep(min(wait, 5.0))
        raise LabError(f"The lab at {self.address} does not answer; is it running?")

    def _headers(self, data: bytes | None, key: str | None, raw: bool = False) -> dict[str, str]:
        headers = {"Accept": "application/json"}
        if data is not None:
            headers["Content-Type"] = "application/octet-stream" if raw else "application/json"
        if key is not None:
            headers["Idempotency-Key"] = key
        if self.token is not None:
            headers["Authorization"] = f"Bearer {self.token}"
        return headers


def _as(kind: type[T], facts: Mapping[str, Any]) -> T:
    """Return a record of the fields that it knows; lists become tuples where the record has tuples."""
    known = {}
    for one in fields(kind):  # type: ignore[arg-type]
        value = facts[one.name]
        known[one.name] = tuple(value) if isinstance(value, list) and str(one.type).startswith("tuple") else value
    return kind(**known)


def _problem(refused: urllib.error.HTTPError) -> ApiError:
    try:
        told = json.loads(refused.read())
    except ValueError:
        told = {}
    detail = str(told.get("detail") or f"The lab answered {refused.code}.")
    kind = {401: ApiAccessError, 403: ApiAccessError, 404: ApiUnknownError}.get(refused.code, ApiError)
    return kind(refused.code, detail, told.get("errors", ()))


def _quoted(name: str) -> str:
    return urllib.parse.quote(name, safe="")
