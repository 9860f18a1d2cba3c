"""What goes into functions, printed."""

import sys

import numpy

from kudari.function_hook import FunctionHook


class PrintHook(FunctionHook):
    """Prints the inputs of each function before forward, and also the output gradients before backward.

    `file` is written to, `end` ends each piece of text, `flush` tells whether to flush at the end of each
    function.
    """

    name = "PrintHook"

    def __init__(self, sep=None, end="\n", file=sys.stdout, flush=True):
        if sep is not None:
            import warnings

            warnings.warn(
                "sep argument in function_hooks.PrintHook is deprecated.", DeprecationWarning, stacklevel=2
            )
        self.sep = sep
        self.end = end
        self.file = file
        self.flush = flush

    def forward_preprocess(self, function, in_data):
        """Prints the inputs."""
        self._print_call(function, in_data)

    def backward_preprocess(self, function, in_data, out_grad):
        """Prints the inputs and the output gradients."""
        self._print_call(function, in_data, out_grad)

    def _print_call(self, function, in_data, out_grad=None):
        from kudari import Variable

        self._print(f"function\t{function.label}")
        self._print("input data")
        for array in in_data:
            # An input that is not retained is gone when backward comes.
            self._print("(removed)" if array is None else Variable(array).debug_print())
        if out_grad is not None:
            self._print("output gradient")
            for gradient in out_grad:
                shown = (
                    Variable() if gradient is None else Variable(numpy.zeros_like(gradient), grad=gradient)
                )
                self._print(shown.debug_print())
        if self.flush and hasattr(self.file, "flush"):
            self.file.flush()

    def _print(self, text):
        self.file.write(text + self.end)
