"""Normalization that also takes away the correlation between channels."""

import warnings

import numpy

import kudari.functions as F
from kudari.configuration import config
from kudari.link import Link
from kudari.serializer import Deserializer
from kudari.utils.argument import parse_kwargs


class DecorrelatedBatchNormalization(Link):
    """Whitens the channels of x, in `groups` of size / groups, over the batch (Huang et al. 2018).

    `avg_mean` (groups, C) and `avg_projection` (groups, C, C) are running means, used when not training.
    """

    def __init__(self, size, groups=16, decay=0.9, eps=2e-5, dtype=numpy.float32):
        super().__init__()
        channels = size // groups
        self.avg_mean = numpy.zeros((groups, channels), dtype=dtype)
        self.avg_projection = numpy.tile(numpy.eye(channels, dtype=dtype), (groups, 1, 1))
        self.N = 0
        for name in ("avg_mean", "avg_projection", "N"):
            self.register_persistent(name)
        self.decay = decay
        self.eps = eps
        self.groups = groups

    def serialize(self, serializer):
        if isinstance(serializer, Deserializer):
            serializer = _StatisticsOfAllGroups(serializer)
        super().serialize(serializer)

    def forward(self, x, **kwargs):
        """x (batch, size, ...) to the same shape.

        `finetune=True` averages all calls since `start_finetuning`.
        """
        (finetune,) = parse_kwargs(kwargs, ("finetune", False))
        if not config.train:
            return F.fixed_decorrelated_batch_normalization(
                x, self.avg_mean, self.avg_projection, groups=self.groups
            )
        decay = self.decay
        if finetune:
            if not config.in_recomputing:
                self.N += 1
            decay = 1.0 - 1.0 / self.N
        # A call made again by F.forget has been counted already.
        again = config.in_recomputing
        return F.decorrelated_batch_normalization(
            x,
            groups=self.groups,
            eps=self.eps,
            decay=decay,
            running_mean=None if again else self.avg_mean,
            running_projection=None if again else self.avg_projection,
        )

    def start_finetuning(self):
        """Start the count of calls anew for `finetune=True`."""
        self.N = 0


class _StatisticsOfAllGroups(Deserializer):
    """Reads older models of Chainer too, which have one mean and projection for all groups."""

    def __init__(self, base):
        self.base = base

    def __call__(self, key, value):
        if key == "N" or value is None:
            return self.base(key, value)
        saved = self.base(key, None)
        if saved.ndim < value.ndim and len(value) > 1:
            warnings.warn(
                "Found moving statistics of old DecorrelatedBatchNormalization, of another algorithm.",
                stacklevel=2,
            )
        numpy.copyto(value, saved)
        return value
