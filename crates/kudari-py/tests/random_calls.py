"""Runs random sequences of calls: `python random_calls.py FIRST COUNT` those of COUNT seeds from FIRST on.

Each call has to succeed or to raise a proper exception. At the end there is one line of JSON; a crash or a
standstill ends the process before, and the last line of its output names the seed. With a third argument, EVERY,
it also says what was still held after each EVERY sequences.
"""

import ctypes
import faulthandler
import gc
import json
import resource
import sys
import warnings

import random_functions
from random_sequence import Sequence

import kudari
from kudari import Variable, _core

SECONDS = 60
MEMORY = 6 << 30


def run(seed, counts):
    """One sequence. What is bad is added to ``counts['bad']`` with the seed."""
    bad = counts.setdefault("bad", [])
    before = len(bad)
    Sequence(seed, counts).run(25)
    bad[before:] = [f"seed {seed}: {text}" for text in bad[before:]]
    # What calls of this sequence switched does not follow the next.
    _core.record(True)
    kudari.set_threads(2)


def held():
    """The memory of this process in KiB, and how many variables and user functions are alive."""
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)
    with open("/proc/self/statm") as file:
        pages = int(file.read().split()[1])
    alive = sum(isinstance(o, (Variable, random_functions.Behaviour)) for o in gc.get_objects())
    return pages * resource.getpagesize() // 1024, alive


def main(first, count, every=0):
    # What asks for more memory than there is gets none, here as on small machines.
    resource.setrlimit(resource.RLIMIT_AS, (MEMORY, MEMORY))
    warnings.simplefilter("ignore")
    counts, measured = {}, []
    for seed in range(first, first + count):
        print(f"seed {seed}", flush=True)
        faulthandler.dump_traceback_later(SECONDS, exit=True)
        run(seed, counts)
        if every and (seed - first + 1) % every == 0:
            measured.append(held())
    faulthandler.cancel_dump_traceback_later()
    print(json.dumps({"bad": counts.pop("bad"), "counts": counts, "measured": measured}))


if __name__ == "__main__":
    faulthandler.enable()
    main(*map(int, sys.argv[1:]))
