//! `kudari eval`: loss and accuracy of a model on data.

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use kudari::train::{Loss, analyse, evaluate, number_scores};
use kudari::{Error, ErrorKind};
use serde_json::Value;

use super::{as_trained, dtype_of, fitting, load_model, thread_count};
use crate::data;
use crate::failure::Failure;
use crate::output::{self, json_object, loss, scores_in_words, share, visible, with_commas};
use crate::plan::{fits_classes, fits_numbers};
use crate::table::{AnyTable, scores_each};

const EXAMPLES: &str = "\
Examples:
  kudari eval runs/mnist-1 mnist
  kudari eval runs/mnist-1 mnist:train
  kudari eval runs/mnist-1/model.safetensors images.idx,labels.idx.gz --json
  kudari eval runs/houses-1 more-houses.csv
  kudari eval runs/arrays-1 X.npy,Y.npy
  kudari eval runs/pets-1 more-pets/
  kudari eval runs/book-1 book.txt:test

--json prints one object: {\"model\", \"data\", \"samples\", \"loss\", \"accuracy\"}, for a model that predicts numbers also
\"r_squared\", \"root_mean_squared_error\" and \"mean_absolute_error\".
In the confusion matrix a row is a class and a column what it was taken for; of more than 40 classes the most frequent mistakes
are printed.";

/// Measure a model on data: loss, accuracy, confusion matrix
#[derive(clap::Args)]
#[command(after_help = EXAMPLES)]
pub struct Arguments {
    /// A run folder, or the model.safetensors in it
    model: PathBuf,
    /// For a model of a table, a table; for one of a text, a text (.txt, all of it, or with :train or :test); else mnist, digits, xor, moons, circles, spiral, arrays of NumPy (.npz), a folder of pictures by class or of IDX files, each with :train or :test (the default), or X.npy,Y.npy or IMAGES.idx,LABELS.idx
    data: String,
    /// Threads to use, by default all processors
    #[arg(long, value_name = "N", value_parser = thread_count)]
    threads: Option<usize>,
    /// Print one JSON object
    #[arg(long)]
    json: bool,
}

/// Measures.
pub fn run(arguments: &Arguments) -> Result<ExitCode, Failure> {
    arguments.threads.iter().for_each(|&count| kudari::set_threads(count));
    let model = load_model(&arguments.model)?;
    let in_file = |e: Error| e.context(arguments.model.display());
    if !model.labels.is_empty() {
        fits_classes(&model.network, model.labels.len()).map_err(in_file)?;
    }
    let measure = Loss::named(&model.loss).map_err(in_file)?;
    let (data, unit) = match &model.preparation {
        Some(preparation) => {
            let data = AnyTable::read(Path::new(&arguments.data), false)?.dataset(preparation)?;
            (data.with_dtype(dtype_of(&model))?, preparation.target().unit())
        }
        None => {
            let data = data::labelled(&arguments.data, Some(&model))?;
            if model.labels.is_empty() {
                if !data.classes().is_empty() {
                    let error = Error::new(ErrorKind::Value, "the outputs are numbers, not classes");
                    return Err(in_file(error.help("give data whose targets are numbers")).into());
                }
                fits_numbers(&model.network, data.target_size().unwrap_or(1)).map_err(in_file)?;
            }
            (fitting(&model, data)?.with_classes(&model.labels)?, 1.0)
        }
    };
    let scores = as_trained(&model, || number_scores(&model.network, &data))?.map(|scores| scores.in_unit(unit));
    let each = as_trained(&model, || scores_each(&model.network, &data, model.preparation.as_ref()))?;
    let result = as_trained(&model, || evaluate(&model.network, &data, measure))?;
    if arguments.json {
        let mut fields = vec![
            ("model", arguments.model.display().to_string().into()),
            ("data", arguments.data.clone().into()),
            ("samples", data.len().into()),
            ("loss", result.loss.into()),
            ("accuracy", result.accuracy.into()),
        ];
        fields.extend(scores.iter().flat_map(output::score_fields));
        if !each.is_empty() {
            let of = |(name, scores): &(String, _)| (name.clone(), output::score_fields(scores).map(|(k, v)| (k.to_string(), v)));
            let targets = each.iter().map(of).map(|(name, fields)| (name, Value::Object(fields.into_iter().collect())));
            fields.push(("targets", Value::Object(targets.collect())));
        }
        output::print(json_object(&fields))?;
        return Ok(ExitCode::SUCCESS);
    }
    output::print(format_args!("model     {}: {}", arguments.model.display(), model.network.notation()))?;
    output::print(format_args!("data      {}: {} samples", arguments.data, with_commas(data.len() as u64)))?;
    match &scores {
        Some(scores) => output::print(format_args!("scores    {}", scores_in_words(scores)))?,
        None => output::print(format_args!("accuracy  {}", share(result.accuracy)))?,
    }
    for (name, scores) in &each {
        output::print(format_args!("          {name}: {}", scores_in_words(scores)))?;
    }
    output::print(format_args!("loss      {} ({})", loss(result.loss), measure.name))?;
    if let Some(analysis) = as_trained(&model, || analyse(&model.network, &data, 0))? {
        output::print("")?;
        output::print(confusion_table(&model.labels, &analysis.confusion))?;
    }
    Ok(ExitCode::SUCCESS)
}

/// The confusion matrix as text, with the share of each class that was recognised.
fn confusion_table(labels: &[String], confusion: &[Vec<usize>]) -> String {
    let labels: Vec<String> = labels.iter().map(|label| visible(label)).collect();
    if labels.len() > MOST_IN_TABLE {
        return most_frequent_mistakes(&labels, confusion);
    }
    let widest = confusion.iter().flatten().map(|n| n.to_string().len()).max().unwrap_or(1);
    let width = labels.iter().map(|l| l.chars().count()).max().unwrap_or(1).max(widest);
    let heads: String = labels.iter().map(|label| format!(" {label:>width$}")).collect();
    let mut lines = vec![format!("{:>width$} {heads}   recognised", "")];
    for (i, (label, row)) in labels.iter().zip(confusion).enumerate() {
        let cells: String = row.iter().map(|count| format!(" {count:>width$}")).collect();
        let total: usize = row.iter().sum();
        let right = row.get(i).copied().unwrap_or(0);
        lines.push(format!("{label:>width$} {cells}   {}", share((total > 0).then(|| right as f64 / total as f64))));
    }
    lines.join("\n")
}

/// Classes that a confusion matrix is printed for.
const MOST_IN_TABLE: usize = 40;

/// What is taken for what most often, where the matrix would be wider than any terminal.
fn most_frequent_mistakes(labels: &[String], confusion: &[Vec<usize>]) -> String {
    const SHOWN: usize = 15;
    let cells = confusion.iter().enumerate().flat_map(|(i, row)| row.iter().enumerate().map(move |(j, &count)| (count, i, j)));
    let mut mistakes: Vec<(usize, usize, usize)> = cells.filter(|&(count, i, j)| count > 0 && i != j).collect();
    mistakes.sort_by_key(|&(count, i, j)| (std::cmp::Reverse(count), i, j));
    let line = |&(count, i, j): &(usize, usize, usize)| {
        let [label, taken] = [i, j].map(|place| labels.get(place).map_or("", |label| &label[..]));
        format!("{:>8}  {label} was taken for {taken}", with_commas(count as u64))
    };
    let lines: Vec<String> = mistakes.iter().take(SHOWN).map(line).collect();
    format!("The most frequent mistakes of {} classes:\n{}", labels.len(), lines.join("\n"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_confusion_matrix_is_a_table() {
        let table = confusion_table(&["no".into(), "yes".into()], &[vec![12, 4], vec![0, 0]]);
        assert_eq!(table, "      no yes   recognised\n no   12   4   0.7500\nyes    0   0   -");
    }
}
