"""Random sequences of calls neither crash nor leak: a few hundred, or as many as KUDARI_SEQUENCES says."""

import json
import os
import pathlib
import subprocess
import sys

import pytest

SEQUENCES = int(os.environ.get("KUDARI_SEQUENCES", "600"))
BATCH = max(100, SEQUENCES // 20)
# The limits of memory that the sequences set are those of Unix.
pytest.importorskip("resource")
SCRIPT = pathlib.Path(__file__).with_name("random_calls.py")


def ran(*arguments):
    """What `random_calls.py` found. Fails, with the seed, if the process ended before it could say so."""
    # A trace of every panic would make the output endless.
    environment = {**os.environ, "RUST_BACKTRACE": "0"}
    command = [sys.executable, str(SCRIPT), *map(str, arguments)]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, errors="replace")
    last = done.stdout.strip().rpartition("\n")[2]
    assert done.returncode == 0, f"{last} ended with {done.returncode}:\n{done.stderr[-3000:]}"
    return json.loads(last)


@pytest.mark.parametrize("first", range(0, SEQUENCES, BATCH))
def test_every_call_succeeds_or_raises_a_proper_exception(first):
    found = ran(first, min(BATCH, SEQUENCES - first))

    assert found["bad"] == []
    succeeded = sum(count for what, count in found["counts"].items() if what.endswith(" ok"))
    refused = sum(found["counts"].values()) - succeeded
    # Calls that all fail, or none, would test nothing.
    assert succeeded > refused > 100


@pytest.mark.skipif(sys.platform != "linux", reason="reads how much memory is held where Linux tells it")
def test_nothing_is_held_afterwards():
    steps = 6
    every = max(50, SEQUENCES // 20)

    # What is allocated once, as memory that the engine keeps for the next call, is there after a half.
    measured = ran(1_000_000, 2 * steps * every, every)["measured"][steps - 1:]

    (memory, alive), (memory_behind, alive_behind) = measured[0], measured[-1]
    sequences = steps * every
    assert alive_behind - alive <= 20 + sequences / 100, measured
    # KiB. The allocator's own unrest is some hundred of them.
    assert memory_behind - memory <= 4096 + sequences, measured
