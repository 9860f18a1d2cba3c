"""Hooks of links: what they see, of which links."""

import numpy as np
import pytest
from kudari.link_hook import LinkHook

from link_helpers import Affine


class Watcher(LinkHook):
    """Writes down what it sees."""

    def __init__(self, name="Watcher"):
        self.name = name
        self.seen = []

    def added(self, link):
        self.seen.append(("added", link))

    def deleted(self, link):
        self.seen.append(("deleted", link))

    def forward_preprocess(self, args):
        self.seen.append(("before", args.link, args.args, args.kwargs, args.forward_name))

    def forward_postprocess(self, args):
        self.seen.append(("after", args.link, args.args, float(args.out.array)))


def test_global_hooks_see_every_link():
    link, hook = Affine(), Watcher()
    x = np.array(3, np.float32)
    with hook:
        link(x)
        with pytest.raises(KeyError, match="Watcher"), Watcher():
            pass
    link(x)
    assert hook.seen == [
        ("added", None),
        ("before", link, (x,), {}, "forward"),
        ("after", link, (x,), 7.0),
        ("deleted", None),
    ]


def test_local_hooks_see_their_link():
    link, other, hook = Affine(), Affine(), Watcher()
    assert link.add_hook(hook) is link
    assert link.local_link_hooks == {"Watcher": hook}
    with pytest.raises(KeyError, match="already"):
        link.add_hook(Watcher())
    with pytest.raises(TypeError, match="int"):
        link.add_hook(1)
    other(np.array(1, np.float32))
    link(x=np.array(1, np.float32))
    link.delete_hook("Watcher")
    link(np.array(1, np.float32))
    assert [entry[0] for entry in hook.seen] == ["added", "before", "after", "deleted"]
    assert hook.seen[1][3] == {"x": np.array(1)}
    with pytest.raises(KeyError, match="does not exist"):
        link.delete_hook("Watcher")
