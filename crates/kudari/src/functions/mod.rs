//! Floor 4: differentiable functions. One file a family, one place a function.
//!
//! A function is its name, formula, shape rule, forward, backward and sample inputs, all in one place; [`registry`]
//! lists them all. Gradient checks, the reference table in the docs and the worked calculations are derived from that
//! list. Most functions are methods of [`Variable`](crate::Variable); those of several variables on an equal footing
//! are free functions. The operators `+ − * /` work on variables and numbers; they panic where the methods return an
//! error.

mod activation;
mod adaptive;
mod algebra;
mod arithmetic;
mod arrange;
mod convolution;
mod convolution_sizes;
mod einsum;
mod elementary;
mod indexing;
mod loss;
mod order;
mod pad;
mod pooling;
mod pooling_sizes;
mod product;
mod reduction;
mod registry;
mod row_loss;
mod shape;
mod softmax;
mod trigonometric;
mod unary;
mod worked;
mod worked_convolution;
mod worked_loss;
mod worked_reduction;

pub use adaptive::{maxout, prelu};
pub use convolution::{conv_transpose2d, conv1d, conv2d};
pub(crate) use convolution::{conv2d_relu, conv2d_relu_max_pool2d};
pub(crate) use convolution_sizes::conv2d_shape;
pub use convolution_sizes::{Conv1dOptions, Conv2dOptions};
pub use einsum::einsum;
pub use indexing::choose;
pub use loss::{
    cross_entropy, mean_absolute_error, mean_squared_error, sigmoid_cross_entropy, softmax_cross_entropy, sum_squared_error,
};
pub use pad::Padding;
pub use pooling::{average_pool2d, global_average_pool2d, max_pool2d};
pub(crate) use pooling_sizes::pool2d_shape;
pub use product::linear;
pub(crate) use product::linear_relu;
pub use registry::{Entry, Sample, elementwise, registry};
pub(crate) use row_loss::{cross_entropy_rows, sigmoid_cross_entropy_rows, softmax_cross_entropy_rows};
pub use shape::{concatenate, stack};
