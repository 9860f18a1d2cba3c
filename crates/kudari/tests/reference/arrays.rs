//! Arrays as NumPy prints them, and what NumPy computes with them.

use std::collections::BTreeMap;

use kudari::{Array, DType, Result};
use serde_json::Value;

use crate::data::{Relative, array, dtype, index_of, integers, worst};

fn file() -> Value {
    serde_json::from_str(include_str!("arrays.json")).unwrap()
}

#[test]
fn arrays_print_as_in_numpy() {
    let file = file();
    let cases = file["printed"].as_array().unwrap();
    let mut failures = Vec::new();
    for (number, case) in cases.iter().enumerate() {
        let array = array(&case["x"], dtype(case["dtype"].as_str().unwrap()));
        let (got, expected) = (array.to_string(), case["text"].as_str().unwrap());
        if got != expected {
            let (dtype, shape) = (array.dtype(), array.shape());
            failures.push(format!("case {number}, {dtype} of shape {shape:?}:\nkudari:\n{got}\nNumPy:\n{expected}\n"));
        }
    }
    let shown = failures.iter().take(10).map(String::as_str).collect::<String>();
    assert!(failures.is_empty(), "{} of {} texts differ:\n{shown}", failures.len(), cases.len());
    assert!(cases.len() >= 100);
}

/// Calls the operation of that name.
fn call(name: &str, x: &[Array], args: &Value) -> Result<Array> {
    let number = |key: &str| args[key].as_f64().expect(key);
    let count = || args["count"].as_u64().expect("count") as usize;
    let axis = || args["axis"].as_i64().expect("axis") as isize;
    let axes = || (integers(&args["axes"]), args["keep"].as_bool().expect("keep"));
    match name {
        "matmul" => x[0].matmul(&x[1]),
        "sum" => x[0].sum_axes(&axes().0, axes().1),
        "mean" => x[0].mean_axes(&axes().0, axes().1),
        "max" => x[0].max_axes(&axes().0, axes().1),
        "min" => x[0].min_axes(&axes().0, axes().1),
        "argmax" => x[0].argmax(axis()),
        "argmin" => x[0].argmin(axis()),
        "take" => x[0].take(&x[1], axis()),
        "gather" => x[0].gather(&x[1], axis()),
        "concatenate" => Array::concatenate(&x.iter().collect::<Vec<_>>(), axis()),
        "stack" => Array::stack(&x.iter().collect::<Vec<_>>(), axis()),
        "equal" => x[0].equal(&x[1]),
        "not_equal" => x[0].not_equal(&x[1]),
        "less" => x[0].less(&x[1]),
        "less_equal" => x[0].less_equal(&x[1]),
        "greater" => x[0].greater(&x[1]),
        "greater_equal" => x[0].greater_equal(&x[1]),
        "choose" => x[0].choose(&x[1], &x[2]),
        "add" => x[0].add(&x[1]),
        "sub" => x[0].sub(&x[1]),
        "mul" => x[0].mul(&x[1]),
        "linspace" => Ok(Array::linspace(number("first"), number("last"), count(), DType::F64)),
        "eye" => Array::eye(count(), DType::F64),
        "to_i64" => Ok(x[0].to_dtype(DType::I64)),
        _ => panic!("`{name}` is not in the table of calls of tests/reference/arrays.rs: add it there"),
    }
}

/// The text of a difference between both, if there is one.
fn difference(got: &Array, expected: &Array) -> Option<String> {
    let kind = |a: &Array| (a.shape().to_vec(), a.dtype());
    if kind(got) != kind(expected) {
        return Some(format!("{:?}, NumPy {:?}", kind(got), kind(expected)));
    }
    if !got.dtype().is_float() {
        // Integers and truth values are compared as such, not as f64.
        let same = got.to_le_bytes() == expected.to_le_bytes();
        return (!same).then(|| format!("{got}, NumPy {expected}"));
    }
    let (values, references) = (got.to_f64_vec(), expected.to_f64_vec());
    let tolerance = if got.dtype() == DType::F32 { 1e-6 } else { 1e-15 };
    let (error, at) = worst(&values, &references, got.dtype(), Relative::ToLargest);
    let text = || {
        let index = index_of(at, got.shape());
        format!("at {index:?}: {:e}, NumPy {:e}, error {error:.1e}", values[at], references[at])
    };
    let within = error <= tolerance;
    (!within).then(text)
}

#[test]
fn operations_give_what_numpy_gives() {
    let file = file();
    let cases = file["operations"].as_array().unwrap();
    let mut failures = Vec::new();
    let mut counts: BTreeMap<&str, usize> = BTreeMap::new();
    let typed = |json: &Value| array(json, dtype(json["dtype"].as_str().unwrap()));
    for (number, case) in cases.iter().enumerate() {
        let name = case["op"].as_str().unwrap();
        *counts.entry(name).or_default() += 1;
        let inputs: Vec<Array> = case["x"].as_array().unwrap().iter().map(typed).collect();
        let strided: Vec<Array> = inputs.iter().map(|x| x.transpose().copy().transpose()).collect();
        for (layout, inputs) in [("", inputs), (" strided", strided)] {
            match call(name, &inputs, &case["args"]) {
                Ok(got) => failures.extend(difference(&got, &typed(&case["y"])).map(|d| format!("{name} {number}{layout}: {d}"))),
                Err(error) => failures.push(format!("{name} {number}{layout}: {error}")),
            }
        }
    }
    assert!(failures.is_empty(), "{} of {} results differ:\n{failures:#?}", failures.len(), 2 * cases.len());
    assert!(cases.len() >= 90 && counts.len() >= 23, "{counts:?}");
}
