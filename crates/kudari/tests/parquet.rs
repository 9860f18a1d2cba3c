//! A Parquet file gives the table that a CSV file of the same values gives. `reference/table_parquet.py` writes both.
#![cfg(feature = "parquet")]
#![allow(clippy::unwrap_used)] // helpers outside of #[test] functions are tests too

use std::path::{Path, PathBuf};

use kudari::array::Stream;
use kudari::data::table::{Column, Kind, StreamedTable, Table};

fn reference(name: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/reference").join(name)
}

/// What is wrong with a file of these bytes, or its rows.
fn read(name: &str, bytes: &[u8]) -> Result<usize, String> {
    let path = std::env::temp_dir().join(format!("kudari-{}-{name}.parquet", std::process::id()));
    std::fs::write(&path, bytes).unwrap();
    let table = Table::read(&path);
    std::fs::remove_file(&path).unwrap();
    table.map(|table| table.rows()).map_err(|e| e.what().replace(&path.display().to_string(), "FILE"))
}

#[test]
fn it_is_the_table_of_the_csv_file() {
    let (found, expected) = (Table::read(&reference("table.parquet")).unwrap(), Table::read(&reference("table.csv")).unwrap());
    let names = |table: &Table| table.columns().iter().map(|c| c.name().to_string()).collect::<Vec<_>>();
    assert_eq!((names(&found), found.rows(), found.has_header()), (names(&expected), 60, true));
    for (found, expected) in found.columns().iter().zip(expected.columns()) {
        let name = found.name();
        assert_eq!(found.kind(), expected.kind(), "{name}");
        assert_eq!((found.missing(), found.unreadable()), (expected.missing(), expected.unreadable()), "{name}");
        assert_eq!(found.counts_rows(), expected.counts_rows(), "{name}");
        for row in 0..60 {
            assert_eq!(found.number(row), expected.number(row), "{name}, row {row}");
            // Programs write times in several ways; all are the same time.
            if found.kind() != Kind::Date {
                assert_eq!(found.cell(row), expected.cell(row), "{name}, row {row}");
            }
        }
    }
    let kinds: Vec<Kind> = found.columns().iter().map(Column::kind).collect();
    let (number, category, date) = (Kind::Number, Kind::Category, Kind::Date);
    assert_eq!(kinds[..7], [number; 7]);
    assert_eq!(kinds[7..], [category, category, category, date, date, date, date, number, Kind::Empty, number]);
}

#[test]
fn what_is_no_table_of_single_values_is_named() {
    let what = |name: &str| {
        let error = Table::read(&reference(name)).unwrap_err();
        assert!(!error.what_to_do().is_empty());
        error.what().rsplit('/').next().unwrap().to_string()
    };
    assert_eq!(what("nested.parquet"), "nested.parquet: `parts` holds columns or lists, not one value in each row");
    assert_eq!(what("zstd.parquet"), "zstd.parquet: `a` is compressed by ZSTD");
    let error = StreamedTable::read(&reference("table.parquet")).unwrap_err();
    assert!(error.what().ends_with("table.parquet: Parquet is read into memory, not row by row"), "{error}");
    for (name, bytes) in [("empty", &b""[..]), ("csv", b"a,b\n1,2\n3,4\n"), ("magic", b"PAR1PAR1PAR1")] {
        let what = read(name, bytes).unwrap_err();
        assert!(what.starts_with("FILE: no Parquet file, or a damaged one: ") && what.lines().count() == 1, "{what}");
    }
}

/// Cut, and with bits and bytes changed: an error or a table, and never a panic.
#[test]
fn damaged_files_are_errors() {
    let whole = std::fs::read(reference("table.parquet")).unwrap();
    assert_eq!(read("whole", &whole), Ok(60));
    for length in (0..whole.len()).step_by(97) {
        assert!(read("cut", &whole[..length]).is_err(), "{length}");
    }
    let mut stream = Stream::new(1, "damage");
    let mut failed = 0;
    for _ in 0..ROUNDS {
        let mut bytes = whole.clone();
        for _ in 0..1 + stream.next_below(3) {
            let place = stream.next_below(bytes.len());
            bytes[place] = if stream.next_below(2) == 0 { bytes[place] ^ (1 << stream.next_below(8)) } else { 0xff };
        }
        failed += usize::from(read("damaged", &bytes).is_err());
    }
    assert!(failed > ROUNDS / 10 && failed < ROUNDS, "{failed}");
}

/// How many files are damaged at random.
const ROUNDS: usize = 600;
