"""Any estimator with `fit` and `decision_function` as a detector: it streams, refits and is checked like ours."""

from __future__ import annotations

import dataclasses
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np

from engine.detectors.library import LibraryDetector

if TYPE_CHECKING:
    from engine.records import FloatArray


@dataclass
class EstimatorDetector(LibraryDetector):
    """Somebody's estimator behind the streaming wrapper.

    PyOD's convention is taken (a higher decision is stranger), and the opposite for scikit-learn's outlier detectors.
    """

    estimator_class: ClassVar[type[Any]]
    good_at: ClassVar[str] = "what its estimator is good at"
    bad_at: ClassVar[str] = "what its estimator is bad at"

    def estimator(self, n_rows: int) -> Any:
        estimator = self.estimator_class()
        if "random_state" in getattr(estimator, "__dict__", {}) and estimator.random_state is None:
            estimator.random_state = self.seed
        return estimator

    def training_scores(self, estimator: Any, rows: FloatArray) -> FloatArray:
        own = getattr(estimator, "decision_scores_", None)
        return self._decisions(estimator, rows) if own is None else np.asarray(own, dtype=np.float64)

    def raw_scores(self, model: dict[str, Any], rows: FloatArray) -> FloatArray:
        return self._decisions(self.library_model(model), rows)

    def _decisions(self, estimator: Any, rows: FloatArray) -> FloatArray:
        from sklearn.base import OutlierMixin

        decisions = np.asarray(estimator.decision_function(rows), dtype=np.float64).reshape(len(rows))
        return (
            -decisions
            if isinstance(estimator, OutlierMixin) and not hasattr(estimator, "decision_scores_")
            else decisions
        )


def wrapped(estimator_class: type[Any]) -> type[EstimatorDetector]:
    """Return a detector class around an estimator class; its name is the class's in snake_case."""
    title = estimator_class.__name__
    name = re.sub(r"(?<=[a-z0-9])(?=[A-Z])", "_", title).lower()
    own = {
        "name": name,
        "title": title,
        "estimator_class": estimator_class,
        "__doc__": estimator_class.__doc__ or title,
    }
    return dataclasses.dataclass(type(title, (EstimatorDetector,), {**own, "__module__": __name__}))
