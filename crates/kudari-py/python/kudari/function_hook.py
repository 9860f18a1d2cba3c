"""Who looks on when functions written in Python are applied."""

import threading

_thread = threading.local()


def get_function_hooks():
    """The hooks of this thread by name, in the order in which they were entered."""
    if not hasattr(_thread, "hooks"):
        _thread.hooks = {}
    return _thread.hooks


def hooks_of_thread(function):
    """All hooks that look at a function: those of the thread and its own."""
    hooks = getattr(_thread, "hooks", None)
    own = function._local_hooks
    if not hooks and not own:
        return ()
    return tuple((hooks or {}).values()) + tuple((own or {}).values())


class FunctionHook:
    """Derive from it, override what you want to see, and use it in a ``with`` block.

    Functions of the engine itself are not seen; ``kudari.explain`` and profiles show these.
    """

    name = "FunctionHook"

    def __enter__(self):
        hooks = get_function_hooks()
        if self.name in hooks:
            raise KeyError(f"hook {self.name} is there already")
        hooks[self.name] = self
        self.added(None)
        return self

    def __exit__(self, *_):
        get_function_hooks().pop(self.name).deleted(None)

    def added(self, function):
        """Called when the hook begins to look at a function, or at all where it is None."""

    def deleted(self, function):
        """Called when it ends."""

    def forward_preprocess(self, function, in_data):
        """Called before ``forward``."""

    def forward_postprocess(self, function, in_data):
        """Called behind ``forward``."""

    def backward_preprocess(self, function, in_data, out_grad):
        """Called before ``backward``."""

    def backward_postprocess(self, function, in_data, out_grad):
        """Called behind ``backward``."""
