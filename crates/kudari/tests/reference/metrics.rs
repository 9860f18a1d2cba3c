//! Every metric against its definition.

use std::collections::BTreeMap;

use kudari::metrics::{
    class_scores, confusion_matrix, holm, mean_absolute_error, perplexity, r_squared, roc_auc, root_mean_squared_error,
    top_k_accuracy, welch_test,
};
use kudari::{Array, DType, Result};
use serde_json::Value;

use crate::data::{array, numbers};

const TOLERANCE: f64 = 1e-13;

fn compute(case: &Value) -> Result<Vec<f64>> {
    let name = case["f"].as_str().unwrap();
    let size = |name: &str| case[name].as_u64().unwrap() as usize;
    if name == "holm" {
        return Ok(holm(&array(&case["x"][0], DType::F64).to_f64_vec()));
    }
    let [y, t] = [0, 1].map(|i| array(&case["x"][i], DType::F64));
    let labels = t.to_dtype(DType::I64);
    let one = |value: Result<f64>| value.map(|value| vec![value]);
    match name {
        "top_k_accuracy" => one(top_k_accuracy(&y, &labels, size("k"))),
        "class_scores" => {
            let scores = class_scores(&confusion_matrix(&y.to_dtype(DType::I64), &labels, size("classes"))?)?;
            let of_classes = scores.classes.iter().flat_map(|s| [s.precision, s.recall, s.f1, s.support as f64]);
            let averages = [scores.macro_average, scores.micro_average];
            Ok(of_classes.chain(averages.iter().flat_map(|s| [s.precision, s.recall, s.f1])).collect())
        }
        "roc_auc" => one(roc_auc(&y, &labels)),
        "mean_absolute_error" => one(mean_absolute_error(&y, &t)),
        "root_mean_squared_error" => one(root_mean_squared_error(&y, &t)),
        "r_squared" => one(r_squared(&y, &t)),
        "perplexity" => one(perplexity(&y, &labels)),
        "welch_test" => {
            let test = welch_test(&y.to_f64_vec(), &t.to_f64_vec())?;
            Ok(vec![test.statistic, test.degrees_of_freedom, test.p_value, test.p_value.ln()])
        }
        _ => panic!("no call for {name}"),
    }
}

#[test]
fn every_metric_has_the_value_of_its_definition() {
    let file: Value = serde_json::from_str(include_str!("metrics.json")).unwrap();
    let mut seen = BTreeMap::new();
    for case in file["cases"].as_array().unwrap() {
        let expected = numbers(case["y"].as_str().unwrap(), DType::F64);
        let got = compute(case).unwrap();
        assert_eq!(got.len(), expected.len(), "{case}");
        for (got, expected) in got.iter().zip(&expected) {
            assert!((got - expected).abs() <= TOLERANCE * expected.abs().max(1.0), "{case}: {got}, reference {expected}");
        }
        *seen.entry(case["f"].as_str().unwrap()).or_insert(0) += 1;
    }
    assert!(seen.len() == 9 && seen.values().all(|&count| count >= 5), "{seen:?}");
}

/// Numbers that are not in order in memory, and f32, give the same.
#[test]
fn views_and_f32_give_the_same() {
    let y = Array::from([[0.5, 2.0, 1.0], [3.0, 0.25, 1.5], [0.0, 0.5, 0.75]]);
    let t = Array::from([[0.25, 1.0, 1.5], [2.0, 0.5, 1.0], [0.5, 0.0, 0.5]]);
    let (rows, targets) = (y.transpose().copy(), t.transpose().copy());
    let labels = Array::from([2i64, 0, 1]);
    let all = |y: &Array, t: &Array| {
        let regression = [mean_absolute_error(y, t), root_mean_squared_error(y, t), r_squared(y, t)];
        let classes = [top_k_accuracy(y, &labels, 2), perplexity(y, &labels)];
        regression.into_iter().chain(classes).map(Result::unwrap).collect::<Vec<f64>>()
    };
    assert_eq!(all(&y.transpose(), &t.transpose()), all(&rows, &targets));
    assert_eq!(all(&rows.to_dtype(DType::F32), &targets.to_dtype(DType::F32)), all(&rows, &targets));
}
