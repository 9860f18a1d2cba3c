"""Seeing a training while it runs: curves that grow in a notebook, lines elsewhere."""

import sys


def live_curves():
    """What is called with every measurement of ``Model.fit``."""
    return _Curves() if _is_notebook() else _line


def _is_notebook():
    # IPython is there already if this runs in a notebook; nobody else needs it.
    ipython = sys.modules.get("IPython")
    shell = ipython.get_ipython() if ipython is not None else None
    return shell is not None and hasattr(shell, "kernel")


def _line(record):
    parts = [f"epoch {record['epoch']:6.1f}"]
    parts += [f"{name.replace('_', ' ')} {record[name]:.4f}" for name in record if name.endswith(("_loss", "_accuracy"))]
    print("  ".join(parts), file=sys.stderr)


class _Curves:
    def __init__(self):
        from kudari.training.extensions.notebook import _Area

        self._area = _Area()
        self._points = {}

    def __call__(self, record):
        from kudari.training.extensions import _svg

        for name in ("train_loss", "validation_loss"):
            if name in record:
                self._points.setdefault(name.replace("_", " "), []).append((record["epoch"], record[name]))
        self._area.show(_svg.line_chart(self._points, "epoch"))
