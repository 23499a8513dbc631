"""Processes that work for another one do not outlive it."""

from __future__ import annotations

import os
import subprocess
import sys

import psutil
import pytest

from fercurate.workers import delayed

CODE = """
import os, time
from joblib import Parallel
from fercurate.workers import delayed

def slow(i):
    print(os.getpid(), flush=True)
    time.sleep(300)

Parallel(n_jobs=2)(delayed(slow)(i) for i in range(2))
"""


@pytest.mark.skipif(os.name == "nt", reason="a parent's end is not told there")
def test_workers_end_with_a_parent_that_is_killed() -> None:
    running = subprocess.Popen([sys.executable, "-c", CODE], stdout=subprocess.PIPE, text=True)
    assert running.stdout is not None
    workers = [psutil.Process(int(running.stdout.readline())) for _ in range(2)]
    running.kill()
    running.wait()
    running.stdout.close()
    _, alive = psutil.wait_procs(workers, timeout=60)
    assert alive == []


def test_in_one_process_it_is_the_function_itself() -> None:
    from joblib import Parallel

    assert Parallel(n_jobs=1)(delayed(divmod)(7, i) for i in (2, 3)) == [(3, 1), (2, 1)]
