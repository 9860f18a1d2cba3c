//! Tables as DATA: which columns are used, how rows are divided, and what trains well on them.

use std::path::{Path, PathBuf};

use kudari::data::table::{
    Column, Preparation, RowDivision, StreamedTable, Survey, Table, Target, divide_rows, is_parquet, usual_target,
};
use kudari::data::{Dataset, Split};
use kudari::model::Network;
use kudari::train::{NumberScores, number_scores_each};
use kudari::{Error, ErrorKind, Result};
use serde_json::Value;

use crate::data::{self, Division, Training};
use crate::failure::{Failure, OrUsage};
use crate::memory;
use crate::output::with_commas;

/// The share of the rows that a model is judged by.
const TEST_SHARE: f64 = 0.2;

/// What of a table is used.
#[derive(clap::Args, Clone, Default, Debug, PartialEq)]
pub struct TableArguments {
    /// Of a table: the column to predict, by default one named target, class, label, y, outcome or output, else one that is often
    /// predicted, such as price or species, else the last that is no time and no number of rows; several columns of numbers with
    /// commas between them
    #[arg(long, value_name = "COLUMN")]
    pub target: Option<String>,
    /// Of a table: the columns to predict it from, by default all others
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',')]
    pub features: Vec<String>,
    /// Of a table: columns to leave out
    #[arg(long, value_name = "COLUMNS", value_delimiter = ',', conflicts_with = "features")]
    pub ignore: Vec<String>,
    /// Of a table: another with the rows that the model is judged by, otherwise a fifth of the rows, of every class alike
    #[arg(long, value_name = "TABLE")]
    pub test: Option<PathBuf>,
    /// Of a table: leave its rows on the disk, as is done without this where they are too many for the memory; the model is the
    /// same to the bit
    #[arg(long)]
    pub stream: bool,
}

impl TableArguments {
    /// Makes sure that nothing is said about columns where there are none.
    pub fn of_no_table(&self, data: &str) -> Result<(), Failure> {
        if *self == TableArguments::default() {
            return Ok(());
        }
        let error = Error::new(ErrorKind::Value, format!("`{data}` is no table"));
        Err(Failure::Usage(
            error.help("--target, --features, --ignore, --test and --stream are for tables, CSV, TSV and Parquet files"),
        ))
    }

    /// Names and values of the options that are set.
    pub fn options(&self) -> Vec<(&'static str, Value)> {
        let mut options: Vec<(&'static str, Value)> =
            self.target.iter().map(|target| ("target", target.clone().into())).collect();
        let lists = [("features", &self.features), ("ignore", &self.ignore)];
        options.extend(lists.into_iter().filter(|(_, list)| !list.is_empty()).map(|(name, list)| (name, list.clone().into())));
        options.extend(self.test.iter().map(|path| ("test", path.display().to_string().into())));
        options.extend(self.stream.then(|| ("stream", true.into())));
        options
    }

    /// The columns to predict the targets from.
    fn features(&self, table: &Table, targets: &[&str]) -> Result<Vec<String>> {
        self.features.iter().chain(&self.ignore).try_for_each(|name| table.column(name).map(|_| ()))?;
        if let Some(target) = targets.iter().find(|target| self.features.iter().any(|name| name == *target)) {
            return Err(Error::new(ErrorKind::Value, format!("the target `{target}` is among the features"))
                .help("a column cannot be predicted from itself"));
        }
        let all = table.columns().iter().map(|column| column.name().to_string());
        let wanted = |name: &String| match self.features.is_empty() {
            true => !self.ignore.contains(name),
            false => self.features.contains(name),
        };
        Ok(all.filter(|name| !targets.contains(&&name[..])).filter(wanted).collect())
    }
}

/// The columns to predict: those that `named` names, or the usual one.
pub fn targets<'a>(table: &'a Table, named: Option<&str>) -> Result<Vec<&'a Column>, Failure> {
    let Some(text) = named else {
        let usual = usual_target(table).ok_or_else(|| {
            Error::new(ErrorKind::Value, format!("{}: no column of numbers or categories to predict", table.name()))
        })?;
        return Ok(vec![usual]);
    };
    // A name may hold commas itself.
    if let Some(column) = table.columns().iter().find(|column| column.name() == text) {
        return Ok(vec![column]);
    }
    text.split(',').map(|name| table.column(name.trim())).collect::<Result<_>>().or_usage()
}

/// A table in memory, or one that stays in its file.
pub enum AnyTable {
    Held(Table),
    Streamed(StreamedTable),
}

impl AnyTable {
    /// Reads a table: into memory if it fits and `stream` does not want otherwise. Parquet can be read in no other way.
    pub fn read(path: &Path, stream: bool) -> Result<AnyTable> {
        if stream || (!is_parquet(path) && !fits_memory(path, memory::usable())) {
            return Ok(AnyTable::Streamed(StreamedTable::read(path)?));
        }
        Ok(AnyTable::Held(Table::read(path)?))
    }

    /// Its columns with their kinds.
    pub fn table(&self) -> &Table {
        match self {
            AnyTable::Held(table) => table,
            AnyTable::Streamed(streamed) => streamed.table(),
        }
    }

    /// Looks through all rows for what should be known before the columns `targets` are learnt.
    pub fn survey(&self, targets: &[&str]) -> Result<Survey> {
        match self {
            AnyTable::Held(table) => Ok(table.survey(targets)),
            AnyTable::Streamed(streamed) => streamed.survey(targets),
        }
    }

    /// All rows that hold the target, prepared.
    pub fn dataset(&self, preparation: &Preparation) -> Result<Dataset> {
        let data = match self {
            AnyTable::Held(table) => preparation.dataset(table, &(0..table.rows()).collect::<Vec<_>>())?,
            AnyTable::Streamed(streamed) => streamed.dataset(preparation)?,
        };
        if data.is_empty() {
            let what = format!("{}: no row says `{}`", self.table().name(), preparation.target().name());
            return Err(Error::new(ErrorKind::Value, what).help("a model is judged by rows that hold its target"));
        }
        Ok(data)
    }

    /// The parts of the rows, prepared by what those to learn from tell.
    fn divided(
        &self,
        targets: &[&Column],
        features: &[String],
        division: &RowDivision,
    ) -> Result<(Preparation, Split, Vec<String>), Failure> {
        let names: Vec<&str> = targets.iter().map(|column| column.name()).collect();
        match self {
            AnyTable::Streamed(streamed) => {
                let (preparation, split) = streamed.training(&names, features, division).or_usage()?;
                Ok((preparation, split, Vec::new()))
            }
            AnyTable::Held(table) => {
                let parts = divide_rows(table, targets, division);
                // Too few rows are a fault of the table, too many folds one of the command.
                let parts = if division.fold.is_some() { parts.or_usage()? } else { parts? };
                let preparation = Preparation::learn(table, &parts[0], &names, features).or_usage()?;
                let warnings = warnings(table, &preparation, &parts);
                let [train, test, validation] = parts.map(|rows| preparation.dataset(table, &rows));
                let validation = division.validation.map(|_| validation).transpose()?;
                Ok((preparation, Split { train: train?, test: test?, validation }, warnings))
            }
        }
    }
}

/// What should be known of the columns that are used, and of rows that are in two parts.
fn warnings(table: &Table, preparation: &Preparation, parts: &[Vec<usize>; 3]) -> Vec<String> {
    let targets = preparation.target().columns();
    let is_used = |name: &String| targets.contains(&&name[..]) || preparation.columns().any(|column| column == name);
    let told = table.survey(&targets).warnings.into_iter().filter(|warning| warning.column.as_ref().is_some_and(is_used));
    let mut warnings: Vec<String> = told.map(|warning| warning.to_string()).collect();
    let shared = table.shared_rows(&parts[0], &parts[1]);
    if shared > 0 {
        let (shared, of) = (with_commas(shared as u64), with_commas(parts[1].len() as u64));
        warnings.push(format!("{shared} of {of} test rows are copies of training rows"));
    }
    const MOST: usize = 6;
    let more = warnings.len().saturating_sub(MOST);
    warnings.truncate(MOST);
    warnings.iter_mut().for_each(|warning| warning.insert_str(0, "note: "));
    if more > 0 {
        warnings.push(format!("and {more} more: kudari data {}", table.name()));
    }
    warnings
}

/// Whether a table can be read into memory of `usable` bytes. Besides the file's bytes there are the cells' texts, where each of them ends,
/// and the inputs made of them.
fn fits_memory(path: &Path, usable: Option<u64>) -> bool {
    const TIMES: u64 = 6;
    /// How small gzip makes a table.
    const PACKED: u64 = 6;
    let (Some(usable), Ok(file)) = (usable, std::fs::metadata(path)) else { return true };
    let is_packed = path.extension().is_some_and(|ending| ending.eq_ignore_ascii_case("gz"));
    let times = if is_packed { TIMES * PACKED } else { TIMES };
    file.len().saturating_mul(times) <= usable
}

/// Whether a path names a table by its ending.
pub fn is_table(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let plain = name.strip_suffix(".gz").unwrap_or(&name);
    is_parquet(path) || [".csv", ".tsv"].iter().any(|ending| plain.ends_with(ending))
}

/// Rows to learn from and to be judged by, prepared by what the first tell.
pub fn training(path: &Path, arguments: &TableArguments, division: Division) -> Result<Training, Failure> {
    let table = AnyTable::read(path, arguments.stream)?;
    let targets = targets(table.table(), arguments.target.as_deref())?;
    let names: Vec<&str> = targets.iter().map(|column| column.name()).collect();
    let features = arguments.features(table.table(), &names).or_usage()?;
    let judged = arguments.test.as_ref().map(|path| AnyTable::read(path, arguments.stream)).transpose()?;
    let Division { seed, validation, fold } = division;
    let test = if judged.is_some() { 0.0 } else { TEST_SHARE };
    let (preparation, mut split, notes) = table.divided(&targets, &features, &RowDivision { test, fold, validation, seed })?;
    if let Some(judged) = &judged {
        split.test = judged.dataset(&preparation)?;
    }
    let are_classes = !preparation.target().classes().is_empty();
    let defaults = data::usual(split.train.len(), split.train.sample_shape(), are_classes);
    let name = path.file_name().map_or("table".to_string(), |name| name.to_string_lossy().into_owned());
    let name = name.split('.').next().unwrap_or("table").to_string();
    Ok(Training { name, split, defaults, view: None, preparation: Some(preparation), notes })
}

/// How near a network comes to each of several numbers that it predicts, in their own units; none where it does not predict several.
pub fn scores_each(network: &Network, data: &Dataset, preparation: Option<&Preparation>) -> Result<Vec<(String, NumberScores)>> {
    let numbers = preparation.map_or(&[][..], |preparation| preparation.target().numbers());
    if numbers.len() < 2 {
        return Ok(Vec::new());
    }
    let scores = number_scores_each(network, data)?;
    Ok(numbers.iter().zip(scores).map(|(number, scores)| (number.column.clone(), scores.in_unit(number.deviation))).collect())
}

/// A table as data in words: rows, columns and what is predicted.
pub fn in_words(data: &str, split: &Split, preparation: &Preparation) -> Vec<String> {
    let rows = |count: usize| with_commas(count as u64);
    let columns = preparation.columns().count();
    let mut lines = vec![format!(
        "{data}: {} training{} and {} test rows, {columns} column{} as {} inputs",
        rows(split.train.len()),
        split.validation.as_ref().map_or(String::new(), |part| format!(", {} validation", rows(part.len()))),
        rows(split.test.len()),
        if columns == 1 { "" } else { "s" },
        preparation.inputs()
    )];
    lines.push(match preparation.target() {
        Target::Classes { column, names } => format!("predicts {column}: {}", some_of(names)),
        Target::Numbers { columns } if columns.len() > 1 => {
            format!("predicts {}: {} numbers", preparation.target().name(), columns.len())
        }
        Target::Numbers { .. } => format!("predicts {}: a number", preparation.target().name()),
    });
    if let Some(bytes) = split.train.stored_bytes() {
        let all = bytes + split.test.stored_bytes().unwrap_or(0);
        lines.push(format!("streamed: the rows lie in temporary files of {} MB", with_commas(all.div_ceil(1_000_000))));
    }
    if !preparation.left_out().is_empty() {
        lines.push(format!("without {}, which tell nothing", some_of(preparation.left_out())));
    }
    lines
}

/// Names with commas between them, of many the first.
fn some_of(names: &[String]) -> String {
    const MOST: usize = 6;
    let shown = names.iter().take(MOST).cloned().collect::<Vec<_>>().join(", ");
    if names.len() > MOST { format!("{shown} and {} more", names.len() - MOST) } else { shown }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tables_are_known_by_their_ending() {
        for (name, is) in [("a.csv", true), ("A.CSV.gz", true), ("b.tsv", true), ("c.idx.gz", false), ("csv", false)] {
            assert_eq!(is_table(Path::new(name)), is, "{name}");
        }
    }

    #[test]
    fn a_table_fits_memory_or_does_not() {
        let path = std::env::temp_dir().join(format!("kudari-fits-{}.csv", std::process::id()));
        std::fs::write(&path, vec![b'x'; 1000]).unwrap();
        assert!(fits_memory(&path, None) && fits_memory(&path, Some(6000)) && !fits_memory(&path, Some(5999)));
        std::fs::remove_file(&path).unwrap();
        assert!(fits_memory(&path, Some(1)));
    }

    #[test]
    fn the_options_say_what_was_set() {
        let arguments = TableArguments { target: Some("y".into()), ignore: vec!["a".into(), "b".into()], ..Default::default() };
        assert_eq!(arguments.options(), [("target", "y".into()), ("ignore", vec!["a", "b"].into())]);
        assert!(arguments.of_no_table("mnist").is_err() && TableArguments::default().of_no_table("mnist").is_ok());
    }
}
