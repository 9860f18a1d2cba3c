"""Weights whose largest singular value is 1."""

import numpy

import kudari.functions as F
from kudari.configuration import config
from kudari.link_hooks._weight_hook import WeightHook
from kudari.variable import Parameter


def _unit(vector, eps):
    return vector / (numpy.linalg.norm(vector) + eps)


class SpectralNormalization(WeightHook):
    """Divides the weight by an estimate of its largest singular value (Miyato et al. 2018).

    The estimate is uᵀ·W·v; u (the link's attribute 'W_u', saved with it) and v take `n_power_iteration` steps
    of the power method at each call, and u keeps them while training. `factor` multiplies the weight; with
    `use_gamma` a parameter `gamma` does, first the largest singular value itself.
    """

    name = "SpectralNormalization"

    def __init__(
        self, n_power_iteration=1, eps=1e-6, use_gamma=False, factor=None, weight_name="W", name=None
    ):
        assert n_power_iteration > 0, f"n_power_iteration is {n_power_iteration}, at least 1 is needed"
        super().__init__(weight_name, name)
        self.n_power_iteration = n_power_iteration
        self.eps = eps
        self.use_gamma = use_gamma
        self.factor = factor
        self.vector_name = weight_name + "_u"
        self.axis = 0  # the weight's axis of outputs
        self._initialized = False

    def added(self, link):
        from kudari import links

        super().added(link)
        if isinstance(link, (links.Deconvolution2D, links.DeconvolutionND)):
            self.axis = 1
        if getattr(link, self.weight_name).array is not None:
            self.prepare(link)

    def deleted(self, link):
        delattr(link, self.vector_name)
        if self.use_gamma:
            del link.gamma

    def prepare(self, link):
        """Make u, and gamma, once."""
        if self._initialized:
            return
        weight = getattr(link, self.weight_name)
        outputs = weight.shape[self.axis]
        if outputs == 0:
            raise ValueError(
                f"Expect {self.weight_name}.shape[{self.axis}] > 0.\nGive the link at least one output."
            )
        setattr(link, self.vector_name, numpy.random.normal(size=(outputs,)).astype(weight.dtype))
        link.register_persistent(self.vector_name)
        if self.use_gamma:
            largest = numpy.linalg.svd(self.reshape_W(weight.array), compute_uv=False)[0]
            with link.init_scope():
                link.gamma = Parameter(numpy.asarray(largest))
        self._initialized = True

    def transformed(self, link, weight):
        matrix = self.reshape_W(weight)
        u = saved = getattr(link, self.vector_name)
        # A call made again by F.forget must give the result of the first.
        if not config.in_recomputing:
            for _ in range(self.n_power_iteration):
                self.v = _unit(u.dot(matrix.array), self.eps)
                u = _unit(matrix.array.dot(self.v), self.eps)
            if config.train:
                saved[...] = u
        sigma = F.matmul(F.matmul(u, matrix), self.v)
        if self.factor is not None:
            sigma = sigma / self.factor
        if self.use_gamma:
            weight = F.broadcast_to(link.gamma, weight.shape) * weight
        return weight / F.broadcast_to(sigma, weight.shape)

    def reshape_W(self, W):
        """The weight, array or variable, as a matrix (outputs, everything else)."""
        if self.axis != 0:
            W = W.transpose([self.axis] + [axis for axis in range(W.ndim) if axis != self.axis])
        return W if W.ndim == 2 else W.reshape(W.shape[0], -1)
