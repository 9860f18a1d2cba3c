"""The protocol by which objects write themselves to a store and read themselves back.

An object has one method `serialize(serializer)` for both directions. It calls `value = serializer(key,
value)` for each of its values and `child.serialize(serializer[key])` for each of its children. Formats are in
`kudari.serializers`.
"""


class AbstractSerializer:
    """What writers and readers have in common."""

    def __getitem__(self, key):
        """The serializer of the child named `key`."""
        raise NotImplementedError(f"{type(self).__name__} must define __getitem__")

    def __call__(self, key, value):
        """Write `value` under `key`, or read what is there into it; the value to keep is returned."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__")


class Serializer(AbstractSerializer):
    """A writer."""

    def save(self, obj):
        """Let `obj` write itself."""
        obj.serialize(self)


class Deserializer(AbstractSerializer):
    """A reader. An array is filled in place; of any other value a new one is returned."""

    def load(self, obj):
        """Let `obj` read itself."""
        obj.serialize(self)
