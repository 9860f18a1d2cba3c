#!/usr/bin/env python3
"""Makes the factors that kudari's schedules are compared with: schedules.json, 50 updates by PyTorch's schedulers each."""

import warnings

import torch
from common import VERSIONS, write
from torch.optim import lr_scheduler as of

UPDATES = 50


def factors(make):
    """The learning rate of every update for a learning rate of 1."""
    parameter = torch.zeros(1, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.SGD([parameter], lr=1.0)
    schedule = make(optimizer)
    rates = []
    for _ in range(UPDATES):
        rates.append(float(optimizer.param_groups[0]["lr"]))
        optimizer.step()
        schedule.step()
    return rates


def then(lengths, *makes):
    """Several one after the other, each but the last of these lengths."""
    ends = [sum(lengths[: i + 1]) for i in range(len(lengths))]
    return lambda o: of.SequentialLR(o, [make(o) for make in makes], ends)


def warmup(updates):
    return lambda o: of.LinearLR(o, start_factor=1 / updates, end_factor=1.0, total_iters=max(updates - 1, 1))


def constant(o):
    return of.ConstantLR(o, factor=1.0)


def cosine(updates, least=0.0):
    return lambda o: of.CosineAnnealingLR(o, T_max=updates, eta_min=least)


def restarts(period, growth=1, least=0.0):
    return lambda o: of.CosineAnnealingWarmRestarts(o, T_0=period, T_mult=growth, eta_min=least)


def one_cycle(rise=0.3, start=1 / 25, end=4e-6):
    common = {"max_lr": 1.0, "total_steps": UPDATES, "anneal_strategy": "cos"}
    given = {"pct_start": rise, "div_factor": 1 / start, "final_div_factor": start / end, "cycle_momentum": False}
    return lambda o: of.OneCycleLR(o, **common, **given)


def cases():
    table = {
        "constant": constant,
        "step(7)": lambda o: of.StepLR(o, 7, 0.1),
        "step(10,0.5)": lambda o: of.StepLR(o, 10, 0.5),
        "exponential(0.93)": lambda o: of.ExponentialLR(o, 0.93),
        "cosine": cosine(UPDATES),
        "cosine(0.1)": cosine(UPDATES, 0.1),
        "restarts(8)": restarts(8),
        "restarts(5,2)": restarts(5, 2),
        "restarts(4,3,0.25)": restarts(4, 3, 0.25),
        "polynomial": lambda o: of.PolynomialLR(o, UPDATES, 1.0),
        "polynomial(2.5)": lambda o: of.PolynomialLR(o, UPDATES, 2.5),
        "onecycle": one_cycle(),
        "onecycle(0.5,0.2,0.01)": one_cycle(0.5, 0.2, 0.01),
        "warmup(50)": warmup(50),
        "warmup(10) cosine": then([10], warmup(10), cosine(UPDATES - 10)),
        "warmup(7) step(10,0.5)": then([7], warmup(7), lambda o: of.StepLR(o, 10, 0.5)),
        "warmup(2) polynomial(2)": then([2], warmup(2), lambda o: of.PolynomialLR(o, UPDATES - 2, 2.0)),
        "constant(12) exponential(0.9)": then([12], constant, lambda o: of.ExponentialLR(o, 0.9)),
        "warmup(5) constant(15) cosine(0.05)": then([5, 15], warmup(5), constant, cosine(UPDATES - 20, 0.05)),
    }
    return [{"schedule": text, "updates": UPDATES, "factors": factors(make)} for text, make in table.items()]


def plateaus():
    """The factor of the next update after each loss."""
    rows = []
    losses = [3.0, 2.0, 2.5, 1.9999, 1.9, 1.9, 1.9, 1.8999, 1.89, 2.0, 2.0, 2.0, 2.0, 0.5, 0.6, 0.7, 0.8, 0.9, 1.0, 1.1, -1.0, -1.0, -2.0]
    for factor, patience in [(0.5, 0), (0.5, 1), (0.1, 2), (0.25, 3), (0.9, 10)]:
        parameter = torch.zeros(1, dtype=torch.float64, requires_grad=True)
        optimizer = torch.optim.SGD([parameter], lr=1.0)
        # PyTorch leaves out changes below 1e-8 if not told otherwise.
        schedule = of.ReduceLROnPlateau(optimizer, factor=factor, patience=patience, eps=0.0)
        rates = []
        for loss in losses:
            optimizer.step()
            schedule.step(loss)
            rates.append(float(optimizer.param_groups[0]["lr"]))
        rows.append({"factor": factor, "patience": patience, "losses": losses, "factors": rates})
    return rows


if __name__ == "__main__":
    warnings.simplefilter("ignore")  # SequentialLR steps its schedulers as PyTorch warns against
    write("schedules.json", {"versions": VERSIONS}, {"cases": cases(), "plateaus": plateaus()})
