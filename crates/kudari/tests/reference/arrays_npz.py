"""Writes stored.npz and deflated.npz, which the reader of NPZ files is tested with."""

import pathlib

import numpy

here = pathlib.Path(__file__).parent
arrays = {"x": numpy.array([[1.5, -2.0], [0.25, 3.0]], dtype=">f4"), "größe": numpy.array([7, 8, 9], dtype="u2")}
numpy.savez(here / "stored.npz", **arrays)
numpy.savez_compressed(here / "deflated.npz", **arrays)
