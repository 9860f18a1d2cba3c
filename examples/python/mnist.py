"""Handwritten digits: a network of three layers, trained and watched with a trainer and its extensions.

    python examples/python/mnist.py --epoch 3 --unit 100

The directory `--out` receives the log (JSON), two plots, a drawing of the network's graph and a snapshot from which a
stopped training goes on: `--resume FILE`, or `--autoload` for the newest one there.
"""

import argparse

import kudari.compat.chainer

kudari.compat.chainer.install()  # from here on `import chainer` gives kudari

import chainer
import chainer.functions as F
import chainer.links as L
from chainer import training
from chainer.training import extensions


class MLP(chainer.Chain):
    """Two hidden layers of `n_units` with relu, then one score for each of `n_out` classes."""

    def __init__(self, n_units, n_out):
        super().__init__()
        with self.init_scope():
            self.l1 = L.Linear(None, n_units)  # the number of inputs is taken from the first batch
            self.l2 = L.Linear(None, n_units)
            self.l3 = L.Linear(None, n_out)

    def forward(self, x):
        h = F.relu(self.l1(x))
        h = F.relu(self.l2(h))
        return self.l3(h)


def read_arguments():
    parser = argparse.ArgumentParser(description="Train a network on handwritten digits (MNIST)")
    parser.add_argument("--batchsize", "-b", type=int, default=100, help="images in each batch")
    parser.add_argument("--epoch", "-e", type=int, default=20, help="sweeps over the training images")
    parser.add_argument(
        "--frequency", "-f", type=int, default=-1, help="epochs between snapshots; -1: only at the end"
    )
    parser.add_argument("--device", "-d", default="-1", help="-1 is the CPU")
    parser.add_argument("--out", "-o", default="result", help="directory for everything that is written")
    parser.add_argument("--resume", "-r", help="snapshot to go on from")
    parser.add_argument(
        "--autoload", action="store_true", help="go on from the newest snapshot in the directory"
    )
    parser.add_argument("--unit", "-u", type=int, default=1000, help="units in each hidden layer")
    parser.add_argument("--noplot", dest="plot", action="store_false", help="draw no plots")
    return parser.parse_args()


def main():
    args = read_arguments()
    device = chainer.get_device(args.device)
    print(
        f"Device: {device}\n# unit: {args.unit}\n# Minibatch-size: {args.batchsize}\n# epoch: {args.epoch}\n"
    )

    # The classifier reports loss and accuracy of every batch.
    model = L.Classifier(MLP(args.unit, 10))
    model.to_device(device)
    device.use()
    optimizer = chainer.optimizers.Adam()
    optimizer.setup(model)

    train, test = chainer.datasets.get_mnist()
    train_iter = chainer.iterators.SerialIterator(train, args.batchsize)
    test_iter = chainer.iterators.SerialIterator(test, args.batchsize, repeat=False, shuffle=False)

    updater = training.updaters.StandardUpdater(train_iter, optimizer, device=device)
    trainer = training.Trainer(updater, (args.epoch, "epoch"), out=args.out)

    trainer.extend(extensions.Evaluator(test_iter, model, device=device), call_before_training=True)
    trainer.extend(extensions.DumpGraph("main/loss"))
    frequency = args.epoch if args.frequency == -1 else max(1, args.frequency)
    trainer.extend(extensions.snapshot(n_retains=1, autoload=args.autoload), trigger=(frequency, "epoch"))
    trainer.extend(extensions.LogReport(), call_before_training=True)
    if args.plot and extensions.PlotReport.available():
        for value in ("loss", "accuracy"):
            keys = [f"main/{value}", f"validation/main/{value}"]
            trainer.extend(
                extensions.PlotReport(keys, "epoch", file_name=f"{value}.png"), call_before_training=True
            )
    columns = [
        "epoch",
        "main/loss",
        "validation/main/loss",
        "main/accuracy",
        "validation/main/accuracy",
        "elapsed_time",
    ]
    trainer.extend(extensions.PrintReport(columns), call_before_training=True)
    trainer.extend(extensions.ProgressBar())

    if args.resume is not None:
        chainer.serializers.load_npz(args.resume, trainer)
    trainer.run()


if __name__ == "__main__":
    main()
