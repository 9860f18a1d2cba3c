"""The order in which an epoch goes through the examples."""

import numpy as np


class OrderSampler:
    """A function `(current_order, current_position) -> order`, called at the start of each epoch.

    Orders are arrays of indices, all of the same length. `current_position` is where in `current_order` the
    batch began that reaches into the new epoch.
    """

    def __call__(self, current_order, current_position):
        raise NotImplementedError(f"{type(self).__name__} must define __call__")


class ShuffleOrderSampler(OrderSampler):
    """A new random permutation for each epoch, drawn from `random_state` (None: the global state of
    `numpy.random`).
    """

    def __init__(self, random_state=None):
        self._random = random_state

    def __call__(self, current_order, current_position):
        random = np.random if self._random is None else self._random
        return random.permutation(len(current_order))
