"""Importing kudari brings in little, so that it is quick (how quick is in docs/performance.md)."""

import subprocess
import sys

PROGRAM = """
import sys
import numpy
before = set(sys.modules)
import kudari
print(*sorted(set(sys.modules) - before))
"""

HEAVY = {
    "argparse", "asyncio", "inspect", "json", "logging", "matplotlib", "multiprocessing", "pickle", "scipy", "sklearn",
    "subprocess", "tempfile", "typing", "unittest", "kudari.functions", "kudari.links", "kudari.training",
}


def test_import_loads_no_heavy_module():
    imported = subprocess.run([sys.executable, "-c", PROGRAM], capture_output=True, text=True, check=True).stdout.split()
    assert "kudari._core" in imported and HEAVY.isdisjoint(imported)
