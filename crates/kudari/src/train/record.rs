//! What is written down about a training.

use serde::Serialize;

use crate::error::{Error, Result};
use crate::model::Summary;

use super::evaluate::{Analysis, NumberScores};
use super::findings::Findings;
use super::layer_histograms::LayerMoment;

/// One measurement during training.
#[derive(Debug, Clone, Default, PartialEq, Serialize)]
pub struct EpochRecord {
    /// Passes over the training data so far.
    pub epoch: f64,
    /// Updates so far; 0 is before training.
    pub iteration: u64,
    /// The loss on the training data.
    pub train_loss: f64,
    /// The share of the training data that is classified rightly; `None` if the targets are numbers.
    pub train_accuracy: Option<f64>,
    /// The loss on the validation part, if there is one.
    pub validation_loss: Option<f64>,
    /// The share of the validation part that is classified rightly.
    pub validation_accuracy: Option<f64>,
    /// The loss on the test data.
    pub test_loss: f64,
    /// The share of the test data that is classified rightly.
    pub test_accuracy: Option<f64>,
    /// The learning rate.
    pub learning_rate: f64,
    /// Seconds since training began.
    pub seconds: f64,
}

impl EpochRecord {
    /// The heads of `metrics.csv`.
    pub const CSV_HEAD: &'static str = "epoch,iteration,train_loss,train_accuracy,validation_loss,validation_accuracy,test_loss,test_accuracy,learning_rate,seconds";

    /// The loss that decides: on the validation part, or on the training data where there is none.
    pub fn deciding_loss(&self) -> f64 {
        self.validation_loss.unwrap_or(self.train_loss)
    }

    /// A line of `metrics.csv`.
    pub fn csv_line(&self) -> String {
        let known = |a: Option<f64>| a.map_or(String::new(), |a| a.to_string());
        format!(
            "{},{},{},{},{},{},{},{},{},{:.3}",
            self.epoch,
            self.iteration,
            self.train_loss,
            known(self.train_accuracy),
            known(self.validation_loss),
            known(self.validation_accuracy),
            self.test_loss,
            known(self.test_accuracy),
            self.learning_rate,
            self.seconds
        )
    }

    /// A line of `metrics.jsonl`: one JSON object with the fields of this struct, which are the heads of `metrics.csv`. `null` stands for
    /// a number that there is none of, and for one that is NaN or infinite, which JSON cannot write.
    ///
    /// # Errors
    ///
    /// None that is known: numbers can always be written.
    pub fn json_line(&self) -> Result<String> {
        let rounded = EpochRecord { seconds: (self.seconds * 1e3).round() / 1e3, ..self.clone() };
        serde_json::to_string(&rounded).map_err(|e| Error::format(format!("a measurement as JSON: {e}")))
    }
}

/// All that a report shows of a training.
#[derive(Debug, Clone)]
pub struct RunRecord {
    /// The data set's name.
    pub data: String,
    /// The command that would repeat the run.
    pub command: String,
    /// Name and value of every setting.
    pub settings: Vec<(String, String)>,
    /// The network.
    pub summary: Summary,
    /// The measurements in order.
    pub history: Vec<EpochRecord>,
    /// Names of the classes; empty if the targets are numbers.
    pub classes: Vec<String>,
    /// Results on the test data, for classification.
    pub analysis: Option<Analysis>,
    /// Results on the test data, where numbers are predicted.
    pub scores: Option<NumberScores>,
    /// Residuals, the importance of columns, the worst rows: what there is for the kind of data.
    pub findings: Findings,
    /// Where the parameters and gradients of every layer lay while it learnt; empty if nobody looked.
    pub layers: Vec<LayerMoment>,
    /// Name and value of what the program ran on.
    pub environment: Vec<(String, String)>,
    /// The complete configuration as a file that repeats the run; empty if there is none.
    pub configuration: String,
    /// Updates made.
    pub iterations: u64,
    /// Updates behind the parameters that were kept.
    pub kept: u64,
    /// Passes over the training data.
    pub epochs: f64,
    /// Seconds of the whole run, with measurements.
    pub seconds: f64,
    /// Updates per second, without measurements.
    pub iterations_per_second: f64,
    /// Samples in the training and test data.
    pub samples: (usize, usize),
    /// How training ended, if not by reaching its length.
    pub ended_early: Option<String>,
    /// The SHA-256 sum of the parameters.
    pub weights_sha256: String,
}

impl RunRecord {
    /// The measurement of the parameters that were kept.
    pub fn result(&self) -> Option<&EpochRecord> {
        self.history.iter().rev().find(|record| record.iteration <= self.kept)
    }
}
