"""Labels of sequences that depend on the label before."""

import kudari.functions as F
from kudari.link import Link
from kudari.links.rnn.n_step_rnn import argsort_list_descent, permutate_list
from kudari.variable import Parameter


class CRF1d(Link):
    """Negative log-likelihood of label sequences under a linear-chain conditional random field.

    `cost` (n_label, n_label) is what a label adds to the score of the next one; zeros at first.
    """

    def __init__(self, n_label, initial_cost=None):
        super().__init__()
        with self.init_scope():
            self.cost = Parameter(0 if initial_cost is None else initial_cost, (n_label, n_label))

    def forward(self, xs, ys, reduce="mean", transpose=False):
        """The loss. xs and ys hold one array per time step, with `transpose` one per sequence."""
        if transpose:
            indices = argsort_list_descent(xs)
            xs = F.transpose_sequence(permutate_list(xs, indices, inv=False))
            ys = F.transpose_sequence(permutate_list(ys, indices, inv=False))
        return F.crf1d(self.cost, xs, ys, reduce)

    def argmax(self, xs, transpose=False):
        """(scores, labels) of the most likely label sequences; with `transpose` one array per sequence."""
        if not transpose:
            return F.argmax_crf1d(self.cost, xs)
        indices = argsort_list_descent(xs)
        score, path = F.argmax_crf1d(self.cost, F.transpose_sequence(permutate_list(xs, indices, inv=False)))
        path = [labels.array for labels in F.transpose_sequence(path)]
        return score, permutate_list(path, indices, inv=True)
