//! Rows to predict, one after the other as they come: a file of any size, or a pipe that goes on.

use std::io::{BufRead, Cursor, Read};

use super::features::Reader;
use super::preparation::Preparation;
use super::rows::{Encoding, Layout, Next, Rows, decoded, first_row, unpacked};
use crate::error::{Error, ErrorKind, Result};

impl Preparation {
    /// Reads a table row by row and gives `each` row's inputs as soon as the row is there, until it says `false` or the rows end. The
    /// header is the first row; the columns may stand in any order, and others beside them. `name` is for errors.
    ///
    /// # Errors
    ///
    /// As for [`Table::read`](super::Table::read), and a column that is missing. Rows before one that is wrong were given.
    pub fn for_each_row(&self, name: &str, reader: impl BufRead, mut each: impl FnMut(Vec<f32>) -> bool) -> Result<()> {
        let unreadable = |e: std::io::Error| Error::new(ErrorKind::Io, format!("{name}: {e}"));
        let mut reader = unpacked(reader).map_err(unreadable)?;
        let first = first_row(&mut reader).map_err(unreadable)?;
        let needed: Vec<&str> = self.columns().collect();
        let layout = Layout::of_first_row(&decoded(&first, false), &needed).ok_or_else(|| {
            Error::new(ErrorKind::Format, format!("{name}: no rows")).help("a table has a header and rows below it")
        })?;
        let mut places = Vec::new();
        for feature in &self.features {
            let place = layout.names.iter().position(|other| other == feature.column()).ok_or_else(|| {
                let names: Vec<&str> = layout.names.iter().take(20).map(String::as_str).collect();
                Error::new(ErrorKind::Value, format!("{name}: there is no column `{}`", feature.column()))
                    .help(format!("its columns are {}", names.join(", ")))
            })?;
            places.push((place, feature, Reader::of(feature)));
        }
        let mut rows = Rows::new(name, Cursor::new(first).chain(reader), &layout, Encoding::Either)?;
        while let Next::Row(record) = rows.next()? {
            let (mut inputs, mut from) = (vec![0.0; self.inputs()], 0);
            for (place, feature, reader) in &places {
                let end = from + feature.width();
                feature.write(reader.read(record.get(*place).unwrap_or("").trim()), &mut inputs[from..end]);
                from = end;
            }
            if !each(inputs) {
                break;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::super::Table;
    use super::*;

    fn learnt(text: &str, target: &str, features: &[&str]) -> Preparation {
        let table = Table::from_bytes("t", text.as_bytes()).unwrap();
        let features: Vec<String> = features.iter().map(|name| name.to_string()).collect();
        Preparation::learn(&table, &(0..table.rows()).collect::<Vec<_>>(), &[target], &features).unwrap()
    }

    fn rows(preparation: &Preparation, bytes: &[u8]) -> Result<Vec<Vec<f32>>> {
        let mut rows = Vec::new();
        preparation.for_each_row("new", bytes, |row| {
            rows.push(row);
            true
        })?;
        Ok(rows)
    }

    #[test]
    fn rows_are_what_they_are_in_a_table() {
        let preparation =
            learnt("a;größe;y\n1,5;x;1\n2,5;\"z;z\"\n;x;2\n".replace("z\"\n", "z\";3\n").as_str(), "y", &["größe", "a"]);
        let text = "\u{feff}\n\"größe\";other;a\n\"z;z\";7;2,5\r\nnew;;NA\n";
        let expected = preparation.inputs_of(&Table::from_bytes("t", text.as_bytes()).unwrap(), &[0, 1]).unwrap();
        let expected: Vec<f32> = expected.to_f64_vec().into_iter().map(|x| x as f32).collect();
        assert_eq!(rows(&preparation, text.as_bytes()).unwrap().concat(), expected);
        // Other separators, Latin-1, and a single row.
        let latin: Vec<u8> = "a|größe\n2,5|z;z\n".chars().map(|c| c as u8).collect();
        assert_eq!(rows(&preparation, &latin).unwrap().concat(), expected[..expected.len() / 2]);
        assert!(rows(&preparation, "a;größe\n".as_bytes()).unwrap().is_empty());
    }

    #[test]
    fn a_model_without_a_header_takes_rows_without_one() {
        let preparation = learnt("1,2,x\n3,5,y\n5,1,x\n", "column_3", &["column_1"]);
        assert_eq!(rows(&preparation, b"1,2\n3,3\n").unwrap().len(), 2);
        assert_eq!(rows(&preparation, b"column_1\n3\n").unwrap().len(), 1);
    }

    #[test]
    fn rows_before_a_wrong_one_are_given() {
        let preparation = learnt("a,y\n1,2\n3,5\n5,1\n", "y", &["a"]);
        let mut count = 0;
        let wrong = preparation.for_each_row("new", &b"a,b\n1,2\n2,3\n4\n5,6\n"[..], |_| {
            count += 1;
            true
        });
        assert_eq!((wrong.unwrap_err().what(), count), ("new, line 4: 1 cells, the first row has 2", 2));
        let missing = rows(&preparation, b"b;c\n1;2\n").unwrap_err();
        assert_eq!((missing.what(), missing.what_to_do()), ("new: there is no column `a`", "its columns are b, c"));
        assert_eq!(rows(&preparation, b"").unwrap_err().what(), "new: no rows");
        let mut given = 0;
        let stop = |_: Vec<f32>| {
            given += 1;
            given < 2
        };
        assert!(preparation.for_each_row("new", &b"a\n1\n2\n3\n4\n"[..], stop).is_ok() && given == 2);
    }
}
