"""What a trainer calls besides the updates."""

PRIORITY_WRITER = 300
"""For extensions that add values to `trainer.observation`; they are called first."""
PRIORITY_EDITOR = 200
"""For extensions that change values that were observed."""
PRIORITY_READER = 100
"""For extensions that only read what was observed."""

_REMOVED = (
    "invoke_before_training is not there any more.\n"
    "Define initialize(trainer), or extend with call_before_training=True."
)


class Extension:
    """Base of extensions; any function of the trainer will do as well.

    `trigger` says when the trainer calls it, `priority` in which order (larger first), `name` or else
    `default_name` under which name it is found.
    """

    trigger = (1, "iteration")
    priority = PRIORITY_READER
    name = None

    @property
    def default_name(self):
        """The name of the class, unless a subclass says otherwise."""
        return type(self).__name__

    def __call__(self, trainer):
        """Do the work."""
        raise NotImplementedError(f"{type(self).__name__} must define __call__(trainer)")

    def __getattr__(self, name):
        if name == "invoke_before_training":
            raise AttributeError(_REMOVED)
        raise AttributeError(f"{type(self).__name__} object has no attribute {name}")

    def initialize(self, trainer):
        """Called once before the first iteration, also of a run that goes on from a snapshot."""

    def on_error(self, trainer, exc, tb):
        """Called when the loop raised `exc`, with its traceback."""

    def finalize(self):
        """Called once at the end, also after an error."""

    def serialize(self, serializer):
        """Write or read state that a run needs to go on."""


_UNSET = object()


def make_extension(
    trigger=None,
    default_name=None,
    priority=None,
    finalizer=None,
    initializer=None,
    on_error=None,
    *,
    invoke_before_training=_UNSET,
):
    """Decorator that gives a function of the trainer the attributes of an extension.

    `finalizer()`, `initializer(trainer)` and `on_error(trainer, exc, tb)` stand for the methods of
    `Extension`.
    """
    if invoke_before_training is not _UNSET:
        raise ValueError(_REMOVED)

    def decorate(function):
        function.trigger = Extension.trigger if trigger is None else trigger
        function.default_name = default_name or function.__name__
        function.priority = Extension.priority if priority is None else priority
        function.finalize = finalizer
        function.initialize = initializer
        function.on_error = on_error
        return function

    return decorate
