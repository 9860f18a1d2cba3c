"""Gradient methods, under Chainer's names."""

from kudari.optimizers.ada_delta import AdaDelta
from kudari.optimizers.ada_grad import AdaGrad
from kudari.optimizers.adam import AdaBound, Adam, AdamW, AMSBound, AMSGrad
from kudari.optimizers.corrected_momentum_sgd import CorrectedMomentumSGD
from kudari.optimizers.momentum_sgd import MomentumSGD
from kudari.optimizers.msvag import MSVAG
from kudari.optimizers.nesterov_ag import NesterovAG
from kudari.optimizers.rmsprop import RMSprop
from kudari.optimizers.rmsprop_graves import RMSpropGraves
from kudari.optimizers.sgd import SGD
from kudari.optimizers.smorms3 import SMORMS3

__all__ = [
    "AMSBound",
    "AMSGrad",
    "AdaBound",
    "AdaDelta",
    "AdaGrad",
    "Adam",
    "AdamW",
    "CorrectedMomentumSGD",
    "MSVAG",
    "MomentumSGD",
    "NesterovAG",
    "RMSprop",
    "RMSpropGraves",
    "SGD",
    "SMORMS3",
]
