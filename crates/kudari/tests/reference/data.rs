//! Reading reference values, and comparing with them.

use kudari::{Array, DType};
use serde_json::Value;

/// The numbers of a text, read in their own type: decimal digits of an f32 identify it only there.
pub fn numbers(text: &str, dtype: DType) -> Vec<f64> {
    let words = text.split_ascii_whitespace();
    match dtype {
        DType::F32 => words.map(|w| f64::from(w.parse::<f32>().expect("an f32"))).collect(),
        DType::F64 => words.map(|w| w.parse().expect("an f64")).collect(),
        _ => words.map(|w| w.parse::<i64>().expect("an integer") as f64).collect(),
    }
}

/// The sizes in a list.
pub fn sizes(json: &Value) -> Vec<usize> {
    integers(json).into_iter().map(|i| i as usize).collect()
}

/// The integers in a list.
pub fn integers(json: &Value) -> Vec<isize> {
    json.as_array().expect("a list").iter().map(|i| i.as_i64().expect("an integer") as isize).collect()
}

/// The numbers of a list.
pub fn decimals(json: &Value) -> Vec<f64> {
    json.as_array().expect("a list").iter().map(|i| i.as_f64().expect("a number")).collect()
}

/// Element i is ((i·a) mod m − o) / d.
pub fn rule(json: &Value, shape: &[usize]) -> Array {
    let [a, m, o, d] = decimals(json)[..] else { panic!("a rule has four numbers") };
    let count = shape.iter().product();
    Array::from_vec((0..count).map(|i: usize| ((i as f64 * a) % m - o) / d).collect(), shape).unwrap()
}

/// An array of the files.
pub fn array(json: &Value, dtype: DType) -> Array {
    let shape = sizes(&json["s"]);
    let Some(text) = json["d"].as_str() else { return rule(&json["r"], &shape).to_dtype(dtype) };
    if dtype == DType::I64 {
        // Not by way of f64, which large integers do not survive.
        return Array::from_vec(text.split_ascii_whitespace().map(|w| w.parse::<i64>().unwrap()).collect(), &shape).unwrap();
    }
    Array::from_vec(numbers(text, dtype), &shape).unwrap().to_dtype(dtype)
}

/// The type of that name.
pub fn dtype(name: &str) -> DType {
    let all = [DType::F32, DType::F64, DType::I64, DType::Bool];
    all.into_iter().find(|d| d.name() == name).expect("the name of a type")
}

/// What an error is relative to.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Relative {
    /// The largest finite number of the array.
    ToLargest,
    /// Each number itself.
    ToEach,
}

/// The largest error of an array and where it is. Infinities and NaN must be the same on both sides; an error is infinite
/// where they are not.
pub fn worst(got: &[f64], expected: &[f64], dtype: DType, relative: Relative) -> (f64, usize) {
    assert_eq!(got.len(), expected.len(), "number of elements");
    // Below the smallest normal number digits are lost in any implementation.
    let smallest = if dtype == DType::F32 { f64::from(f32::MIN_POSITIVE) } else { f64::MIN_POSITIVE };
    let largest = expected.iter().filter(|x| x.is_finite()).fold(smallest, |m, x| m.max(x.abs()));
    let error = |(got, expected): (&f64, &f64)| {
        if got == expected || (got.is_nan() && expected.is_nan()) {
            return 0.0;
        }
        let scale = if relative == Relative::ToEach { expected.abs().max(smallest) } else { largest };
        let error = (got - expected).abs() / scale;
        if error.is_nan() { f64::INFINITY } else { error }
    };
    let errors = got.iter().zip(expected).map(error).enumerate();
    errors.fold((0.0, 0), |worst, (i, e)| if e > worst.0 { (e, i) } else { worst })
}

/// The index of element `i` in row-major order.
pub fn index_of(mut i: usize, shape: &[usize]) -> Vec<usize> {
    let mut index = vec![0; shape.len()];
    for (place, &size) in index.iter_mut().zip(shape).rev() {
        (*place, i) = (i % size, i / size);
    }
    index
}
