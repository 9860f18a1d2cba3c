"""The interface of updaters."""


class Updater:
    """Does one iteration of training with each `update()` and counts them in `iteration`."""

    def connect_trainer(self, trainer):
        """Called by the trainer that will run this updater."""

    def finalize(self):
        """Called after the last iteration."""
        raise NotImplementedError(f"{type(self).__name__} must define finalize")

    def get_optimizer(self, name):
        """The optimizer of that name; 'main' where there is one."""
        raise NotImplementedError(f"{type(self).__name__} must define get_optimizer")

    def get_all_optimizers(self):
        """A dictionary from names to optimizers."""
        raise NotImplementedError(f"{type(self).__name__} must define get_all_optimizers")

    def update(self):
        """One iteration."""
        raise NotImplementedError(f"{type(self).__name__} must define update")

    def serialize(self, serializer):
        """Write or read the state of training."""
        raise NotImplementedError(f"{type(self).__name__} must define serialize")
