//! Rows of a table on their way into a temporary file and from there into batches.

use std::collections::HashMap;

use csv::StringRecord;

use super::cell;
use super::column::Column;
use super::features::{Categories, Feature, Moments, Numbers, Value, Writing, places};
use super::median::Median;
use super::preparation::Preparation;
use super::tally::CATEGORIES;
use super::target::{Target, are_classes, is_whole};
use crate::data::stored::RowFile;
use crate::error::{Error, ErrorKind, Result};

/// What is kept of a column's cells in the temporary file: a number in 8 bytes, NaN where there is none; a category's code in 4; or both.
#[derive(Clone, Copy)]
pub(super) enum CellKind {
    Number(Writing),
    Category,
    Either(Writing),
}

/// A code that stands for no category.
const NO_CODE: u32 = u32::MAX;

/// The cells of a column on their way into the temporary file, and what is learnt of them.
pub(super) struct Cells {
    column: String,
    /// The column's place in the table.
    place: usize,
    kind: CellKind,
    /// The code of each value; one for each in the order in which they come.
    codes: HashMap<String, u32>,
    /// For each code how often it was learnt from, and its first row.
    uses: Vec<(usize, usize)>,
    /// Whether there were more values than codes.
    too_many: bool,
    all_whole: bool,
    pub(super) moments: Moments,
    median: Median,
    /// The least and the largest number of all rows.
    range: [f64; 2],
}

impl Cells {
    /// `known` categories have the first codes, and are looked on as learnt.
    pub(super) fn new(column: &str, place: usize, kind: CellKind, known: &[String]) -> Cells {
        Cells {
            column: column.to_string(),
            place,
            kind,
            codes: known.iter().zip(0..).map(|(name, code)| (name.clone(), code)).collect(),
            uses: vec![(1, 0); known.len()],
            too_many: false,
            all_whole: true,
            moments: Moments::default(),
            median: Median::default(),
            range: [f64::INFINITY, f64::NEG_INFINITY],
        }
    }

    pub(super) fn bytes(&self) -> usize {
        match self.kind {
            CellKind::Number(_) => 8,
            CellKind::Category => 4,
            CellKind::Either(_) => 12,
        }
    }

    fn text<'r>(&self, record: &'r StringRecord) -> &'r str {
        record.get(self.place).unwrap_or("").trim()
    }

    pub(super) fn is_known(&self, record: &StringRecord) -> bool {
        match self.kind {
            CellKind::Number(writing) | CellKind::Either(writing) => writing.read(self.text(record)).is_some(),
            CellKind::Category => !cell::is_missing(self.text(record)),
        }
    }

    /// Adds a row's cell to its bytes, and learns from it if it is to be.
    pub(super) fn push(&mut self, record: &StringRecord, row: usize, learn: bool, bytes: &mut Vec<u8>) {
        let text = self.text(record);
        if let CellKind::Number(writing) | CellKind::Either(writing) = self.kind {
            let number = writing.read(text);
            bytes.extend(number.unwrap_or(f64::NAN).to_le_bytes());
            if let Some(number) = number {
                self.range = [self.range[0].min(number), self.range[1].max(number)];
                if learn {
                    self.moments.add(number);
                    self.median.add(number);
                    self.all_whole &= is_whole(number);
                }
            }
        }
        if let CellKind::Category | CellKind::Either(_) = self.kind {
            let code = self.code(text, row);
            if let Some(uses) = self.uses.get_mut(code as usize) {
                uses.0 += usize::from(learn);
            }
            bytes.extend(code.to_le_bytes());
        }
    }

    fn code(&mut self, text: &str, row: usize) -> u32 {
        if let Some(&code) = self.codes.get(text) {
            return code;
        }
        if cell::is_missing(text) {
            return NO_CODE;
        }
        // A column of categories has no more than so many, and one of numbers no more than 20 if it names classes.
        if self.codes.len() > CATEGORIES {
            self.too_many = true;
            return NO_CODE;
        }
        let code = self.codes.len() as u32;
        self.codes.insert(text.to_string(), code);
        self.uses.push((0, row));
        code
    }

    /// The values that were learnt from and how often, in their order.
    pub(super) fn levels(&self, column: &Column) -> Vec<(String, usize)> {
        let used = self.codes.iter().map(|(text, &code)| (text.clone(), self.uses[code as usize].0));
        column.in_order(used.filter(|level| level.1 > 0).collect())
    }

    pub(super) fn are_classes(&self) -> bool {
        match self.kind {
            CellKind::Number(_) => false,
            CellKind::Category => true,
            CellKind::Either(_) => {
                let learnt = self.uses.iter().filter(|uses| uses.0 > 0);
                !self.too_many && self.all_whole && are_classes(learnt.count(), self.moments.count)
            }
        }
    }

    /// The place of what each code stands for among these names.
    fn meaning(&self, names: &[String]) -> Vec<Option<usize>> {
        let places = places(names);
        let mut meaning = vec![None; self.codes.len()];
        self.codes.iter().for_each(|(text, &code)| meaning[code as usize] = places.get(&text[..]).copied());
        meaning
    }

    /// Where the code lies in the cell's bytes.
    fn code_place(&self) -> usize {
        self.bytes() - 4
    }

    /// Makes sure that all numbers become ones that f32 can hold, given what a number becomes.
    fn check_range(&self, becomes: impl Fn(f64) -> f32) -> Result<()> {
        let worst = self.range.into_iter().find(|&number| number.is_finite() && !becomes(number).is_finite());
        worst.map_or(Ok(()), |number| {
            Err(Error::new(ErrorKind::NonFinite, format!("`{}` holds {number:e}, too far from its other numbers", self.column))
                .help("remove or replace it: a network cannot learn from infinity"))
        })
    }

    pub(super) fn feature(&self, column: &Column, rows: usize) -> Feature {
        match self.kind {
            CellKind::Category => Feature::Categories(Categories::of(column, self.levels(column), rows)),
            _ => Feature::Numbers(Numbers::of(column, self.moments, self.median.value(), rows)),
        }
    }
}

/// Finds the medians of all columns of numbers from the rows that were written.
pub(super) fn find_medians(cells: &mut [Cells], file: &RowFile) -> Result<()> {
    let places = places_of(cells);
    loop {
        // All columns have the same rounds, but for those without numbers; each has to end its own.
        let mut again = false;
        for cells in cells.iter_mut().filter(|cells| matches!(cells.kind, CellKind::Number(_))) {
            again |= cells.median.end_round();
        }
        if !again {
            return Ok(());
        }
        file.for_each(|row| {
            for (cells, &place) in cells.iter_mut().zip(&places) {
                let number = number_at(row, place);
                if matches!(cells.kind, CellKind::Number(_)) && !number.is_nan() {
                    cells.median.add(number);
                }
            }
            Ok(())
        })?;
    }
}

/// Where the cells of each column lie in a row.
fn places_of(cells: &[Cells]) -> Vec<usize> {
    let mut end = 0;
    let place = |cells: &Cells| {
        end += cells.bytes();
        end - cells.bytes()
    };
    cells.iter().map(place).collect()
}

fn number_at(row: &[u8], place: usize) -> f64 {
    row.get(place..place + 8).and_then(|bytes| bytes.try_into().ok()).map_or(f64::NAN, f64::from_le_bytes)
}

fn code_at(row: &[u8], place: usize) -> u32 {
    row.get(place..place + 4).and_then(|bytes| bytes.try_into().ok()).map_or(NO_CODE, u32::from_le_bytes)
}

/// Turns the bytes of a row into its inputs and targets.
#[derive(Clone)]
pub(super) struct Codec {
    features: Vec<Encoded>,
    target: Target,
    /// Where the target's numbers lie, or the code of its class.
    targets: Vec<usize>,
    /// Which class each code stands for.
    classes: Vec<Option<usize>>,
}

/// A feature, where its cell lies in a row, and which category each code stands for.
#[derive(Clone)]
struct Encoded {
    feature: Feature,
    place: usize,
    levels: Vec<Option<usize>>,
}

impl Codec {
    /// Of the cells of the targets first, and then of columns among which all features are. A class that was not learnt and
    /// numbers too large for f32 are errors, as in memory.
    pub(super) fn new(preparation: &Preparation, cells: &[Cells], targets: usize) -> Result<Codec> {
        let places = places_of(cells);
        let mut features = Vec::new();
        for feature in &preparation.features {
            let found = (targets..cells.len()).find(|&i| cells[i].column == feature.column());
            let Some(cells_of) = found.and_then(|i| cells.get(i)) else { continue };
            let levels = match feature {
                Feature::Categories(categories) => cells_of.meaning(&categories.levels),
                Feature::Numbers(numbers) => {
                    cells_of.check_range(|number| numbers.becomes(number))?;
                    Vec::new()
                }
            };
            features.push(Encoded { feature: feature.clone(), place: found.map_or(0, |i| places[i]), levels });
        }
        let target = preparation.target().clone();
        let of_targets = cells.iter().zip(&places).take(targets);
        let is_class = !target.classes().is_empty();
        let targets = of_targets.map(|(cells, place)| place + if is_class { cells.code_place() } else { 0 }).collect();
        let classes = match cells.first() {
            Some(cells) if is_class => cells.meaning(target.classes()),
            _ => Vec::new(),
        };
        if is_class && let Some(cells) = cells.first() {
            let unknown = cells.codes.iter().filter(|(_, code)| classes[**code as usize].is_none());
            let first = unknown.map(|(text, &code)| (cells.uses[code as usize].1, text)).min();
            if let Some((row, text)) = first {
                return Err(target.not_learnt(row, text));
            }
        }
        for (number, cells) in target.numbers().iter().zip(cells) {
            cells.check_range(|x| number.learnt_as(x).abs())?;
        }
        Ok(Codec { features, target, targets, classes })
    }

    pub(super) fn decode(&self, row: &[u8], x: &mut [f32], t: &mut [f32]) {
        let mut rest = x;
        for Encoded { feature, place, levels } in &self.features {
            let (out, behind) = std::mem::take(&mut rest).split_at_mut(feature.width());
            feature.write(
                match feature {
                    Feature::Numbers(_) => Value::Number(Some(number_at(row, *place)).filter(|number| !number.is_nan())),
                    Feature::Categories(_) => Value::Level(levels.get(code_at(row, *place) as usize).copied().flatten()),
                },
                out,
            );
            rest = behind;
        }
        match self.target.numbers() {
            [] => {
                let code = self.targets.first().map_or(NO_CODE, |&place| code_at(row, place));
                t[0] = self.classes.get(code as usize).copied().flatten().unwrap_or(0) as f32;
            }
            numbers => {
                for ((t, number), &place) in t.iter_mut().zip(numbers).zip(&self.targets) {
                    *t = number.learnt_as(number_at(row, place));
                }
            }
        }
    }
}
