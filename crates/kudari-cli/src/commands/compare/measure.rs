//! What trainings are compared by.

use clap::ValueEnum;
use kudari::train::EpochRecord;

use super::runs::Run;
use crate::output::{loss, share};

/// A number that is measured during training.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Measure {
    /// The loss on the test data
    TestLoss,
    /// The share of the test data that is classified rightly
    TestAccuracy,
    /// The loss on the validation part
    ValidationLoss,
    /// The share of the validation part that is classified rightly
    ValidationAccuracy,
    /// The loss on the training data
    TrainLoss,
    /// The share of the training data that is classified rightly
    TrainAccuracy,
}

impl Measure {
    /// All of them, those of the test data first.
    pub const ALL: [Measure; 6] = [
        Measure::TestLoss,
        Measure::TestAccuracy,
        Measure::ValidationLoss,
        Measure::ValidationAccuracy,
        Measure::TrainLoss,
        Measure::TrainAccuracy,
    ];

    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Measure::TestLoss => "test loss",
            Measure::TestAccuracy => "test accuracy",
            Measure::ValidationLoss => "validation loss",
            Measure::ValidationAccuracy => "validation accuracy",
            Measure::TrainLoss => "train loss",
            Measure::TrainAccuracy => "train accuracy",
        }
    }

    /// As it is typed.
    pub fn option(self) -> String {
        self.name().replace(' ', "-")
    }

    /// Whether less of it is better.
    pub fn is_loss(self) -> bool {
        matches!(self, Measure::TestLoss | Measure::ValidationLoss | Measure::TrainLoss)
    }

    /// Its value in a measurement.
    pub fn of(self, record: &EpochRecord) -> Option<f64> {
        match self {
            Measure::TestLoss => Some(record.test_loss),
            Measure::TestAccuracy => record.test_accuracy,
            Measure::ValidationLoss => record.validation_loss,
            Measure::ValidationAccuracy => record.validation_accuracy,
            Measure::TrainLoss => Some(record.train_loss),
            Measure::TrainAccuracy => record.train_accuracy,
        }
    }

    /// Its value in the measurement whose parameters were kept (the last, or that of the least loss on the validation part), or the best of all.
    pub fn end(self, run: &Run, best: bool) -> Option<f64> {
        if !best {
            return run.result().and_then(|record| self.of(record));
        }
        let values = run.history.iter().filter_map(|record| self.of(record)).filter(|value| !value.is_nan());
        values.reduce(|a, b| if self.is_loss() { a.min(b) } else { a.max(b) })
    }

    /// A value of it in few digits.
    pub fn text(self, value: f64) -> String {
        if self.is_loss() { loss(value) } else { share(Some(value)) }
    }
}
