#!/usr/bin/env python3
"""Gradients by central differences: a plain loop in NumPy against kudari, on the same work.

    python3 bench/numerical_gradient.py [--full]

Two figures: training XOR (2-8-2, ReLU, 5,001 updates of 84 losses), and one gradient of 784-50-10 on 100 digits (79,520
losses). Of the latter the loop in NumPy computes one parameter in FRACTION and its time is scaled up; --full computes all
of them. What it computes is compared with kudari's gradient. Needs NumPy and cargo; bench/README.md says more.
"""

import argparse
import json
import os
import pathlib
import platform
import subprocess
import sys
import tempfile
import time

import numpy as np

ROOT = pathlib.Path(__file__).resolve().parent.parent
H = 1e-4
FRACTION = 20
XOR_UPDATES = 5001
XOR_RATE = 0.01


def central_differences(loss, parameters, chosen=lambda number: True):
    """The gradients of loss() by the parameters, in place; those that are not chosen stay 0."""
    gradients, number = [], 0
    for parameter in parameters:
        gradient = np.zeros_like(parameter)
        for place in np.ndindex(*parameter.shape):
            if chosen(number):
                old = parameter[place]
                parameter[place] = old + H
                right = loss()
                parameter[place] = old - H
                left = loss()
                parameter[place] = old
                gradient[place] = (right - left) / (2 * H)
            number += 1
        gradients.append(gradient)
    return gradients


def softmax_cross_entropy(z, labels):
    z = z - z.max(axis=1, keepdims=True)
    return np.mean(np.log(np.exp(z).sum(axis=1)) - z[np.arange(len(labels)), labels])


def numpy_xor():
    """Seconds of training, and the classes of the four samples at the end."""
    x, labels = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], float), np.array([0, 1, 1, 0])
    random = np.random.default_rng(1)
    parameters = [random.normal(0, 0.5, (2, 8)), np.zeros(8), random.normal(0, 0.5, (8, 2)), np.zeros(2)]
    w1, b1, w2, b2 = parameters

    def outputs():
        return np.maximum(x @ w1 + b1, 0) @ w2 + b2

    began = time.perf_counter()
    for _ in range(XOR_UPDATES):
        gradients = central_differences(lambda: softmax_cross_entropy(outputs(), labels), parameters)
        for parameter, gradient in zip(parameters, gradients):
            parameter -= XOR_RATE * gradient
    return time.perf_counter() - began, outputs().argmax(axis=1).tolist()


def numpy_digits(folder, full):
    """Seconds for all losses, how many of them were computed, and the largest difference to kudari's gradient."""

    def read(name, *shape):
        return np.fromfile(folder / f"{name}.f64", "<f8").reshape(shape).copy()

    x, labels = read("x", 100, 784), read("t", 100).astype(int)
    names = [("0.weight", 50, 784), ("0.bias", 50), ("2.weight", 10, 50), ("2.bias", 10)]
    parameters = [read(*name) for name in names]
    theirs = [read(f"gradient.{name}", *shape) for name, *shape in names]
    w1, b1, w2, b2 = parameters

    def loss():
        hidden = 1 / (1 + np.exp(-(x @ w1.T + b1)))
        return softmax_cross_entropy(hidden @ w2.T + b2, labels)

    count = sum(p.size for p in parameters)
    chosen = np.full(count, full)
    chosen[::FRACTION] = True
    loss()
    began = time.perf_counter()
    gradients = central_differences(loss, parameters, lambda number: chosen[number])
    seconds = time.perf_counter() - began
    flat = [np.concatenate([g.ravel() for g in each])[chosen] for each in (gradients, theirs)]
    return seconds * count / chosen.sum(), 2 * chosen.sum(), np.abs(flat[0] - flat[1]).max()


def cargo(*arguments):
    subprocess.run(["cargo", *arguments], cwd=ROOT, check=True)


def kudari(folder):
    """Seconds of XOR by the command (the median of five runs, process and all), and what the example measures."""
    cargo("build", "--release", "--quiet", "-p", "kudari-cli")
    cargo("build", "--release", "--quiet", "-p", "kudari-mnist", "--example", "numerical_gradient")
    metadata = subprocess.run(["cargo", "metadata", "--no-deps", "--format-version=1"], cwd=ROOT, check=True, capture_output=True)
    release = pathlib.Path(json.loads(metadata.stdout)["target_directory"]) / "release"
    train = [release / "kudari", "train", "xor", "--net", "linear(8) relu linear(2)", "--init", "normal(0.5)", "--optimizer", "sgd",
             "--gradient", "numerical", "--learning-rate", str(XOR_RATE), "--iterations", str(XOR_UPDATES), "--quiet",
             "--json", "--out"]  # fmt: skip
    seconds = []
    for run in range(5):
        began = time.perf_counter()
        subprocess.run([*train, folder / f"run{run}"], check=True, capture_output=True)
        seconds.append(time.perf_counter() - began)
    digits = subprocess.run([release / "examples" / "numerical_gradient", folder], check=True, capture_output=True)
    return sorted(seconds)[2], json.loads(digits.stdout)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--full", action="store_true", help="compute all 79,520 losses in NumPy too (a minute or two)")
    arguments = parser.parse_args()
    print("building and measuring kudari ...", file=sys.stderr)
    load = os.getloadavg()[0]
    with tempfile.TemporaryDirectory() as folder:
        folder = pathlib.Path(folder)
        xor, digits = kudari(folder)
        print("measuring NumPy ...", file=sys.stderr)
        numpy_digits_seconds, losses, difference = numpy_digits(folder, arguments.full)
    numpy_xor_seconds, classes = numpy_xor()

    measured = "" if losses == 79_520 else f" ({losses:,} losses measured)"
    rows = [
        ("XOR 2-8-2, 5,001 updates, 420,084 losses", f"{numpy_xor_seconds:.1f} s", xor, numpy_xor_seconds / xor),
        ("one gradient of 784-50-10 on 100 digits, 79,520 losses", f"{numpy_digits_seconds:.0f} s{measured}", digits["seconds"],
         numpy_digits_seconds / digits["seconds"]),
        ("the same on 100 samples without a zero", f"{numpy_digits_seconds:.0f} s (the same work)", digits["seconds_without_zeros"],
         numpy_digits_seconds / digits["seconds_without_zeros"]),
    ]  # fmt: skip
    print("| what | NumPy, plain loop | kudari | ratio |\n|---|---|---|---|")
    for what, theirs, ours, ratio in rows:
        print(f"| {what} | {theirs} | {ours:.3f} s | {ratio:,.0f}× |")
    print(f"\nNumPy's derivatives and kudari's differ by at most {difference:.1e}, those of kudari by differences and by")
    print(f"backpropagation by at most {digits['difference_to_backpropagation']:.1e}. XOR's classes by NumPy: {classes}.")
    print(f"{os.cpu_count()} processors, kudari on {digits['threads']} threads, NumPy {np.__version__}, Python {platform.python_version()},")
    print(f"load average {load:.1f} before and {os.getloadavg()[0]:.1f} after.")


if __name__ == "__main__":
    main()
