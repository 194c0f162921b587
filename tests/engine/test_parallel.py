"""Many jobs through one executor."""

import sys

import pytest

from engine.errors import LabError
from engine.parallel import run_all
from tests.engine.parallel_jobs import always_dies, dies_once, fails, noisy_mean

JOBS = [(seed, 1000) for seed in range(6)]
HERE = [noisy_mean(*job) for job in JOBS]
posix = pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")


def test_a_process_pool_gives_the_results_of_this_process_in_order():
    seen = []

    assert run_all(noisy_mean, JOBS, workers=2, on_done=lambda done, total: seen.append((done, total))) == HERE
    assert seen[-1] == (6, 6)


@posix
def test_a_killed_worker_is_survived(tmp_path):
    """The jobs that were lost with it are done again."""
    jobs = [(str(tmp_path / "marker"), number) for number in range(5)]

    assert run_all(dies_once, jobs, workers=2) == [0, 1, 4, 9, 16]
    assert (tmp_path / "marker").exists()


@pytest.mark.slow
@posix
def test_a_job_that_always_kills_its_worker_is_given_up():
    with pytest.raises(LabError, match="killed their worker 3 times"):
        run_all(always_dies, [(1,)], workers=1)


def test_an_error_of_a_job_reaches_the_caller():
    with pytest.raises(ValueError, match="job 0 cannot be done"):
        run_all(fails, [(0,)], workers=1)


def test_cancelling_stops_the_rest():
    with pytest.raises(LabError, match="Stopped after 0 of 6 jobs"):
        run_all(noisy_mean, JOBS, workers=1, cancelled=lambda: True)


def test_no_jobs_give_no_results():
    assert run_all(noisy_mean, [], workers=1) == []


def test_a_dask_cluster_with_two_workers_gives_the_same_results(monkeypatch):
    """The address comes from FAULTLAB_DASK, as on a real cluster."""
    distributed = pytest.importorskip("distributed")
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None, "processes": True}
    with distributed.LocalCluster(**options) as cluster:
        monkeypatch.setenv("FAULTLAB_DASK", cluster.scheduler_address)

        assert run_all(noisy_mean, JOBS) == HERE


@pytest.mark.slow
@posix
def test_a_dask_cluster_survives_a_killed_worker(tmp_path):
    distributed = pytest.importorskip("distributed")
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None, "processes": True}
    with distributed.LocalCluster(**options) as cluster:
        jobs = [(str(tmp_path / "marker"), number) for number in range(5)]

        assert run_all(dies_once, jobs, dask=cluster.scheduler_address) == [0, 1, 4, 9, 16]


def test_an_address_without_a_scheduler_is_named(monkeypatch):
    pytest.importorskip("distributed")
    monkeypatch.setattr("engine.parallel.DASK_WAIT_S", 0.2)

    with pytest.raises(LabError, match="No Dask scheduler answers at 'tcp:"):
        run_all(noisy_mean, JOBS, dask="tcp://127.0.0.1:9")
