//! Calls of the attention functions, and what PyTorch has no values for.

use kudari::functions::{AttentionOptions, attention, self_attention};
use kudari::set_threads;
use kudari::{Array, DType, Result, Variable};
use serde_json::Value;

use crate::data::array;

pub(crate) fn call(name: &str, v: &[Variable], args: &Value) -> Result<Variable> {
    let mask = &args["mask"];
    let dtype = if mask["b"] == true { DType::Bool } else { v[0].dtype() };
    let options = AttentionOptions {
        causal: args["causal"] == true,
        mask: (!mask.is_null()).then(|| array(mask, dtype)),
        scale: args["scale"].as_f64(),
    };
    match name {
        "attention" => attention(&v[0], &v[1], &v[2], &options),
        "self_attention" => self_attention(&v[0], args["heads"].as_u64().expect("heads") as usize, &options),
        _ => panic!("`{name}` is not in the table of calls: add it to tests/reference/attention.rs"),
    }
}

fn numbers(shape: &[usize], shift: f64) -> Variable {
    let count: usize = shape.iter().product();
    let sizes: Vec<isize> = shape.iter().map(|&size| size as isize).collect();
    let angles = Variable::constant(Array::linspace(shift, shift + 7.0, count, DType::F32).reshape(&sizes).unwrap());
    Variable::parameter(angles.sin().into_array())
}

/// A query that sees nothing gives 0 and no gradient, whichever way it is kept from seeing.
#[test]
fn a_query_that_sees_nothing_gives_zero() {
    let (q, k, v) = (numbers(&[1, 1, 2, 3], 0.0), numbers(&[1, 1, 4, 3], 1.0), numbers(&[1, 1, 4, 2], 2.0));
    let mask = Array::from([[false; 4], [true; 4]]);
    let y = attention(&q, &k, &v, &AttentionOptions { mask: Some(mask), ..Default::default() }).unwrap();
    let values = y.array().to_f64_vec();
    assert!(values[..2] == [0.0, 0.0] && values[2..].iter().all(|v| *v != 0.0));
    let gradients = y.sum().backward().unwrap();
    let by_q = gradients.get(&q).unwrap().to_f64_vec();
    assert!(by_q[..3] == [0.0; 3] && gradients.get(&k).unwrap().all_finite());
}

#[test]
fn the_number_of_threads_does_not_change_a_bit() {
    let x = numbers(&[3, 150, 3 * 32], 0.5);
    let all = |threads| {
        set_threads(threads);
        let y = self_attention(&x, 4, &AttentionOptions { causal: true, ..Default::default() }).unwrap();
        let gradient = y.square().sum().backward().unwrap().get(&x).unwrap().clone();
        (y.array().clone(), gradient)
    };
    let one = all(1);
    for threads in [2, 3, 5] {
        let other = all(threads);
        assert!(one.0.same_as(&other.0) && one.1.same_as(&other.1), "{threads} threads");
    }
}

#[test]
fn what_does_not_fit_is_told() {
    let x = numbers(&[1, 2, 3, 4], 0.0);
    let other = numbers(&[1, 2, 3, 5], 0.0);
    let options = AttentionOptions::default();
    let error = attention(&x, &other, &x, &options).unwrap_err();
    assert!(error.what().starts_with("attention: q [1, 2, 3, 4] of f32, k [1, 2, 3, 5] of f32"), "{error}");
    let masked = |mask: Array| attention(&x, &x, &x, &AttentionOptions { mask: Some(mask), ..Default::default() });
    assert!(masked(Array::from([true, false])).unwrap_err().what().starts_with("attention: the mask"));
    assert!(masked(Array::from([1.0f64, 0.0, 1.0])).unwrap_err().what().starts_with("attention: a mask of f64"));
    let scaled = AttentionOptions { scale: Some(f64::NAN), ..Default::default() };
    assert!(attention(&x, &x, &x, &scaled).is_err());
    let error = self_attention(&numbers(&[1, 2, 6], 0.0), 4, &options).unwrap_err();
    assert!(error.what().starts_with("self_attention: qkv [1, 2, 6] of f32, 4 heads"), "{error}");
}
