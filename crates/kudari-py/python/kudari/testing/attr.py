"""Marks for tests that need what not every machine has. pytest is imported when one is used."""

import unittest


def gpu(f):
    """Marks a test as needing a GPU and skips it: kudari for Python computes on the CPU."""
    return multi_gpu(1)(f)


def multi_gpu(gpu_num):
    """Marks a test as needing this many GPUs and skips it."""

    def mark(f):
        return _mark("gpu")(unittest.skip(f"{gpu_num} GPUs required")(f))

    return mark


def cudnn(*args, **kwargs):
    """Marks a test as needing cuDNN."""
    return _mark("cudnn")(*args, **kwargs)


def ideep(*args, **kwargs):
    """Marks a test as needing iDeep."""
    return _mark("ideep")(*args, **kwargs)


def chainerx(*args, **kwargs):
    """Marks a test as needing ChainerX."""
    return _mark("chainerx")(*args, **kwargs)


def slow(*args, **kwargs):
    """Marks a test as slow."""
    return _mark("slow")(*args, **kwargs)


def _mark(name):
    import pytest

    return getattr(pytest.mark, name)
