"""x·sigmoid(βx) with a learned β."""

import kudari.functions as F
from kudari.initializers import Constant
from kudari.link import Link
from kudari.variable import Parameter


class Swish(Link):
    """y = x·sigmoid(β·x), β of `beta_shape`; with None of x's shape without the batch, known on the first
    call.
    """

    def __init__(self, beta_shape, beta_init=1.0):
        super().__init__()
        with self.init_scope():
            self.beta = Parameter(Constant(beta_init) if beta_shape is None else beta_init, beta_shape)

    def forward(self, x):
        if self.beta.array is None:
            self.beta.initialize(x.shape[1:])
        return F.swish(x, self.beta)
