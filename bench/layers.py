"""Layers alone in PyTorch, forward and backward with all gradients, and attention against the length of the sequence.

    python3 bench/layers.py --threads 2 [--json]

`kudari-bench layers --threads 2 [--json]` measures the same in kudari and prints the same rows.
"""
import argparse
import json
import re
import subprocess
import sys
import time

import torch

PICTURES, SEQUENCES = (32, 64, 32, 32), (32, 64, 128)
LENGTHS, HEADS, DEPTH = [64, 128, 256, 512, 1024, 2048, 4096], 4, 32

parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
parser.add_argument("--threads", type=int, default=2)
parser.add_argument("--reps", type=int, default=5, help="repetitions, of which the median is taken")
parser.add_argument("--rep-seconds", type=float, default=0.6, help="seconds of one repetition")
parser.add_argument("--json", action="store_true", help="one line of JSON instead of a table")
parser.add_argument("--length", type=int, help=argparse.SUPPRESS)
options = parser.parse_args()
torch.set_num_threads(options.threads)
torch.manual_seed(1)


def measure(step):
    """Milliseconds: the median of the repetitions, after a warm-up of half a second and at least four steps."""
    began, count = time.perf_counter(), 0
    while count < 4 or time.perf_counter() - began < 0.5:
        step()
        count += 1
    count = max(round(count * options.rep_seconds / (time.perf_counter() - began)), 1)
    times = []
    for _ in range(options.reps):
        began = time.perf_counter()
        for _ in range(count):
            step()
        times.append((time.perf_counter() - began) / count)
    return 1e3 * sorted(times)[len(times) // 2]


def result(layer, x):
    y = layer(x)
    return y[0] if isinstance(y, tuple) else y


def passes(layer, x, start):
    """Milliseconds of a forward pass, and of a forward and backward pass."""

    def both():
        layer.zero_grad()
        x.grad = None
        result(layer, x).backward(start)

    return measure(lambda: result(layer, x)), measure(both)


def random(*shape):
    return torch.rand(*shape) * 2 - 1


def layers():
    nn = torch.nn
    yield "batchnorm", nn.BatchNorm2d(64), PICTURES, torch.contiguous_format
    yield "batchnorm, channels last", nn.BatchNorm2d(64), PICTURES, torch.channels_last
    for name, kind in [("layernorm", nn.LayerNorm), ("rmsnorm", nn.RMSNorm)]:
        for shape in [(768, 512), (4096, 1024)]:
            yield name, kind(shape[1]), shape, torch.contiguous_format
    yield "dropout 0.5", nn.Dropout(0.5), (1024, 1024), torch.contiguous_format
    for name, kind in [("lstm 128", nn.LSTM), ("gru 128", nn.GRU), ("rnn 128", nn.RNN)]:
        yield name, kind(128, 128, batch_first=True), SEQUENCES, torch.contiguous_format


def peak_memory():
    """The largest memory that the process held so far, in MB (2²⁰ bytes)."""
    with open("/proc/self/status") as status:
        return int(re.search(r"VmHWM:\s+(\d+) kB", status.read())[1]) / 1024


def attention(length):
    """A forward and backward pass with numbers that are made once."""
    q, k, v = (random(1, HEADS, length, DEPTH).requires_grad_(True) for _ in range(3))
    start = random(1, HEADS, length, DEPTH)

    def both():
        q.grad = k.grad = v.grad = None
        torch.nn.functional.scaled_dot_product_attention(q, k, v, is_causal=True).backward(start)

    return both


def one_length(length):
    """Milliseconds of a forward and backward pass, and by how much the process grows."""
    # What the first pass needs whatever its length, code above all, does not count.
    attention(8)()
    both = attention(length)
    with open("/proc/self/clear_refs", "w") as refs:
        refs.write("5")  # the largest memory is counted anew
    before = peak_memory()
    return {"length": length, "both_ms": measure(both), "growth_mb": peak_memory() - before}


def show(text):
    if not options.json:
        print(text, flush=True)


if options.length:
    print(json.dumps(one_length(options.length)))
    sys.exit()

rows = []
show(f"{'layer':<26} {'input':<14} {'forward ms':>10} {'and backward':>12}")
for name, layer, shape, memory_format in layers():
    x = random(*shape).to(memory_format=memory_format).requires_grad_(True)
    forward, both = passes(layer, x, random(*shape).to(memory_format=memory_format))
    given = "×".join(map(str, shape))
    show(f"{name:<26} {given:<14} {forward:>10.3f} {both:>12.3f}")
    rows.append({"layer": name, "input": given, "forward_ms": forward, "both_ms": both})

lengths = []
show(f"\n{'attention, causal':<26} {'q, k and v':<14} {'ms':>10} {'grows by MB':>12}")
for length in LENGTHS:
    # A process each, as in kudari's program: memory that was in use once may be kept for the next.
    command = [sys.executable, __file__, "--length", length, "--threads", options.threads]
    command += ["--reps", options.reps, "--rep-seconds", options.rep_seconds]
    row = json.loads(subprocess.run(list(map(str, command)), stdout=subprocess.PIPE, check=True).stdout)
    show(f"{'forward and backward':<26} {f'1×{HEADS}×{length}×{DEPTH}':<14} {row['both_ms']:>10.3f} {row['growth_mb']:>12.1f}")
    lengths.append(row)
if options.json:
    found = {"peer": "pytorch", "version": torch.__version__, "threads": options.threads, "layers": rows, "attention": lengths}
    print(json.dumps(found))
