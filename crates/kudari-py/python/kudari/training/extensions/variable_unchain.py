"""Letting graphs go that were kept for other extensions."""

from kudari import configuration, variable
from kudari.training import extension


class unchain_variables(extension.Extension):
    """Frees the graphs of observed variables after all extensions that need them.

    It works in the iterations for which `config.keep_graph_on_report` was set before they began.
    """

    priority = 0

    def __init__(self):
        self._graph_is_kept = None

    def initialize(self, trainer):
        self._graph_is_kept = configuration.config.keep_graph_on_report

    def trigger(self, trainer):
        """Was the graph of this iteration kept?"""
        kept = self._graph_is_kept
        self._graph_is_kept = configuration.config.keep_graph_on_report
        return kept

    def __call__(self, trainer):
        for value in trainer.observation.values():
            if isinstance(value, variable.Variable):
                value.unchain_backward()
