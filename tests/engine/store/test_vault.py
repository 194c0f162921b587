"""Truth has a file of its own, every version of it."""

import subprocess
import sys

import pytest

from engine.errors import LabError
from engine.records import TruthEvent
from engine.store.store import Store
from engine.store.vault import Vault, digest_of

EVENT = TruthEvent("M1", "bearing_failure", ("vibration",), 0.8, 1, 5, 9)
OTHER = TruthEvent("M2", "oil_leak", ("oil_level",), 0.5, 2, None, 8)


def test_truth_comes_back_as_it_went_in(tmp_path):
    vault = Vault(tmp_path)
    vault.put("run-1", (EVENT, OTHER))
    vault.close()

    vault = Vault(tmp_path)

    assert vault.newest("run-1").events == (EVENT, OTHER)
    assert vault.subjects() == ("run-1",)
    vault.close()


def test_a_correction_is_a_new_version_and_the_old_one_stays():
    vault = Vault(":memory:")
    vault.put("run-1", (EVENT,))

    corrected = vault.put("run-1", (EVENT, OTHER), reason="a leak was overlooked")

    assert corrected.version == 2
    assert vault.version("run-1", 1).events == (EVENT,)
    with pytest.raises(LabError, match="no version 3"):
        vault.version("run-1", 3)


def test_the_same_truth_keeps_its_version_in_any_order():
    vault = Vault(":memory:")
    vault.put("run-1", (EVENT, OTHER))

    assert vault.put("run-1", (OTHER, EVENT)).version == 1
    assert digest_of((EVENT, OTHER)) == digest_of((OTHER, EVENT))


def test_the_store_holds_no_truth(tmp_path):
    store = Store(tmp_path)
    tables = store.database.read().execute("select table_name from duckdb_tables()").fetchall()
    store.close()

    assert not [name for (name,) in tables if "truth" in name]


def test_runner_and_store_do_not_even_import_the_vault():
    """Student code paths go through these modules."""
    code = "import sys, engine.runner, engine.store.store; print('engine.store.vault' in sys.modules)"

    told = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=60)

    assert told.stdout.strip() == "False"
