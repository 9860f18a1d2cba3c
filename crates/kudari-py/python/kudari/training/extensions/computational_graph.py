"""A drawing of the model's graph."""

import os

from kudari import computational_graph, configuration, variable
from kudari.training import extension


def is_graphviz_available():
    """Is the program `dot` there?"""
    import shutil

    return shutil.which("dot") is not None


class DumpGraph(extension.Extension):
    """Writes the graph behind an observed variable of the first iteration as a DOT file, and as PNG if `dot`
    is there.

    Args:
        root_name: key of the observation, such as 'main/loss'.
        filename: in the trainer's directory. Older programs call it `out_name`.
        variable_style, function_style: dictionaries of DOT attributes; None for the usual look.
    """

    default_name = "dump_graph"

    def __init__(
        self, root_name, filename=None, variable_style=None, function_style=None, *, out_name="cg.dot"
    ):
        self._root_name = root_name
        self._filename = out_name if filename is None else filename
        self._variable_style = "default" if variable_style is None else variable_style
        self._function_style = "default" if function_style is None else function_style
        self._original_flag = None
        self._flag_called = False

    def initialize(self, trainer):
        """Let reported variables keep their graph until it is drawn."""
        if not self._flag_called:
            self._original_flag = configuration.config.keep_graph_on_report
            configuration.config.keep_graph_on_report = True

    def trigger(self, trainer):
        """True once."""
        first, self._flag_called = not self._flag_called, True
        return first

    def __call__(self, trainer):
        try:
            root = trainer.observation[self._root_name]
            if not isinstance(root, variable.Variable):
                raise TypeError(
                    f"{self._root_name} is observed as {type(root).__name__}, which has no graph.\n"
                    "Report a Variable."
                )
            graph = computational_graph.build_computational_graph(
                [root], variable_style=self._variable_style, function_style=self._function_style
            )
            path = os.path.join(trainer.out, self._filename)
            with open(path, "w") as f:
                f.write(graph.dump())
            if is_graphviz_available():
                import subprocess

                subprocess.check_call(["dot", "-Tpng", path, "-o", os.path.splitext(path)[0] + ".png"])
        finally:
            configuration.config.keep_graph_on_report = self._original_flag

    def finalize(self):
        """Put the configuration back where training ended before the drawing."""
        if not self._flag_called and self._original_flag is not None:
            configuration.config.keep_graph_on_report = self._original_flag

    def serialize(self, serializer):
        self._original_flag = serializer("_original_flag", self._original_flag)
        self._flag_called = serializer("_flag_called", self._flag_called)
