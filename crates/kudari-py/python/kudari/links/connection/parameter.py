"""A parameter as a link."""

import kudari.functions as F
from kudari import variable
from kudari.link import Link


class Parameter(Link):
    """Holds `array` as the parameter W, and returns it when called."""

    def __init__(self, array):
        super().__init__()
        with self.init_scope():
            self.W = variable.Parameter(array)

    def forward(self):
        return F.identity(self.W)
