//! Tables that stay in their file: read row by row, several times, in memory that does not grow with them.
//!
//! The first reading finds out what the columns hold, the second writes what training reads into a temporary file, number by number as they stand in
//! the table. From that file medians are found, and it is what batches are made of. Preparation, parts and batches are those of the same
//! table in memory, to the bit.

use std::path::Path;

use csv::StringRecord;

use super::cells::{CellKind, Cells, Codec, find_medians};
use super::column::{Column, Kind};
use super::features::{Feature, Reader, Writing};
use super::preparation::Preparation;
use super::read::{Table, is_parquet, no_rows};
use super::rows::Source;
use super::split::{DIVIDED_TOGETHER, Draw, RowDivision, divide_rows};
use super::survey::{Survey, Surveyor};
use super::tally::Tally;
use super::target::{NumberTarget, Target};
use crate::data::stored::{RowFile, RowWriter, StoredRows};
use crate::data::{Dataset, Split};
use crate::error::{Error, ErrorKind, Result};

/// A table that stays in its file.
#[derive(Debug, Clone)]
pub struct StreamedTable {
    source: Source,
    table: Table,
    rows: usize,
    /// How many rows of each column say something of its kind.
    readable: Vec<usize>,
}

impl StreamedTable {
    /// Reads a file once to find out what its columns hold; see [`Table::read`].
    ///
    /// # Errors
    ///
    /// As for [`Table::read`], and for Parquet, whose columns lie one behind the other and not row by row.
    pub fn read(path: &Path) -> Result<StreamedTable> {
        if is_parquet(path) {
            let what = format!("{}: Parquet is read into memory, not row by row", path.display());
            return Err(Error::new(ErrorKind::Format, what).help("leave out --stream, or write the table as CSV"));
        }
        let mut source = Source::open(path)?;
        let columns = source.layout.names.len();
        let add = |(tallies, rows): &mut (Vec<Tally>, usize), row: &StringRecord| {
            tallies.iter_mut().zip(row).for_each(|(tally, cell)| tally.add(cell.trim()));
            *rows += 1;
        };
        let (tallies, rows) = source.fold(|| (vec![Tally::default(); columns], 0), add)?;
        if rows == 0 {
            return Err(no_rows(&source.name));
        }
        let commas = source.layout.separator != b',';
        let understood = |(name, tally): (&String, &Tally)| {
            let mut column = Column::new(name.clone());
            column.understood(tally, commas);
            column
        };
        let columns = source.layout.names.iter().zip(&tallies).map(understood).collect();
        let table = Table::of_columns(&source.name, columns, &source.layout);
        let readable = tallies.iter().map(|tally| tally.readable(commas)).collect();
        Ok(StreamedTable { source, table, rows, readable })
    }

    /// Its columns with their kinds, but none of its rows.
    pub fn table(&self) -> &Table {
        &self.table
    }

    /// Number of rows, without the header.
    pub fn rows(&self) -> usize {
        self.rows
    }

    /// Looks through all rows for what should be known before the columns `targets` are learnt.
    ///
    /// # Errors
    ///
    /// The file cannot be read.
    pub fn survey(&self, targets: &[&str]) -> Result<Survey> {
        let mut surveyor = Surveyor::new(&self.table, targets);
        self.source.for_each(|_, record| {
            surveyor.add(|place| record.get(place).unwrap_or("").trim());
            Ok(())
        })?;
        Ok(surveyor.finish())
    }

    /// Learns how to predict the columns `targets` from the columns `features`, and prepares the parts of the rows.
    ///
    /// # Errors
    ///
    /// As for [`Preparation::learn`] and [`Preparation::dataset`], and no place for temporary files.
    pub fn training(&self, targets: &[&str], features: &[String], division: &RowDivision) -> Result<(Preparation, Split)> {
        let of_targets = targets.iter().map(|name| self.table.column(name)).collect::<Result<Vec<_>>>()?;
        Target::check(&of_targets).map_err(|e| e.context(self.table.name()))?;
        let of_features = features.iter().map(|name| self.table.column(name)).collect::<Result<Vec<_>>>()?;
        let can_be = |column: &&&Column| matches!(column.kind(), Kind::Number | Kind::Date | Kind::Category);
        let mut cells: Vec<Cells> = of_targets.iter().map(|column| self.cells(column, true, &[])).collect();
        cells.extend(of_features.iter().filter(can_be).map(|column| self.cells(column, false, &[])));

        let mut parts = self.parts(&of_targets, division)?;
        let row_bytes = cells.iter().map(Cells::bytes).sum();
        let mut writers = [RowWriter::create(row_bytes)?, RowWriter::create(row_bytes)?, RowWriter::create(row_bytes)?];
        let mut bytes = Vec::with_capacity(row_bytes);
        self.source.for_each(|row, record| {
            if !cells[..targets.len()].iter().all(|cells| cells.is_known(record)) {
                return Ok(());
            }
            let part = parts.of(row);
            bytes.clear();
            cells.iter_mut().for_each(|cells| cells.push(record, row, part == 0, &mut bytes));
            writers[part].push(&bytes)
        })?;
        let [learn, judge, decide] = writers;
        let files = [learn.finish()?, judge.finish()?, decide.finish()?];
        division.check(self.table.name(), [files[0].rows(), files[1].rows(), files[2].rows()])?;
        let learnt_from = files[0].rows();
        find_medians(&mut cells, &files[0])?;

        let target = self.target(&of_targets, &cells[..targets.len()]).map_err(|e| e.context(self.table.name()))?;
        let mut known = cells[targets.len()..].iter();
        let learnt = of_features.iter().zip(features).map(|(column, name)| {
            let feature = can_be(&column).then(|| known.next().map(|cells| cells.feature(column, learnt_from))).flatten();
            (name.clone(), feature)
        });
        let preparation = Preparation::of(self.table.name(), target, learnt.collect())?;
        let codec = Codec::new(&preparation, &cells, targets.len()).map_err(|e| e.context(self.table.name()))?;
        let [train, test, decide] = files.map(|file| self.stored(file, &preparation, codec.clone()));
        Ok((preparation, Split { train, test, validation: division.validation.map(|_| decide) }))
    }

    /// All rows with targets as a data set whose samples lie in a temporary file, as [`Preparation::dataset`].
    ///
    /// # Errors
    ///
    /// As for [`Preparation::dataset`], and no place for temporary files.
    pub fn dataset(&self, preparation: &Preparation) -> Result<Dataset> {
        let of_targets =
            preparation.target().columns().into_iter().map(|name| self.table.column(name)).collect::<Result<Vec<_>>>()?;
        let mut cells: Vec<Cells> = match preparation.target() {
            Target::Classes { names, .. } => of_targets.iter().map(|column| self.cells(column, true, names)).collect(),
            Target::Numbers { columns } => {
                let writing = |number: &NumberTarget| CellKind::Number(Writing { date: false, comma: number.comma });
                let cells = |(column, number): (&&Column, &NumberTarget)| {
                    Cells::new(column.name(), self.place(column), writing(number), &[])
                };
                of_targets.iter().zip(columns).map(cells).collect()
            }
        };
        let known_targets = cells.len();
        for feature in &preparation.features {
            let column = self.table.column(feature.column())?;
            let (kind, known) = match (Reader::of(feature), feature) {
                (Reader::Numbers(writing), _) => (CellKind::Number(writing), &[][..]),
                (_, Feature::Categories(categories)) => (CellKind::Category, &categories.levels[..]),
                (_, Feature::Numbers(_)) => continue, // whose reader is one of numbers
            };
            cells.push(Cells::new(column.name(), self.place(column), kind, known));
        }
        let mut writer = RowWriter::create(cells.iter().map(Cells::bytes).sum())?;
        let mut bytes = Vec::new();
        self.source.for_each(|row, record| {
            if !cells[..known_targets].iter().all(|cells| cells.is_known(record)) {
                return Ok(());
            }
            bytes.clear();
            cells.iter_mut().for_each(|cells| cells.push(record, row, false, &mut bytes));
            writer.push(&bytes)
        })?;
        let codec = Codec::new(preparation, &cells, known_targets).map_err(|e| e.context(self.table.name()))?;
        Ok(self.stored(writer.finish()?, preparation, codec))
    }

    fn stored(&self, file: RowFile, preparation: &Preparation, codec: Codec) -> Dataset {
        let (width, targets) = (preparation.inputs(), preparation.target().columns().len());
        let rows = StoredRows::new(file, width, targets, Box::new(move |bytes, x, t| codec.decode(bytes, x, t)));
        Dataset::from_stored(self.table.name(), rows, width, preparation.target().classes().to_vec())
    }

    fn place(&self, column: &Column) -> usize {
        self.table.columns().iter().position(|other| other.name() == column.name()).unwrap_or(0)
    }

    fn cells(&self, column: &Column, is_target: bool, known: &[String]) -> Cells {
        let kind = match column.kind() {
            Kind::Category => CellKind::Category,
            // Whether it holds classes is known when all rows are.
            Kind::Number if is_target => CellKind::Either(Writing::of(column)),
            _ => CellKind::Number(Writing::of(column)),
        };
        Cells::new(column.name(), self.place(column), kind, known)
    }

    /// Which part each row belongs to.
    fn parts(&self, targets: &[&Column], division: &RowDivision) -> Result<Parts> {
        let draw = Draw::new(division);
        let at_most = targets.iter().map(|column| self.readable[self.place(column)]).min().unwrap_or(0);
        if targets.len() == 1 && at_most > DIVIDED_TOGETHER {
            return Ok(Parts::Drawn(draw));
        }
        let cells: Vec<Cells> = targets.iter().map(|column| self.cells(column, true, &[])).collect();
        let mut columns: Vec<Column> = targets.iter().map(|column| (*column).clone()).collect();
        let places: Vec<usize> = targets.iter().map(|column| self.place(column)).collect();
        let (mut known, mut many) = (Vec::new(), false);
        self.source.for_each(|row, record| {
            if !many && cells.iter().all(|cells| cells.is_known(record)) {
                columns.iter_mut().zip(&places).for_each(|(column, &place)| column.push(record.get(place).unwrap_or("")));
                known.push(row);
                many = known.len() > DIVIDED_TOGETHER;
            }
            Ok(())
        })?;
        if many {
            return Ok(Parts::Drawn(draw));
        }
        let held = Table::of_columns(self.table.name(), Vec::new(), &self.source.layout);
        let parts = divide_rows(&held, &columns.iter().collect::<Vec<_>>(), division)?;
        let mut listed: Vec<(usize, usize)> =
            parts.iter().enumerate().flat_map(|(part, rows)| rows.iter().map(move |&place| (place, part))).collect();
        listed.sort_unstable();
        Ok(Parts::Listed(listed.into_iter().map(|(place, part)| (known[place], part)).collect(), 0))
    }

    fn target(&self, columns: &[&Column], cells: &[Cells]) -> Result<Target> {
        if let ([column], [cells]) = (columns, cells)
            && cells.are_classes()
        {
            return Target::of_classes(column, cells.levels(column).into_iter().map(|level| level.0).collect());
        }
        Target::of_numbers(columns, &cells.iter().map(|cells| cells.moments).collect::<Vec<_>>())
    }
}

/// Which part each row belongs to.
enum Parts {
    Drawn(Draw),
    /// Rows in rising order with their parts, and how many of them were passed.
    Listed(Vec<(usize, usize)>, usize),
}

impl Parts {
    /// The part of a row; rows are asked for in rising order.
    fn of(&mut self, row: usize) -> usize {
        match self {
            Parts::Drawn(draw) => draw.part(row),
            Parts::Listed(rows, passed) => {
                let found = rows.get(*passed).filter(|listed| listed.0 == row);
                *passed += usize::from(found.is_some());
                found.map_or(0, |listed| listed.1)
            }
        }
    }
}
