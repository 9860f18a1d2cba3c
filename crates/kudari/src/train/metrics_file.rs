//! Reading `metrics.csv`.

use std::path::Path;

use super::record::EpochRecord;
use crate::error::{Error, Result};

/// The measurements in a `metrics.csv`, in their order. Columns are found by their names, so that files of other versions of the
/// program can be read: those that this one does not know are passed over, and what there is no number of is NaN, or `None` where
/// that may be.
///
/// # Errors
///
/// The file cannot be read, has no columns `iteration` and `train_loss`, or holds something else than numbers.
pub fn read_metrics(path: &Path) -> Result<Vec<EpochRecord>> {
    let bytes = std::fs::read(path).map_err(|e| Error::io(path, &e))?;
    parse(&bytes).map_err(|e| e.context(path.display()))
}

fn parse(bytes: &[u8]) -> Result<Vec<EpochRecord>> {
    let mut reader = csv::ReaderBuilder::new().from_reader(bytes);
    let broken = |e: csv::Error| Error::format(format!("not a table of measurements: {e}"));
    let heads = reader.headers().map_err(broken)?.clone();
    for needed in ["iteration", "train_loss"] {
        if !heads.iter().any(|head| head == needed) {
            return Err(
                Error::format(format!("no column `{needed}`")).help("kudari reads the metrics.csv that kudari train wrote")
            );
        }
    }
    let mut history = Vec::new();
    for (i, row) in reader.records().enumerate() {
        let row = row.map_err(broken)?;
        let number = |name: &str| -> Result<Option<f64>> {
            let cell = heads.iter().position(|head| head == name).and_then(|place| row.get(place));
            cell.filter(|cell| !cell.is_empty())
                .map(|cell| cell.parse().map_err(|_| Error::format(format!("line {}: `{cell}` is no number for {name}", i + 2))))
                .transpose()
        };
        let or_nan = |name: &str| number(name).map(|value| value.unwrap_or(f64::NAN));
        history.push(EpochRecord {
            epoch: or_nan("epoch")?,
            iteration: or_nan("iteration")? as u64,
            train_loss: or_nan("train_loss")?,
            train_accuracy: number("train_accuracy")?,
            validation_loss: number("validation_loss")?,
            validation_accuracy: number("validation_accuracy")?,
            test_loss: or_nan("test_loss")?,
            test_accuracy: number("test_accuracy")?,
            learning_rate: or_nan("learning_rate")?,
            seconds: or_nan("seconds")?,
        });
    }
    Ok(history)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn record(iteration: u64, accuracy: Option<f64>, loss: f64) -> EpochRecord {
        EpochRecord {
            epoch: iteration as f64 / 7.0,
            iteration,
            train_loss: loss,
            train_accuracy: accuracy,
            validation_loss: accuracy.map(|a| loss * a),
            validation_accuracy: accuracy.map(|a| a / 7.0),
            test_loss: 0.1 + loss,
            test_accuracy: accuracy.map(|a| a / 3.0),
            learning_rate: 1e-3,
            seconds: 1.25,
        }
    }

    #[test]
    fn what_was_written_is_read_to_the_last_bit() {
        let history =
            [record(0, None, 1.0 / 3.0), record(17, Some(0.7), 1e-300), record(u64::from(u32::MAX), Some(1.0), f64::INFINITY)];
        let lines: Vec<String> = history.iter().map(EpochRecord::csv_line).collect();
        let text = format!("{}\n{}\n", EpochRecord::CSV_HEAD, lines.join("\n"));
        assert_eq!(parse(text.as_bytes()).unwrap(), history);
        // The same fields as JSON.
        for (record, line) in history.iter().zip(&lines) {
            let json: serde_json::Value = serde_json::from_str(&record.json_line().unwrap()).unwrap();
            let fields = json.as_object().unwrap();
            let heads: Vec<&str> = EpochRecord::CSV_HEAD.split(',').collect();
            assert_eq!(fields.len(), heads.len());
            for (head, cell) in heads.iter().zip(line.split(',')) {
                let number: Option<f64> = cell.parse().ok().filter(|n: &f64| n.is_finite());
                assert_eq!(fields[*head].as_f64(), number, "{head}: {cell}, {json}");
            }
        }
        let order = history[0].json_line().unwrap();
        assert!(order.starts_with("{\"epoch\":0.0,\"iteration\":0,\"train_loss\":0.333"), "{order}");
    }

    #[test]
    fn columns_are_found_by_name_and_nonsense_is_refused() {
        let read = |text: &str| parse(text.as_bytes());
        let some = read("train_loss,surplus,iteration\n0.5,x,3\nNaN,,4\n").unwrap();
        assert_eq!((some.len(), some[0].iteration, some[0].train_loss, some[0].test_accuracy), (2, 3, 0.5, None));
        assert!(some[1].train_loss.is_nan() && some[0].seconds.is_nan());
        assert!(read("iteration,train_loss\n").unwrap().is_empty());
        let error = |text: &str| read(text).unwrap_err().what().to_string();
        assert_eq!(error("a,b\n1,2\n"), "no column `iteration`");
        assert_eq!(error("iteration,train_loss\n1,2\n2,two\n"), "line 3: `two` is no number for train_loss");
        assert!(error("iteration,train_loss\n1\n").starts_with("not a table of measurements"));
        assert!(read("").is_err());
        assert!(parse(&[0xff, 0xfe, 0, 159]).is_err());
    }
}
