"""Matplotlib, where it is installed."""

import warnings
from importlib.util import find_spec

_available = find_spec("matplotlib") is not None  # once: the search reads directories


def available():
    """Is Matplotlib installed? If not, a warning says that nothing will be plotted."""
    if _available:
        return True
    warnings.warn(
        "Matplotlib is not installed, so nothing is plotted. Install it with: pip install matplotlib"
    )
    return False


def new_figure(figsize=None):
    """A figure that belongs to no window and does not touch the figures of the program."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=figsize)
    FigureCanvasAgg(figure)
    return figure
