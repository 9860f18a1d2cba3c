//! The table of the largest errors, `src/functions/reference_errors.tsv`, which the library shows: every number in it is
//! compared with what was measured.

use std::collections::{BTreeMap, BTreeSet};
use std::path::Path;

use kudari::DType;
use kudari::functions::{function_named, registry};

use crate::functions::{Worst, tolerance};

const HEAD: &str = "# function\tf64 value\tf64 gradient\tf32 value\tf32 gradient\n";
const TYPES: [DType; 2] = [DType::F64, DType::F32];

/// The errors of a function: of values and of gradients in f64, then in f32.
type Errors = [f64; 4];

/// Rounding differs between levels of vector instructions and between mathematical libraries: so much may a measured error be
/// above what the table says, or below, and two roundings more.
const FACTOR: f64 = 3.0;

/// Whether a line of the table says what was measured.
fn agrees(line: &Errors, measured: &Errors) -> bool {
    line.iter().zip(measured).zip([0, 0, 1, 1].map(|i| TYPES[i])).all(|((&line, &measured), dtype)| {
        let roundings = 2.0 * if dtype == DType::F32 { f64::from(f32::EPSILON) } else { f64::EPSILON };
        (0.0..=tolerance(dtype)).contains(&line) && measured <= FACTOR * line + roundings && line <= FACTOR * measured + roundings
    })
}

/// Rounded up to two digits.
fn rounded_up(error: f64) -> f64 {
    let text = format!("{error:.1e}");
    let nearest: f64 = text.parse().unwrap();
    if nearest >= error {
        return nearest;
    }
    // One more in the last digit.
    let (digits, exponent) = text.split_once('e').unwrap();
    format!("{:.1}e{exponent}", digits.parse::<f64>().unwrap() + 0.1).parse().unwrap()
}

/// The lines of a table.
fn read(table: &str) -> BTreeMap<String, Errors> {
    let line = |line: &str| {
        let mut fields = line.split('\t');
        let name = fields.next().unwrap().to_string();
        (name, fields.map(|field| field.parse().unwrap()).collect::<Vec<f64>>().try_into().expect("four errors"))
    };
    table.strip_prefix(HEAD).expect("the head of the table").lines().map(line).collect()
}

/// The table of what was measured, in the order of the registry. Lines that still agree stay as they are: another processor's
/// rounding is no reason to change them.
fn written(old: &BTreeMap<String, Errors>, measured: &BTreeMap<String, Errors>) -> String {
    let line = |name: &str| {
        let measured = measured.get(name)?;
        let errors = old.get(name).filter(|old| agrees(old, measured)).copied().unwrap_or(measured.map(rounded_up));
        let fields = errors.map(|error| if error == 0.0 { "0".to_string() } else { format!("{error:e}") });
        Some(format!("{name}\t{}\n", fields.join("\t")))
    };
    HEAD.to_string() + &registry().filter_map(|entry| line(entry.name)).collect::<String>()
}

/// What is wrong with a table.
fn faults(table: &BTreeMap<String, Errors>, measured: &BTreeMap<String, Errors>) -> Vec<String> {
    let names: BTreeSet<&String> = table.keys().chain(measured.keys()).collect();
    let fault = |name: &String| match (table.get(name), measured.get(name)) {
        (Some(line), Some(measured)) if agrees(line, measured) => None,
        (Some(line), Some(measured)) => Some(format!("{name}: the table says {line:?}, measured {measured:?}")),
        (None, _) => Some(format!("{name} is missing in the table")),
        (_, None) => Some(format!("{name} is in the table, but nothing was measured")),
    };
    names.into_iter().filter_map(fault).collect()
}

/// Compares the table with these errors, or writes it if `KUDARI_WRITE_DOCS` is set.
pub fn compare_or_write(worst: &Worst) {
    let errors = |name: &str| {
        let of = |dtype: &'static str| worst.get(&(name.to_string(), dtype)).map(|both| both.map(|(error, _)| error));
        let [f64, f32] = TYPES.map(|dtype| of(dtype.name()).unwrap_or_default());
        [f64[0], f64[1], f32[0], f32[1]]
    };
    let measured: BTreeMap<String, Errors> = worst.keys().map(|(name, _)| (name.clone(), errors(name))).collect();
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/functions/reference_errors.tsv");
    let table = read(&std::fs::read_to_string(&path).unwrap());
    if std::env::var_os("KUDARI_WRITE_DOCS").is_some() {
        return std::fs::write(&path, written(&table, &measured)).unwrap();
    }
    let faults = faults(&table, &measured);
    assert!(
        faults.is_empty(),
        "src/functions/reference_errors.tsv: run this test with KUDARI_WRITE_DOCS=1\n{}",
        faults.join("\n")
    );
}

/// What the library shows is in the table, and a function that is not compared has no error.
#[test]
fn the_library_reads_the_table() {
    let table = read(include_str!("../../src/functions/reference_errors.tsv"));
    for entry in registry() {
        let shown = TYPES.map(|dtype| entry.reference_error(dtype).unwrap());
        let [a, b] = shown.map(|error| [error.value, error.gradient]);
        assert_eq!([a[0], a[1], b[0], b[1]], table[entry.name], "{}", entry.name);
        assert_eq!(shown[0].largest(), a[0].max(a[1]));
        assert!(entry.reference_error(DType::I64).is_none());
    }
    let unknown = kudari::functions::Entry { name: "unknown", ..*function_named("add").unwrap() };
    assert!(unknown.reference_error(DType::F64).is_none());
}

#[test]
fn a_wrong_table_is_noticed() {
    let measured = || BTreeMap::from([("exp".to_string(), [1.1e-16, 2.2e-16, 6e-8, 8e-8]), ("add".to_string(), [0.0; 4])]);
    let table = read(&written(&BTreeMap::new(), &measured()));
    assert_eq!(faults(&table, &measured()), Vec::<String>::new());
    // Another processor's rounding, which does not change a line.
    let mut other = measured();
    other.insert("exp".to_string(), [2.1e-16, 4.4e-16, 3e-8, 1.2e-7]);
    assert_eq!(faults(&table, &other), Vec::<String>::new());
    assert_eq!(read(&written(&table, &other)), table);
    for (name, errors) in [
        ("exp", [9e-16, 2.2e-16, 6e-8, 8e-8]),
        ("exp", [1.1e-16, 2.2e-16, 6e-8, 7e-7]),
        ("exp", [1.1e-16, f64::NAN, 6e-8, 8e-8]),
        ("add", [0.0, 0.0, 3e-7, 0.0]),
        ("new", [0.0; 4]),
    ] {
        let mut measured = measured();
        measured.insert(name.to_string(), errors);
        assert_eq!(faults(&table, &measured).len(), 1, "{name} {errors:?}");
    }
    let mut wrong = table.clone();
    wrong.insert("exp".to_string(), [1.1e-16, 2.2e-16, 6e-8, 9e-7]);
    wrong.insert("old".to_string(), [0.0; 4]);
    assert_eq!(faults(&wrong, &measured()).len(), 2);
}

#[test]
fn errors_are_rounded_up() {
    for (error, rounded) in
        [(0.0, 0.0), (1.01e-16, 1.1e-16), (1.1e-16, 1.1e-16), (5.96e-8, 6e-8), (9.91e-8, 1e-7), (9.99e-8, 1e-7)]
    {
        assert_eq!(rounded_up(error), rounded);
    }
}
