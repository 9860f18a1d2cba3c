//! The rows of a CSV or TSV file, one after the other, and how the file is written.

use std::borrow::Cow;
use std::fs::File;
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

use csv::{ByteRecord, StringRecord};
use flate2::read::MultiGzDecoder;

use super::column::{Column, Kind};
use crate::error::{Error, ErrorKind, Result};

/// What may separate columns; the first one wins where they do equally well.
const SEPARATORS: [u8; 4] = *b",;\t|";
/// Rows that are looked at to find the separator and the header, …
const LOOKED_AT: usize = 50;
/// … within so many bytes.
const HEAD: usize = 1 << 20;
/// The byte-order mark of UTF-8.
const MARK: &[u8] = b"\xef\xbb\xbf";

/// How a table is written.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) separator: u8,
    pub(super) has_header: bool,
    /// The names of the columns.
    pub(super) names: Vec<String>,
}

impl Layout {
    /// Finds out from the beginning of a file how it is written.
    pub(super) fn find(name: &str, head: &str) -> Result<Layout> {
        let separator = separator_of(head);
        let first: Vec<StringRecord> =
            reader(head.as_bytes(), separator).into_records().take(LOOKED_AT).filter_map(std::result::Result::ok).collect();
        let Some(top) = first.first() else {
            return Err(Error::new(ErrorKind::Format, format!("{name}: no rows")).help("a table has a header and rows below it"));
        };
        let has_header = is_header(top, &first[1..]);
        Ok(Layout { separator, has_header, names: names_of(top, has_header) })
    }

    /// Finds out from the first row of a file alone how it is written, if it is to hold certain columns: by the separator that gives them.
    /// Without all of them it is the one that cuts the row into the most cells.
    pub(super) fn of_first_row(row: &str, needed: &[&str]) -> Option<Layout> {
        let numbered =
            |name: &&str| name.strip_prefix("column_").is_some_and(|number| number.bytes().all(|b| b.is_ascii_digit()));
        let of = |separator: u8, has_header: bool| -> Option<Layout> {
            let top = reader(row.as_bytes(), separator).into_records().next()?.ok()?;
            Some(Layout { separator, has_header, names: names_of(&top, has_header) })
        };
        let fits = |layout: &Layout| needed.iter().all(|name| layout.names.iter().any(|other| other == name));
        let most = |has_header: bool| {
            let all = SEPARATORS.iter().rev().filter_map(|&separator| of(separator, has_header));
            all.max_by_key(|layout| layout.names.len())
        };
        let with_header = SEPARATORS.iter().filter_map(|&separator| of(separator, true)).find(fits);
        // A table without a header names its columns by their numbers.
        let without = || Some(most(false)?).filter(|layout| needed.iter().all(numbered) && fits(layout));
        with_header.or_else(without).or_else(|| most(true))
    }
}

/// Rows as they are read.
pub(super) struct Rows<R> {
    name: String,
    reader: csv::Reader<R>,
    columns: usize,
    record: StringRecord,
    bytes: ByteRecord,
    encoding: Encoding,
    row: u64,
}

/// How letters are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Utf8,
    /// Every byte is a letter.
    Latin1,
    /// UTF-8, and Latin-1 in rows that are not: of rows that come one by one nobody knows what the later ones hold.
    Either,
}

/// What comes next.
pub(super) enum Next<'a> {
    Row(&'a StringRecord),
    /// A row is not UTF-8: all of the file is to be read as Latin-1.
    NotUtf8,
    End,
}

impl<R: Read> Rows<R> {
    /// The rows below the header.
    pub(super) fn new(name: &str, input: R, layout: &Layout, encoding: Encoding) -> Result<Rows<R>> {
        let mut rows = Rows {
            name: name.to_string(),
            reader: reader(input, layout.separator),
            columns: layout.names.len(),
            record: StringRecord::new(),
            bytes: ByteRecord::new(),
            encoding,
            row: 0,
        };
        if layout.has_header {
            rows.read()?;
        }
        Ok(rows)
    }

    fn read(&mut self) -> Result<bool> {
        let read = self.reader.read_byte_record(&mut self.bytes);
        self.row += 1;
        read.map_err(|e| Error::new(ErrorKind::Format, format!("{}: {e}", self.name)))
    }

    /// The next row, with as many cells as there are columns.
    pub(super) fn next(&mut self) -> Result<Next<'_>> {
        if !self.read()? {
            return Ok(Next::End);
        }
        if self.bytes.len() != self.columns {
            let line = self.bytes.position().map_or(self.row, csv::Position::line);
            let what = format!("{}, line {line}: {} cells, the first row has {}", self.name, self.bytes.len(), self.columns);
            return Err(Error::new(ErrorKind::Format, what)
                .help("every row needs as many cells; a cell that holds a separator stands in quotes"));
        }
        let as_latin = |bytes: &ByteRecord| bytes.iter().map(latin).collect();
        if self.encoding == Encoding::Latin1 {
            self.record = as_latin(&self.bytes);
            return Ok(Next::Row(&self.record));
        }
        match StringRecord::from_byte_record(std::mem::take(&mut self.bytes)) {
            Ok(record) => {
                // Both records keep their memory.
                self.bytes = std::mem::replace(&mut self.record, record).into_byte_record();
                Ok(Next::Row(&self.record))
            }
            Err(error) if self.encoding == Encoding::Either => {
                self.record = as_latin(&error.into_byte_record());
                Ok(Next::Row(&self.record))
            }
            Err(_) => Ok(Next::NotUtf8),
        }
    }
}

/// A file whose rows can be gone through several times.
#[derive(Debug, Clone)]
pub(super) struct Source {
    path: PathBuf,
    pub(super) name: String,
    pub(super) layout: Layout,
    encoding: Encoding,
}

impl Source {
    /// Finds out how a file is written.
    pub(super) fn open(path: &Path) -> Result<Source> {
        Source::read_as(path, Encoding::Utf8)
    }

    fn read_as(path: &Path, encoding: Encoding) -> Result<Source> {
        let name = path.display().to_string();
        let mut head = Vec::new();
        input(path)?.take(HEAD as u64 + 1).read_to_end(&mut head).map_err(|e| Error::io(path, &e))?;
        let text = decoded(head_of(&head), encoding == Encoding::Latin1);
        let layout = Layout::find(&name, &text)?;
        Ok(Source { path: path.to_path_buf(), name, layout, encoding })
    }

    /// Gives `each` all rows with their numbers from 0; gives how many there are.
    pub(super) fn for_each(&self, mut each: impl FnMut(usize, &StringRecord) -> Result<()>) -> Result<usize> {
        let mut rows = Rows::new(&self.name, input(&self.path)?, &self.layout, self.encoding)?;
        for row in 0.. {
            match rows.next()? {
                Next::Row(record) => each(row, record)?,
                Next::End => return Ok(row),
                Next::NotUtf8 => {
                    return Err(Error::new(ErrorKind::Format, format!("{}: row {row} is not UTF-8", self.name))
                        .help("the file changed while it was read; try again"));
                }
            }
        }
        Ok(0)
    }

    /// The same, in the encoding that all rows have; `begin` makes what a start from the first row needs.
    pub(super) fn fold<T>(&mut self, begin: impl Fn() -> T, each: impl Fn(&mut T, &StringRecord)) -> Result<T> {
        loop {
            let mut folded = begin();
            let mut rows = Rows::new(&self.name, input(&self.path)?, &self.layout, self.encoding)?;
            loop {
                match rows.next()? {
                    Next::Row(record) => each(&mut folded, record),
                    Next::End => return Ok(folded),
                    Next::NotUtf8 => break,
                }
            }
            *self = Source::read_as(&self.path, Encoding::Latin1)?;
        }
    }
}

/// What a file holds: unpacked, without its byte-order mark.
fn input(path: &Path) -> Result<Box<dyn BufRead>> {
    let file = File::open(path).map_err(|e| Error::io(path, &e))?;
    unpacked(BufReader::with_capacity(1 << 16, file)).map_err(|e| Error::io(path, &e))
}

/// What a reader gives: unpacked if it is compressed by gzip, without its byte-order mark.
pub(in crate::data) fn unpacked<'a>(mut reader: impl BufRead + 'a) -> std::io::Result<Box<dyn BufRead + 'a>> {
    let is_packed = reader.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    let mut reader: Box<dyn BufRead + 'a> =
        if is_packed { Box::new(BufReader::with_capacity(1 << 16, MultiGzDecoder::new(reader))) } else { Box::new(reader) };
    if reader.fill_buf()?.starts_with(MARK) {
        reader.consume(MARK.len());
    }
    Ok(reader)
}

/// The first row's bytes, with its end: to the first end of a line that is not in quotes.
pub(super) fn first_row(reader: &mut dyn BufRead) -> std::io::Result<Vec<u8>> {
    let mut row = Vec::new();
    loop {
        let read = reader.take((HEAD - row.len()) as u64).read_until(b'\n', &mut row)?;
        let quotes = row.iter().filter(|&&byte| byte == b'"').count();
        // Lines before the first row may be empty.
        if read == 0 || (quotes.is_multiple_of(2) && !row.trim_ascii().is_empty()) {
            return Ok(row);
        }
    }
}

/// The beginning of a file's bytes as text, up to the end of a line.
pub(super) fn head_of(bytes: &[u8]) -> &[u8] {
    let Some(head) = bytes.get(..HEAD) else { return bytes };
    let end = head.iter().rposition(|&byte| byte == b'\n').map_or(HEAD, |place| place + 1);
    &head[..end]
}

fn reader<R: Read>(input: R, separator: u8) -> csv::Reader<R> {
    csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(separator).buffer_capacity(1 << 16).from_reader(input)
}

/// UTF-8, or else Latin-1, in which every byte is a letter.
pub(super) fn decoded(bytes: &[u8], is_latin: bool) -> Cow<'_, str> {
    match std::str::from_utf8(bytes) {
        Ok(text) if !is_latin => text.into(),
        _ => latin(bytes).into(),
    }
}

fn latin(bytes: &[u8]) -> String {
    bytes.iter().map(|&byte| byte as char).collect()
}

/// The separator that cuts the first rows into the most cells, equally many in each.
fn separator_of(text: &str) -> u8 {
    let cells = |separator: u8| -> usize {
        let rows = reader(text.as_bytes(), separator).into_records();
        let counts: Vec<usize> = rows.take(LOOKED_AT).filter_map(|row| Some(row.ok()?.len())).collect();
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
fn is_header(head: &StringRecord, below: &[StringRecord]) -> bool {
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
    let numbers = |row: &StringRecord| row.iter().any(|cell| !is_text(cell));
    below.iter().any(numbers) || below.iter().all(|row| row != head)
}

/// The names in the header, or `column_1`, …; every name once.
fn names_of(head: &StringRecord, has_header: bool) -> Vec<String> {
    let name = |(number, cell): (usize, &str)| match has_header {
        true => cell.trim().to_string(),
        false => format!("column_{}", number + 1),
    };
    head.iter().enumerate().map(name).collect()
}
