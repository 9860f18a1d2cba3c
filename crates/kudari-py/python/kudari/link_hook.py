"""Hooks that see every forward call of links."""

import threading

_active = threading.local()


def _get_link_hooks():
    """The hooks entered with `with` in this thread, name to hook, in the order entered."""
    try:
        return _active.hooks
    except AttributeError:
        _active.hooks = {}
        return _active.hooks


class _ForwardPreprocessCallbackArgs:
    """What a hook sees before a forward call: the link, the method's name and its arguments."""

    def __init__(self, link, forward_name, args, kwargs):
        self.link = link
        self.forward_name = forward_name
        self.args = args
        self.kwargs = kwargs

    def __repr__(self):
        return f"<{type(self).__name__} " + " ".join(f"{k}={v!r}" for k, v in vars(self).items()) + ">"


class _ForwardPostprocessCallbackArgs(_ForwardPreprocessCallbackArgs):
    """What a hook sees after a forward call: the same and what it returned, `out`."""

    def __init__(self, link, forward_name, args, kwargs, out):
        super().__init__(link, forward_name, args, kwargs)
        self.out = out


class LinkHook:
    """Base of link hooks: `with hook:` watches every link, `link.add_hook(hook)` that link alone.

    A subclass overrides what it wants of `added`, `deleted`, `forward_preprocess` and `forward_postprocess`.
    Two hooks of one `name` cannot be active at the same time (KeyError).
    """

    name = "LinkHook"

    def __enter__(self):
        hooks = _get_link_hooks()
        if self.name in hooks:
            raise KeyError(f"hook {self.name} already exists: give this one another name")
        hooks[self.name] = self
        self.added(None)
        return self

    def __exit__(self, *_):
        _get_link_hooks().pop(self.name).deleted(None)

    def added(self, link):
        """Called when the hook becomes active, with the link it was added to or None."""

    def deleted(self, link):
        """Called when the hook stops being active, with the link it was added to or None."""

    def forward_preprocess(self, args):
        """Called before each forward call; `args` has link, forward_name, args and kwargs."""

    def forward_postprocess(self, args):
        """Called after each forward call; `args` has also `out`."""


def _call_between_hooks(hooks, link, forward, args, kwargs):
    """Call the link's `forward` and, around it, each hook."""
    before = _ForwardPreprocessCallbackArgs(link, "forward", args, kwargs)
    for hook in hooks:
        hook.forward_preprocess(before)
    out = forward(*args, **kwargs)
    after = _ForwardPostprocessCallbackArgs(link, "forward", args, kwargs, out)
    for hook in hooks:
        hook.forward_postprocess(after)
    return out
