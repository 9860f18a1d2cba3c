"""Results and gradients of the tiny examples of `kudari explain`, by PyTorch in float64: python3 examples.py writes examples.json."""

import json
import pathlib

import torch
from torch.nn import functional as F

torch.set_default_dtype(torch.float64)
# The derivatives of an imagined loss by the numbers of a result, again from the first where there are more.
CHOSEN = [1.0, -1.0, 2.0, 0.5, -2.0, 3.0]


def tensor(numbers, *shape):
    return torch.tensor(numbers).reshape(shape).requires_grad_()


def example(call, **inputs):
    result = call(**inputs)
    chosen = torch.tensor([CHOSEN[i % len(CHOSEN)] for i in range(result.numel())]).reshape(result.shape)
    (result * chosen).sum().backward()
    return {"result": result.tolist(), "gradients": {letter: x.grad.tolist() for letter, x in inputs.items()}}


def recurrent(module, x, states, weights):
    y, _ = torch.func.functional_call(module, {"weight_ih_l0": weights[0], "weight_hh_l0": weights[1]}, (x, states))
    return y


def attention(q, k, v):
    return F.scaled_dot_product_attention(q, k, v)


picture = [1.0, 2.0, 0.0, 0.0, 1.0, 3.0, 2.0, 1.0, 1.0]
kernel = [1.0, -1.0, 2.0, 0.5]
module = {"batch_first": True, "bias": False}
examples = {
    "softmax": example(lambda x: x.softmax(0), x=tensor([1.0, 2.0, 3.0], 3)),
    "conv2d": example(
        lambda x, w, b: F.conv2d(x, w, b), x=tensor(picture, 1, 1, 3, 3), w=tensor(kernel, 1, 1, 2, 2), b=tensor([0.5], 1)
    ),
    "conv_transpose2d": example(
        lambda x, w, b: F.conv_transpose2d(x, w, b),
        x=tensor([1.0, 2.0, -1.0, 3.0], 1, 1, 2, 2),
        w=tensor(kernel, 1, 1, 2, 2),
        b=tensor([0.5], 1),
    ),
    "max_pool2d": example(lambda x: F.max_pool2d(x, 2), x=tensor([1.0, 3.0, -2.0, 0.0, 2.0, -1.0, 4.0, 1.0], 1, 1, 2, 4)),
    "batch_norm": example(
        lambda x, w, b: F.batch_norm(x, None, None, w, b, True, 0.0, 1e-3),
        x=tensor([1.0, 2.0, 4.0, 5.0], 4, 1),
        w=tensor([2.0], 1),
        b=tensor([0.5], 1),
    ),
    "layer_norm": example(
        lambda x, w, b: F.layer_norm(x, [4], w, b, 1e-3),
        x=tensor([1.0, 3.0, 5.0, 7.0], 1, 4),
        w=tensor([1.0, 2.0, 1.0, 0.5], 4),
        b=tensor([0.0, 1.0, 0.0, -1.0], 4),
    ),
    "attention": example(
        attention,
        q=tensor([1.0, 0.0, 0.0, 2.0, 1.0, 1.0], 1, 1, 3, 2),
        k=tensor([1.0, 1.0, 0.0, 1.0, 2.0, 0.0], 1, 1, 3, 2),
        v=tensor([1.0, 2.0, 3.0, 0.0, -1.0, 1.0], 1, 1, 3, 2),
    ),
    "rnn": example(
        lambda x, h, W, U: recurrent(torch.nn.RNN(1, 1, **module), x, h[None], (W, U)),
        x=tensor([1.0, -0.5], 1, 2, 1),
        h=tensor([0.0], 1, 1),
        W=tensor([0.5], 1, 1),
        U=tensor([2.0], 1, 1),
    ),
    "lstm": example(
        lambda x, h, c, W, U: recurrent(torch.nn.LSTM(1, 1, **module), x, (h[None], c[None]), (W, U)),
        x=tensor([1.0, -0.5], 1, 2, 1),
        h=tensor([0.0], 1, 1),
        c=tensor([0.0], 1, 1),
        W=tensor([0.5, 1.0, 2.0, -1.0], 4, 1),
        U=tensor([1.0, -0.5, 0.5, 2.0], 4, 1),
    ),
    "gru": example(
        lambda x, h, W, U: recurrent(torch.nn.GRU(1, 1, **module), x, h[None], (W, U)),
        x=tensor([1.0, -0.5], 1, 2, 1),
        h=tensor([0.0], 1, 1),
        W=tensor([0.5, -1.0, 2.0], 3, 1),
        U=tensor([1.0, -0.5, 0.5], 3, 1),
    ),
}
pathlib.Path(__file__).with_suffix(".json").write_text(json.dumps(examples, separators=(",", ":")) + "\n")
