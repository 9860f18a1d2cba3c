"""A model with its loss and accuracy."""

import kudari.functions as F
from kudari import reporter
from kudari.link import Chain


class Classifier(Chain):
    """Calls `predictor` with all arguments but the label, and returns `lossfun(y, label)`.

    `label_key` says which argument the label is: its position, or its name. Loss and accuracy are reported as
    'loss' and 'accuracy', and stay in `loss` and `accuracy`, the prediction in `y`. `compute_accuracy` False
    saves `accfun`.
    """

    compute_accuracy = True

    def __init__(self, predictor, lossfun=None, accfun=None, label_key=-1):
        if not isinstance(label_key, (int, str)):
            raise TypeError(
                f"label_key must be int or str, but is {type(label_key)}.\nGive a position or a name."
            )
        super().__init__()
        self.lossfun = F.softmax_cross_entropy if lossfun is None else lossfun
        self.accfun = F.accuracy if accfun is None else accfun
        self.y = None
        self.loss = None
        self.accuracy = None
        self.label_key = label_key
        with self.init_scope():
            self.predictor = predictor

    def forward(self, *args, **kwargs):
        """The loss of a batch. ValueError where the label is not among the arguments."""
        if isinstance(self.label_key, str):
            if self.label_key not in kwargs:
                raise ValueError(
                    f'Label key "{self.label_key}" is not found.\nThe names are {sorted(kwargs)}.'
                )
            t = kwargs.pop(self.label_key)
        else:
            if not -len(args) <= self.label_key < len(args):
                raise ValueError(
                    f"Label key {self.label_key} is out of bounds.\nThere are {len(args)} arguments."
                )
            args = list(args)
            t = args.pop(self.label_key)
        self.y = self.loss = self.accuracy = None  # frees the last call's graph before this one's is built
        self.y = self.predictor(*args, **kwargs)
        self.loss = self.lossfun(self.y, t)
        reporter.report({"loss": self.loss}, self)
        if self.compute_accuracy:
            self.accuracy = self.accfun(self.y, t)
            reporter.report({"accuracy": self.accuracy}, self)
        return self.loss
