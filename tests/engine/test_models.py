"""Model versions on disk."""

import datetime
import json
import zipfile

import numpy as np
import pytest

from engine.catalog import make, parts
from engine.detectors.library import LibraryDetector
from engine.errors import FileProblemError, LabError, ParameterError, UnknownNameError
from engine.models import TRUSTED, Models
from engine.shadow import Shadow
from tests.engine.detectors.batch.blocks import correlated

NOON = datetime.datetime(2026, 1, 5, 12, tzinfo=datetime.UTC)
LIBRARY = [name for name, cls in parts("detector").items() if issubclass(cls, LibraryDetector)]


@pytest.fixture
def models(tmp_path):
    return Models(tmp_path / "models", now=lambda: NOON)


def _fitted(name, **values):
    detector = make("detector", name, values)
    detector.fit(correlated(200))
    return detector


@pytest.mark.parametrize("name", [*LIBRARY, "isolation_forest", "ecod", "sub_pca", "matrix_profile"])
def test_a_loaded_model_goes_on_as_the_saved_one(models, name):
    detector = _fitted(name)
    models.save("pumps", detector, correlated(200))
    rest = correlated(260).ticks(200, 260)

    loaded = models.load("pumps")

    np.testing.assert_allclose(loaded.score_then_learn(rest), detector.score_then_learn(rest), rtol=1e-9, atol=1e-9)


def test_a_library_model_is_loaded_and_not_fitted_again(models, monkeypatch):
    models.save("pumps", _fitted("knn"), correlated(200))
    loaded = models.load("pumps")
    monkeypatch.setattr(type(loaded), "_fit_estimator", lambda *_: pytest.fail("it was fitted again"))

    assert loaded.score(correlated(10)).shape == (10, 3)


def test_a_version_records_what_it_was_made_from(models):
    history = correlated(200)

    version = models.save("pumps", _fitted("lof", neighbours=7), history, note="first try")

    assert version == models.version("pumps", 1)
    assert (version.detector, version.parameters["neighbours"], version.n_ticks) == ("lof", 7, 200)
    assert (version.from_us, version.until_us) == (history.times_us[0], history.times_us[-1])
    assert version.made == "2026-01-05T12:00:00+00:00"
    assert version.libraries["numpy"] == np.__version__
    assert set(version.sha256) == {"state.npz", "library.skops"}
    assert version.fit_seconds > 0


def test_nothing_on_disk_is_a_pickle(models):
    """A skops file is a zip of JSON and npy; an npz is a zip of npy; npy headers may not announce objects."""
    models.save("pumps", _fitted("lof"), correlated(200))

    for path in (models.folder / "pumps" / "v0001").iterdir():
        content = path.read_bytes()
        if path.suffix == ".json":
            json.loads(content)
            continue
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            assert all(name.endswith((".npy", ".json")) for name in names)
            assert all(b"'|O'" not in archive.read(name)[:128] for name in names)


def test_promote_and_roll_back(models):
    for neighbours in (5, 10, 15):
        models.save("pumps", _fitted("knn", neighbours=neighbours), correlated(200))
    assert models.index("pumps").champion == 1

    models.promote("pumps", 3)
    models.promote("pumps", 2)

    assert models.load("pumps").neighbours == 10
    assert models.roll_back("pumps").champion == 3
    assert models.roll_back("pumps").champion == 1
    with pytest.raises(LabError, match="had no champion before version 1"):
        models.roll_back("pumps")


def test_promoting_the_challenger_ends_the_challenge(models):
    for _ in range(2):
        models.save("pumps", _fitted("ecod"), correlated(200))

    assert models.challenge("pumps", 2).challenger == 2
    assert models.promote("pumps", 2).challenger is None
    with pytest.raises(LabError, match="is the champion already"):
        models.challenge("pumps", 2)


@pytest.mark.parametrize("file", ["state.npz", "library.skops"])
def test_a_file_that_was_changed_is_refused(models, file):
    models.save("pumps", _fitted("knn"), correlated(200))
    path = models.folder / "pumps" / "v0001" / file
    path.write_bytes(path.read_bytes() + b"x")

    with pytest.raises(FileProblemError, match="SHA-256 differs"):
        models.load("pumps")


def test_a_library_file_with_a_foreign_type_is_refused(models):
    """Even when the hash was forged to fit: only types on the list are built."""
    import hashlib

    import skops.io
    from sklearn.pipeline import FunctionTransformer, Pipeline

    models.save("pumps", _fitted("knn"), correlated(200))
    folder = models.folder / "pumps" / "v0001"
    foreign = skops.io.dumps(Pipeline([("run", FunctionTransformer(correlated))]))
    (folder / "library.skops").write_bytes(foreign)
    version = json.loads((folder / "version.json").read_text())
    version["sha256"]["library.skops"] = hashlib.sha256(foreign).hexdigest()
    (folder / "version.json").write_text(json.dumps(version))

    with pytest.raises(FileProblemError, match="types that are not trusted"):
        models.load("pumps")


def test_the_trusted_types_are_library_classes():
    assert all(name.startswith(("pyod.models.", "sklearn.")) for name in TRUSTED)


@pytest.mark.parametrize("name", ["../pumps", "", "Pumps", "a/b", "x" * 61])
def test_a_model_name_that_is_no_name_is_refused(models, name):
    with pytest.raises(ParameterError, match="model must be 1 to 60"):
        models.save(name, _fitted("ecod"), correlated(200))


def test_unknown_models_and_versions_are_named(models):
    models.save("pumps", _fitted("ecod"), correlated(200))

    with pytest.raises(UnknownNameError, match="Did you mean 'pumps'"):
        models.load("pump")
    with pytest.raises(UnknownNameError, match="No version of model 'pumps' is called '4'"):
        models.load("pumps", 4)


def test_the_challenger_never_changes_what_the_champion_says():
    block = correlated(300)
    alone = _fitted("ecod").score_then_learn(block)
    shadow = Shadow(_fitted("ecod"), _fitted("isolation_forest"))

    scores = np.concatenate([shadow.score_then_learn(block.ticks(i, i + 50)) for i in range(0, 300, 50)])
    summary = json.loads(json.dumps(shadow.summary()))

    np.testing.assert_array_equal(alone, scores)
    assert summary["ticks"] == 300
    assert 0.3 < summary["rank_agreement"] <= 1.0
    assert summary["both_alarmed"] <= min(summary["champion_alarmed"], summary["challenger_alarmed"])


def test_a_challenger_that_breaks_does_not_stop_the_stream():
    class Broken:
        default_threshold = 1.0

        def score_then_learn(self, block):
            raise RuntimeError("no")

    shadow = Shadow(_fitted("ecod"), Broken())

    assert shadow.score_then_learn(correlated(10)).shape == (10, 3)
    assert shadow.summary()["challenger_failed"] == 30
    assert shadow.summary()["rank_agreement"] is None
