"""Importing kudari is quick and brings in little."""

import subprocess
import sys

import pytest

MEASURE = """
import sys, time
import numpy
before = set(sys.modules)
start = time.perf_counter()
import kudari
print(time.perf_counter() - start)
print(*sorted(set(sys.modules) - before))
"""


@pytest.fixture(scope="module")
def imports():
    """Seconds and newly imported modules of five fresh processes."""
    command = [sys.executable, "-c", MEASURE]
    runs = [subprocess.run(command, capture_output=True, text=True, check=True) for _ in range(5)]
    lines = [run.stdout.splitlines() for run in runs]
    return [(float(seconds), modules.split()) for seconds, modules in lines]


def test_import_takes_less_than_a_tenth_of_a_second(imports):
    # Five times as long is allowed: the machine may be busy.
    assert min(seconds for seconds, _ in imports) < 0.5


def test_import_loads_no_heavy_module(imports):
    heavy = {"argparse", "asyncio", "inspect", "json", "logging", "matplotlib", "multiprocessing", "pickle", "scipy",
             "sklearn", "subprocess", "tempfile", "typing", "unittest", "kudari.functions", "kudari.links",
             "kudari.training"}

    assert heavy.isdisjoint(imports[0][1])
