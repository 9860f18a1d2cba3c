#!/usr/bin/env python3
"""Makes training.json: the losses of whole networks in their first twenty steps of training by PyTorch.

    python training.py

A residual network for small pictures, a transformer (PyTorch's own TransformerEncoderLayer) and a recurrent network of two layers
start from weights that follow from the parameters' names in kudari and see batches that follow from the number of the step, so
that none of them is in the file. The same training in f64 shows how far rounding alone leads.

PyTorch has other names for parameters: `NAMES` of a network says what each is called in kudari. Within an array everything has
the same order: queries, keys and values in `in_proj`, the gates i, f, g, o of an LSTM, outputs before inputs.

The residual network is trained from two starts. From a usual one PyTorch's own f32 leaves its f64 by more than 1e-3 within
twenty steps, at any rate that learns something: of 18 million ReLUs in a step some lie so close to 0 that rounding turns them on
or off, and one of those changes the gradient by a thousandth. This one is compared in f64. For f32 there is one `clear` of
that: the normalisations put the inputs of the ReLUs about four standard deviations above 0, of every fourth channel inside a
block as far below it.
"""

import math

import numpy as np
import torch
import torch.nn.functional as F
from common import VERSIONS, text, write
from torch import nn

STEPS = 20
SYMBOLS, PLACES, SIZE, BLOCKS = 65, 64, 128, 4


# Numbers that need no file.


def hashes(name, count):
    """For each element of an array of this name 32 bits that look drawn at random: its index times 2³²/φ plus the FNV-1a hash of
    the name (Fowler, Noll and Vo 1991), stirred by the last step of MurmurHash3 (Appleby 2011)."""
    mask = 0xFFFFFFFF
    key = 0x811C9DC5
    for byte in name.encode():
        key = ((key ^ byte) * 0x01000193) & mask
    h = (np.arange(count, dtype=np.uint64) * 0x9E3779B1 + key) & mask
    h = ((h ^ (h >> 16)) * 0x85EBCA6B) & mask
    h = ((h ^ (h >> 13)) * 0xC2B2AE35) & mask
    return h ^ (h >> 16)


def uniform(name, shape):
    """From −1 to 1 in steps of 2⁻²³."""
    return ((hashes(name, math.prod(shape)) >> 8) / 2.0**23 - 1.0).reshape(shape)


def start(name, shape, clear):
    """Matrices and filters are uniform with variance 1/inputs, factors of a normalisation 1 ± ⅛, biases ± ⅛."""
    u = uniform(name, shape)
    if len(shape) > 1:
        return u * math.sqrt(3.0 / math.prod(shape[1:]))
    if name.endswith("weight"):
        return (1.0 + u / 8) / (4 if clear else 1)
    # The last normalisation of a block adds to what is clear of 0 already; 20 is the last layer.
    if not clear or name.endswith(("body.4.bias", "20.bias")):
        return u / 8
    below = (np.arange(len(u)) % 4 == 3) & name.endswith("body.1.bias")
    return np.where(below, -1.0 - u / 8, 1.0 + u / 8)


def pictures(step, samples):
    """A colour and stripes for each class, and noise. Sample n is of the class n mod 10."""
    n, channel, y, x = np.ogrid[:samples, :3, :32, :32]
    label = n % 10
    colour = ((3 * label + 4 * channel + label * channel) % 11 - 5) / 5
    stripes = ((x * (label % 5 + 1) + y * (label // 5 + 1)) % 11 - 5) / 5
    return colour + stripes / 2 + uniform(f"noise {step}", (samples, 3, 32, 32)) / 2, label.ravel()


def symbols(step, samples):
    """Every symbol is one of the two that may follow the one before; the targets are the symbols that follow."""
    h = hashes(f"symbols {step}", samples * (PLACES + 1)).reshape(samples, PLACES + 1).astype(np.int64)
    found = h % SYMBOLS
    for place in range(1, PLACES + 1):
        found[:, place] = (3 * found[:, place - 1] + 1 + h[:, place] // 2 % 2) % SYMBOLS
    return found[:, :-1], found[:, 1:]


# The networks.


class Residual(nn.Module):
    """The body, and what goes past it."""

    def __init__(self, body, shortcut=None):
        super().__init__()
        self.body, self.shortcut = body, shortcut

    def forward(self, x):
        return self.body(x) + (x if self.shortcut is None else self.shortcut(x))


class ResNet18(nn.Sequential):
    """`resnet18(10)`: ResNet-18 for pictures of about 32×32 (He, Zhang, Ren and Sun 2015), whose layers have kudari's numbers."""

    NAMES = {"": ""}

    def __init__(self):
        def conv(inputs, outputs, size, stride):
            return [nn.Conv2d(inputs, outputs, size, stride, padding=size // 2, bias=False), nn.BatchNorm2d(outputs)]

        layers, inputs = [*conv(3, 64, 3, 1), nn.ReLU()], 64
        for width, stride in [(64, 1), (64, 1), (128, 2), (128, 1), (256, 2), (256, 1), (512, 2), (512, 1)]:
            body = nn.Sequential(*conv(inputs, width, 3, stride), nn.ReLU(), *conv(width, width, 3, 1))
            shortcut = nn.Sequential(*conv(inputs, width, 1, stride)) if stride > 1 else None
            layers += [Residual(body, shortcut), nn.ReLU()]
            inputs = width
        # The linear layer is number 20 here, too: kudari flattens in its global pooling.
        pool = nn.Sequential(nn.AdaptiveAvgPool2d(1), nn.Flatten())
        super().__init__(*layers, pool, nn.Linear(512, 10))


class Transformer(nn.Module):
    """`char-gpt(65,128,4,4)`: a block is two residual parts in kudari, numbers 2 and 3 for the first block."""

    NAMES = {"table.": "0.", "positions": "1.weight", "norm.": "10.", "output.": "11."}
    for block in range(BLOCKS):
        here, looking, thinking = f"blocks.{block}.", f"{2 + 2 * block}.body.", f"{3 + 2 * block}.body."
        NAMES |= {here + "norm1.": looking + "0.", here + "self_attn.in_proj_": looking + "1.input."}
        NAMES |= {here + "self_attn.out_proj.": looking + "1.output.", here + "norm2.": thinking + "0."}
        NAMES |= {here + "linear1.": thinking + "1.", here + "linear2.": thinking + "3."}

    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(SYMBOLS, SIZE)
        self.positions = nn.Parameter(torch.zeros(PLACES, SIZE))
        options = {"dropout": 0.0, "activation": "gelu", "batch_first": True, "norm_first": True}
        self.blocks = nn.ModuleList(nn.TransformerEncoderLayer(SIZE, 4, 4 * SIZE, **options) for _ in range(BLOCKS))
        self.norm, self.output = nn.LayerNorm(SIZE), nn.Linear(SIZE, SYMBOLS)

    def forward(self, x):
        y = self.table(x) + self.positions
        mask = nn.Transformer.generate_square_subsequent_mask(PLACES, dtype=y.dtype)
        for block in self.blocks:
            y = block(y, src_mask=mask, is_causal=True)
        return self.output(self.norm(y))


class Recurrent(nn.Module):
    """`embedding(65,128) lstm(128,layers=2) linear(65)`."""

    NAMES = {"table.": "0.", "output.": "2."}
    for layer in range(2):
        for kind in ["weight", "bias"]:
            NAMES[f"lstm.{kind}_ih_l{layer}"] = f"1.{layer}.forward.{kind}_input"
            NAMES[f"lstm.{kind}_hh_l{layer}"] = f"1.{layer}.forward.{kind}_hidden"

    def __init__(self):
        super().__init__()
        self.table = nn.Embedding(SYMBOLS, SIZE)
        self.lstm = nn.LSTM(SIZE, SIZE, num_layers=2, batch_first=True)
        self.output = nn.Linear(SIZE, SYMBOLS)

    def forward(self, x):
        return self.output(self.lstm(self.table(x))[0])


def name_in_kudari(net, name):
    theirs = max((theirs for theirs in net.NAMES if name.startswith(theirs)), key=len)
    return net.NAMES[theirs] + name[len(theirs) :]


# Training.


def loss_of(net, batch, dtype):
    x, t = (torch.tensor(array) for array in batch)
    # f64 sees the same f32 numbers.
    x = x.to(torch.float32).to(dtype) if x.is_floating_point() else x
    return F.cross_entropy(net(x).flatten(0, -2), t.flatten())


def train(make, batches, optimizer, clear, dtype):
    """The network after all steps, and the loss of each step before its update."""
    net = make().to(dtype)
    with torch.no_grad():
        for name, parameter in net.named_parameters():
            numbers = start(name_in_kudari(net, name), tuple(parameter.shape), clear)
            parameter.copy_(torch.tensor(numbers, dtype=torch.float32))
    optimizer = optimizer(net.parameters())
    losses = []
    for step in range(STEPS):
        optimizer.zero_grad()
        loss = loss_of(net, batches(step), dtype)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return net, losses


def case(net, make, batches, optimizer, rate, decay, torch_optimizer, compared=("f32", "f64"), clear=False, norm=None):
    """One network, and the types in which kudari is compared with it. `norm` is the name of a batch normalisation whose running
    statistics are kept, and with them the loss of the trained network in use, on one more batch."""
    x, _ = batches(0)
    entry = {"net": net, "input": list(x.shape[1:]), "batch": len(x), "clear": clear, "compared": compared, "norm": norm}
    entry |= {"optimizer": optimizer, "rate": rate, "weight_decay": decay}
    found = {}
    for name, dtype in [("f32", torch.float32), ("f64", torch.float64)]:
        trained, losses = train(make, batches, lambda p: torch_optimizer(p, lr=rate, weight_decay=decay), clear, dtype)
        kind = np.dtype(name.replace("f", "float"))
        found[name] = {"losses": np.array(losses, kind)}
        if norm:
            trained.eval()
            with torch.no_grad():
                found[name]["evaluation"] = np.array([loss_of(trained, batches(STEPS), dtype).item()], kind)
            layer = trained.get_submodule(norm)
            found[name] |= {"mean": layer.running_mean.numpy(), "variance": layer.running_var.numpy()}
        kept = {what: numbers for what, numbers in found[name].items() if what == "losses" or name in compared}
        entry[name] = {what: text(numbers) for what, numbers in kept.items()}
    entry["parameters"] = sum(p.numel() for p in trained.parameters())
    print(net, *(f"{loss:.4f}" for loss in losses))
    apart = {what: f"{np.abs(found['f32'][what] - numbers).max():.1e}" for what, numbers in found["f64"].items()}
    print("    f32 and f64 are apart by", apart)
    return entry


def momentum(parameters, **options):
    return torch.optim.SGD(parameters, momentum=0.9, **options)


def small_pictures(step):
    return pictures(step, 32)


resnet = ["resnet18(10)", ResNet18, small_pictures, "momentum(0.9)"]
recurrent = "embedding(65,128) lstm(128,layers=2) linear(65)"
networks = [
    case(*resnet, 0.01, 5e-4, momentum, compared=["f32"], clear=True, norm="7.shortcut.1"),
    case(*resnet, 0.003, 5e-4, momentum, compared=["f64"], norm="7.shortcut.1"),
    case("char-gpt(65,128,4,4)", Transformer, lambda step: symbols(step, 12), "adamw", 1e-3, 0.1, torch.optim.AdamW),
    case(recurrent, Recurrent, lambda step: symbols(step, 8), "adam", 1e-2, 0.0, torch.optim.Adam),
]
write("training.json", {"versions": VERSIONS}, {"networks": networks})
