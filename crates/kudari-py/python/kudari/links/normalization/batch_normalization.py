"""Normalization over the batch."""

import numpy

import kudari
import kudari.functions as F
from kudari import initializers
from kudari.configuration import config
from kudari.link import Link
from kudari.utils.argument import parse_kwargs
from kudari.variable import Parameter

_TEST = "test argument is not supported anymore.\nUse using_config('train', False)."


def with_dtype(initial, dtype):
    """The initializer that an argument means, making arrays of this dtype."""
    initializer = initializers._get_initializer(initial)
    initializer.dtype = dtype
    return initializer


class BatchNormalization(Link):
    """y = gamma·(x - mean) / √(var + eps) + beta, mean and variance over the batch while training.

    `avg_mean` and `avg_var` are running means of the two with weight `decay` for the past, used when not
    training. `size` is the shape of gamma; without it `axis` says which axes of x the means are over, and the
    shape is known on the first call.
    """

    gamma = None
    beta = None

    def __init__(
        self,
        size=None,
        decay=0.9,
        eps=2e-5,
        dtype=None,
        use_gamma=True,
        use_beta=True,
        initial_gamma=None,
        initial_beta=None,
        axis=None,
        initial_avg_mean=None,
        initial_avg_var=None,
    ):
        super().__init__()
        if size is None and axis is None:
            raise RuntimeError(
                "size or axis is required.\nGive the number of channels, or the axes to average over."
            )
        self._initial_avg_mean = initial_avg_mean
        self._initial_avg_var = initial_avg_var
        self.N = 0
        self.register_persistent("N")
        self.decay = decay
        self.eps = eps
        self.axis = (axis,) if isinstance(axis, int) else axis
        # Statistics of float16 data are kept in float32.
        self._highprec_dtype = kudari.get_dtype(dtype, map_mixed16=numpy.float32)
        with self.init_scope():
            if use_gamma:
                self.gamma = Parameter(
                    with_dtype(1 if initial_gamma is None else initial_gamma, self._highprec_dtype)
                )
            if use_beta:
                self.beta = Parameter(
                    with_dtype(0 if initial_beta is None else initial_beta, self._highprec_dtype)
                )
        self.avg_mean = None
        self.avg_var = None
        if size is not None:
            self._initialize_params(size)
        self.register_persistent("avg_mean")
        self.register_persistent("avg_var")

    def _initialize_params(self, shape):
        self.avg_mean = self._statistics(self._initial_avg_mean, 0, shape)
        self.avg_var = self._statistics(self._initial_avg_var, 1, shape)
        self._initial_avg_mean = self._initial_avg_var = None
        for param in self.params():
            param.initialize(shape)

    def _statistics(self, initial, default, shape):
        initializer = initializers._get_initializer(default if initial is None else initial)
        return initializers.generate_array(initializer, shape, dtype=self._highprec_dtype)

    @property
    def printable_specs(self):
        yield "size", None if self.avg_mean is None else self.avg_mean.shape[0]
        yield "decay", self.decay
        yield "eps", self.eps
        yield "dtype", self._highprec_dtype
        yield "use_gamma", self.gamma is not None
        yield "use_beta", self.beta is not None

    def _scale_and_shift(self, dtype):
        """gamma and beta, or the ones and zeros in their place."""
        shape = self.avg_mean.shape
        return (
            numpy.ones(shape, dtype) if self.gamma is None else self.gamma,
            numpy.zeros(shape, dtype) if self.beta is None else self.beta,
        )

    def _decay_of_this_call(self, finetune):
        """`decay`; while finetuning the weight that makes the running values plain means over the calls."""
        if not finetune:
            return self.decay
        if not config.in_recomputing:
            self.N += 1
        return 1.0 - 1.0 / self.N

    def forward(self, x, **kwargs):
        """x (batch, channels, ...) to the same shape.

        `finetune=True` averages all calls since `start_finetuning`.
        """
        (finetune,) = parse_kwargs(kwargs, ("finetune", False), test=_TEST)
        if self.avg_mean is None:
            self._initialize_params(tuple(size for axis, size in enumerate(x.shape) if axis not in self.axis))
        gamma, beta = self._scale_and_shift(self._highprec_dtype)
        if not config.train:
            return F.fixed_batch_normalization(
                x, gamma, beta, self.avg_mean, self.avg_var, self.eps, axis=self.axis
            )
        # A call made again by F.forget has been counted already.
        again = config.in_recomputing
        return F.batch_normalization(
            x,
            gamma,
            beta,
            eps=self.eps,
            axis=self.axis,
            decay=self._decay_of_this_call(finetune),
            running_mean=None if again else self.avg_mean,
            running_var=None if again else self.avg_var,
        )

    def start_finetuning(self):
        """Start the count of calls anew for `finetune=True`."""
        self.N = 0
