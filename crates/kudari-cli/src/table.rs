//! Tables as DATA: which columns are used, how rows are divided, and what trains well on them.

use std::path::{Path, PathBuf};

use kudari::data::Split;
use kudari::data::table::{Preparation, Table, Target, fold_rows, split_off_validation, split_rows, usual_target};
use kudari::{Error, ErrorKind, Result};
use serde_json::Value;

use crate::data::{self, Division, Training, taken};
use crate::failure::{Failure, OrUsage};
use crate::output::with_commas;

/// The share of the rows that a model is judged by.
const TEST_SHARE: f64 = 0.2;

/// What of a table is used.
#[derive(clap::Args, Clone, Default, Debug, PartialEq)]
pub struct TableArguments {
    /// Of a table: the column to predict, by default one named target, class, label, y, outcome or output, else the last
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
}

impl TableArguments {
    /// Makes sure that nothing is said about columns where there are none.
    pub fn of_no_table(&self, data: &str) -> Result<(), Failure> {
        if *self == TableArguments::default() {
            return Ok(());
        }
        let error = Error::new(ErrorKind::Value, format!("`{data}` is no table"));
        Err(Failure::Usage(error.help("--target, --features, --ignore and --test are for CSV and TSV files")))
    }

    /// Names and values of the options that are set.
    pub fn options(&self) -> Vec<(&'static str, Value)> {
        let mut options: Vec<(&'static str, Value)> =
            self.target.iter().map(|target| ("target", target.clone().into())).collect();
        let lists = [("features", &self.features), ("ignore", &self.ignore)];
        options.extend(lists.into_iter().filter(|(_, list)| !list.is_empty()).map(|(name, list)| (name, list.clone().into())));
        options.extend(self.test.iter().map(|path| ("test", path.display().to_string().into())));
        options
    }

    /// The columns to predict `target` from.
    fn features<'a>(&self, table: &'a Table, target: &str) -> Result<Vec<&'a str>> {
        self.features.iter().chain(&self.ignore).try_for_each(|name| table.column(name).map(|_| ()))?;
        if self.features.iter().any(|name| name == target) {
            return Err(Error::new(ErrorKind::Value, format!("the target `{target}` is among the features"))
                .help("a column cannot be predicted from itself"));
        }
        let all = table.columns().iter().map(|column| column.name());
        let wanted = |name: &&str| match self.features.is_empty() {
            true => !self.ignore.iter().any(|ignored| ignored == name),
            false => self.features.iter().any(|feature| feature == name),
        };
        Ok(all.filter(|name| *name != target).filter(wanted).collect())
    }
}

/// Whether a path names a table by its ending.
pub fn is_table(path: &Path) -> bool {
    let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let plain = name.strip_suffix(".gz").unwrap_or(&name);
    [".csv", ".tsv"].iter().any(|ending| plain.ends_with(ending))
}

/// Rows to learn from and to be judged by, prepared by what the first tell.
pub fn training(path: &Path, arguments: &TableArguments, division: Division) -> Result<Training, Failure> {
    let table = Table::read(path)?;
    let target = match &arguments.target {
        Some(name) => table.column(name).or_usage()?,
        None => usual_target(&table).ok_or_else(|| {
            Error::new(ErrorKind::Value, format!("{}: no column of numbers or categories to predict", table.name()))
        })?,
    };
    let features: Vec<String> = arguments.features(&table, target.name()).or_usage()?.into_iter().map(str::to_string).collect();
    let judged = arguments.test.as_ref().map(|path| Table::read(path)).transpose()?;
    let share = if judged.is_some() { 0.0 } else { TEST_SHARE };
    let (to_learn, to_judge) = match division.fold {
        Some((number, of)) => taken(fold_rows(&table, target, of, division.seed).or_usage()?, number),
        None => split_rows(target, share, division.seed).into(),
    };
    if to_learn.is_empty() || (to_judge.is_empty() && judged.is_none()) {
        let rows = to_learn.len() + to_judge.len();
        return Err(Error::new(ErrorKind::Value, format!("{}: {rows} rows with a target are too few", table.name()))
            .help("at least five are needed: one of five is kept to judge the model by")
            .into());
    }
    let [to_learn, to_decide] = match division.validation {
        Some(share) => split_off_validation(target, to_learn, share, division.seed),
        None => [to_learn, Vec::new()],
    };
    let preparation = Preparation::learn(&table, &to_learn, target.name(), &features).or_usage()?;
    let test = match &judged {
        Some(other) => {
            let test = preparation.dataset(other, &(0..other.rows()).collect::<Vec<_>>())?;
            if test.is_empty() {
                let what = format!("{}: no row says `{}`", other.name(), target.name());
                return Err(Error::new(ErrorKind::Value, what).help("a model is judged by rows that hold its target").into());
            }
            test
        }
        None => preparation.dataset(&table, &to_judge)?,
    };
    let validation = division.validation.map(|_| preparation.dataset(&table, &to_decide)).transpose()?;
    let split = Split { train: preparation.dataset(&table, &to_learn)?, test, validation };
    let are_classes = matches!(preparation.target(), Target::Classes { .. });
    let defaults = data::usual(split.train.len(), split.train.sample_shape(), are_classes);
    let name = path.file_name().map_or("table".to_string(), |name| name.to_string_lossy().into_owned());
    let name = name.split('.').next().unwrap_or("table").to_string();
    Ok(Training { name, split, defaults, view: None, preparation: Some(preparation), notes: Vec::new() })
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
        Target::Number { column, .. } => format!("predicts {column}: a number"),
    });
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
    fn the_options_say_what_was_set() {
        let arguments = TableArguments { target: Some("y".into()), ignore: vec!["a".into(), "b".into()], ..Default::default() };
        assert_eq!(arguments.options(), [("target", "y".into()), ("ignore", vec!["a", "b"].into())]);
        assert!(arguments.of_no_table("mnist").is_err() && TableArguments::default().of_no_table("mnist").is_ok());
    }
}
