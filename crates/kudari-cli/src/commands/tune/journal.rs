//! What a search has found so far, in a folder: a line for each training that came to its end, so that it can be taken up again.

use std::path::{Path, PathBuf};
use std::sync::Mutex;

use kudari::model::write_atomically;
use kudari::{Error, ErrorKind, Result};
use serde_json::{Value, json};

/// What came of one training.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// The round, from 0: each is longer than the one before.
    pub round: usize,
    /// Which combination.
    pub trial: usize,
    /// The loss on the validation part.
    pub loss: f64,
    /// The accuracy on it, of classes.
    pub accuracy: Option<f64>,
    /// The root mean squared error on it, of numbers, in their unit.
    pub error: Option<f64>,
    /// Updates made.
    pub iterations: u64,
    /// How long it took.
    pub seconds: f64,
}

impl Finding {
    /// Less is better: by accuracy and then by loss, or by the error of numbers. A training that failed comes last.
    pub fn order(&self) -> (f64, f64) {
        let or_last = |value: f64| if value.is_nan() { f64::INFINITY } else { value };
        match (self.accuracy, self.error) {
            (Some(accuracy), _) => (or_last(-accuracy), or_last(self.loss)),
            (None, error) => (or_last(error.unwrap_or(self.loss)), or_last(self.loss)),
        }
    }

    fn to_json(&self) -> Value {
        json!({
            "round": self.round,
            "trial": self.trial,
            // JSON knows neither infinity nor NaN: such a loss is null.
            "loss": self.loss,
            "accuracy": self.accuracy,
            "error": self.error,
            "iterations": self.iterations,
            "seconds": self.seconds,
        })
    }

    fn from_json(value: &Value) -> Option<Finding> {
        let whole = |key: &str| value[key].as_u64();
        Some(Finding {
            round: whole("round")? as usize,
            trial: whole("trial")? as usize,
            loss: value["loss"].as_f64().unwrap_or(f64::NAN),
            accuracy: value["accuracy"].as_f64(),
            error: value["error"].as_f64(),
            iterations: whole("iterations")?,
            seconds: value["seconds"].as_f64()?,
        })
    }
}

/// The file `trials.jsonl`: what is searched in its first line, then a line for each finding.
pub struct Journal {
    path: PathBuf,
    search: String,
    findings: Mutex<Vec<Finding>>,
}

impl Journal {
    /// Begins a file in this folder, or takes up the one that is there.
    ///
    /// # Errors
    ///
    /// The folder cannot be written, or its file belongs to another search.
    pub fn open(folder: &Path, search: &Value) -> Result<Journal> {
        std::fs::create_dir_all(folder).map_err(|e| Error::io(folder, &e))?;
        let path = folder.join("trials.jsonl");
        let search = search.to_string();
        let mut findings = Vec::new();
        match std::fs::read_to_string(&path) {
            Ok(text) => {
                let mut lines = text.lines();
                if lines.next() != Some(&search) {
                    return Err(Error::new(ErrorKind::Value, format!("{}: the journal of another search", path.display()))
                        .help("repeat the same command to go on with it, or choose another folder with --out"));
                }
                for (number, line) in lines.enumerate() {
                    let finding = serde_json::from_str(line).ok().and_then(|value: Value| Finding::from_json(&value));
                    findings.push(finding.ok_or_else(|| {
                        Error::new(ErrorKind::Format, format!("{}: line {} is damaged", path.display(), number + 2))
                            .help("remove the line: its training is made again")
                    })?);
                }
            }
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {}
            Err(error) => return Err(Error::io(&path, &error)),
        }
        let journal = Journal { path, search, findings: Mutex::new(findings) };
        journal.write(&journal.all())?;
        Ok(journal)
    }

    /// Everything found.
    pub fn all(&self) -> Vec<Finding> {
        self.findings.lock().map_or_else(|held| held.into_inner().clone(), |held| held.clone())
    }

    /// What was found of a training, if it was made.
    pub fn of(&self, round: usize, trial: usize) -> Option<Finding> {
        self.all().into_iter().find(|finding| (finding.round, finding.trial) == (round, trial))
    }

    /// Writes down a finding.
    ///
    /// # Errors
    ///
    /// The file cannot be written.
    pub fn add(&self, finding: Finding) -> Result<()> {
        let mut findings = self.findings.lock().unwrap_or_else(|held| held.into_inner());
        findings.push(finding);
        self.write(&findings)
    }

    fn write(&self, findings: &[Finding]) -> Result<()> {
        let lines = findings.iter().map(|finding| finding.to_json().to_string());
        let text: Vec<String> = std::iter::once(self.search.clone()).chain(lines).collect();
        write_atomically(&self.path, (text.join("\n") + "\n").as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn findings_are_ordered_and_found_again() {
        let finding =
            |trial, loss, accuracy| Finding { round: 0, trial, loss, accuracy, error: None, iterations: 5, seconds: 0.5 };
        let better = |a: &Finding, b: &Finding| a.order() < b.order();
        assert!(better(&finding(0, 0.5, Some(0.9)), &finding(1, 0.1, Some(0.8))));
        assert!(better(&finding(0, 0.1, Some(0.9)), &finding(1, 0.2, Some(0.9))));
        assert!(better(&finding(0, 0.1, None), &finding(1, f64::NAN, None)));
        let folder = std::env::temp_dir().join(format!("kudari-journal-{}", std::process::id()));
        let search = json!({"data": "xor"});
        let journal = Journal::open(&folder, &search).unwrap();
        journal.add(finding(3, 0.25, Some(1.0))).unwrap();
        journal.add(finding(4, f64::INFINITY, None)).unwrap();
        let again = Journal::open(&folder, &search).unwrap();
        assert_eq!(again.of(0, 3), Some(finding(3, 0.25, Some(1.0))));
        assert!(again.of(0, 4).unwrap().loss.is_nan() && again.of(1, 3).is_none());
        assert!(Journal::open(&folder, &json!({"data": "moons"})).err().unwrap().what().contains("another search"));
        std::fs::write(folder.join("trials.jsonl"), format!("{search}\nnot this\n")).unwrap();
        assert!(Journal::open(&folder, &search).err().unwrap().what().contains("line 2 is damaged"));
        std::fs::remove_dir_all(&folder).unwrap();
    }
}
