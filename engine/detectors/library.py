"""PyOD and scikit-learn do the modelling, this wrapper the streaming.

The state keeps the training readings, the fitted estimator is rebuilt from them: a fit is deterministic under its seed,
so the state stays plain arrays and a copy of a detector costs no pickle. `engine.models` stores the estimator as well.
"""

from __future__ import annotations

import hashlib
import warnings
from abc import abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from engine.detectors.windowed import Windowed

if TYPE_CHECKING:
    from engine.detectors.base import State
    from engine.records import FloatArray


@dataclass
class LibraryDetector(Windowed):
    """A detector whose model is an estimator with `fit`, `decision_scores_` and `decision_function`."""

    def __post_init__(self) -> None:
        super().__post_init__()
        self._estimators: dict[int, Any] = {}  # rebuilt from the state when it is not here

    @abstractmethod
    def estimator(self, n_rows: int) -> Any:
        """Return a new unfitted estimator for that many training readings."""

    def start(self, n_machines: int, n_sensors: int) -> State:
        self.estimator(self.train_rows)  # pay for the imports before the first reading, not in the middle of a run
        empty = {"train": np.zeros((0, n_sensors)), "train_key": 0}
        return {**super().start(n_machines, n_sensors), **empty}

    def fitted(self, rows: FloatArray) -> tuple[State, FloatArray]:
        model = {"train": rows, "train_key": _key(rows)}
        return model, self.training_scores(self.library_model(model), rows)

    def training_scores(self, estimator: Any, rows: FloatArray) -> FloatArray:
        """Return the scores of the readings that the estimator was fitted on (of each without itself, if it can)."""
        return np.asarray(estimator.decision_scores_, dtype=np.float64)

    def raw_scores(self, model: State, rows: FloatArray) -> FloatArray:
        return np.asarray(self.library_model(model).decision_function(rows), dtype=np.float64)

    def library_model(self, model: State) -> Any:
        """Return the estimator fitted on the state's training readings, from memory when it is at hand."""
        key = int(model["train_key"])
        if key not in self._estimators:
            self.adopt(key, self._fit_estimator(model["train"]))
        return self._estimators[key]

    def adopt(self, key: int, estimator: Any) -> None:
        """Use an estimator already fitted on the training readings of that key (from a model version)."""
        while len(self._estimators) >= 2:  # the running one and the one before it
            del self._estimators[next(iter(self._estimators))]
        self._estimators[key] = estimator

    def _fit_estimator(self, rows: FloatArray) -> Any:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # constant sensors and early stops are ordinary on a live plant
            return self.estimator(len(rows)).fit(rows)


def _key(rows: FloatArray) -> int:
    """Return a number that tells training sets apart (fits an int64)."""
    return int.from_bytes(hashlib.blake2b(np.ascontiguousarray(rows).tobytes(), digest_size=7).digest(), "big")
