"""Links made of links: by name (Chain) or by number (ChainList)."""

import collections.abc

from kudari._link import Link


def _indented(name, child):
    """The lines of a child in its parent's text."""
    return "".join(f"  {line}\n" for line in f"({name}): {child},".splitlines())


class _Parent(Link):
    """What Chain and ChainList have in common; `_named_children()` yields (name, child) in their order."""

    def _named_children(self):
        raise NotImplementedError

    def __str__(self):
        children = "".join(_indented(name, child) for name, child in self._named_children())
        return f"{type(self).__name__}({chr(10) + children if children else ''})"

    def params(self, include_uninit=True):
        yield from super().params(include_uninit)
        for _, child in self._named_children():
            yield from child.params(include_uninit)

    def namedparams(self, include_uninit=True):
        yield from super().namedparams(include_uninit)
        for name, child in self._named_children():
            for path, param in child.namedparams(include_uninit):
                yield f"/{name}{path}", param

    def links(self, skipself=False):
        yield from super().links(skipself)
        for _, child in self._named_children():
            yield from child.links()

    def namedlinks(self, skipself=False):
        yield from super().namedlinks(skipself)
        for name, child in self._named_children():
            yield f"/{name}", child
            for path, link in child.namedlinks(True):
                yield f"/{name}{path}", link

    def children(self):
        for _, child in self._named_children():
            yield child

    def copyparams(self, link, copy_persistent=True):
        super().copyparams(link, copy_persistent)
        source = dict(link._named_children())
        for name, child in self._named_children():
            child.copyparams(source[name], copy_persistent)

    def addgrads(self, link):
        super().addgrads(link)
        source = dict(link._named_children())
        for name, child in self._named_children():
            child.addgrads(source[name])

    def serialize(self, serializer):
        super().serialize(serializer)
        for name, child in self._named_children():
            child.serialize(serializer[str(name)])


class Chain(_Parent):
    """A link made of named links: `Chain(l1=L.Linear(3, 2))`, or assigned inside `with
    self.init_scope():`.
    """

    def __init__(self, **links):
        super().__init__()
        self._children = set()
        for name, link in links.items():
            self.add_link(name, link)

    def _named_children(self):
        return [(name, self.__dict__[name]) for name in sorted(self._children)]

    def __getitem__(self, name):
        return getattr(self, name)

    def __setattr__(self, name, value):
        if self._within_init_scope and isinstance(value, Link):
            if hasattr(self, name):
                raise AttributeError(
                    f"cannot register a new link {name}: attribute exists.\nUse another name."
                )
            value.name = name
            self._children.add(name)
        super().__setattr__(name, value)

    def __delattr__(self, name):
        self._children.discard(name)
        super().__delattr__(name)

    def add_link(self, name, link):
        """Register a link under a name, as assignment inside `init_scope` does."""
        self._check_free(name, "link")
        if not isinstance(link, Link):
            raise TypeError(
                f"cannot register a non-link object as a child: {name} is a {type(link).__name__}.\n"
                "Assign what is not a link outside of init_scope."
            )
        with self.init_scope():
            setattr(self, name, link)

    def copy(self, mode="share"):
        twin = super().copy(mode)
        twin._children = set(self._children)
        for name, child in self._named_children():
            if mode == "share":
                twin.__dict__[name] = child.copy(mode)
            twin.__dict__[name].name = name
        return twin


class ChainList(_Parent, collections.abc.MutableSequence):
    """A link made of a list of links: `ChainList(L.Linear(3, 2), L.Linear(2, 1))`."""

    def __init__(self, *links):
        super().__init__()
        self._children = []
        for link in links:
            self.add_link(link)

    def _named_children(self):
        return enumerate(self._children)

    def _rename(self):
        for index, child in enumerate(self._children):
            child.name = str(index)

    def __setattr__(self, name, value):
        if self._within_init_scope and isinstance(value, Link):
            raise TypeError(
                'cannot register a new link within a "with chainlist.init_scope():" block.\n'
                "Append it to the list."
            )
        super().__setattr__(name, value)

    def __getitem__(self, index):
        return self._children[index]

    def __setitem__(self, index, value):
        if not isinstance(index, (int, slice)):
            raise TypeError(f"ChainList indices must be integers or slices, not {type(index).__name__}")
        self._children[index] = value
        self._rename()

    def __delitem__(self, index):
        del self._children[index]
        self._rename()

    def __iter__(self):
        return iter(self._children)

    def __len__(self):
        return len(self._children)

    def insert(self, index, link):
        """Put a link before the one at `index`."""
        self._children.insert(index, link)
        self._rename()

    def add_link(self, link):
        """Append a link."""
        self.append(link)

    def copy(self, mode="share"):
        twin = super().copy(mode)
        if mode == "share":
            twin._children = [child.copy(mode) for child in self._children]
        twin._rename()
        return twin
