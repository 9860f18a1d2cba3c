"""Sampling from given probabilities in constant time a sample."""

import numpy

from kudari.device_resident import DeviceResident


class WalkerAlias(DeviceResident):
    """Draws indices 0..n-1 with the probabilities `probs` (n numbers, normalized here) by Walker's alias
    method.

    The interval [0, n) is cut into n unit bins; each holds at most two indices, so that one uniform number
    picks the bin by its integer part and the index by its fraction.
    """

    use_gpu = False

    def __init__(self, probs):
        shares = numpy.asarray(probs, numpy.float64)
        shares = shares * (len(shares) / shares.sum())
        self.threshold = numpy.ones(len(shares), numpy.float32)
        self.values = numpy.repeat(numpy.arange(len(shares), dtype=numpy.int32), 2)
        small = [i for i, share in enumerate(shares) if share < 1]
        large = [i for i, share in enumerate(shares) if share >= 1]
        while small and large:
            bin_, donor = small.pop(), large[-1]
            self.threshold[bin_] = shares[bin_]
            self.values[2 * bin_ + 1] = donor
            shares[donor] -= 1 - shares[bin_]
            if shares[donor] < 1:
                small.append(large.pop())

    def sample(self, shape):
        """An int32 array of the shape `shape` with drawn indices, from NumPy's global generator."""
        position = numpy.random.uniform(0, len(self.threshold), shape)
        bin_ = position.astype(numpy.int32)
        second = (position - bin_ > self.threshold[bin_]).astype(numpy.int32)
        return self.values[2 * bin_ + second]
