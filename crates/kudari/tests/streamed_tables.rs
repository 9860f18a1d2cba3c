//! A table that stays in its file gives the same preparation, parts and batches as one in memory, to the bit.
#![allow(clippy::unwrap_used)] // helpers outside of #[test] functions are tests too

use std::io::Write;
use std::path::PathBuf;

use kudari::array::Stream;
use kudari::data::table::{Preparation, RowDivision, StreamedTable, Table, divide_rows};
use kudari::data::{Dataset, Split};

/// A file that is removed.
struct File(PathBuf);

impl File {
    fn new(name: &str, bytes: &[u8]) -> File {
        let path = std::env::temp_dir().join(format!("kudari-streamed-{}-{name}", std::process::id()));
        std::fs::write(&path, bytes).unwrap();
        File(path)
    }
}

impl Drop for File {
    fn drop(&mut self) {
        std::fs::remove_file(&self.0).ok();
    }
}

/// Numbers with gaps and decimal commas, dates, categories, texts, equal values, and a class, a count and two prices.
fn text(rows: usize) -> String {
    let mut stream = Stream::new(3, "rows");
    let mut text = "id;size;when;city;note;same;few;class;price;tax\n".to_string();
    for row in 0..rows {
        let number = |x: f64| format!("{x:.4}").replace('.', ",");
        let size = if stream.next_below(7) == 0 { "NA".into() } else { number(stream.next_normal() * 10.0) };
        let city = ["Rom", "Köln", "\"a;b\"", "", "Oslo"][stream.next_below(5)];
        let price = if stream.next_below(20) == 0 { String::new() } else { number(stream.next_uniform()) };
        let (day, few, class) = (
            1 + stream.next_below(28),
            stream.next_below(9),
            ["x", "y", "rare"][usize::from(row % 3 == 0) + usize::from(row % 30 == 0)],
        );
        text += &format!(
            "n{row};{size};2024-02-{day:02};{city};text {row};7;{few};{class};{price};{}\n",
            number(stream.next_normal() * 1e3)
        );
    }
    text
}

fn in_memory(table: &Table, targets: &[&str], features: &[String], division: &RowDivision) -> (Preparation, Split) {
    let columns: Vec<_> = targets.iter().map(|name| table.column(name).unwrap()).collect();
    let [learn, judge, decide] = divide_rows(table, &columns, division).unwrap();
    let preparation = Preparation::learn(table, &learn, targets, features).unwrap();
    let part = |rows: &[usize]| preparation.dataset(table, rows).unwrap();
    let split = Split { train: part(&learn), test: part(&judge), validation: division.validation.map(|_| part(&decide)) };
    (preparation, split)
}

fn divided(test: f64, seed: u64) -> RowDivision {
    RowDivision { test, fold: None, validation: None, seed }
}

fn same(a: &Dataset, b: &Dataset) {
    assert_eq!(
        (a.len(), a.sample_shape(), a.classes(), a.target_size()),
        (b.len(), b.sample_shape(), b.classes(), b.target_size())
    );
    let [x, y] = [a, b].map(|data| data.all().unwrap());
    assert!(x.x.array().same_as(y.x.array()) && x.t.same_as(&y.t));
    assert!(b.stored_bytes().is_some() && a.stored_bytes().is_none());
}

#[test]
fn a_streamed_table_is_the_table_in_memory() {
    let text = text(3_000);
    let latin: Vec<u8> = text.chars().map(|c| c as u8).collect();
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(text.as_bytes()).unwrap();
    let files = [
        File::new("plain.csv", format!("\u{feff}{text}").as_bytes()),
        File::new("latin.csv", &latin),
        File::new("packed.csv.gz", &packed.finish().unwrap()),
    ];
    for (file, targets) in
        files.iter().zip([&["class"][..], &["price"], &["price", "tax"]]).chain(files.iter().zip([&["few"][..], &["city"]]))
    {
        let (table, streamed) = (Table::read(&file.0).unwrap(), StreamedTable::read(&file.0).unwrap());
        assert_eq!((table.rows(), table.columns().len()), (streamed.rows(), streamed.table().columns().len()));
        for (a, b) in table.columns().iter().zip(streamed.table().columns()) {
            assert_eq!((a.name(), a.kind(), a.unreadable()), (b.name(), b.kind(), b.unreadable()));
        }
        let features: Vec<String> =
            table.columns().iter().map(|c| c.name().to_string()).filter(|name| !targets.contains(&&name[..])).collect();
        let of_three = RowDivision { validation: Some(0.1), fold: Some((1, 3)), ..divided(0.2, 1) };
        for division in [divided(0.2, 1), divided(0.0, 1), divided(0.35, 2), of_three] {
            let (preparation, split) = in_memory(&table, targets, &features, &division);
            let training = streamed.training(targets, &features, &division).unwrap();
            assert_eq!(training.0, preparation, "{targets:?}");
            same(&split.train, &training.1.train);
            same(&split.test, &training.1.test);
            if let (Some(a), Some(b)) = (&split.validation, &training.1.validation) {
                same(a, b);
            }
            assert_eq!(split.validation.is_some(), training.1.validation.is_some());
            let rows: Vec<usize> = (0..table.rows()).collect();
            same(&preparation.dataset(&table, &rows).unwrap(), &streamed.dataset(&preparation).unwrap());
            // Batches are read ahead, in the same order.
            let batches = |data: &Dataset, size: usize| -> Vec<Vec<f64>> {
                let batches = data.batches(size).unwrap().shuffled(5).epochs(2).skip_to(3);
                batches.map(|b| [b.x.array().to_f64_vec(), b.t.to_f64_vec()].concat()).collect()
            };
            assert!(batches(&split.train, 37) == batches(&training.1.train, 37));
        }
    }
}

#[test]
fn many_rows_are_drawn_and_come_in_windows_alike() {
    let rows = 300_000u64;
    let mut text = "a,b,c,d,e,f,g,h,i,j,k,l,m,n,o,p,q,r,y\n".to_string();
    for row in 0..rows {
        (0..18).for_each(|column: u64| text += &format!("{},", (row * 7919 + column * 31) % 1009));
        text += &format!("{}.5\n", row % 1000);
    }
    let file = File::new("many.csv", text.as_bytes());
    let (table, streamed) = (Table::read(&file.0).unwrap(), StreamedTable::read(&file.0).unwrap());
    let features: Vec<String> = table.columns()[..18].iter().map(|c| c.name().to_string()).collect();
    let division = RowDivision { validation: Some(0.05), ..divided(0.2, 4) };
    let (preparation, split) = in_memory(&table, &["y"], &features, &division);
    let training = streamed.training(&["y"], &features, &division).unwrap();
    assert_eq!(training.0, preparation);
    same(&split.test, &training.1.test);
    same(&split.validation.unwrap(), &training.1.validation.unwrap());
    // 240,000 samples of 72 bytes are more than one window; a batch lies in two.
    let sums = |data: &Dataset| -> Vec<Vec<f64>> {
        let batches = data.batches(7_001).unwrap().shuffled(9).epochs(2);
        batches.map(|b| [b.x.array().to_f64_vec(), b.t.to_f64_vec()].concat()).collect()
    };
    assert!(sums(&split.train) == sums(&training.1.train));
}

#[test]
fn what_cannot_be_learnt_is_told_as_in_memory() {
    let mut text = "a,b,y,when\n".to_string();
    (0..40).for_each(|row| text += &format!("{row},x,{},2024-01-01\n", ["u", "v"][row % 2]));
    let file = File::new("wrong.csv", text.as_bytes());
    let other = File::new("other.csv", b"a,b,y\n1,x,u\n2,x,new\n3,x,newer\n");
    let huge = File::new("huge.csv", b"a,b,y\n1,x,u\n1e60,x,v\n");
    let (table, streamed) = (Table::read(&file.0).unwrap(), StreamedTable::read(&file.0).unwrap());
    let features = |names: &[&str]| names.iter().map(|name| name.to_string()).collect::<Vec<_>>();
    let rows: Vec<usize> = (0..40).collect();
    for (targets, names) in [
        (&["when"][..], &["a"][..]),
        (&["z"], &["a"]),
        (&["y"], &["b"]),
        (&["b"], &["a"]),
        (&["a", "y"], &["b"]),
        (&["a", "a"], &["b"]),
    ] {
        let expected = Preparation::learn(&table, &rows, targets, &features(names)).err().unwrap();
        let found = streamed.training(targets, &features(names), &divided(0.0, 1)).err().unwrap();
        assert_eq!((expected.what(), expected.what_to_do()), (found.what(), found.what_to_do()));
    }
    let preparation = Preparation::learn(&table, &rows, &["y"], &features(&["a"])).unwrap();
    let expected = preparation.dataset(&Table::read(&other.0).unwrap(), &[0, 1, 2]).err().unwrap();
    let found = StreamedTable::read(&other.0).unwrap().dataset(&preparation).err().unwrap();
    assert_eq!((expected.what(), expected.what_to_do()), (found.what(), found.what_to_do()));
    assert!(preparation.dataset(&Table::read(&huge.0).unwrap(), &[0, 1]).is_err());
    let error = StreamedTable::read(&huge.0).unwrap().dataset(&preparation).err().unwrap();
    assert!(error.what().ends_with("huge.csv: `a` holds 1e60, too far from its other numbers"), "{error}");
    let empty = File::new("empty.csv", b"");
    assert!(StreamedTable::read(&empty.0).is_err() && StreamedTable::read(&PathBuf::from("/no/such.csv")).is_err());
}
