//! What somebody should know of a table before a training: found row by row, in memory that does not grow with them.

use std::collections::{HashMap, HashSet};
use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::cell::{self, Decimal};
use super::column::{Column, Kind};
use super::features::{Moments, Writing};
use super::read::Table;
use super::tally::CATEGORIES;
use super::target::CLASSES;

/// Fewer rows say nothing about what determines what.
const FEW: usize = 20;
/// Rows whose likes are counted exactly; of more every second is counted, of still more every fourth, and so on.
const COUNTED: usize = 1 << 20;
/// A column that tells the target for at least such a share of the rows is as good as the target itself.
const LEAK: f64 = 0.999;

/// What was found in a column.
#[derive(Debug, Clone)]
pub struct ColumnSurvey {
    /// Cells without a value.
    pub missing: usize,
    /// The first value that is not of the column's kind, and its row from 0.
    pub first_unreadable: Option<(usize, String)>,
    /// The first value.
    pub first: String,
    /// The least and the largest number or date, and the mean; of no numbers none.
    pub range: Option<[f64; 3]>,
    /// The cells that hold the least and the largest number or date.
    pub extremes: [String; 2],
    /// Each value of a category, or of a target of few numbers, and in how many rows it stands, in order.
    pub levels: Vec<(String, usize)>,
}

/// What was found in a table.
#[derive(Debug, Clone)]
pub struct Survey {
    /// Number of rows.
    pub rows: usize,
    /// What was found in each column, in their order.
    pub columns: Vec<ColumnSurvey>,
    /// How many rows stand in the table before, cell by cell; about so many of more than a million.
    pub duplicates: usize,
    /// What may be wrong or should be known.
    pub warnings: Vec<Warning>,
}

/// What may be wrong or should be known.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Warning {
    /// The column that it is about, if it is about one.
    pub column: Option<String>,
    /// What it is.
    pub text: String,
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.column.iter().try_for_each(|column| write!(f, "{column}: "))?;
        f.write_str(&self.text)
    }
}

/// Takes in a table row by row.
pub(super) struct Surveyor<'a> {
    table: &'a Table,
    columns: Vec<Seen<'a>>,
    targets: Vec<usize>,
    rows: usize,
    hashes: Sample,
}

/// What was seen of a column.
struct Seen<'a> {
    column: &'a Column,
    found: ColumnSurvey,
    values: usize,
    numbers: usize,
    commas: usize,
    first_text: Option<(usize, String)>,
    moments: Moments,
    levels: Option<HashMap<String, usize>>,
    different: Sample,
    rising: bool,
    last: f64,
    /// Against a target that is a number.
    together: Together,
    /// How often each class goes with each value; none where there are too many.
    classes: Option<HashMap<u64, HashMap<u64, usize>>>,
    is_target: bool,
}

/// Sums of two columns in the rows that have both.
#[derive(Default)]
struct Together {
    x: Moments,
    y: Moments,
    product: f64,
    xx: f64,
    yy: f64,
}

impl Together {
    fn add(&mut self, x: f64, y: f64) {
        let [from_x, from_y] = [x - self.x.mean, y - self.y.mean];
        self.x.add(x);
        self.y.add(y);
        self.product += from_x * (y - self.y.mean);
        self.xx += from_x * (x - self.x.mean);
        self.yy += from_y * (y - self.y.mean);
    }

    /// Pearson's correlation.
    fn correlation(&self) -> f64 {
        let spread = (self.xx * self.yy).sqrt();
        if self.x.count < FEW || spread == 0.0 { 0.0 } else { self.product / spread }
    }
}

/// How often each of many hashes occurs; of too many those of a share.
struct Sample {
    counts: HashMap<u64, u32>,
    /// Only hashes that end in so many zeros are kept.
    zeros: u32,
}

impl Sample {
    fn new() -> Sample {
        Sample { counts: HashMap::new(), zeros: 0 }
    }

    fn add(&mut self, hash: u64) {
        if hash.trailing_zeros() < self.zeros {
            return;
        }
        *self.counts.entry(hash).or_default() += 1;
        if self.counts.len() > COUNTED {
            self.zeros += 1;
            self.counts.retain(|hash, _| hash.trailing_zeros() >= self.zeros);
        }
    }

    /// How many were there before.
    fn repeated(&self) -> usize {
        let repeated: u64 = self.counts.values().map(|&count| u64::from(count) - 1).sum();
        (repeated << self.zeros) as usize
    }
}

fn hash_of(value: impl Hash) -> u64 {
    let mut hasher = DefaultHasher::new();
    value.hash(&mut hasher);
    hasher.finish()
}

impl<'a> Surveyor<'a> {
    /// Of a table whose columns are understood, and what is to be predicted.
    pub(super) fn new(table: &'a Table, targets: &[&str]) -> Surveyor<'a> {
        let place = |name: &&str| table.columns().iter().position(|column| column.name() == *name);
        let targets: Vec<usize> = targets.iter().filter_map(place).collect();
        let seen = |(place, column): (usize, &'a Column)| Seen::new(column, targets.contains(&place));
        let columns = table.columns().iter().enumerate().map(seen).collect();
        Surveyor { table, columns, targets, rows: 0, hashes: Sample::new() }
    }

    /// Takes in the next row.
    pub(super) fn add<'r>(&mut self, cell: impl Fn(usize) -> &'r str) {
        let row = self.rows;
        self.rows += 1;
        let mut hasher = DefaultHasher::new();
        (0..self.columns.len()).for_each(|place| cell(place).hash(&mut hasher));
        self.hashes.add(hasher.finish());
        let target = match self.targets[..] {
            [place] => {
                let (text, column) = (cell(place), self.columns[place].column);
                let number = (column.kind() == Kind::Number).then(|| Writing::of(column).read(text)).flatten();
                (!cell::is_missing(text)).then(|| (hash_of(text), number))
            }
            _ => None,
        };
        self.columns.iter_mut().enumerate().for_each(|(place, seen)| seen.add(row, cell(place), target));
    }

    /// What was found.
    pub(super) fn finish(self) -> Survey {
        let duplicates = self.hashes.repeated();
        let mut warnings = Vec::new();
        let target = match self.targets[..] {
            [place] => self.columns.get(place).map(|seen| seen.column),
            _ => None,
        };
        self.columns.iter().for_each(|seen| seen.warn(self.rows, target, &mut warnings));
        if duplicates > 0 {
            let about = if self.hashes.zeros > 0 { "about " } else { "" };
            let text = format!("{about}{duplicates} of {} rows are copies of others, which can be learnt by heart", self.rows);
            warnings.push(Warning { column: None, text });
        }
        let mut names: Vec<&str> = self.table.columns().iter().map(Column::name).collect();
        names.sort_unstable();
        for pair in names.windows(2).filter(|pair| pair[0] == pair[1]) {
            let text = "two columns have this name: the first is used".to_string();
            warnings.push(Warning { column: Some(pair[0].to_string()), text });
        }
        Survey { rows: self.rows, columns: self.columns.into_iter().map(Seen::finish).collect(), duplicates, warnings }
    }
}

impl<'a> Seen<'a> {
    fn new(column: &'a Column, is_target: bool) -> Seen<'a> {
        let found = ColumnSurvey {
            missing: 0,
            first_unreadable: None,
            first: String::new(),
            range: None,
            extremes: Default::default(),
            levels: Vec::new(),
        };
        Seen {
            column,
            found,
            values: 0,
            numbers: 0,
            commas: 0,
            first_text: None,
            moments: Moments::default(),
            levels: Some(HashMap::new()),
            different: Sample::new(),
            rising: true,
            last: f64::NEG_INFINITY,
            together: Together::default(),
            classes: Some(HashMap::new()),
            is_target,
        }
    }

    fn add(&mut self, row: usize, text: &str, target: Option<(u64, Option<f64>)>) {
        if cell::is_missing(text) {
            self.found.missing += 1;
            return;
        }
        if self.values == 0 {
            self.found.first = text.to_string();
        }
        self.values += 1;
        let hash = hash_of(text);
        if self.column.kind() == Kind::Text {
            self.different.add(hash);
        }
        self.numbers_in(row, text, target.and_then(|target| target.1));
        if let Some(levels) = &mut self.levels {
            if let Some(count) = levels.get_mut(text) {
                *count += 1;
            } else if levels.len() < CATEGORIES {
                levels.insert(text.to_string(), 1);
            } else {
                (self.levels, self.classes) = (None, None);
            }
        }
        if let (Some(classes), Some((class, _))) = (&mut self.classes, target) {
            let of_value = classes.entry(hash).or_default();
            *of_value.entry(class).or_default() += 1;
            if of_value.len() > CATEGORIES {
                self.classes = None;
            }
        }
    }

    /// What a value says as a number.
    fn numbers_in(&mut self, row: usize, text: &str, target: Option<f64>) {
        match self.column.kind() {
            Kind::Number | Kind::Date => {
                let Some(number) = Writing::of(self.column).read(text) else {
                    self.found.first_unreadable.get_or_insert_with(|| (row, text.to_string()));
                    return;
                };
                self.moments.add(number);
                self.rising &= number.fract() == 0.0 && number > self.last;
                self.last = number;
                let [least, most, _] = self.found.range.unwrap_or([f64::INFINITY, f64::NEG_INFINITY, 0.0]);
                if number < least {
                    self.found.extremes[0] = text.to_string();
                }
                if number > most {
                    self.found.extremes[1] = text.to_string();
                }
                self.found.range = Some([least.min(number), most.max(number), self.moments.mean]);
                target.into_iter().for_each(|target| self.together.add(number, target));
            }
            Kind::Category | Kind::Text => {
                if cell::number(text, Decimal::Point).is_some() {
                    self.numbers += 1;
                } else if cell::number(text, Decimal::Comma).is_some() {
                    self.commas += 1;
                } else if self.first_text.is_none() {
                    self.first_text = Some((row, text.to_string()));
                }
            }
            Kind::Empty => {}
        }
    }

    /// The share of rows with a value for which the commonest class of that value is theirs, and the share of the commonest class of all.
    fn tells_class(&self) -> Option<(f64, f64)> {
        let classes = self.classes.as_ref()?;
        let mut all: HashMap<u64, usize> = HashMap::new();
        classes.values().flatten().for_each(|(class, count)| *all.entry(*class).or_default() += count);
        let rows: usize = all.values().sum();
        // As many values as rows tell everything and mean nothing.
        if rows < FEW || classes.len() * 10 > rows || all.len() < 2 || all.len() > CATEGORIES {
            return None;
        }
        let right: usize = classes.values().filter_map(|of_value| of_value.values().max()).sum();
        let commonest = all.values().max().copied().unwrap_or(0);
        Some((right as f64 / rows as f64, commonest as f64 / rows as f64))
    }

    fn warn(&self, rows: usize, target: Option<&Column>, warnings: &mut Vec<Warning>) {
        let kind = self.column.kind();
        let column = Some(self.column.name().to_string());
        let mut warn = |text: String| warnings.push(Warning { column: column.clone(), text });
        if let Some((row, text)) = &self.found.first_unreadable {
            let unreadable = self.values - self.moments.count;
            let what = kind.name();
            warn(format!(
                "{unreadable} values are no {what}s and count as missing, the first is `{}` in row {}",
                cut(text),
                row + 1
            ));
        }
        let missing = self.found.missing;
        if self.values > 0 && missing * 2 > rows {
            warn(format!("{missing} of {rows} values are missing"));
        }
        let one_value = self.levels.as_ref().is_some_and(|levels| levels.len() == 1);
        match kind {
            Kind::Empty => warn("no value: left out".into()),
            _ if one_value && missing == 0 => warn("one value only: left out".into()),
            Kind::Text | Kind::Category if self.commas > 0 && (self.commas + self.numbers) * 20 >= self.values * 19 => warn(
                "numbers with decimal commas, which are read as texts: write points, or separate the columns by semicolons"
                    .into(),
            ),
            Kind::Text if self.different.repeated() == 0 => {
                warn("every text is another, as of names or numbers of rows: left out".into())
            }
            Kind::Text => warn("nearly every text is another: left out".into()),
            Kind::Number if self.rising && !self.is_target && self.moments.count >= FEW && missing == 0 => {
                warn("whole numbers that rise from row to row, as numbers of rows do: --ignore it if they mean nothing".into());
            }
            Kind::Number | Kind::Date | Kind::Category => {}
        }
        if let (Kind::Category | Kind::Text, Some((row, text))) = (kind, &self.first_text)
            && self.numbers * 2 > self.values
        {
            let texts = self.values - self.numbers;
            warn(format!("mostly numbers, but {texts} are texts, the first is `{}` in row {}", cut(text), row + 1));
        }
        if self.is_target && kind == Kind::Category {
            self.warn_of_balance(&mut warn);
        }
        let Some(target) = target.filter(|_| !self.is_target) else { return };
        let correlation = self.together.correlation();
        if correlation.abs() > LEAK {
            warn(format!(
                "goes with {} nearly exactly (correlation {correlation:.4}): is it known before {0} is?",
                target.name()
            ));
        } else if let Some((share, commonest)) = self.tells_class()
            && share >= LEAK
            && commonest < 0.99
        {
            let share = (share * 1000.0).floor() / 10.0;
            warn(format!("tells {} by itself in {share} % of the rows: is it known before {0} is?", target.name()));
        }
    }

    /// Classes of which one is much rarer than another.
    fn warn_of_balance(&self, warn: &mut impl FnMut(String)) {
        const TIMES: usize = 20;
        let Some(levels) = &self.levels else { return };
        let by_count = |level: &(&String, &usize)| (*level.1, level.0.clone());
        let (rarest, commonest) = (levels.iter().min_by_key(by_count), levels.iter().max_by_key(by_count));
        if let (Some((rare, few)), Some((common, many))) = (rarest, commonest)
            && few * TIMES < *many
        {
            warn(format!(
                "`{}` stands in {few} rows and `{}` in {many}: see the recognised share of each class, not the accuracy alone",
                cut(rare),
                cut(common)
            ));
        }
    }

    fn finish(self) -> ColumnSurvey {
        let shown =
            |levels: &HashMap<String, usize>| self.column.kind() == Kind::Category || (self.is_target && levels.len() <= CLASSES);
        let levels = self.levels.filter(shown).map_or(Vec::new(), |levels| self.column.in_order(levels.into_iter().collect()));
        ColumnSurvey { levels, ..self.found }
    }
}

/// The start of a long text, on one line.
fn cut(text: &str) -> String {
    const MOST: usize = 30;
    let line: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(MOST).collect();
    if text.chars().count() > MOST { format!("{line}…") } else { line }
}

impl Table {
    /// Looks through all rows for what should be known before the columns `targets` are learnt.
    pub fn survey(&self, targets: &[&str]) -> Survey {
        let mut surveyor = Surveyor::new(self, targets);
        (0..self.rows()).for_each(|row| surveyor.add(|place| self.columns()[place].cell(row)));
        surveyor.finish()
    }

    /// How many of the rows `second` are the same as one of the rows `first`, cell by cell.
    pub fn shared_rows(&self, first: &[usize], second: &[usize]) -> usize {
        let hash = |&row: &usize| {
            let mut hasher = DefaultHasher::new();
            self.columns().iter().for_each(|column| column.cell(row).hash(&mut hasher));
            hasher.finish()
        };
        let first: HashSet<u64> = first.iter().map(hash).collect();
        second.iter().filter(|row| first.contains(&hash(row))).count()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn warnings(text: &str, targets: &[&str]) -> Vec<String> {
        let table = Table::from_bytes("t", text.as_bytes()).unwrap();
        table.survey(targets).warnings.iter().map(Warning::to_string).collect()
    }

    fn text(header: &str, row: impl Fn(usize) -> String) -> String {
        let rows: String = (0..100).map(|i| row(i) + "\n").collect();
        format!("{header}\n{rows}")
    }

    #[test]
    fn a_good_table_has_no_warnings() {
        let good = text("a,b,class", |i| format!("{},{}.5,{}", i * 37 % 101, i * i % 97, ["x", "y"][i * 7 % 3 % 2]));
        assert_eq!(warnings(&good, &["class"]), [""; 0]);
    }

    #[test]
    fn columns_that_say_nothing_or_too_much_are_told() {
        let header = "id,same,name,mostly,price,twice,class,code";
        let table = text(header, |i| {
            let (gap, class) = (if i % 3 == 0 { "5" } else { "" }, ["low", "high"][i % 2]);
            let price = (i * 37 % 101) as f64 + 0.25;
            format!("{i},7,n{i},{gap},{price},{},{class},{}", 2.0 * price, i % 4)
        });
        let of = |targets: &[&str]| warnings(&table, targets);
        assert_eq!(
            of(&["class"]),
            [
                "id: whole numbers that rise from row to row, as numbers of rows do: --ignore it if they mean nothing",
                "same: one value only: left out",
                "name: every text is another, as of names or numbers of rows: left out",
                "mostly: 66 of 100 values are missing",
                "code: tells class by itself in 100 % of the rows: is it known before class is?",
            ]
        );
        assert!(
            of(&["price"])
                .contains(&"twice: goes with price nearly exactly (correlation 1.0000): is it known before price is?".into())
        );
        assert!(!of(&["id"]).iter().any(|warning| warning.starts_with("id:")));
    }

    #[test]
    fn odd_cells_copies_and_rare_classes_are_told() {
        let table = text("n,mixed,comma,class", |i| {
            let n = if i == 41 { "forty-one".to_string() } else { (i % 9).to_string() };
            let mixed = if i % 5 == 3 { "none yet".to_string() } else { (i % 50).to_string() };
            format!("{n},{mixed},\"{},5\",{}", i * 31 % 100, if i < 3 { "rare" } else { "usual" })
        }) + "0,49,\"69,5\",usual\n";
        assert_eq!(
            warnings(&table, &["class"]),
            [
                "n: 1 values are no numbers and count as missing, the first is `forty-one` in row 42",
                "mixed: mostly numbers, but 20 are texts, the first is `none yet` in row 4",
                "comma: numbers with decimal commas, which are read as texts: write points, or separate the columns by semicolons",
                "class: `rare` stands in 3 rows and `usual` in 98: see the recognised share of each class, not the accuracy alone",
                "1 of 101 rows are copies of others, which can be learnt by heart",
            ]
        );
    }

    #[test]
    fn copies_among_more_rows_than_are_counted_are_estimated() {
        let mut sample = Sample::new();
        (0..3_000_000u64).for_each(|row| sample.add(hash_of(row % 2_000_000)));
        // A quarter of a million of those that are kept are copies; four deviations of a share of a quarter are 0.3 %.
        assert!(sample.zeros > 0 && (990_000..1_010_000).contains(&sample.repeated()), "{}", sample.repeated());
        let table = Table::from_bytes("t", b"a,b\n1,x\n2,y\n1,x\n3,z\n").unwrap();
        assert_eq!((table.shared_rows(&[0, 1], &[2, 3]), table.shared_rows(&[1], &[2])), (1, 0));
    }
}
