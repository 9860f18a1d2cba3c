"""Matplotlib, where it is installed."""

import warnings


def available():
    """Is Matplotlib installed? If not, a warning says that nothing will be plotted."""
    from importlib.util import find_spec

    if find_spec("matplotlib") is not None:
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
