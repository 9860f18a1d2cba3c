//! Reading CSV and TSV files.

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::Path;

use super::column::Column;
use super::rows::{Encoding, Layout, Next, Rows, decoded, head_of, unpacked};
use crate::error::{Error, ErrorKind, Result};

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
    /// A file whose name ends in `.parquet` ([`is_parquet`]) becomes what a CSV file of the same values would; that takes the feature
    /// `parquet`.
    ///
    /// # Errors
    ///
    /// The file cannot be read, has no rows, or a row with another number of cells than the first; of Parquet: it is damaged, or
    /// holds columns within columns, lists, or a compression other than snappy and gzip.
    pub fn read(path: &Path) -> Result<Table> {
        let file = File::open(path).map_err(|e| Error::io(path, &e))?;
        if is_parquet(path) {
            return read_parquet(path, file);
        }
        Table::from_reader(&path.display().to_string(), BufReader::new(file))
    }

    /// Reads what a reader gives, to its end; `name` is for errors.
    ///
    /// # Errors
    ///
    /// As for [`Table::read`].
    pub fn from_reader(name: &str, reader: impl BufRead) -> Result<Table> {
        let mut bytes = Vec::new();
        let read = unpacked(reader).and_then(|mut reader| reader.read_to_end(&mut bytes));
        read.map_err(|e| Error::new(ErrorKind::Io, format!("{name}: {e}")))?;
        Table::from_bytes(name, &bytes)
    }

    /// Reads a file's bytes; `name` is for errors.
    ///
    /// # Errors
    ///
    /// As for [`Table::read`].
    pub fn from_bytes(name: &str, bytes: &[u8]) -> Result<Table> {
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let text = decoded(bytes, false);
        let layout = Layout::find(name, &decoded(head_of(bytes), matches!(text, Cow::Owned(_))))?;
        let mut columns: Vec<Column> = layout.names.iter().cloned().map(Column::new).collect();
        let mut rows = Rows::new(name, text.as_bytes(), &layout, Encoding::Utf8)?;
        while let Next::Row(row) = rows.next()? {
            columns.iter_mut().zip(row).for_each(|(column, cell)| column.push(cell));
        }
        if columns.first().is_none_or(Column::is_empty) {
            return Err(no_rows(name));
        }
        columns.iter_mut().for_each(|column| column.understand(layout.separator != b','));
        Ok(Table { name: name.to_string(), columns, has_header: layout.has_header, separator: layout.separator })
    }

    /// A table of columns that know their kinds; where its rows lie elsewhere they hold no cells.
    pub(super) fn of_columns(name: &str, columns: Vec<Column>, layout: &Layout) -> Table {
        Table { name: name.to_string(), columns, has_header: layout.has_header, separator: layout.separator }
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

/// Whether a path names a Parquet file by its ending, which is `.parquet`.
pub fn is_parquet(path: &Path) -> bool {
    path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("parquet"))
}

#[cfg(feature = "parquet")]
fn read_parquet(path: &Path, file: File) -> Result<Table> {
    super::parquet::read(&path.display().to_string(), file)
}

#[cfg(not(feature = "parquet"))]
fn read_parquet(path: &Path, _: File) -> Result<Table> {
    let what = format!("{}: this kudari was built without Parquet", path.display());
    Err(Error::new(ErrorKind::Format, what)
        .help("build it with it, `cargo install --path crates/kudari-cli --features parquet`, or write the table as CSV"))
}

/// What a table without rows is told.
pub(super) fn no_rows(name: &str) -> Error {
    Error::new(ErrorKind::Format, format!("{name}: no rows below the header"))
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
