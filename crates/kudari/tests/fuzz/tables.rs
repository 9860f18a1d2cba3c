//! Tables: CSV and TSV files.

use kudari::data::table::{Preparation, RowDivision, Table, divide_rows, usual_target};

use crate::harness::{Expected, feed, mixture};

/// What files are made of: separators, quotes, ends of lines, numbers, dates, gaps, letters, bytes that are no text.
const PARTS: &[&[u8]] = &[
    b",",
    b";",
    b"\t",
    b"|",
    b"\"",
    b"\"\"",
    b"\n",
    b"\r\n",
    b"\r",
    b" ",
    b"1",
    b"-2.5",
    b"3,5",
    b"1e308",
    b"-1e-320",
    b"1e999",
    b"NA",
    b"",
    b"?",
    b"2024-02-29",
    b"31.12.1999 23:59",
    b"0000-00-00",
    b"99999999999-1-1",
    b"a",
    b"name",
    b"\xc3\xbc",
    b"\xff",
    b"\0",
    b"\xef\xbb\xbf",
    b"target",
    b"0",
    b"inf",
    b"nan",
    b"+",
    b".",
    b"'",
    b"\x1f\x8b",
];

/// A table that is right, to be damaged.
const TABLE: &[u8] = b"id;when;size;kind;price\r\n1;2024-01-01;1,5;\"a;b\";10\r\n2;2024-01-02;;c;20\r\n3;2024-01-03;2,5;c;30\r\n4;;1;\"a;b\";40\r\n5;2024-02-01;3;c;50\r\n6;2024-02-02;4;c;60\r\n";

fn use_it(bytes: &[u8]) -> bool {
    let Ok(table) = Table::from_bytes("random", bytes) else { return false };
    assert!(table.columns().iter().all(|column| column.len() == table.rows()));
    for column in table.columns() {
        assert!(column.missing() + column.unreadable() <= column.len());
        (0..column.len()).filter_map(|row| column.number(row)).for_each(|number| assert!(number.is_finite()));
    }
    let Some(target) = usual_target(&table) else { return false };
    let division = RowDivision { test: 0.3, fold: None, validation: None, seed: 1 };
    let Ok([first, second, _]) = divide_rows(&table, &[target], &division) else { return false };
    let features: Vec<String> =
        table.columns().iter().map(|c| c.name().to_string()).filter(|name| name != target.name()).collect();
    let Ok(preparation) = Preparation::learn(&table, &first, &[target.name()], &features) else { return false };
    let text = serde_json::to_string(&preparation).unwrap();
    assert_eq!(serde_json::from_str::<Preparation>(&text).unwrap(), preparation);
    let data = preparation.dataset(&table, &second);
    data.is_ok_and(|data| data.sample_shape() == [preparation.inputs()])
}

#[test]
fn any_bytes_are_a_table_or_an_error() {
    // A cell of a byte is kept as a text of its own, and looked at as a number, a date and a category.
    let expected = Expected { name: "tables", usual: 20_000, memory: [500, 1 << 18], one_of: 30 };
    feed(&expected, |stream| mixture(stream, &[TABLE], PARTS), use_it);
}
