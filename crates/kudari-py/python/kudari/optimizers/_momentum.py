"""What gradient methods with a velocity share."""

from kudari.optimizer import GradientMethod, HyperparameterProxy, UpdateRule, default_hyperparameters

DEFAULTS = default_hyperparameters(lr=0.01, momentum=0.9)


class MomentumRule(UpdateRule):
    """Hyperparameters lr and momentum, and the state v, first zeros."""

    is_elementwise = True

    def __init__(self, parent_hyperparam=None, lr=None, momentum=None):
        super().__init__(parent_hyperparam or DEFAULTS)
        self._override(lr=lr, momentum=momentum)

    def init_state(self, param):
        self._zero_states(param, "v")


class MomentumMethod(GradientMethod):
    """Has lr and momentum; a subclass says its `rule_class`."""

    rule_class = MomentumRule
    lr = HyperparameterProxy("lr")
    momentum = HyperparameterProxy("momentum")

    def __init__(self, lr=DEFAULTS.lr, momentum=DEFAULTS.momentum):
        super().__init__()
        self.lr = lr
        self.momentum = momentum

    def create_update_rule(self):
        return self.rule_class(self.hyperparam)
