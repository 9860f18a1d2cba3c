//! Examples that were written for functions whose samples would read badly: too large, or with something hidden in the call.

use crate::array::{Array, DType, Slice};
use crate::autograd::Variable;
use crate::error::Result;
use crate::functions::{
    AttentionOptions, Conv2dOptions, CrossEntropyOptions, CtcOptions, GaussianNllOptions, HingeNorm, Padding,
    RecurrentActivation, RecurrentOptions, RecurrentWeights, Reduction, absolute_error, adaptive_average_pool2d,
    adaptive_max_pool2d, add_rows, attention, average_pool2d, batch_norm, binary_cross_entropy, choose, concatenate, contrastive,
    conv_transpose2d, conv2d, cosine_embedding, cross_entropy, ctc, einsum, embedding, focal, gaussian_nll, gru, hinge, huber,
    kl_divergence, layer_norm, linear, log_cosh, lstm, max_pool2d, maxout, mean_absolute_error, mean_squared_error,
    negative_log_likelihood, poisson_nll, prelu, rms_norm, rnn, self_attention, sigmoid_cross_entropy, smooth_l1,
    softmax_cross_entropy, squared_error, sum_squared_error, triplet,
};

/// An example: letters, shapes and numbers of the inputs, and the call.
pub(super) struct Own {
    pub name: &'static str,
    /// What the call is given besides the inputs, as a reader would write it.
    pub given: &'static str,
    pub inputs: &'static [Input],
    pub call: fn(&[Variable]) -> Result<Variable>,
}

type Input = (&'static str, &'static [usize], &'static [f64]);

/// `name, what is given, [letter [shape] [numbers], …], |v| call;`
macro_rules! examples {
    ($($name:literal $given:literal [$($letter:literal $shape:expr, $numbers:expr);+] |$v:ident| $call:expr)+) => {
        &[$(Own { name: $name, given: $given, inputs: &[$(($letter, &$shape, &$numbers)),+], call: |$v| $call }),+]
    };
}

const MEAN: Reduction = Reduction::Mean;
const FORWARD: RecurrentOptions<'static> = RecurrentOptions { lengths: None, reverse: false };

fn without_biases(weights: &[Variable]) -> RecurrentWeights<'_> {
    RecurrentWeights { input: &weights[0], hidden: &weights[1], biases: None }
}

/// All of them.
pub(super) const OWN: &[Own] = examples! {
    "add" "" ["x" [3], [2.0, -1.0, 3.0]; "y" [3], [4.0, 2.0, -0.5]] |v| v[0].add(&v[1])
    "sub" "" ["x" [3], [2.0, -1.0, 3.0]; "y" [3], [4.0, 2.0, -0.5]] |v| v[0].sub(&v[1])
    "mul" "" ["x" [3], [2.0, -1.0, 3.0]; "y" [3], [4.0, 2.0, -0.5]] |v| v[0].mul(&v[1])
    "div" "" ["x" [3], [2.0, -1.0, 3.0]; "y" [3], [4.0, 2.0, -0.5]] |v| v[0].div(&v[1])
    "pow" "" ["x" [3], [2.0, 3.0, 4.0]; "y" [3], [3.0, 2.0, 0.5]] |v| v[0].pow(&v[1])
    "maximum" "" ["x" [3], [2.0, -1.0, 3.0]; "y" [3], [4.0, -2.0, 3.0]] |v| v[0].maximum(&v[1])
    "minimum" "" ["x" [3], [2.0, -1.0, 3.0]; "y" [3], [4.0, -2.0, 3.0]] |v| v[0].minimum(&v[1])
    "prelu" "" ["x" [3], [2.0, -1.0, -4.0]; "s" [], [0.2]] |v| prelu(&v[0], &v[1])
    "maxout" "pool = 2" ["x" [4], [1.0, 3.0, -1.0, -2.0]] |v| maxout(&v[0], 2, 0)
    "sum" "axis = 1" ["x" [2, 3], [1.0, 5.0, 2.0, 4.0, 0.0, 3.0]] |v| v[0].sum_axes(&[1], false)
    "mean" "axis = 1" ["x" [2, 3], [1.0, 5.0, 2.0, 4.0, 0.0, 3.0]] |v| v[0].mean_axes(&[1], false)
    "variance" "axis = 1" ["x" [2, 3], [1.0, 2.0, 6.0, 4.0, 4.0, 1.0]] |v| v[0].variance_axes(&[1], false)
    "max" "axis = 1" ["x" [2, 3], [1.0, 5.0, 2.0, 4.0, 0.0, 3.0]] |v| v[0].max_axes(&[1], false)
    "min" "axis = 1" ["x" [2, 3], [1.0, 5.0, 2.0, 4.0, 0.0, 3.0]] |v| v[0].min_axes(&[1], false)
    "logsumexp" "axis = 1" ["x" [2, 3], [1.0, 2.0, 3.0, 0.5, 0.0, -1.0]] |v| v[0].logsumexp_axes(&[1], false)
    "softmax" "" ["x" [3], [1.0, 2.0, 3.0]] |v| v[0].softmax(0)
    "softmin" "" ["x" [3], [1.0, 2.0, 3.0]] |v| v[0].softmin(0)
    "log_softmax" "" ["x" [3], [1.0, 2.0, 3.0]] |v| v[0].log_softmax(0)
    "matmul" "" ["a" [2, 2], [1.0, 2.0, 3.0, 4.0]; "b" [2, 2], [0.5, -1.0, 2.0, 1.0]] |v| v[0].matmul(&v[1])
    "linear" "" ["x" [1, 3], [1.0, 2.0, 3.0]; "w" [2, 3], [0.1, 0.2, 0.3, -1.0, 0.5, 2.0]; "b" [2], [0.5, -0.5]]
        |v| linear(&v[0], &v[1], Some(&v[2]))
    "einsum" "ij,jk→ik" ["a" [2, 2], [1.0, 2.0, 3.0, 4.0]; "b" [2, 2], [0.5, -1.0, 2.0, 1.0]]
        |v| einsum("ij,jk->ik", &[&v[0], &v[1]])
    "conv2d" "" [
        "x" [1, 1, 3, 3], [1.0, 2.0, 0.0, 0.0, 1.0, 3.0, 2.0, 1.0, 1.0];
        "w" [1, 1, 2, 2], [1.0, -1.0, 2.0, 0.5];
        "b" [1], [0.5]
    ] |v| conv2d(&v[0], &v[1], Some(&v[2]), &Conv2dOptions::default())
    "conv_transpose2d" "" [
        "x" [1, 1, 2, 2], [1.0, 2.0, -1.0, 3.0];
        "w" [1, 1, 2, 2], [1.0, -1.0, 2.0, 0.5];
        "b" [1], [0.5]
    ] |v| conv_transpose2d(&v[0], &v[1], Some(&v[2]), &Conv2dOptions::default(), [0, 0])
    "max_pool2d" "size = 2×2, stride = 2" ["x" [1, 1, 2, 4], [1.0, 3.0, -2.0, 0.0, 2.0, -1.0, 4.0, 1.0]]
        |v| max_pool2d(&v[0], [2, 2], [2, 2], [0, 0])
    "average_pool2d" "size = 2×2, stride = 2" ["x" [1, 1, 2, 4], [1.0, 3.0, -2.0, 0.0, 2.0, -1.0, 4.0, 1.0]]
        |v| average_pool2d(&v[0], [2, 2], [2, 2], [0, 0])
    "adaptive_average_pool2d" "size = 1×2" ["x" [1, 1, 1, 5], [1.0, 3.0, -2.0, 0.0, 2.0]]
        |v| adaptive_average_pool2d(&v[0], [1, 2])
    "adaptive_max_pool2d" "size = 1×2" ["x" [1, 1, 1, 5], [1.0, 3.0, -2.0, 0.0, 2.0]] |v| adaptive_max_pool2d(&v[0], [1, 2])
    "layer_norm" "c = ε = 0.001" ["x" [1, 4], [1.0, 3.0, 5.0, 7.0]; "w" [4], [1.0, 2.0, 1.0, 0.5]; "b" [4], [0.0, 1.0, 0.0, -1.0]]
        |v| layer_norm(&v[0], 1, Some(&v[1]), Some(&v[2]), 1e-3)
    "rms_norm" "c = ε = 0.001" ["x" [1, 2], [3.0, 4.0]; "w" [2], [2.0, 0.5]] |v| rms_norm(&v[0], 1, Some(&v[1]), 1e-3)
    "batch_norm" "c = ε = 0.001" ["x" [4, 1], [1.0, 2.0, 4.0, 5.0]; "w" [1], [2.0]; "b" [1], [0.5]]
        |v| Ok(batch_norm(&v[0], Some(&v[1]), Some(&v[2]), 1e-3)?.0)
    "attention" "c = 1/√d with d = 2" [
        "q" [1, 1, 3, 2], [1.0, 0.0, 0.0, 2.0, 1.0, 1.0];
        "k" [1, 1, 3, 2], [1.0, 1.0, 0.0, 1.0, 2.0, 0.0];
        "v" [1, 1, 3, 2], [1.0, 2.0, 3.0, 0.0, -1.0, 1.0]
    ] |v| attention(&v[0], &v[1], &v[2], &AttentionOptions::default())
    "self_attention" "heads = 1; q, k and v are two columns of x each; c = 1/√d with d = 2" [
        "x" [1, 2, 6], [1.0, 0.0, 1.0, 1.0, 1.0, 2.0, 0.0, 2.0, 0.0, 1.0, 3.0, 0.0]
    ] |v| self_attention(&v[0], 1, &AttentionOptions::default())
    "rnn" "" ["x" [1, 2, 1], [1.0, -0.5]; "h" [1, 1], [0.0]; "W" [1, 1], [0.5]; "U" [1, 1], [2.0]]
        |v| Ok(rnn(&v[0], &v[1], &without_biases(&v[2..]), RecurrentActivation::Tanh, &FORWARD)?.0)
    "lstm" "" [
        "x" [1, 2, 1], [1.0, -0.5];
        "h" [1, 1], [0.0];
        "c" [1, 1], [0.0];
        "W" [4, 1], [0.5, 1.0, 2.0, -1.0];
        "U" [4, 1], [1.0, -0.5, 0.5, 2.0]
    ] |v| Ok(lstm(&v[0], [&v[1], &v[2]], &without_biases(&v[3..]), &FORWARD)?.0)
    "gru" "" [
        "x" [1, 2, 1], [1.0, -0.5];
        "h" [1, 1], [0.0];
        "W" [3, 1], [0.5, -1.0, 2.0];
        "U" [3, 1], [1.0, -0.5, 0.5]
    ] |v| Ok(gru(&v[0], &v[1], &without_biases(&v[2..]), &FORWARD)?.0)
    "reshape" "shape = (3, 2)" ["x" [2, 3], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]] |v| v[0].reshape(&[3, 2])
    "permute" "order = (1, 0)" ["x" [2, 3], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]] |v| v[0].permute(&[1, 0])
    "broadcast_to" "shape = (2, 3)" ["x" [3], [1.0, 2.0, 3.0]] |v| v[0].broadcast_to(&[2, 3])
    "sum_to" "shape = (3)" ["x" [2, 3], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]] |v| v[0].sum_to(&[3])
    "slice" "1..3" ["x" [4], [1.0, 2.0, 3.0, 4.0]] |v| v[0].slice(&[Slice::from(1..3)])
    "embed" "shape = (5), 1..3" ["x" [2], [7.0, 8.0]] |v| v[0].embed(&[5], &[Slice::from(1..3)])
    "concatenate" "axis = 0" ["x" [2], [1.0, 2.0]; "y" [3], [7.0, 8.0, 9.0]] |v| concatenate(&[&v[0], &v[1]], 0)
    "to_dtype" "f32" ["x" [2], [1.5, -0.25]] |v| v[0].to_dtype(DType::F32)
    "gather" "indices = (2, 0, 2), axis = 0" ["x" [3], [5.0, 6.0, 7.0]] |v| v[0].gather(&Array::from([2i64, 0, 2]), 0)
    "scatter_add" "indices = (2, 0, 2), axis = 0, shape = (4)" ["x" [3], [5.0, 6.0, 7.0]]
        |v| v[0].scatter_add(&Array::from([2i64, 0, 2]), 0, &[4])
    "choose" "condition = (true, false, true)" ["x" [3], [1.0, 2.0, 3.0]; "y" [3], [7.0, 8.0, 9.0]]
        |v| choose(&Array::from([true, false, true]), &v[0], &v[1])
    "embedding" "indices = (2, 0)" ["w" [3, 2], [0.1, 0.2, 0.3, 0.4, 0.5, 0.6]] |v| embedding(&v[0], &Array::from([2i64, 0]))
    "add_rows" "indices = (2, 0, 2), rows = 3" ["x" [3, 2], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0]]
        |v| add_rows(&v[0], &Array::from([2i64, 0, 2]), 3)
    "flip" "" ["x" [3], [1.0, 2.0, 3.0]] |v| v[0].flip(&[])
    "roll" "shift = 1" ["x" [4], [1.0, 2.0, 3.0, 4.0]] |v| v[0].roll(&[1], &[0])
    "repeat" "count = 2" ["x" [2], [1.0, 2.0]] |v| v[0].repeat(2, 0)
    "tile" "count = 2" ["x" [2], [1.0, 2.0]] |v| v[0].tile(&[2])
    "cumsum" "" ["x" [4], [1.0, 2.0, -1.0, 3.0]] |v| v[0].cumsum(0)
    "tril" "offset = 0" ["x" [3, 3], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]] |v| v[0].tril(0)
    "triu" "offset = 0" ["x" [3, 3], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]] |v| v[0].triu(0)
    "diagonal" "offset = 0" ["x" [3, 3], [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 9.0]] |v| v[0].diagonal(0, 0, 1)
    "pad" "(2, 1), mirrored" ["x" [3], [1.0, 2.0, 3.0]] |v| v[0].pad(&[[2, 1]], Padding::Reflect)
    "sort" "" ["x" [4], [3.0, 1.0, 4.0, 2.0]] |v| Ok(v[0].sort(0, false)?.0)
    "top_k" "k = 2" ["x" [4], [3.0, 1.0, 4.0, 2.0]] |v| Ok(v[0].top_k(2, 0, true)?.0)
    "sum_squared_error" "" ["y" [3], [0.5, 2.0, -1.0]; "t" [3], [1.0, 1.5, 0.0]] |v| sum_squared_error(&v[0], &v[1])
    "mean_squared_error" "" ["y" [3], [0.5, 2.0, -1.0]; "t" [3], [1.0, 1.5, 0.0]] |v| mean_squared_error(&v[0], &v[1])
    "mean_absolute_error" "" ["y" [3], [0.5, 2.0, -1.0]; "t" [3], [1.0, 1.5, 0.0]] |v| mean_absolute_error(&v[0], &v[1])
    "squared_error" "" ["y" [3], [0.5, 2.0, -1.0]; "t" [3], [1.0, 1.5, 0.0]] |v| squared_error(&v[0], &v[1], MEAN)
    "absolute_error" "" ["y" [3], [0.5, 2.0, -1.0]; "t" [3], [1.0, 1.5, 0.0]] |v| absolute_error(&v[0], &v[1], MEAN)
    "huber" "δ = 1" ["y" [3], [0.5, 4.0, -1.0]; "t" [3], [1.0, 1.5, 0.5]] |v| huber(&v[0], &v[1], 1.0, MEAN)
    "smooth_l1" "β = 2" ["y" [3], [0.5, 4.0, -1.0]; "t" [3], [1.0, 1.5, 0.5]] |v| smooth_l1(&v[0], &v[1], 2.0, MEAN)
    "log_cosh" "" ["y" [3], [0.5, 2.0, -1.0]; "t" [3], [1.0, 1.5, 0.0]] |v| log_cosh(&v[0], &v[1], MEAN)
    "poisson_nll" "" ["x" [2], [0.5, 1.0]; "t" [2], [2.0, 3.0]] |v| poisson_nll(&v[0], &v[1], MEAN)
    "gaussian_nll" "" ["y" [2], [0.5, 2.0]; "t" [2], [1.0, 1.5]; "v" [2], [0.5, 2.0]]
        |v| gaussian_nll(&v[0], &v[1], &v[2], &GaussianNllOptions::default())
    "cross_entropy" "t = (1), ε = 0" ["p" [1, 3], [0.2, 0.5, 0.3]] |v| cross_entropy(&v[0], Array::from([1i64]), 0.0)
    "softmax_cross_entropy" "t = (1)" ["x" [1, 3], [1.0, 2.0, 3.0]] |v| softmax_cross_entropy(&v[0], Array::from([1i64]))
    "sigmoid_cross_entropy" "" ["x" [2], [0.5, -1.0]; "t" [2], [1.0, 0.0]] |v| sigmoid_cross_entropy(&v[0], &v[1])
    "negative_log_likelihood" "t = (1)" ["x" [1, 3], [-0.5, -1.5, -2.0]]
        |v| negative_log_likelihood(&v[0], Array::from([1i64]), &CrossEntropyOptions::default())
    "binary_cross_entropy" "" ["p" [2], [0.8, 0.4]; "t" [2], [1.0, 0.0]] |v| binary_cross_entropy(&v[0], &v[1], MEAN)
    "focal" "α = 0.25, γ = 2" ["x" [2], [0.5, -1.0]; "t" [2], [1.0, 0.0]] |v| focal(&v[0], &v[1], 0.25, 2.0, MEAN)
    "hinge" "" ["x" [3], [0.5, 2.0, 0.5]; "t" [3], [1.0, 1.0, -1.0]] |v| hinge(&v[0], &v[1], HingeNorm::L1, MEAN)
    "squared_hinge" "" ["x" [3], [0.5, 2.0, 0.5]; "t" [3], [1.0, 1.0, -1.0]] |v| hinge(&v[0], &v[1], HingeNorm::L2, MEAN)
    "kl_divergence" "" ["x" [1, 2], [-0.5, -1.0]; "t" [1, 2], [0.75, 0.25]] |v| kl_divergence(&v[0], &v[1], MEAN)
    "cosine_embedding" "t = (1), margin = 0" ["a" [1, 2], [1.0, 2.0]; "b" [1, 2], [2.0, 0.5]]
        |v| cosine_embedding(&v[0], &v[1], Array::from([1i64]), 0.0, MEAN)
    "contrastive" "t = (0), margin = 3" ["a" [1, 2], [1.0, 2.0]; "b" [1, 2], [2.0, 0.5]]
        |v| contrastive(&v[0], &v[1], Array::from([0i64]), 3.0, MEAN)
    "triplet" "margin = 1" ["a" [1, 2], [1.0, 2.0]; "p" [1, 2], [2.0, 0.5]; "n" [1, 2], [0.0, 1.0]]
        |v| triplet(&v[0], &v[1], &v[2], 1.0, MEAN)
    "ctc" "labels = (1), blank = 0" ["x" [2, 1, 2], [-0.5, -1.0, -1.5, -0.25]]
        |v| ctc(&v[0], &Array::from([[1i64]]), &[2], &[1], &CtcOptions::default())
};
