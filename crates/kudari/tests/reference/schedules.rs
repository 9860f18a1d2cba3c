//! Every schedule over fifty updates.

use std::collections::BTreeSet;

use kudari::optimizers::{Plateau, SCHEDULES, Schedule};
use serde_json::Value;

use crate::data::decimals;

/// PyTorch goes from factor to factor where there is a formula, so that rounding adds up over the updates.
const TOLERANCE: f64 = 1e-13;

#[test]
fn every_schedule_has_the_factors_of_pytorch() {
    let file: Value = serde_json::from_str(include_str!("schedules.json")).unwrap();
    let mut seen = BTreeSet::new();
    for case in file["cases"].as_array().unwrap() {
        let text = case["schedule"].as_str().unwrap();
        let updates = case["updates"].as_u64().unwrap();
        let schedule = Schedule::parse(text).unwrap();
        schedule.validate(updates).unwrap();
        let expected = decimals(&case["factors"]);
        assert_eq!(expected.len() as u64, updates);
        for (update, expected) in expected.into_iter().enumerate() {
            let factor = schedule.factor(update as u64, updates);
            assert!((factor - expected).abs() <= TOLERANCE, "{text}, update {update}: {factor:e}, reference {expected:e}");
        }
        seen.extend(text.split(' ').map(|word| word.split('(').next().unwrap().to_string()));
    }
    for case in file["plateaus"].as_array().unwrap() {
        let (factor, patience) = (case["factor"].as_f64().unwrap(), case["patience"].as_u64().unwrap());
        assert_eq!(Schedule::parse(&format!("plateau({factor},{patience})")).unwrap(), Schedule::plateau(factor, patience));
        let mut plateau = Plateau::new(factor, patience);
        for (loss, expected) in decimals(&case["losses"]).into_iter().zip(decimals(&case["factors"])) {
            let got = plateau.observe(loss);
            assert!((got - expected).abs() <= TOLERANCE * expected, "factor {factor}, patience {patience}: {got}, {expected}");
        }
        seen.insert("plateau".to_string());
    }
    let words: BTreeSet<String> = SCHEDULES.iter().map(|form| form.split('(').next().unwrap().to_string()).collect();
    assert_eq!(seen, words);
}
