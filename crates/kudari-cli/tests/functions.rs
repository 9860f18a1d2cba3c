//! The list of functions.
#![allow(clippy::unwrap_used)] // helpers outside of #[test] functions are tests too

mod common;

use std::collections::BTreeSet;

use common::Folder;
use kudari::DType;
use kudari::functions::registry;
use serde_json::Value;

/// Every function of the registry, in its order, with everything that is to be known.
#[test]
fn programs_get_every_function() {
    let run = Folder::new().run(&["functions", "--json"]);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    let list = run.json();
    let list = list.as_array().unwrap();
    let names: Vec<&str> = list.iter().map(|f| f["name"].as_str().unwrap()).collect();
    assert_eq!(names, registry().map(|entry| entry.name).collect::<Vec<_>>());
    for (function, entry) in list.iter().zip(registry()) {
        assert_eq!(function["formula"], entry.formula);
        for field in ["family", "usage", "formula", "derivative"] {
            assert!(!function[field].as_str().unwrap().is_empty(), "{function}");
        }
        // Also what is constant in pieces is checked to second order: its derivatives are 0 wherever they exist.
        assert_eq!(function["order"], 2, "{function}");
        assert!(function["derivatives_checked"].as_u64().unwrap() >= 10, "{function}");
        let number = |at: &str| function.pointer(at).and_then(Value::as_f64).unwrap_or(f64::NAN);
        assert!((0.0..=1e-6).contains(&number("/gradient_error/first")), "{function}");
        assert!((0.0..=1e-5).contains(&number("/gradient_error/second")), "{function}");
        for (dtype, most) in [(DType::F64, 1e-14), (DType::F32, 3e-6)] {
            let error = entry.reference_error(dtype).unwrap();
            assert_eq!(number(&format!("/reference_error/{dtype}/value")), error.value);
            assert_eq!(number(&format!("/reference_error/{dtype}/gradient")), error.gradient);
            assert!(error.largest() <= most, "{function}");
        }
        assert!(number("/time/forward_ns_per_element") > 0.0 && number("/time/backward_ns_per_element") > 0.0, "{function}");
        assert!(number("/time/elements") >= 60_000.0, "{function}");
    }
}

#[test]
fn people_get_a_table_that_fits() {
    let run = Folder::new().run(&["functions"]);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    let lines: Vec<&str> = run.stdout.lines().collect();
    assert!(lines.iter().all(|line| line.chars().count() <= 100) && !run.stdout.contains('\x1b'), "{}", run.stdout);
    assert!(lines[0].ends_with("gradient     largest error     ns per element"), "{}", run.stdout);
    let rows: Vec<Vec<&str>> =
        lines.iter().filter(|line| line.starts_with("  ")).skip(1).map(|line| line.split_whitespace().collect()).collect();
    assert_eq!(rows.iter().map(|row| row[0]).collect::<Vec<_>>(), registry().map(|entry| entry.name).collect::<Vec<_>>());
    assert!(rows.iter().all(|row| row[row.len() - 5] == "2"), "{}", run.stdout);
    let of = |name: &str| rows.iter().find(|row| row[0] == name).unwrap().join(" ");
    assert!(of("add").starts_with("add x + y 2 0 0 ") && of("sin").starts_with("sin sin x 2 1.2e-16 1.2e-7 "), "{}", run.stdout);
    // A heading a family, also for those of several files.
    let heads: Vec<&str> = lines.iter().filter(|line| line.ends_with("forward  backward")).copied().collect();
    let families: BTreeSet<&str> = registry().map(|entry| entry.family()).collect();
    assert!(heads.len() == families.len() && families.iter().all(|f| heads.iter().any(|head| head.starts_with(f))), "{heads:?}");
    assert!(lines.contains(&"") && run.stdout.contains(&format!("\n{} functions; ", rows.len())), "{}", run.stdout);
}

#[test]
fn one_function_is_shown_in_full() {
    let folder = Folder::new();
    let run = folder.run(&["functions", "lstm", "gelu", "--threads", "2"]);
    assert_eq!((run.status, run.stderr.as_str()), (0, ""));
    assert!(run.stdout.lines().all(|line| line.chars().count() <= 100) && run.stdout.starts_with("lstm (recurrent)\n"));
    // Broken between words, so that nothing is lost.
    let words = run.stdout.split_whitespace().collect::<Vec<_>>().join(" ");
    for entry in registry().filter(|entry| ["lstm", "gelu"].contains(&entry.name)) {
        for text in [entry.usage, entry.formula, entry.derivative, entry.notes] {
            assert!(words.contains(text), "{text}: {}", run.stdout);
        }
    }
    for text in
        ["gelu (activations) in Rust x.gelu() formula", "gradient order 2, ", "error f64 values ", "; 2 threads, inputs [65536]"]
    {
        assert!(words.contains(text), "{text}: {}", run.stdout);
    }
    let one = folder.json(&["functions", "gelu", "--json"]);
    assert_eq!((one.as_array().unwrap().len(), &one[0]["name"]), (1, &"gelu".into()));
}

#[test]
fn a_name_that_is_not_known() {
    let folder = Folder::new();
    let run = folder.run(&["functions", "relu", "sofmax"]);
    run.fails(2, "unknown function `sofmax`");
    run.helps("did you mean `softmax`?");
    assert_eq!(run.stdout, "");
    folder.run(&["functions", "--threads", "0"]).fails(2, "a number from 1 to 1024");
}
