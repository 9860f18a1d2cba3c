//! Floor 4: differentiable functions. One file a family, one place a function.
//!
//! A function is its name, formula, shape rule, forward, backward and sample inputs, all in one place; [`registry`]
//! lists them all. Gradient checks, the reference table in the docs and the worked calculations are derived from that
//! list. Most functions are methods of [`Variable`](crate::Variable); those of several variables on an equal footing
//! are free functions. The operators `+ − * /` work on variables and numbers; they panic where the methods return an
//! error.

mod activation;
mod adaptive;
mod adaptive_pooling;
mod algebra;
mod arithmetic;
mod arrange;
mod attention;
mod convolution;
mod convolution_sizes;
mod dropout;
mod einsum;
mod elementary;
mod embedding;
mod fused;
mod indexing;
mod loss;
mod loss_classification;
mod loss_cross_entropy;
mod loss_ctc;
mod loss_elements;
mod loss_embedding;
mod loss_reduction;
mod loss_regression;
mod loss_weighted;
mod normalization;
mod order;
mod pad;
mod pooling;
mod pooling_sizes;
mod product;
mod recurrent;
mod recurrent_states;
mod reduction;
mod reference;
mod registry;
mod row_loss;
mod sample;
mod shape;
mod softmax;
mod trigonometric;
mod unary;
mod worked;
mod worked_convolution;
mod worked_ctc;
mod worked_embedding;
mod worked_loss;
mod worked_reduction;

pub use adaptive::{maxout, prelu};
pub(crate) use adaptive_pooling::adaptive_pool2d_shape;
pub use adaptive_pooling::{adaptive_average_pool2d, adaptive_max_pool2d, global_max_pool2d};
pub use attention::{AttentionOptions, attention, self_attention};
pub use convolution::{conv_transpose2d, conv1d, conv2d};
pub(crate) use convolution::{conv2d_relu, conv2d_relu_max_pool2d};
pub(crate) use convolution_sizes::conv2d_shape;
pub use convolution_sizes::{Conv1dOptions, Conv2dOptions};
pub(crate) use dropout::check_probability;
pub use dropout::dropout;
pub use einsum::einsum;
pub use embedding::{add_rows, embedding};
pub use indexing::choose;
pub use loss::{mean_absolute_error, mean_squared_error, sum_squared_error};
pub(crate) use loss_classification::signs;
pub use loss_classification::{HingeNorm, binary_cross_entropy, focal, hinge, kl_divergence, sigmoid_cross_entropy_with};
pub use loss_cross_entropy::{cross_entropy, sigmoid_cross_entropy, softmax_cross_entropy};
pub use loss_ctc::{CtcOptions, ctc};
pub use loss_embedding::{contrastive, cosine_embedding, triplet};
pub use loss_reduction::Reduction;
pub use loss_regression::{
    GaussianNllOptions, absolute_error, gaussian_nll, huber, log_cosh, poisson_nll, smooth_l1, squared_error,
};
pub use loss_weighted::{CrossEntropyOptions, negative_log_likelihood, softmax_cross_entropy_with};
pub use normalization::{Moments, batch_norm, fixed_batch_norm, group_norm, layer_norm, rms_norm};
pub use pad::Padding;
pub use pooling::{average_pool2d, global_average_pool2d, max_pool2d};
pub(crate) use pooling_sizes::pool2d_shape;
pub use product::linear;
pub(crate) use product::linear_relu;
pub use recurrent::{RecurrentActivation, RecurrentOptions, RecurrentWeights, gru, lstm, rnn};
pub use reference::ReferenceError;
pub use registry::{Entry, Sample, elementwise, function_named, registry};
pub(crate) use row_loss::{cross_entropy_rows, sigmoid_cross_entropy_rows, softmax_cross_entropy_rows};
pub use shape::{concatenate, stack};
