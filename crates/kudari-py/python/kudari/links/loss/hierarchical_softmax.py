"""Softmax over the leaves of a binary tree, for very many classes."""

import copy
import heapq

import numpy

import kudari
from kudari.function import Function
from kudari.initializers import Uniform
from kudari.link import Link
from kudari.utils import type_check
from kudari.variable import Parameter


def _paths(tree):
    """({leaf: (inner nodes on the way, +1 for left and -1 for right at each)}, number of inner nodes)."""
    paths = {}
    waiting = [(tree, (), ())]
    inner_nodes = 0
    while waiting:
        node, nodes, turns = waiting.pop()
        if not isinstance(node, tuple):
            paths[node] = nodes, turns
            continue
        if len(node) != 2:
            raise ValueError(
                f"All internal nodes must have two child nodes, {node} has {len(node)}.\n"
                "Nest pairs such as ((0, 1), 2)."
            )
        left, right = node
        nodes += (inner_nodes,)
        inner_nodes += 1
        waiting += [(right, nodes, turns + (-1.0,)), (left, nodes, turns + (1.0,))]
    return paths, inner_nodes


class BinaryHierarchicalSoftmaxFunction(Function):
    """Σ log(1 + exp(-turn·W[node]·x)) over the nodes on the way to t's leaf and the rows x.

    The path of class t is paths[begins[t]:begins[t + 1]], the turns are the same part of `codes`.
    """

    def __init__(self, tree, dtype):
        paths, self.parser_size = _paths(tree)
        ways = [paths.get(label, ((), ())) for label in range(max(paths) + 1)]
        self.paths = numpy.array([node for nodes, _ in ways for node in nodes], dtype=numpy.int32)
        self.codes = numpy.array([turn for _, turns in ways for turn in turns], dtype=dtype)
        self.begins = numpy.cumsum([0, *(len(nodes) for nodes, _ in ways)], dtype=numpy.int32)

    def check_type_forward(self, in_types):
        type_check.expect(in_types.size() == 3)
        x, t, weights = in_types
        type_check.expect(x.dtype.kind == "f", weights.dtype == x.dtype, t.dtype.kind == "i")
        type_check.expect(x.ndim == 2, t.ndim == 1, weights.ndim == 2)
        samples, inputs = x.shape[0], x.shape[1]
        type_check.expect(t.shape[0] == samples, weights.shape[0] == self.parser_size, weights.shape[1] == inputs)

    def _steps(self, x, t, W):
        """(row of x, node, turn, turn·W[node]·x) of every step of every row."""
        begins, ends = self.begins[t], self.begins[t + 1]
        steps = numpy.concatenate(
            [numpy.arange(begin, end) for begin, end in zip(begins, ends)] or [[]]
        ).astype(int)
        rows = numpy.repeat(numpy.arange(len(t)), ends - begins)
        nodes, turns = self.paths[steps], self.codes[steps]
        return rows, nodes, turns, turns * numpy.einsum("ij,ij->i", W[nodes], x[rows])

    def forward(self, inputs):
        x, t, W = inputs
        *_, scores = self._steps(x, t, W)
        return (numpy.array(numpy.logaddexp(0.0, -scores).sum(dtype=numpy.float64), dtype=x.dtype),)

    def backward(self, inputs, grad_outputs):
        x, t, W = inputs
        rows, nodes, turns, scores = self._steps(x, t, W)
        # exp(-log(1 + e^s)) is sigmoid(-s) without overflow.
        slopes = -grad_outputs[0] * turns * numpy.exp(-numpy.logaddexp(0.0, scores))
        gx, gW = numpy.zeros_like(x), numpy.zeros_like(W)
        numpy.add.at(gx, rows, slopes[:, None] * W[nodes])
        numpy.add.at(gW, nodes, slopes[:, None] * x[rows])
        return gx, None, gW


class BinaryHierarchicalSoftmax(Link):
    """Loss over the leaves of `tree`, nested pairs such as ((0, 1), 2): log(classes) products a row, not
    classes.

    W (inner nodes, in_size) is Uniform(1) at first (Morin, Bengio 2005).
    """

    def __init__(self, in_size, tree, dtype=None):
        super().__init__()
        self._func = BinaryHierarchicalSoftmaxFunction(tree, kudari.get_dtype(dtype))
        with self.init_scope():
            self.W = Parameter(Uniform(1), (self._func.parser_size, in_size))

    @staticmethod
    def create_huffman_tree(word_counts):
        """The tree in which frequent words have short paths, from {word: count}. ValueError where it is
        empty.
        """
        if not word_counts:
            raise ValueError("Empty vocabulary.\nGive at least one word and its count.")
        waiting = [(count, number, word) for number, (word, count) in enumerate(word_counts.items())]
        heapq.heapify(waiting)
        while len(waiting) > 1:
            count1, number1, word1 = heapq.heappop(waiting)
            count2, number2, word2 = heapq.heappop(waiting)
            heapq.heappush(waiting, (count1 + count2, min(number1, number2), (word1, word2)))
        return waiting[0][2]

    def forward(self, x, t):
        """The summed loss of x (batch, in_size) for the leaves t (batch,)."""
        return copy.copy(self._func)(x, t, self.W)
