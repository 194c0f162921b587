"""Model versions: fitted detectors on disk, with what they were made from, and which one is in charge.

A version is a folder: `state.npz` (arrays and plain numbers), `library.skops` where a library's estimator is part of
it, and `version.json` with parameters, data span, library versions and the SHA-256 of both. Nothing is ever pickled.
"""

from __future__ import annotations

import datetime
import hashlib
import importlib.metadata
import json
import re
from collections.abc import Callable
from dataclasses import asdict, dataclass, field, fields
from pathlib import Path
from typing import TYPE_CHECKING, Any

from engine.detectors.library import LibraryDetector
from engine.detectors.persistence import state_from_bytes, state_to_bytes
from engine.errors import FileProblemError, LabError, ParameterError, UnknownNameError
from engine.files import write_atomically

if TYPE_CHECKING:
    from engine.detectors.base import Detector
    from engine.records import Block

STATE, LIBRARY, VERSION, INDEX = "state.npz", "library.skops", "version.json", "index.json"
PACKAGES = ("numpy", "scikit-learn", "pyod", "skops")

# The only types that a library file may hold besides plain arrays and scikit-learn's own estimators.
TRUSTED = frozenset(
    {f"pyod.models.{module}.{cls}" for module, cls in (
        ("cblof", "CBLOF"), ("gmm", "GMM"), ("hbos", "HBOS"), ("inne", "INNE"), ("kde", "KDE"), ("knn", "KNN"),
        ("lof", "LOF"), ("mcd", "MCD"), ("ocsvm", "OCSVM"), ("sampling", "Sampling"),
    )}
    | {
        "sklearn.metrics._dist_metrics.EuclideanDistance64",
        "sklearn.neighbors._kd_tree.KDTree",
        "sklearn.neighbors._ball_tree.BallTree",
        "sklearn.tree._tree.Tree",
    }
)  # fmt: skip


@dataclass(frozen=True)
class ModelVersion:
    """What is known of one saved model; times in microseconds of event time, cost in seconds."""

    model: str
    version: int
    detector: str
    parameters: dict[str, Any]
    machines: list[str]
    sensors: list[str]
    from_us: int
    until_us: int
    n_ticks: int
    fit_seconds: float
    made: str
    libraries: dict[str, str]
    sha256: dict[str, str]
    note: str = ""


@dataclass(frozen=True)
class ModelIndex:
    """Which versions of a model were in charge, the last one now; the challenger runs beside it unseen."""

    reigns: list[int] = field(default_factory=list)
    challenger: int | None = None

    @property
    def champion(self) -> int | None:
        return self.reigns[-1] if self.reigns else None


class Models:
    """The model versions in a folder.

    Parameters
    ----------
    folder
        Usually `home() / "models"`.
    now
        The wall clock, passed in so that tests can hold it.
    """

    def __init__(self, folder: Path, now: Callable[[], datetime.datetime] | None = None) -> None:
        self.folder = folder
        self._now = now or (lambda: datetime.datetime.now(datetime.UTC))

    def names(self) -> list[str]:
        """Return the names of all models."""
        return sorted(path.name for path in self.folder.glob("*") if (path / INDEX).is_file())

    def versions(self, model: str) -> list[ModelVersion]:
        """Return the versions of a model, oldest first."""
        return [self.version(model, number) for number in self._numbers(model)]

    def version(self, model: str, number: int | None = None) -> ModelVersion:
        """Return one version, the champion when no number is given."""
        chosen = self._champion(model) if number is None else number
        return _version_from(_read_json(self._existing(model, chosen) / VERSION))

    def index(self, model: str) -> ModelIndex:
        """Return who is in charge of a model."""
        return ModelIndex(**_read_json(self._model_folder(model) / INDEX))

    def save(self, model: str, detector: Detector, history: Block, note: str = "") -> ModelVersion:
        """Save a fitted detector as the next version; the first version of a model takes charge at once."""
        folder = self._new_model_folder(model)
        number = max(self._numbers(model), default=0) + 1
        contents = {STATE: state_to_bytes(detector)}
        estimator = _estimator_bytes(detector)
        if estimator is not None:
            contents[LIBRARY] = estimator
        version = self._described(model, number, detector, history, contents, note)
        target = folder / f"v{number:04d}"
        target.mkdir()
        for name, content in contents.items():
            write_atomically(target / name, content)
        write_atomically(target / VERSION, _json_bytes(asdict(version)))
        if not (folder / INDEX).is_file():
            self._write_index(model, ModelIndex([number]))
        return version

    def load(self, model: str, number: int | None = None) -> Detector:
        """Return the detector as it was saved, ready to go on; the champion when no number is given.

        Raises
        ------
        FileProblemError
            When a file was changed since it was saved, or holds types that are not on the list.
        """
        from engine.catalog import make

        version = self.version(model, number)
        folder = self._existing(model, version.version)
        contents = {name: _unchanged(folder / name, digest) for name, digest in version.sha256.items()}
        detector: Detector = make("detector", version.detector, version.parameters)
        state_from_bytes(detector, contents[STATE])
        if LIBRARY in contents and isinstance(detector, LibraryDetector) and detector.state is not None:
            estimator = _estimator_from(contents[LIBRARY], folder / LIBRARY)
            detector.adopt(int(detector.state["train_key"]), estimator)
        return detector

    def promote(self, model: str, number: int) -> ModelIndex:
        """Put a version in charge."""
        self._existing(model, number)
        before = self.index(model)
        reigns = before.reigns if before.champion == number else [*before.reigns, number]
        challenger = None if before.challenger == number else before.challenger
        return self._write_index(model, ModelIndex(reigns, challenger))

    def roll_back(self, model: str) -> ModelIndex:
        """Put the version back in charge that was so before the present one."""
        before = self.index(model)
        if len(before.reigns) < 2:
            raise LabError(
                f"Model {model!r} had no champion before version {before.champion}; promote a version instead."
            )
        return self._write_index(model, ModelIndex(before.reigns[:-1], before.challenger))

    def challenge(self, model: str, number: int | None) -> ModelIndex:
        """Let a version run beside the champion; None ends the challenge."""
        before = self.index(model)
        if number is not None:
            self._existing(model, number)
            if number == before.champion:
                raise LabError(f"Version {number} of {model!r} is the champion already; name another as challenger.")
        return self._write_index(model, ModelIndex(before.reigns, number))

    def _described(
        self, model: str, number: int, detector: Detector, history: Block, contents: dict[str, bytes], note: str
    ) -> ModelVersion:
        costs = getattr(detector, "refit_seconds", [])
        return ModelVersion(
            model=model,
            version=number,
            detector=detector.name,
            parameters={f.name: getattr(detector, f.name) for f in fields(detector) if f.init},
            machines=list(history.machines),
            sensors=list(history.sensors),
            from_us=int(history.times_us[0]) if len(history) else 0,
            until_us=int(history.times_us[-1]) if len(history) else 0,
            n_ticks=len(history),
            fit_seconds=round(float(costs[-1]), 6) if costs else 0.0,
            made=self._now().isoformat(timespec="seconds"),
            libraries={name: _package_version(name) for name in PACKAGES},
            sha256={name: hashlib.sha256(content).hexdigest() for name, content in contents.items()},
            note=note,
        )

    def _champion(self, model: str) -> int:
        champion = self.index(model).champion
        if champion is None:
            raise LabError(f"Model {model!r} has no champion; promote one of its versions.")
        return champion

    def _numbers(self, model: str) -> list[int]:
        folders = self._model_folder(model).glob("v[0-9]*")
        return sorted(int(path.name[1:]) for path in folders if (path / VERSION).is_file())

    def _existing(self, model: str, number: int) -> Path:
        if number not in self._numbers(model):
            raise UnknownNameError(f"version of model {model!r}", str(number), map(str, self._numbers(model)))
        return self._model_folder(model) / f"v{number:04d}"

    def _model_folder(self, model: str) -> Path:
        if model not in self.names() and not (self.folder / _checked_name(model)).is_dir():
            raise UnknownNameError("model", model, self.names())
        return self.folder / model

    def _new_model_folder(self, model: str) -> Path:
        folder = self.folder / _checked_name(model)
        folder.mkdir(parents=True, exist_ok=True)
        return folder

    def _write_index(self, model: str, index: ModelIndex) -> ModelIndex:
        write_atomically(self._model_folder(model) / INDEX, _json_bytes(asdict(index)))
        return index


def _checked_name(model: str) -> str:
    if not re.fullmatch(r"[a-z0-9][a-z0-9_-]{0,59}", model):
        raise ParameterError(
            f"model must be 1 to 60 of a-z, 0-9, - and _, starting with a letter or digit, got {model!r}."
        )
    return model


def _package_version(name: str) -> str:
    try:
        return importlib.metadata.version(name)
    except importlib.metadata.PackageNotFoundError:
        return "not installed"


def _json_bytes(value: Any) -> bytes:
    return json.dumps(value, indent=2, sort_keys=True).encode() + b"\n"


def _read_json(path: Path) -> dict[str, Any]:
    try:
        read = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as problem:
        raise FileProblemError(path, "", f"it cannot be read ({problem})", "fit the model again") from problem
    return dict(read)


def _version_from(read: dict[str, Any]) -> ModelVersion:
    known = {f.name for f in fields(ModelVersion)}
    return ModelVersion(**{name: value for name, value in read.items() if name in known})


def _unchanged(path: Path, digest: str) -> bytes:
    try:
        content = path.read_bytes()
    except OSError as problem:
        raise FileProblemError(path, "", "it is missing", "fit the model again") from problem
    if hashlib.sha256(content).hexdigest() != digest:
        raise FileProblemError(path, "", "it is not the file that was saved (SHA-256 differs)", "fit the model again")
    return content


def _estimator_bytes(detector: Detector) -> bytes | None:
    if not isinstance(detector, LibraryDetector) or detector.state is None or not detector.state["is_fitted"]:
        return None
    import skops.io

    return bytes(skops.io.dumps(detector.library_model(detector.state)))


def _estimator_from(content: bytes, path: Path) -> Any:
    import skops.io

    unknown = set(skops.io.get_untrusted_types(data=content)) - TRUSTED
    if unknown:
        raise FileProblemError(
            path, "", f"it holds types that are not trusted: {', '.join(sorted(unknown))}", "fit the model again"
        )
    return skops.io.loads(content, trusted=sorted(TRUSTED))
