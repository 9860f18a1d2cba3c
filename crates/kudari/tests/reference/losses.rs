//! The losses with options, whose values `losses.py` makes.

use kudari::functions::{
    CrossEntropyOptions, CtcOptions, GaussianNllOptions, HingeNorm, Reduction, absolute_error, binary_cross_entropy, contrastive,
    cosine_embedding, ctc, focal, gaussian_nll, hinge, huber, kl_divergence, log_cosh, negative_log_likelihood, poisson_nll,
    sigmoid_cross_entropy_with, smooth_l1, softmax_cross_entropy_with, squared_error, triplet,
};
use kudari::{Array, DType, Result, Variable};
use serde_json::Value;

use crate::data::{array, decimals, sizes};

/// Calls the loss of that name as the registry's `usage` says.
pub fn call(name: &str, v: &[Variable], args: &Value) -> Result<Variable> {
    let number = |key: &str| args[key].as_f64().expect(key);
    let margin = || number("margin");
    let reduction = match args["reduction"].as_str() {
        Some("mean") => Reduction::Mean,
        Some("sum") => Reduction::Sum,
        Some("none") => Reduction::None,
        other => panic!("{name}: reduction {other:?}"),
    };
    let labels = |key: &str| array(&args[key], DType::I64);
    let logits = &v[0];
    let x = if args["log_softmax"] == true || name == "ctc" { &logits.log_softmax(-1)? } else { logits };
    // The target is an input, or stands in the arguments.
    let target = || match v.get(1) {
        Some(t) => t.clone(),
        None if args["labels"].is_object() => Variable::constant(labels("labels")),
        None => Variable::constant(array(&args["target"], x.dtype())),
    };
    match name {
        "squared_error" => squared_error(x, target(), reduction),
        "absolute_error" => absolute_error(x, target(), reduction),
        "huber" => huber(x, target(), number("delta"), reduction),
        "smooth_l1" => smooth_l1(x, target(), number("beta"), reduction),
        "log_cosh" => log_cosh(x, target(), reduction),
        "poisson_nll" => poisson_nll(x, target(), reduction),
        "gaussian_nll" => {
            let full = args["full"].as_bool().expect("full");
            gaussian_nll(x, &v[1], &v[2], &GaussianNllOptions { epsilon: number("epsilon"), full, reduction })
        }
        "sigmoid_cross_entropy" => sigmoid_cross_entropy_with(x, target(), number("weight"), reduction),
        "binary_cross_entropy" => binary_cross_entropy(x, target(), reduction),
        "focal" => focal(x, target(), number("alpha"), number("gamma"), reduction),
        "hinge" => hinge(x, target(), HingeNorm::L1, reduction),
        "squared_hinge" => hinge(x, target(), HingeNorm::L2, reduction),
        "kl_divergence" => kl_divergence(x, target(), reduction),
        "softmax_cross_entropy" => softmax_cross_entropy_with(x, goal(args, x), &options(args, reduction)),
        "negative_log_likelihood" => negative_log_likelihood(x, goal(args, x), &options(args, reduction)),
        "cosine_embedding" => cosine_embedding(x, &v[1], labels("target"), margin(), reduction),
        "contrastive" => contrastive(x, &v[1], labels("target"), margin(), reduction),
        "triplet" => triplet(x, &v[1], &v[2], margin(), reduction),
        "ctc" => {
            let zero_infinity = args["zero_infinity"] == true;
            let options = CtcOptions { blank: args["blank"].as_u64().expect("blank") as usize, zero_infinity, reduction };
            ctc(x, &labels("labels"), &sizes(&args["inputs"]), &sizes(&args["targets"]), &options)
        }
        _ => panic!("`{name}` is not in this table of calls: add it here and to losses.py"),
    }
}

fn goal(args: &Value, x: &Variable) -> Array {
    array(&args["target"], if args["target"]["i"] == true { DType::I64 } else { x.dtype() })
}

fn options(args: &Value, reduction: Reduction) -> CrossEntropyOptions {
    CrossEntropyOptions {
        class_weights: args["weights"]
            .is_array()
            .then(|| Array::from_slice(&decimals(&args["weights"]), &[decimals(&args["weights"]).len()]).unwrap()),
        ignored_label: args["ignored"].as_i64(),
        label_smoothing: args["smoothing"].as_f64().expect("smoothing"),
        reduction,
    }
}
