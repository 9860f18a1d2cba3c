//! Reading CSV and TSV files.

use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use super::column::{Column, Kind};
use crate::error::{Error, ErrorKind, Result};

/// What may separate columns; the first one wins where they do equally well.
const SEPARATORS: [u8; 4] = *b",;\t|";
/// Rows that are looked at to find the separator and the header.
const LOOKED_AT: usize = 50;

/// A table: columns of one length.
#[derive(Debug, Clone)]
pub struct Table {
    name: String,
    columns: Vec<Column>,
    has_header: bool,
    separator: u8,
}

impl Table {
    /// Reads a CSV or TSV file, as it is or compressed by gzip. Separator (comma, semicolon, tab or |), header and kinds of columns are
    /// found out; a byte-order mark, any ends of lines, and quoted cells with separators and ends of lines in them are understood.
    ///
    /// # Errors
    ///
    /// The file cannot be read, has no rows, or a row with another number of cells than the first.
    pub fn read(path: &Path) -> Result<Table> {
        let file = File::open(path).map_err(|e| Error::io(path, &e))?;
        Table::from_reader(&path.display().to_string(), BufReader::new(file))
    }

    /// Reads what a reader gives, to its end; `name` is for errors.
    ///
    /// # Errors
    ///
    /// As for [`Table::read`].
    pub fn from_reader(name: &str, mut reader: impl BufRead) -> Result<Table> {
        let mut bytes = Vec::new();
        let read = match reader.fill_buf() {
            Ok([0x1f, 0x8b, ..]) => MultiGzDecoder::new(reader).read_to_end(&mut bytes),
            _ => reader.read_to_end(&mut bytes),
        };
        read.map_err(|e| Error::new(ErrorKind::Io, format!("{name}: {e}")))?;
        Table::from_bytes(name, &bytes)
    }

    /// Reads a file's bytes; `name` is for errors.
    ///
    /// # Errors
    ///
    /// As for [`Table::read`].
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Table> {
        let text = decoded(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes));
        let separator = separator_of(&text);
        let rows = || {
            csv::ReaderBuilder::new()
                .has_headers(false)
                .flexible(true)
                .delimiter(separator)
                .from_reader(text.as_bytes())
                .into_records()
        };
        let first: Vec<csv::StringRecord> = rows().take(LOOKED_AT).filter_map(std::result::Result::ok).collect();
        let Some(head) = first.first() else {
            return Err(Error::new(ErrorKind::Format, format!("{name}: no rows")).help("a table has a header and rows below it"));
        };
        let has_header = is_header(head, &first[1..]);
        let mut columns = names_of(head, has_header).into_iter().map(Column::new).collect::<Vec<_>>();
        for (number, row) in rows().enumerate().skip(usize::from(has_header)) {
            let row = row.map_err(|e| Error::new(ErrorKind::Format, format!("{name}: {e}")))?;
            if row.len() != columns.len() {
                let line = row.position().map_or(number as u64 + 1, csv::Position::line);
                return Err(Error::new(
                    ErrorKind::Format,
                    format!("{name}, line {line}: {} cells, the first row has {}", row.len(), columns.len()),
                )
                .help("every row needs as many cells; a cell that holds a separator stands in quotes"));
            }
            columns.iter_mut().zip(&row).for_each(|(column, cell)| column.push(cell));
        }
        if columns.first().is_none_or(Column::is_empty) {
            return Err(Error::new(ErrorKind::Format, format!("{name}: no rows below the header")));
        }
        columns.iter_mut().for_each(|column| column.understand(separator != b','));
        Ok(Table { name: name.to_string(), columns, has_header, separator })
    }

    /// The file's name.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// All columns, in their order.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// Number of rows, without the header.
    pub fn rows(&self) -> usize {
        self.columns.first().map_or(0, Column::len)
    }

    /// Whether the first line held the names of the columns.
    pub fn has_header(&self) -> bool {
        self.has_header
    }

    /// What separates columns.
    pub fn separator(&self) -> char {
        self.separator as char
    }

    /// The column of that name.
    ///
    /// # Errors
    ///
    /// There is none.
    pub fn column(&self, name: &str) -> Result<&Column> {
        self.columns.iter().find(|column| column.name() == name).ok_or_else(|| {
            let nearest = self.columns.iter().map(|c| (strsim::damerau_levenshtein(name, c.name()), c.name())).min();
            let guess = nearest.filter(|n| n.0 <= 2).map_or(String::new(), |n| format!("did you mean `{}`? ", n.1));
            let names: Vec<&str> = self.columns.iter().take(20).map(Column::name).collect();
            Error::new(ErrorKind::Value, format!("{}: there is no column `{name}`", self.name))
                .help(format!("{guess}its columns are {}", names.join(", ")))
        })
    }
}

/// UTF-8, or else Latin-1, in which every byte is a letter.
fn decoded(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) => text.into(),
        Err(_) => bytes.iter().map(|&byte| byte as char).collect::<String>().into(),
    }
}

/// The separator that cuts the first rows into the most cells, equally many in each.
fn separator_of(text: &str) -> u8 {
    let cells = |separator: u8| -> usize {
        let reader =
            csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(separator).from_reader(text.as_bytes());
        let counts: Vec<usize> = reader.into_records().take(LOOKED_AT).filter_map(|row| Some(row.ok()?.len())).collect();
        let first = counts.first().copied().unwrap_or(1);
        let same = counts.iter().filter(|&&count| count == first).count();
        if same * 10 >= counts.len() * 9 { first } else { 1 }
    };
    let mut best = (1, b',');
    for separator in SEPARATORS {
        let count = cells(separator);
        if count > best.0 {
            best = (count, separator);
        }
    }
    best.1
}

/// Whether the first row holds names: texts, all different, and below one of them not only texts, or no number anywhere.
fn is_header(head: &csv::StringRecord, below: &[csv::StringRecord]) -> bool {
    let is_text = |cell: &str| {
        let mut column = Column::new(String::new());
        column.push(cell);
        column.understand(true);
        column.kind() == Kind::Category
    };
    let mut seen = std::collections::HashSet::new();
    if below.is_empty() || !head.iter().all(|cell| is_text(cell) && seen.insert(cell.trim())) {
        return false;
    }
    let numbers = |row: &csv::StringRecord| row.iter().any(|cell| !is_text(cell));
    below.iter().any(numbers) || below.iter().all(|row| row != head)
}

/// The names in the header, or `column_1`, …; every name once.
fn names_of(head: &csv::StringRecord, has_header: bool) -> Vec<String> {
    let mut names: Vec<String> = Vec::new();
    for (number, cell) in head.iter().enumerate() {
        let name = if has_header { cell.trim().to_string() } else { format!("column_{}", number + 1) };
        names.push(name);
    }
    names
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(text: &str) -> Table {
        Table::from_bytes("t", text.as_bytes()).unwrap()
    }

    fn names(table: &Table) -> Vec<&str> {
        table.columns().iter().map(Column::name).collect()
    }

    #[test]
    fn separators_headers_and_marks_are_found() {
        for text in ["a,b\n1,x\n2,y\n", "a;b\r\n1;x\r\n2;y", "a\tb\n1\tx\n2\ty\n", "\u{feff}a|b\n1|x\n2|y\n"] {
            let table = table(text);
            assert_eq!((names(&table), table.rows(), table.has_header()), (vec!["a", "b"], 2, true), "{text:?}");
            assert_eq!((table.columns()[0].number(1), table.columns()[1].cell(0)), (Some(2.0), "x"));
        }
        let plain = table("5.1,3.5,setosa\n4.9,3.0,setosa\n");
        assert_eq!((names(&plain), plain.rows(), plain.has_header()), (vec!["column_1", "column_2", "column_3"], 2, false));
        assert!(table("name,city\nAnna,Rome\nBen,Oslo\n").has_header());
    }

    #[test]
    fn quotes_letters_and_decimal_commas() {
        let table = table("größe;\"be;merkung\"\n\"1,5\";\"zwei\nZeilen\"\n2,25;\"sagt \"\"ja\"\"\"\n");
        assert_eq!(names(&table), ["größe", "be;merkung"]);
        assert_eq!(table.columns()[0].number(0), Some(1.5));
        assert_eq!((table.columns()[1].cell(0), table.columns()[1].cell(1)), ("zwei\nZeilen", "sagt \"ja\""));
        let latin = Table::from_bytes("t", b"gr\xf6\xdfe,n\n1,2\n").unwrap();
        assert_eq!(names(&latin), ["größe", "n"]);
    }

    #[test]
    fn what_is_no_table() {
        let what = |text: &str| Table::from_bytes("t", text.as_bytes()).unwrap_err().what().to_string();
        assert_eq!(what(""), "t: no rows");
        assert_eq!(what("a,b\n1,2\n3,4\n5,6\n1,2\n3,4\n5,6\n1,2\n3,4\n5,6\n1,2,3\n"), "t, line 11: 3 cells, the first row has 2");
        let error = table("alpha,b\n1,2\n").column("alpah").unwrap_err();
        assert_eq!(error.what(), "t: there is no column `alpah`");
        assert!(error.what_to_do().starts_with("did you mean `alpha`? its columns are alpha, b"));
        assert!(Table::read(Path::new("/no/such/table.csv")).is_err());
    }
}
