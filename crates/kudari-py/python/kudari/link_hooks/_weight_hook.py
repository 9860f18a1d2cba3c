"""What hooks that replace a link's weight during its forward call share."""

from kudari.link_hook import LinkHook


class WeightHook(LinkHook):
    """Calls the link with `transformed(link, W)` in the place of its weight W. For one link:
    `link.add_hook(hook)`.
    """

    def __init__(self, weight_name="W", name=None):
        self.weight_name = weight_name
        if name is not None:
            self.name = name

    def __enter__(self):
        raise NotImplementedError(
            "This hook is not supposed to be used as context manager.\nUse link.add_hook(hook)."
        )

    def __exit__(self, *_):
        raise NotImplementedError("This hook is not supposed to be used as context manager.")

    def added(self, link):
        """Raises ValueError where the link has no such weight."""
        if not hasattr(link, self.weight_name):
            raise ValueError(
                f"Weight '{self.weight_name}' does not exist!\nGive weight_name an attribute of the link."
            )

    def transformed(self, link, weight):
        """The variable to use in the weight's place."""
        raise NotImplementedError

    def prepare(self, link):
        """Called before each call, when the weight has its values."""

    def forward_preprocess(self, cb_args):
        link = cb_args.link
        weight = getattr(link, self.weight_name)
        if weight.array is None:
            link._initialize_params(cb_args.args[0].shape[1])
        self.prepare(link)
        self.original_weight = weight
        setattr(link, self.weight_name, self.transformed(link, weight))

    def forward_postprocess(self, cb_args):
        setattr(cb_args.link, self.weight_name, self.original_weight)
