"""Statistics of parameters as observations."""

import numpy as np

from kudari import reporter
from kudari.training import extension
from kudari.training.util import get_trigger, serialize_if_there

_PERCENTILES = (
    0.13,
    2.28,
    15.87,
    50,
    84.13,
    97.72,
    99.87,
)  # of a normal distribution: mean and 1, 2, 3 sigmas


class ParameterStatistics(extension.Extension):
    """Reports statistics of the parameters of links and of their gradients, as means since the last report.

    Args:
        links: link or list of links.
        statistics: dictionary from names to functions of a flat array, which give a scalar or a short array;
            'default' is mean, std, min, max, zeros and percentile; None is nothing (see
            `register_statistics`).
        report_params, report_grads: which of the two.
        prefix: in front of all keys.
        trigger: when to report.
        skip_nan_params: give NaN for arrays with NaN in them, without warnings of NumPy.
    """

    default_name = "parameter_statistics"
    priority = extension.PRIORITY_WRITER
    report_key_template = "{prefix}{link_name}{param_name}/{attr_name}/{function_name}"
    default_statistics = {
        "mean": np.mean,
        "std": np.std,
        "min": np.min,
        "max": np.max,
        "zeros": lambda x: np.count_nonzero(x == 0),
        "percentile": lambda x: np.percentile(x, _PERCENTILES),
    }

    def __init__(
        self,
        links,
        statistics="default",
        report_params=True,
        report_grads=True,
        prefix=None,
        trigger=(1, "epoch"),
        skip_nan_params=False,
    ):
        self._links = links if isinstance(links, (list, tuple)) else (links,)
        self._statistics = dict(self.default_statistics if statistics == "default" else statistics or {})
        self._attributes = ["data"] * report_params + ["grad"] * report_grads
        self._prefix = prefix
        self._trigger = get_trigger(trigger)
        self._summary = reporter.DictSummary()
        self._skip_nan_params = skip_nan_params

    def register_statistics(self, name, function):
        """Report `function(flat array)` as `name` as well."""
        self._statistics[name] = function

    def __call__(self, trainer):
        statistics = {}
        for link in self._links:
            link_name = getattr(link, "name", "None")
            for param_name, param in link.namedparams():
                for attribute in self._attributes:
                    array = getattr(param, attribute)
                    if array is not None:
                        self._collect(statistics, link_name, param_name, attribute, array.ravel())
        self._summary.add(statistics)
        if self._trigger(trainer):
            reporter.report(self._summary.compute_mean())
            self._summary = reporter.DictSummary()

    def _collect(self, statistics, link_name, param_name, attribute, array):
        skipped = self._skip_nan_params and np.isnan(array).any()
        for function_name, function in self._statistics.items():
            value = np.nan if skipped else function(array)
            key = self.report_key_template.format(
                prefix=self._prefix + "/" if self._prefix else "",
                link_name=link_name,
                param_name=param_name,
                attr_name=attribute,
                function_name=function_name,
            )
            if np.size(value) > 1:
                statistics.update({f"{key}/{i}": element for i, element in enumerate(value)})
            else:
                statistics[key] = value

    def serialize(self, serializer):
        self._summary.serialize(serializer["_summary"])
        serialize_if_there(self._trigger, serializer["_trigger"])
