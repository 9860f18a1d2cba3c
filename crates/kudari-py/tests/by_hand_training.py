"""A training whose every step can be done by hand.

The model has one number w and the loss (w − mean of the batch)².
"""

import kudari
import numpy as np
from kudari import iterators, optimizers, training
from kudari.training import extensions


class Number(kudari.Chain):
    def __init__(self, start=0.0):
        super().__init__()
        with self.init_scope():
            self.w = kudari.Parameter(np.array(start, "f"))

    def forward(self, batch):
        difference = self.w - np.asarray(batch.mean(), "f")
        loss = difference * difference
        kudari.report({"loss": loss, "train": float(kudari.config.train)}, self)
        return loss


DATA = np.array([1, 2, 3, 4, 5, 6], "f")  # batches of two have the means 1.5, 3.5, 5.5


def make_trainer(out, stop=(2, "epoch"), lr=0.25, model=None, shuffle=False):
    model = model or Number()
    optimizer = optimizers.SGD(lr=lr).setup(model)
    iterator = iterators.SerialIterator(DATA, 2, shuffle=shuffle)
    updater = training.updaters.StandardUpdater(iterator, optimizer)
    return training.Trainer(updater, stop, out=str(out))


def model_of(trainer):
    return trainer.updater.get_optimizer("main").target


def expected_losses(count, lr=0.25):
    w, losses = 0.0, []
    for i in range(count):
        mean = (1.5, 3.5, 5.5)[i % 3]
        losses.append((w - mean) ** 2)
        w -= lr * 2 * (w - mean)
    return losses, w


def evaluator(model):
    return extensions.Evaluator(iterators.SerialIterator(DATA, 4, repeat=False, shuffle=False), model)
