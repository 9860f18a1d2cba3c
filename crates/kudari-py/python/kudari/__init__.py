"""kudari trains neural networks and shows its work: Chainer's names over a fast engine.

    import kudari
    import kudari.functions as F
    import kudari.links as L

``kudari.Variable`` is an array that remembers how it was computed; ``F`` are functions of variables, ``L`` layers with
parameters, ``kudari.optimizers`` what moves these, ``kudari.training`` the loop. What is imported rarely is loaded when
it is first used.
"""

import importlib

from kudari._core import set_threads, threads
from kudari.configuration import (
    DebugMode,
    config,
    force_backprop_mode,
    get_dtype,
    global_config,
    is_debug,
    mixed16,
    no_backprop_mode,
    set_debug,
    using_config,
)
from kudari.function import Function, FunctionAdapter
from kudari.function_hook import FunctionHook, get_function_hooks
from kudari.function_node import FunctionNode, grad
from kudari.variable import Parameter, Variable, as_array, as_variable

__version__ = "0.1.0"

# Chainer's switch for the warnings of functions that may still change.
disable_experimental_feature_warning = False

# Where names live whose modules are loaded when they are first used.
_LAZY = {
    "AbstractSerializer": "serializer",
    "backward": "_backprop",
    "Chain": "link",
    "ChainList": "link",
    "Classifier": "links",
    "Deserializer": "serializer",
    "DeviceResident": "device_resident",
    "DictSummary": "reporter",
    "GradientMethod": "optimizer",
    "Initializer": "initializer",
    "KudariClassifier": "estimators",
    "KudariRegressor": "estimators",
    "Link": "link",
    "LinkHook": "link_hook",
    "Optimizer": "optimizer",
    "Reporter": "reporter",
    "Sequential": "sequential",
    "Serializer": "serializer",
    "Summary": "reporter",
    "UpdateRule": "optimizer",
    "explain": "explanation",
    "from_dlpack": "_dlpack",
    "get_array_module": "backend",
    "get_current_reporter": "reporter",
    "get_device": "backend",
    "report": "reporter",
    "report_scope": "reporter",
    "to_device": "dataset",
    "Model": "model",
    "train": "model",
    "using_device": "backend",
}

_MODULES = {
    "backend", "backends", "compat", "computational_graph", "dataset", "datasets", "estimators", "explanation", "function_hooks",
    "functions", "gradient_check", "initializers", "iterators", "link_hooks", "links", "model", "notation", "optimizer", "optimizer_hooks", "optimizers",
    "reporter", "serializers", "testing", "training", "utils",
}


def __getattr__(name):
    if name in _LAZY:
        value = getattr(importlib.import_module(f"kudari.{_LAZY[name]}"), name)
    elif name in _MODULES:
        value = importlib.import_module(f"kudari.{name}")
    else:
        raise AttributeError(f"kudari has no {name!r}")
    globals()[name] = value
    return value


def __dir__():
    return sorted(set(globals()) | set(_LAZY) | _MODULES)
