"""Rounding errors of Winograd's methods for 3x3 kernels in f32, by the points that they are made of, beside those of the direct sum.

    python3 bench/winograd_error.py        # needs NumPy
"""

import numpy as np

CHANNELS, SQUARES = 128, 64


def transforms(points, out, kernel=3):
    """A^T, G and B^T for finite points and infinity (Toom and Cook, transposed)."""
    n = out + kernel - 1
    a = np.array(points, float)
    at, g, bt = np.zeros((out, n)), np.zeros((n, kernel)), np.zeros((n, n))
    for i in range(n - 1):
        others = np.delete(a, i)
        at[:, i] = a[i] ** np.arange(out)
        g[i] = a[i] ** np.arange(kernel) / np.prod(a[i] - others)
        bt[i, : n - 1] = np.poly(others)[::-1]
    at[-1, -1] = g[-1, -1] = 1
    bt[-1] = np.poly(a)[::-1]
    return at, g, bt


def errors(points, out):
    """Root mean square errors of the direct sum and of the method, relative to the results'."""
    rng = np.random.default_rng(0)
    n = out + 2
    x = np.maximum(rng.standard_normal((SQUARES, CHANNELS, n, n)), 0).astype(np.float32)
    w = (rng.standard_normal((CHANNELS, 3, 3)) * np.sqrt(2 / (9 * CHANNELS))).astype(np.float32)
    exact = np.zeros((SQUARES, out, out))
    direct = np.zeros((SQUARES, out, out), np.float32)
    for c in range(CHANNELS):
        for i in range(3):
            for j in range(3):
                part = x[:, c, i : i + out, j : j + out]
                exact += part.astype(float) * float(w[c, i, j])
                direct += part * w[c, i, j]
    at, g, bt = (matrix.astype(np.float32) for matrix in transforms(points, out))
    u, v = g @ w @ g.T, bt @ x @ bt.T
    sums = np.zeros((SQUARES, n, n), np.float32)
    for c in range(CHANNELS):
        sums += u[c] * v[:, c]
    size = np.sqrt((exact**2).mean())
    return [np.sqrt(((found - exact) ** 2).mean()) / size for found in (direct, at @ sums @ at.T)]


if __name__ == "__main__":
    for out, points in [(2, [0, 1, -1]), (4, [0, 1, -1, 2, -2]), (4, [0, 0.5, -0.5, 1, -1]), (4, [0, 0.75, -0.75, 1.5, -1.5])]:
        direct, method = errors(points, out)
        print(f"F({out}x{out}, 3x3), points {points} and infinity: {method:.2e}, direct {direct:.2e}, {method / direct:.1f} times")
