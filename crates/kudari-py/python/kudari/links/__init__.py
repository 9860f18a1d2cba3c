"""Layers and models with parameters, under Chainer's names."""

from kudari.links.activation.maxout import Maxout
from kudari.links.activation.prelu import PReLU
from kudari.links.activation.simplified_dropconnect import SimplifiedDropconnect
from kudari.links.activation.swish import Swish
from kudari.links.connection.bias import Bias
from kudari.links.connection.bilinear import Bilinear
from kudari.links.connection.convolution_2d import Convolution2D
from kudari.links.connection.convolution_nd import Convolution1D, Convolution3D, ConvolutionND
from kudari.links.connection.deconvolution_2d import Deconvolution2D
from kudari.links.connection.deconvolution_nd import Deconvolution1D, Deconvolution3D, DeconvolutionND
from kudari.links.connection.deformable_convolution_2d import DeformableConvolution2D
from kudari.links.connection.depthwise_convolution_2d import DepthwiseConvolution2D
from kudari.links.connection.dilated_convolution_2d import DilatedConvolution2D
from kudari.links.connection.embed_id import EmbedID
from kudari.links.connection.highway import Highway
from kudari.links.connection.inception import Inception
from kudari.links.connection.inceptionbn import InceptionBN
from kudari.links.connection.linear import Linear
from kudari.links.connection.local_convolution_2d import LocalConvolution2D
from kudari.links.connection.mlp_convolution_2d import MLPConvolution2D
from kudari.links.connection.parameter import Parameter
from kudari.links.connection.scale import Scale
from kudari.links.loss.black_out import BlackOut
from kudari.links.loss.crf1d import CRF1d
from kudari.links.loss.hierarchical_softmax import BinaryHierarchicalSoftmax
from kudari.links.loss.negative_sampling import NegativeSampling
from kudari.links.model.classifier import Classifier
from kudari.links.normalization.batch_normalization import BatchNormalization
from kudari.links.normalization.batch_renormalization import BatchRenormalization
from kudari.links.normalization.decorrelated_batch_normalization import DecorrelatedBatchNormalization
from kudari.links.normalization.group_normalization import GroupNormalization
from kudari.links.normalization.layer_normalization import LayerNormalization
from kudari.links.rnn.gru import GRU, StatefulGRU, StatelessGRU
from kudari.links.rnn.lstm import LSTM, LSTMBase, StatelessLSTM
from kudari.links.rnn.mgu import StatefulMGU, StatelessMGU
from kudari.links.rnn.n_step_gru import NStepBiGRU, NStepGRU
from kudari.links.rnn.n_step_lstm import NStepBiLSTM, NStepLSTM
from kudari.links.rnn.n_step_rnn import NStepBiRNNReLU, NStepBiRNNTanh, NStepRNNReLU, NStepRNNTanh
from kudari.links.rnn.peephole import StatefulPeepholeLSTM
from kudari.links.rnn.tree_lstm import ChildSumTreeLSTM, NaryTreeLSTM
from kudari.links.rnn.zoneoutlstm import StatefulZoneoutLSTM

__all__ = [
    "BatchNormalization",
    "BatchRenormalization",
    "Bias",
    "Bilinear",
    "BinaryHierarchicalSoftmax",
    "BlackOut",
    "CRF1d",
    "ChildSumTreeLSTM",
    "Classifier",
    "Convolution1D",
    "Convolution2D",
    "Convolution3D",
    "ConvolutionND",
    "Deconvolution1D",
    "Deconvolution2D",
    "Deconvolution3D",
    "DeconvolutionND",
    "DecorrelatedBatchNormalization",
    "DeformableConvolution2D",
    "DepthwiseConvolution2D",
    "DilatedConvolution2D",
    "EmbedID",
    "GRU",
    "GroupNormalization",
    "Highway",
    "Inception",
    "InceptionBN",
    "LSTM",
    "LSTMBase",
    "LayerNormalization",
    "Linear",
    "LocalConvolution2D",
    "MLPConvolution2D",
    "Maxout",
    "NStepBiGRU",
    "NStepBiLSTM",
    "NStepBiRNNReLU",
    "NStepBiRNNTanh",
    "NStepGRU",
    "NStepLSTM",
    "NStepRNNReLU",
    "NStepRNNTanh",
    "NaryTreeLSTM",
    "NegativeSampling",
    "PReLU",
    "Parameter",
    "Scale",
    "SimplifiedDropconnect",
    "StatefulGRU",
    "StatefulMGU",
    "StatefulPeepholeLSTM",
    "StatefulZoneoutLSTM",
    "StatelessGRU",
    "StatelessLSTM",
    "StatelessMGU",
    "Swish",
]
