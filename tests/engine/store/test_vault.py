"""Truth has a file of its own, every version of it."""

import subprocess
import sys

from engine.store.store import Store


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
