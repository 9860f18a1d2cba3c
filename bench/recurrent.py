"""Recurrent layers in PyTorch, forward and backward with all gradients, in milliseconds.

    python3 bench/recurrent.py THREADS

`kudari-bench recurrent --threads THREADS` measures the same in kudari.
"""
import sys
import time

import torch

SAMPLES, PLACES, SIZE = 32, 64, 128
torch.set_num_threads(int(sys.argv[1]))
torch.manual_seed(1)


def measure(step):
    """The median of five repetitions of 0.6 seconds, after a warm-up of half a second."""
    rates = []
    for seconds in [0.5] + [0.6] * 5:
        began, count = time.perf_counter(), 0
        while time.perf_counter() - began < seconds:
            step()
            count += 1
        rates.append(count / (time.perf_counter() - began))
    return 1e3 / sorted(rates[1:])[2]


print(f"{SAMPLES} samples, {PLACES} places, {SIZE} inputs, {SIZE} units, {sys.argv[1]} threads, torch {torch.__version__}")
for name, kind in [("lstm", torch.nn.LSTM), ("gru", torch.nn.GRU), ("rnn", torch.nn.RNN)]:
    layer = kind(SIZE, SIZE, batch_first=True)
    x = torch.rand(SAMPLES, PLACES, SIZE, requires_grad=True)
    start = torch.rand(SAMPLES, PLACES, SIZE)

    def both():
        layer.zero_grad()
        x.grad = None
        layer(x)[0].backward(start)

    forward = measure(lambda: layer(x))
    print(f"{name:5} forward {forward:.2f} ms, forward and backward {measure(both):.2f} ms", flush=True)
