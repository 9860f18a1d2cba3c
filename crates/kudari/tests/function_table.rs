//! The table of functions in the docs is derived from the registry, and every function of the source is in it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::time::Duration;

use kudari::DType;
use kudari::functions::{function_named, registry};
use kudari::profile::function_time;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn table() -> String {
    let mut text = String::from(
        "# Functions\n\nMade from the registry by `KUDARI_WRITE_DOCS=1 cargo test -p kudari --test function_table`; a test compares. \
         Every function here is checked against numerical differentiation to second order, in f64, and against reference values \
         of PyTorch, SciPy or long arithmetic: the errors are the largest of its values and gradients in both types, relative to \
         the largest element of an array, for values of elementwise functions to each. `g` is the gradient by the result. \
         `kudari functions` checks and times them.\n\n\
         | function | in Rust | formula | derivative | notes | error f64 | error f32 |\n|---|---|---|---|---|---|---|\n",
    );
    for entry in registry() {
        let cell = |s: &str| s.replace('|', "\\|");
        let error = |dtype| {
            let error = entry.reference_error(dtype).expect(entry.name).largest();
            if error == 0.0 { "0".to_string() } else { format!("{error:.1e}") }
        };
        text += &format!(
            "| {} | `{}` | {} | {} | {} | {} | {} |\n",
            entry.name,
            cell(entry.usage),
            cell(entry.formula),
            cell(entry.derivative),
            cell(entry.notes),
            error(DType::F64),
            error(DType::F32)
        );
    }
    text
}

#[test]
fn the_docs_table_is_the_registry() {
    let path = root().join("docs/functions.md");
    if std::env::var_os("KUDARI_WRITE_DOCS").is_some() {
        std::fs::write(&path, table()).unwrap();
    }
    let written = std::fs::read_to_string(&path).unwrap();
    assert!(written == table(), "docs/functions.md is not up to date: run this test with KUDARI_WRITE_DOCS=1");
}

/// What is known of a function by name is known of all, and a name that is nearly right is understood.
#[test]
fn every_function_is_found_by_its_name() {
    for entry in registry() {
        assert_eq!(function_named(entry.name).unwrap().usage, entry.usage);
        assert!(!entry.family().is_empty(), "{}", entry.name);
    }
    let error = function_named("sofmax").err().unwrap();
    assert_eq!(error.what(), "unknown function `sofmax`");
    assert!(error.to_string().contains("did you mean `softmax`?"), "{error}");
    assert!(!function_named("nosuch").err().unwrap().to_string().contains("did you mean"));
}

/// Every function says what it is timed on: enough numbers that its bookkeeping does not count, and few enough for the caches.
#[test]
fn every_function_can_be_timed() {
    for entry in registry() {
        let time = function_time(entry, Duration::ZERO).unwrap_or_else(|error| panic!("{}: {error}", entry.name));
        let time = time
            .unwrap_or_else(|| panic!("{} has no timed sample: call `timed_at` or `timed_as` on one of its samples", entry.name));
        assert!((60_000..=200_000).contains(&time.elements), "{}: {} elements", entry.name, time.elements);
        assert!(time.forward > 0.0 && time.backward > 0.0, "{} {time:?}", entry.name);
        let largest = time.shapes.iter().map(|shape| shape.iter().product()).max().unwrap_or(0);
        assert!(largest <= time.elements, "{} {time:?}", entry.name);
    }
}

#[test]
fn names_are_unique_and_nothing_is_left_blank() {
    let mut names = BTreeSet::new();
    for entry in registry() {
        assert!(names.insert(entry.name), "{} is registered twice", entry.name);
        assert!(!entry.formula.is_empty() && !entry.derivative.is_empty() && !entry.usage.is_empty(), "{}", entry.name);
    }
    assert!(names.len() >= 50);
}

/// Functions that do in one what registered ones do one after the other; tests beside them compare the bits.
const JOINED: [&str; 1] = ["conv2d_relu_max_pool2d"];

/// A function that is written but not registered would escape every check.
#[test]
fn every_function_in_the_source_is_registered() {
    let registered: BTreeSet<&str> = registry().map(|e| e.name).collect();
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/functions");
    let mut found = 0;
    for file in std::fs::read_dir(folder).unwrap() {
        let source = std::fs::read_to_string(file.unwrap().path()).unwrap();
        // Written out: the name stands alone on the line after `fn name`.
        for part in source.split("fn name(&self) -> &'static str {").skip(1) {
            let body = part.lines().nth(1).unwrap().trim();
            if let Some(name) = body.strip_prefix('"').and_then(|b| b.strip_suffix('"')) {
                assert!(registered.contains(name) || JOINED.contains(&name), "{name} is not in the registry");
                found += 1;
            }
        }
    }
    assert!(found >= 10, "only {found} names were found: has the layout of the source changed?");
}
