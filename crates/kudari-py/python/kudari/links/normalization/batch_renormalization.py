"""Batch normalization that stays close to the running statistics."""

import kudari.functions as F
from kudari.configuration import config
from kudari.links.normalization.batch_normalization import BatchNormalization


class BatchRenormalization(BatchNormalization):
    """The normalized x̂ becomes x̂·r + d, r within [1/rmax, rmax] and d within [-dmax, dmax] (Ioffe 2017)."""

    def __init__(
        self,
        size,
        rmax=1,
        dmax=0,
        decay=0.9,
        eps=2e-5,
        dtype=None,
        use_gamma=True,
        use_beta=True,
        initial_gamma=None,
        initial_beta=None,
        initial_avg_mean=None,
        initial_avg_var=None,
    ):
        super().__init__(
            size,
            decay,
            eps,
            dtype,
            use_gamma,
            use_beta,
            initial_gamma,
            initial_beta,
            initial_avg_mean=initial_avg_mean,
            initial_avg_var=initial_avg_var,
        )
        self.rmax = rmax
        self.dmax = dmax

    def forward(self, x, finetune=False):
        gamma, beta = self._scale_and_shift(x.dtype)
        if not config.train:
            return F.fixed_batch_normalization(x, gamma, beta, self.avg_mean, self.avg_var, self.eps)
        # A call made again by F.forget starts from the same statistics as the first, and leaves them.
        again = config.in_recomputing
        if not again:
            self._statistics_before = self.avg_mean.copy(), self.avg_var.copy()
        mean, var = self._statistics_before if again else (self.avg_mean, self.avg_var)
        return F.batch_renormalization(
            x,
            gamma,
            beta,
            self.rmax,
            self.dmax,
            self.eps,
            mean,
            var,
            self._decay_of_this_call(finetune),
            update_statistics=not again,
        )
