#!/usr/bin/env python3
"""Updates per second of a network 784-1000-1000-10 with Adam and batches of 100, trained from Python.

    python bench/python_training.py kudari     # or chainer, or torch; each needs its library installed

kudari and Chainer run the same program: a Trainer with a Classifier, which measures the accuracy of every batch. PyTorch
has no trainer; its loop does the same work. The first 20 updates are not counted. Run the libraries one after the
other on a quiet machine, several times.
"""

import argparse
import importlib
import sys
import time

import numpy as np

WARM_UP = 20


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("library", choices=["kudari", "chainer", "torch"])
    parser.add_argument("--updates", type=int, default=400)
    options = parser.parse_args()
    random = np.random.RandomState(0)
    x = random.rand(6000, 784).astype(np.float32)
    t = random.randint(0, 10, 6000).astype(np.int32)
    run = with_torch if options.library == "torch" else with_trainer
    print(f"{options.library}: {run(options, x, t):.1f} updates/s")


def with_trainer(options, x, t):
    library = importlib.import_module(options.library)
    functions, links = (importlib.import_module(f"{options.library}.{name}") for name in ("functions", "links"))
    training = importlib.import_module(f"{options.library}.training")
    layers = [links.Linear(784, 1000), functions.relu, links.Linear(1000, 1000), functions.relu, links.Linear(1000, 10)]
    model = links.Classifier(library.Sequential(*layers))
    optimizer = library.optimizers.Adam()
    optimizer.setup(model)
    batches = library.iterators.SerialIterator(library.datasets.TupleDataset(x, t), 100)
    updater = training.updaters.StandardUpdater(batches, optimizer)
    for _ in range(WARM_UP):
        updater.update()
    trainer = training.Trainer(updater, (WARM_UP + options.updates, "iteration"), out="result")
    began = time.perf_counter()
    trainer.run()
    return options.updates / (time.perf_counter() - began)


def with_torch(options, x, t):
    import torch
    from torch import nn

    model = nn.Sequential(nn.Linear(784, 1000), nn.ReLU(), nn.Linear(1000, 1000), nn.ReLU(), nn.Linear(1000, 10))
    optimizer = torch.optim.Adam(model.parameters())
    data = torch.utils.data.TensorDataset(torch.from_numpy(x), torch.from_numpy(t.astype(np.int64)))
    batches = torch.utils.data.DataLoader(data, 100, shuffle=True)
    updates = 0
    while True:
        for inputs, labels in batches:
            if updates == WARM_UP:
                began = time.perf_counter()
            if updates == WARM_UP + options.updates:
                return options.updates / (time.perf_counter() - began)
            outputs = model(inputs)
            loss = nn.functional.cross_entropy(outputs, labels)
            (outputs.argmax(1) == labels).float().mean()
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            updates += 1


if __name__ == "__main__":
    sys.exit(main())
