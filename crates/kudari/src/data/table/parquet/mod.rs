//! Reading Parquet files, as if their values stood in a CSV file.

mod text;

use std::fs::File;
use std::panic::{AssertUnwindSafe, catch_unwind};

use ::parquet::basic::Compression;
use ::parquet::column::reader::{ColumnReader, ColumnReaderImpl};
use ::parquet::data_type::DataType;
use ::parquet::file::reader::{FileReader, SerializedFileReader};

use self::text::{Meaning, of_bytes, of_float, of_half, of_int96, of_whole};
use super::column::Column;
use super::read::Table;
use super::rows::Layout;
use crate::error::{Error, ErrorKind, Result};

/// Rows of a column that are decoded at once.
const TOGETHER: usize = 1 << 13;

/// Reads a Parquet file into memory, `name` is for errors; a table of the same cells in CSV gives the same.
///
/// # Errors
///
/// The file cannot be read, is damaged, has no rows, is compressed by something else than snappy and gzip, or has columns that hold
/// columns, lists or bytes.
pub(super) fn read(name: &str, file: File) -> Result<Table> {
    // The decoder panics at damaged files in which one part contradicts another; what it had read is dropped with it.
    let columns = catch_unwind(AssertUnwindSafe(|| columns_of(file)));
    let columns = columns.unwrap_or_else(|_| Err(damaged(&"its parts contradict each other"))).map_err(|e| e.context(name))?;
    let names = columns.iter().map(|column| column.name().to_string()).collect();
    Ok(Table::of_columns(name, columns, &Layout { separator: b',', has_header: true, names }))
}

/// All columns of a file, in their order.
fn columns_of(file: File) -> Result<Vec<Column>> {
    let reader = SerializedFileReader::new(file).map_err(|e| damaged(&e))?;
    let schema = reader.metadata().file_metadata().schema_descr();
    let nested = schema.root_schema().get_fields().iter().find(|field| field.is_group());
    let repeated = || schema.columns().iter().find(|column| column.max_rep_level() > 0).map(|column| column.name());
    if let Some(column) = nested.map(|field| field.name()).or_else(repeated) {
        return Err(Error::new(ErrorKind::Format, format!("`{column}` holds columns or lists, not one value in each row"))
            .help("leave it out when the file is written, or make it columns of single values"));
    }
    let mut columns = Vec::new();
    for (place, described) in schema.columns().iter().enumerate() {
        let meaning = Meaning::of(described);
        let mut column = Column::new(described.name().trim().to_string());
        for group in 0..reader.num_row_groups() {
            let group = reader.get_row_group(group).map_err(|e| damaged(&e))?;
            let of_column = group.metadata().columns().get(place).ok_or_else(|| damaged(&"a row group lacks a column"))?;
            check_compression(column.name(), of_column.compression())?;
            // The decoder would panic, with a message of its own.
            let places =
                [of_column.data_page_offset(), of_column.compressed_size(), of_column.dictionary_page_offset().unwrap_or(0)];
            if places.iter().any(|&place| place < 0) {
                return Err(damaged(&format!("`{}` lies before the file", column.name())));
            }
            let rows = usize::try_from(group.metadata().num_rows()).map_err(|_| damaged(&"a negative number of rows"))?;
            let level = described.max_def_level();
            let values = group.get_column_reader(place).map_err(|e| damaged(&e))?;
            let mut cells = Cells { column: &mut column, rows, level };
            cells.read(values, meaning)?;
        }
        column.understand(false);
        columns.push(column);
    }
    match columns.first() {
        Some(column) if !column.is_empty() => Ok(columns),
        _ => Err(Error::new(ErrorKind::Format, "no rows")),
    }
}

/// The cells of a column in one group of rows.
struct Cells<'a> {
    column: &'a mut Column,
    rows: usize,
    /// The definition level of a value; rows below it have none.
    level: i16,
}

impl Cells<'_> {
    fn read(&mut self, values: ColumnReader, meaning: Meaning) -> Result<()> {
        match values {
            ColumnReader::BoolColumnReader(values) => self.push(values, |value| Some(value.to_string())),
            ColumnReader::Int32ColumnReader(values) => {
                let unsigned = meaning == Meaning::Unsigned;
                self.push(values, |&value| of_whole(if unsigned { i64::from(value as u32) } else { value.into() }, meaning))
            }
            ColumnReader::Int64ColumnReader(values) => self.push(values, |&value| of_whole(value, meaning)),
            ColumnReader::Int96ColumnReader(values) => self.push(values, |value| of_int96(value.data())),
            ColumnReader::FloatColumnReader(values) => self.push(values, |&value| Some(of_float(value))),
            ColumnReader::DoubleColumnReader(values) => self.push(values, |&value| Some(of_float(value))),
            ColumnReader::ByteArrayColumnReader(values) => self.push(values, |value| of_bytes(value.data(), meaning)),
            ColumnReader::FixedLenByteArrayColumnReader(values) if meaning == Meaning::Half => {
                self.push(values, |value| of_half(value.data()))
            }
            ColumnReader::FixedLenByteArrayColumnReader(values) => self.push(values, |value| of_bytes(value.data(), meaning)),
        }
    }

    /// Adds a cell for each row, empty where there is no value; `text` gives what a CSV file would hold.
    fn push<T: DataType>(&mut self, mut reader: ColumnReaderImpl<T>, text: impl Fn(&T::T) -> Option<String>) -> Result<()> {
        let (mut levels, mut values, mut left) = (Vec::new(), Vec::new(), self.rows);
        while left > 0 {
            levels.clear();
            values.clear();
            let read = reader.read_records(left.min(TOGETHER), Some(&mut levels), None, &mut values);
            let (rows, ..) = read.map_err(|e| damaged(&e).context(format!("`{}`", self.column.name())))?;
            // A column that is never empty has no levels.
            levels.resize(rows, self.level);
            if rows == 0 || rows > left {
                return Err(damaged(&format!("`{}` has {} rows less than the table", self.column.name(), left)));
            }
            left -= rows;
            let mut values = values.iter();
            for &level in &levels {
                if level < self.level {
                    self.column.push("");
                    continue;
                }
                let value = values.next().ok_or_else(|| damaged(&format!("`{}` has too few values", self.column.name())))?;
                let cell = text(value).ok_or_else(|| {
                    Error::new(
                        ErrorKind::Format,
                        format!("`{}`, row {}: no text and no number", self.column.name(), self.column.len()),
                    )
                    .help("leave the column out when the file is written, or write texts, numbers, dates or booleans")
                })?;
                self.column.push(&cell);
            }
        }
        Ok(())
    }
}

fn check_compression(column: &str, compression: Compression) -> Result<()> {
    match compression {
        Compression::UNCOMPRESSED | Compression::SNAPPY | Compression::GZIP(_) => Ok(()),
        other => {
            let name = format!("{other:?}");
            let name = name.split('(').next().unwrap_or_default();
            Err(Error::new(ErrorKind::Format, format!("`{column}` is compressed by {name}"))
                .help("write the file with snappy, gzip or no compression; of zstd, brotli and lz4 nothing is read"))
        }
    }
}

/// What cannot be read, in one line.
fn damaged(why: &impl ToString) -> Error {
    let why: String = why.to_string().chars().map(|c| if c.is_control() { ' ' } else { c }).take(200).collect();
    Error::new(ErrorKind::Format, format!("no Parquet file, or a damaged one: {}", why.trim_start_matches("Parquet error: ")))
}
