"""Functions of variables: ``import kudari.functions as F``.

All take variables and NumPy arrays and give variables. Wrong shapes and types raise
``kudari.utils.type_check.InvalidType``. Results have the type of the inputs.
"""

from kudari.functions.activation import (
    clipped_relu, crelu, elu, hard_sigmoid, leaky_relu, log_softmax, maxout, prelu, relu, relu6, rrelu,
    selu, sigmoid, softmax, softplus, swish, tanh,
)
from kudari.functions.array_indexing import (
    as_strided, diagonal, get_item, permutate, scatter_add, select_item, where,
)
from kudari.functions.array_joining import (
    concat, dstack, hstack, pad, pad_sequence, separate, split_axis, stack, transpose_sequence, vstack,
)
from kudari.functions.array_shapes import (
    broadcast, broadcast_to, cast, copy, expand_dims, flatten, flip, fliplr, flipud, moveaxis, repeat,
    reshape, rollaxis, squeeze, swapaxes, tile, transpose,
)
from kudari.functions.array_images import (
    deformable_convolution_2d_sampler, depth2space, im2col, resize_images, space2depth,
    spatial_transformer_grid, spatial_transformer_sampler,
)
from kudari.functions.beyond import (
    adaptive_average_pooling_2d, adaptive_max_pooling_2d, arccosh, arcsinh, binary_cross_entropy, celu,
    cosine_embedding, focal_loss, gelu, global_average_pooling_2d, global_max_pooling_2d, hard_swish,
    kl_divergence, log_cosh, log_sigmoid, mish, poisson_nll, rms_normalization, roll, silu, smooth_l1,
    softmin, sort, top_k, tril, triu, variance,
)
from kudari.functions.connection import bilinear, embed_id, linear, local_convolution_2d, shift
from kudari.functions.connection_convolution import (
    convolution_1d, convolution_2d, convolution_3d, convolution_nd, deconvolution_1d, deconvolution_2d,
    deconvolution_3d, deconvolution_nd, depthwise_convolution_2d, dilated_convolution_2d,
)
from kudari.functions.evaluation import (
    accuracy, binary_accuracy, classification_summary, f1_score, fbeta_score, precision, r2_score, recall,
)
from kudari.functions.loss_classification import (
    SoftmaxCrossEntropy, black_out, hinge, negative_sampling, sigmoid_cross_entropy, softmax_cross_entropy,
)
from kudari.functions.loss_embedding import contrastive, triplet
from kudari.functions.loss_regression import (
    absolute_error, cross_covariance, decov, discriminative_margin_based_clustering_loss, huber_loss,
    mean_absolute_error, mean_squared_error, squared_difference, squared_error,
)
from kudari.functions.loss_sequence import argmax_crf1d, connectionist_temporal_classification, crf1d
from kudari.functions.loss_vae import bernoulli_nll, gaussian_kl_divergence, gaussian_nll
from kudari.functions.math_einsum import einsum
from kudari.functions.math_elementwise import (
    absolute, add, arccos, arcsin, arctan, arctan2, arctanh, bias, ceil, clip, cos, cosh, exp, expm1, fix,
    floor, fmod, identity, linear_interpolate, log, log10, log1p, log2, maximum, minimum, rsqrt, scale,
    sign, sin, sinh, sqrt, square, sum_to, tan,
)
from kudari.functions.math_matrices import (
    batch_det, batch_inv, batch_matmul, cholesky, det, fft, ifft, inv, matmul, tensordot,
)
from kudari.functions.math_reductions import (
    argmax, argmin, average, batch_l2_norm_squared, cumprod, cumsum, logsumexp, max, mean, min, prod, sum,
)
from kudari.functions.math_sparse import CooMatMul, sparse_matmul
from kudari.functions.math_special import (
    digamma, erf, erfc, erfcinv, erfcx, erfinv, lgamma, log_ndtr, ndtr, ndtri, polygamma, zeta,
)
from kudari.functions.noise import (
    Dropout, SimplifiedDropconnect, Zoneout, dropout, gaussian, gumbel_softmax, simplified_dropconnect,
    zoneout,
)
from kudari.functions.normalization import (
    group_normalization, layer_normalization, local_response_normalization, normalize,
)
from kudari.functions.normalization_batch import (
    batch_normalization, batch_renormalization, fixed_batch_normalization, fixed_batch_renormalization,
)
from kudari.functions.normalization_decorrelated import (
    decorrelated_batch_normalization, fixed_decorrelated_batch_normalization,
)
from kudari.functions.pooling import (
    average_pooling_1d, average_pooling_2d, average_pooling_3d, average_pooling_nd, max_pooling_1d,
    max_pooling_2d, max_pooling_3d, max_pooling_nd, spatial_pyramid_pooling_2d, unpooling_1d, unpooling_2d,
    unpooling_3d, unpooling_nd, upsampling_2d,
)
from kudari.functions.pooling_roi import (
    roi_average_align_2d, roi_average_pooling_2d, roi_max_align_2d, roi_max_pooling_2d, roi_pooling_2d,
)
from kudari.functions.rnn import lstm, slstm, tree_lstm
from kudari.functions.rnn_n_step import (
    n_step_bigru, n_step_bilstm, n_step_birnn, n_step_gru, n_step_lstm, n_step_rnn,
)
from kudari.functions.util import forget
