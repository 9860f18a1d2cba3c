//! The table of functions in the docs is derived from the registry, and every function of the source is in it.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use kudari::functions::registry;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..")
}

fn table() -> String {
    let mut text = String::from(
        "# Functions\n\nMade from the registry by `KUDARI_WRITE_DOCS=1 cargo test -p kudari --test function_table`; a test compares. \
         Every function here is checked against numerical differentiation to second order, in f64, and against PyTorch's \
         values. `g` is the gradient by the result.\n\n| function | in Rust | formula | derivative | notes |\n|---|---|---|---|---|\n",
    );
    for entry in registry() {
        let cell = |s: &str| s.replace('|', "\\|");
        text += &format!(
            "| {} | `{}` | {} | {} | {} |\n",
            entry.name,
            cell(entry.usage),
            cell(entry.formula),
            cell(entry.derivative),
            cell(entry.notes)
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
