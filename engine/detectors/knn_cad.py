"""KNN-CAD: conformal anomaly detection with nearest neighbours of stretches."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Annotated, ClassVar

import numpy as np

from engine.detectors.kernels import kernel
from engine.detectors.sensorwise import Sensorwise
from engine.params import Range
from engine.records import OPERATIONAL

if TYPE_CHECKING:
    from engine.detectors.base import State
    from engine.records import Block, FloatArray


@dataclass
class KnnCad(Sensorwise):
    """Share of earlier stretches that were less strange than the last one, by distance to their nearest neighbours.

    Distances are Mahalanobis in the space of the last `length` readings; the stretches compared with lie one `memory`
    back, so a fault does not hide among its own readings. A score of 1.0 says: stranger than everything in memory.
    After an alarm it rests. Costs about 15 µs per reading and sensor.

    Parameters
    ----------
    length
        Readings in a stretch.
    neighbours
        Nearest stretches whose distances are summed.
    memory
        Stretches compared with, and scores ranked among.
    rest
        Readings held down after an alarm, as a share of the memory in use.

    References
    ----------
    Burnaev, E., Ishimtsev, V. (2016). Conformalized density- and distance-based anomaly detection in time-series data.
    arXiv 1608.04585.
    """

    name: ClassVar[str] = "knn_cad"
    title: ClassVar[str] = "KNN-CAD"
    family: ClassVar[str] = "time series"
    good_at: ClassVar[str] = "odd shapes in a single stream, with a score that means the same everywhere"
    bad_at: ClassVar[str] = "many sensors at once (each may alarm); slow drift"
    default_threshold: ClassVar[float] = 1.0

    length: Annotated[int, Range(2, 100, unit="ticks")] = 19
    neighbours: Annotated[int, Range(1, 200, unit="stretches")] = 27
    memory: Annotated[int, Range(100, 5_000, unit="stretches", log=True)] = 750
    rest: Annotated[float, Range(0.0, 1.0)] = 0.2

    def begin(self, n_machines: int, n_sensors: int) -> State:
        signals, room = n_machines * n_sensors, 2 * self.memory + self.length
        return {
            "seen": np.zeros(signals, np.int64),
            "span": np.full(signals, self.memory),
            "readings": np.zeros((signals, room)),
            "past": np.zeros((signals, self.memory)),
            "resting": np.zeros(signals, np.int64),
            "inverse": np.tile(np.eye(self.length), (signals, 1, 1)),
            "energy": np.zeros((signals, room)),
        }

    def fit(self, block: Block) -> None:
        """Learn the history; when it is shorter than the memory, the memory is as long as the history."""
        self.state = self.start(block.n_machines, block.n_sensors)
        usable = np.isfinite(block.values) & (block.status == OPERATIONAL)[:, :, None]
        count = usable.sum(axis=0).reshape(-1)
        self.state["span"] = np.clip(count, 2 * self.length, self.memory)
        self.learn(block)

    def sensor_scores(self, block: Block) -> FloatArray:
        usable = np.isfinite(block.values) & (block.status == OPERATIONAL)[:, :, None]
        values = np.ascontiguousarray(np.where(usable, block.values, np.nan).reshape(len(block), -1).T)
        scores = np.zeros(values.shape)
        for signal in range(len(values)):
            self._run(values[signal], signal, scores[signal])
        return scores.T.reshape(block.values.shape)

    def _run(self, values: FloatArray, signal: int, scores: FloatArray) -> None:
        """Score one signal's readings in pieces; between them the covariance is taken anew, twice per memory."""
        state, at = self.known(), np.flatnonzero(np.isfinite(values))
        out, done, span = np.zeros(len(at)), 0, int(state["span"][signal])
        while done < len(at):
            seen = int(state["seen"][signal])
            piece = min(len(at) - done, _until_fresh(seen, span) - seen)
            names = ("readings", "seen", "past", "resting", "inverse", "energy")
            rows = [state[name][signal : signal + 1] for name in names]
            rest = int(self.rest * span)
            cad_kernel(values[at[done : done + piece]], *rows, span, self.neighbours, rest, out[done : done + piece])
            done += piece
            if seen + piece == _until_fresh(seen, span):
                self._freshen(signal, span)
        scores[at] = out

    def _freshen(self, signal: int, span: int) -> None:
        """Before the next reading: take the inverse second moments of the stretches compared with, and what follows."""
        state = self.known()
        seen, room = int(state["seen"][signal]), state["readings"].shape[1]
        readings = state["readings"][signal][np.arange(max(0, seen - room), seen) % room]
        stretches = np.lib.stride_tricks.sliding_window_view(readings, self.length)
        newest = max(span - 1, seen - span) - (seen - len(readings)) - self.length  # place of the newest one of them
        compared = stretches[newest + 1 - (span - self.length) : newest + 1]
        moments = np.einsum("ni,nj->ij", compared, compared)
        ridge = max(1e-9 * float(np.trace(moments)) / self.length, 1e-12)
        inverse = np.linalg.inv(moments + ridge * np.eye(self.length))
        energy = np.einsum("ni,ij,nj->n", stretches, inverse, stretches)
        state["inverse"][signal] = inverse
        state["energy"][signal][np.arange(seen - len(energy), seen) % room] = energy
        if seen == span - 1:
            state["past"][signal, : len(compared)] = _own_scores(compared, inverse, self.neighbours)


def _until_fresh(seen: int, span: int) -> int:
    """Return the next count of readings after which the covariance is taken anew: each half memory once it is full."""
    if seen < span - 1:
        return span - 1
    half = span // 2
    into = (seen + 1) % span
    return seen - into + (half if into < half else span)


def _own_scores(stretches: FloatArray, inverse: FloatArray, neighbours: int) -> FloatArray:
    """Return the score of each stretch among the others."""
    scores = np.zeros(len(stretches))
    for i, stretch in enumerate(stretches):
        apart = stretches - stretch
        squares = np.einsum("ni,ij,nj->n", apart, inverse, apart)
        count = min(neighbours + 1, len(squares))
        scores[i] = np.partition(squares, count - 1)[:count].sum()
    return scores


@kernel
def cad_kernel(values, readings, seen, past, resting, inverse, energy, span, neighbours, rest, out):  # type: ignore[no-untyped-def]
    """Score readings of one signal: (x - t)' S (x - t) = x'Sx - 2 x'St + t'St, where t'St is kept in `energy`.

    A share of 0.9965 starts the rest, during which the score is 0.5: the authors' values.
    """
    room, length = readings.shape[1], inverse.shape[1]
    held = span - length  # stretches compared with, and past scores
    newest, nearest = np.zeros(length), np.zeros(neighbours)
    for i in range(len(values)):
        readings[0, seen[0] % room] = values[i]
        seen[0] += 1
        n = seen[0]
        if n < span:
            continue
        for j in range(length):
            newest[j] = readings[0, (n - length + j) % room]
        weighed = (inverse[0] * newest).sum(axis=1)
        own = (weighed * newest).sum()
        energy[0, (n - 1) % room] = own
        nearest[:] = 1e300
        end = max(span, n - span)
        for stop in range(end - held, end):  # each stretch compared with, by where it stops
            square = own + energy[0, (stop - 1) % room]
            for j in range(length):
                square -= 2.0 * weighed[j] * readings[0, (stop - length + j) % room]
            at = neighbours - 1
            if square >= nearest[at]:
                continue
            while at > 0 and nearest[at - 1] > square:
                nearest[at] = nearest[at - 1]
                at -= 1
            nearest[at] = square
        strangeness = np.maximum(nearest[:held], 0.0).sum()
        out[i] = (past[0, :held] < strangeness).sum() / held
        past[0, (n - span) % held] = strangeness
        if resting[0] > 0:
            resting[0] -= 1
            out[i] = 0.5
        elif out[i] >= 0.9965:
            resting[0] = rest
