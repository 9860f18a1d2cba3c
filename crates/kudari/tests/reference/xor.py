#!/usr/bin/env python3
"""Where the tolerances of tests/xor.rs come from, by NumPy alone (ACCEPTANCE, section G).

    python xor.py

First, training by central differences with h = 1e-4 in several orders of computing that are all equally right. The
losses agree to the last printed digit for a hundred updates and then differ by up to 3e-4: hidden units come to rest on
the kink of ReLU, where a step to one side or the other of it hangs on the last bit. The first line is the published one.

Second, the share of 2,000 random initialisations that solve XOR, for ReLU's derivative at 0 taken as 0 and as one half.

Made with NumPy 2.4.6; the first part takes a minute, the second half a minute. Other versions of NumPy, and processors
with other vector instructions, change the last bits and with them the first part.
"""

import numpy as np

X = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], float)
LABELS = np.array([0, 1, 1, 0])
HOT = np.eye(2)[LABELS]
W1 = [[.1764, .04, .0979, .2241, .1868, -.0977, .095, -.0151], [-.0103, .0411, .0144, .1454, .0761, .0122, .0444, .0334]]
W2 = [[.1494, -.0205], [.0313, -.0854], [-.2553, .0654], [.0864, -.0742], [.227, -.1454], [.0046, -.0187], [.1533, .1469],
      [.0155, .0378]]  # fmt: skip
UPDATES = 5001
RATE = 0.01


def softmax(z, shifted=True):
    e = np.exp(z - z.max(axis=-1, keepdims=True) if shifted else z)
    return e / e.sum(axis=-1, keepdims=True)


def by_differences(h, epsilon, shifted, picked):
    parameters = [np.array(W1), np.zeros(8), np.array(W2), np.zeros(2)]

    def loss(epsilon=epsilon):
        w1, b1, w2, b2 = parameters
        p = softmax(np.maximum(X @ w1 + b1, 0) @ w2 + b2, shifted)
        if picked:
            return -np.sum(np.log(p[np.arange(4), LABELS] + epsilon)) / 4
        return -np.sum(HOT * np.log(p + epsilon)) / 4

    losses = []
    for update in range(UPDATES):
        gradients = []
        for parameter in parameters:
            gradient = np.zeros_like(parameter)
            for place in np.ndindex(*parameter.shape):
                old = parameter[place]
                parameter[place] = old + h
                right = loss()
                parameter[place] = old - h
                left = loss()
                parameter[place] = old
                gradient[place] = (right - left) / (2 * h)
            gradients.append(gradient)
        for parameter, gradient in zip(parameters, gradients):
            parameter -= RATE * gradient
        if update == 100 or update % 1000 == 0:
            losses.append(loss(1e-7))
    return losses


def share(kink, count=2000):
    """All initialisations at once, by backpropagation."""
    random = np.random.default_rng(0)
    w1, w2 = random.normal(0, 0.1, (count, 2, 8)), random.normal(0, 0.1, (count, 8, 2))
    b1, b2 = np.zeros((count, 1, 8)), np.zeros((count, 1, 2))
    for _ in range(UPDATES):
        u = X @ w1 + b1
        a = np.maximum(u, 0)
        d = (softmax(a @ w2 + b2) - HOT) / 4
        du = d @ w2.transpose(0, 2, 1) * np.where(u > 0, 1.0, np.where(u == 0, kink, 0.0))
        w2 -= RATE * (a.transpose(0, 2, 1) @ d)
        b2 -= RATE * d.sum(1, keepdims=True)
        w1 -= RATE * (X.T @ du)
        b1 -= RATE * du.sum(1, keepdims=True)
    outputs = np.maximum(X @ w1 + b1, 0) @ w2 + b2
    solved = (outputs.argmax(2) == LABELS).all(1)
    return solved.mean(), solved.reshape(-1, 100).sum(1)


if __name__ == "__main__":
    print("central differences, loss after update 0, 100, 1000, 2000, 3000, 4000, 5000")
    for epsilon in [1e-7, 0]:
        for shifted in [True, False]:
            for picked in [True, False]:
                losses = by_differences(1e-4, epsilon, shifted, picked)
                print(*(f"{loss:.6f}" for loss in losses), f"epsilon={epsilon} shifted={shifted} picked={picked}")
    for kink in [0, 0.5]:
        mean, hundreds = share(kink)
        print(f"derivative at 0 taken as {kink}: {100 * mean:.1f} % solve XOR, in hundreds {hundreds.min()} to {hundreds.max()}")
