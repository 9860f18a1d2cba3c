#!/usr/bin/env python3
"""Makes the trajectories that kudari's optimizers are compared with: optimizers.json.

Every optimizer of PyTorch walks by PyTorch; Lion, which PyTorch has not, by the formulas of Chen et al. (2023). Muon's
orthogonalisation is done in f64 here, PyTorch's own does it in bf16: it is compared with that to three digits.
"""

import itertools
import math

import numpy as np
import torch
import torch.optim._muon as torch_muon
from common import VERSIONS, rule_values, text, write, written

RECORDED = [1, 2, 3, 5, 10, 20, 35, 50]
SETTINGS = {
    "plain": {},
    "decay": {"weight_decay": 0.05},
    "clip_norm": {"clip_norm": 0.5},
    "clip_value": {"clip_value": 0.25},
    "all": {"weight_decay": 0.05, "clip_norm": 2.0, "clip_value": 0.5},
    "decoupled": {"weight_decay": 0.05, "decoupled": True},
}
START_A = [[-1.0, 0.5, 1.25], [0.75, -0.5, 0.25]]
START_B = [1.0, -0.25, 0.5]
NOISE = [7, 11, 5.0, 16]


class Lion(torch.optim.Optimizer):
    """w ← w − η·λ·w − η·sign(β₁·m + (1 − β₁)·g), m ← β₂·m + (1 − β₂)·g."""

    def __init__(self, parameters, lr, weight_decay=0.0, betas=(0.9, 0.99)):
        super().__init__(parameters, {"lr": lr, "weight_decay": weight_decay, "betas": betas})

    @torch.no_grad()
    def step(self):
        for group in self.param_groups:
            beta1, beta2 = group["betas"]
            for p in group["params"]:
                m = self.state[p].setdefault("m", torch.zeros_like(p))
                move = torch.sign(beta1 * m + (1 - beta1) * p.grad)
                p.sub_(group["lr"] * (move + group["weight_decay"] * p))
                m.mul_(beta2).add_((1 - beta2) * p.grad)


def orthogonalised(matrix, coefficients, steps, smallest):
    """U·f(S)·Vᵀ with the polynomial f of the iteration applied to every singular value by itself."""
    u, s, v = torch.linalg.svd(matrix, full_matrices=False)
    s = s / max(float(torch.linalg.norm(matrix)), smallest)
    a, b, c = coefficients
    for _ in range(steps):
        s = a * s + b * s**3 + c * s**5
    return u @ torch.diag(s) @ v


class Muon:
    """Muon for matrices, AdamW for what has one axis, with PyTorch's match of their learning rates."""

    def __init__(self, parameters, lr, weight_decay=0.0, momentum=0.95):
        common = {"lr": lr, "weight_decay": weight_decay}
        matrices = [p for p in parameters if p.ndim == 2]
        self.parts = [
            torch.optim.Muon(matrices, momentum=momentum, adjust_lr_fn="match_rms_adamw", **common),
            torch.optim.AdamW([p for p in parameters if p.ndim != 2], **common),
        ]

    def zero_grad(self):
        for part in self.parts:
            part.zero_grad()

    def step(self):
        for part in self.parts:
            part.step()


# Rates at which a rounding error does not grow: with larger ones PyTorch's own f32 leaves its f64.
OPTIMIZERS = {
    "sgd": (0.01, torch.optim.SGD, {}),
    "momentum(0.9)": (0.002, torch.optim.SGD, {"momentum": 0.9}),
    "nesterov(0.9)": (0.002, torch.optim.SGD, {"momentum": 0.9, "nesterov": True}),
    "adagrad": (0.03, torch.optim.Adagrad, {}),
    "rmsprop(0.99)": (0.003, torch.optim.RMSprop, {}),
    "rmsprop(0.9)": (0.003, torch.optim.RMSprop, {"alpha": 0.9}),
    "adadelta": (1.0, torch.optim.Adadelta, {}),
    "adadelta(0.8)": (2.0, torch.optim.Adadelta, {"rho": 0.8}),
    "adam": (0.05, torch.optim.Adam, {}),
    "adam(0.8,0.99)": (0.05, torch.optim.Adam, {"betas": (0.8, 0.99)}),
    "adamw": (0.05, torch.optim.AdamW, {}),
    "amsgrad": (0.05, torch.optim.Adam, {"amsgrad": True}),
    "amsgrad(0.8,0.5)": (0.02, torch.optim.Adam, {"amsgrad": True, "betas": (0.8, 0.5)}),
    "adamax": (0.05, torch.optim.Adamax, {}),
    "adamax(0.8,0.9)": (0.02, torch.optim.Adamax, {"betas": (0.8, 0.9)}),
    "nadam": (0.02, torch.optim.NAdam, {}),
    "nadam(0.8,0.99)": (0.02, torch.optim.NAdam, {"betas": (0.8, 0.99)}),
    "radam": (0.02, torch.optim.RAdam, {}),
    "radam(0.8,0.99)": (0.02, torch.optim.RAdam, {"betas": (0.8, 0.99)}),
    "lion": (0.01, Lion, {}),
    "lion(0.8,0.9)": (0.01, Lion, {"betas": (0.8, 0.9)}),
    "muon(0.95)": (0.02, Muon, {}),
    "muon(0.8)": (0.01, Muon, {"momentum": 0.8}),
}
# The usual factors, with which all settings are walked.
USUAL = {"momentum(0.9)", "nesterov(0.9)", "rmsprop(0.99)", "muon(0.95)"}
# Those whose weight decay is decoupled anyway.
DECOUPLED = {"adamw", "lion", "muon(0.95)"}


def shape_gradients(parameters, settings):
    """Clips as kudari does: all gradients by their norm, then every number.

    torch.nn.utils.clip_grad_norm_ divides by the norm + 1e-6, which is another number in the seventh digit.
    """
    if "clip_norm" in settings:
        norm = math.sqrt(sum(float((p.grad**2).sum()) for p in parameters))
        for p in parameters:
            p.grad *= min(1.0, settings["clip_norm"] / norm)
    if "clip_value" in settings:
        torch.nn.utils.clip_grad_value_(parameters, settings["clip_value"])


def valley(a, b, noise):
    """Rosenbrock's valley, Σ (1 − a)² + 4 (b − a²)² with b stretched over the rows of a, plus a slope of step t that
    stands for the noise of samples: Σ a · n(t), where n is the rule NOISE at element 6t + i."""
    return ((1 - a) ** 2 + 4 * (b - a**2) ** 2 + a * torch.tensor(noise)).sum()


def start():
    return [torch.tensor(x, dtype=torch.float64, requires_grad=True) for x in (START_A, START_B)]


def walk(name, rate, kind, options, settings):
    a, b = start()
    decay = settings.get("weight_decay", 0.0)
    by_hand = False
    if settings.get("decoupled"):
        if kind in (torch.optim.NAdam, torch.optim.RAdam):
            options = {**options, "decoupled_weight_decay": True}
        elif name == "adam":
            kind = torch.optim.AdamW
        else:
            by_hand = True
    # AdamW and Muon decay if not told otherwise.
    optimizer = kind([a, b], lr=rate, weight_decay=0.0 if by_hand else decay, **options)
    track = []
    noise = rule_values((50, 2, 3), NOISE)
    for t in range(50):
        optimizer.zero_grad()
        valley(a, b, noise[t]).backward()
        shape_gradients([a, b], settings)
        if by_hand:
            with torch.no_grad():
                for p in [a, b]:
                    p -= rate * decay * p
        optimizer.step()
        if t + 1 in RECORDED:
            track.append([text(a.detach().numpy()), text(b.detach().numpy())])
    return track


def trajectories():
    cases = []
    for (name, (rate, kind, options)), (label, settings) in itertools.product(OPTIMIZERS.items(), SETTINGS.items()):
        if "(" in name and name not in USUAL and label != "plain":
            continue
        if label == "decoupled" and name in DECOUPLED:
            continue
        cases.append({"optimizer": name, "rate": rate, "settings": settings, "track": walk(name, rate, kind, options, settings)})
    return cases


def lbfgs():
    """Eight steps of some iterations each; in "noisy" cases the noise is another for every step."""
    cases = []
    rows = [
        (1.0, 20, 100, True, False), (1.0, 4, 3, True, False), (0.5, 5, 2, True, True), (0.1, 4, 5, False, False),
        (0.2, 6, 2, False, True), (0.05, 1, 100, False, False), (1.0, 1, 100, True, False), (100.0, 6, 100, True, False),
    ]  # fmt: skip
    noise = rule_values((50, 2, 3), NOISE)
    for rate, iterations, history, wolfe, noisy in rows:
        a, b = start()
        search = "strong_wolfe" if wolfe else None
        optimizer = torch.optim.LBFGS([a, b], lr=rate, max_iter=iterations, history_size=history, line_search_fn=search)
        losses, track = [], []
        for t in range(8):

            def closure():
                optimizer.zero_grad()
                loss = valley(a, b, noise[t if noisy else 0])
                loss.backward()
                return loss

            losses.append(float(optimizer.step(closure).detach()))
            track.append([text(a.detach().numpy()), text(b.detach().numpy())])
        evaluations = optimizer.state[a]["func_evals"]
        cases.append({"rate": rate, "iterations": iterations, "history": history, "wolfe": wolfe, "noisy": noisy,
                      "evaluations": evaluations, "losses": losses, "track": track})  # fmt: skip
    return cases


def main():
    # NAdam keeps a product in PyTorch's default type.
    torch.set_default_dtype(torch.float64)
    theirs = torch_muon._zeropower_via_newtonschulz
    wide = torch.tensor(rule_values((4, 6), [37, 97, 48.0, 16]))
    for matrix in [wide, wide.T]:
        args = matrix, (3.4445, -4.775, 2.0315), 5, 1e-7
        ours = orthogonalised(*args)
        assert (ours - theirs(args[0], args[1], args[2], args[3]).double()).abs().max() < 0.02
    torch_muon._zeropower_via_newtonschulz = orthogonalised
    given = [written(np.array(START_A)), written(np.array(START_B))]
    content = {"versions": VERSIONS, "steps": RECORDED, "start": given, "noise": NOISE}
    write("optimizers.json", content, {"cases": trajectories(), "lbfgs": lbfgs()})


if __name__ == "__main__":
    main()
