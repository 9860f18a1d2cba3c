//! Floor 7: training. The loop, what is measured on the way, and what is written down.

mod evaluate;
mod failure;
mod film;
mod inspect;
mod losses;
mod metrics_file;
mod numerical;
mod plane;
mod record;
mod report;
mod run_folder;
mod sweep;
mod tensorboard;
mod trainer;
mod verdict;
mod weighing;

pub use evaluate::{Analysis, Evaluation, NumberScores, WorstSample, analyse, evaluate, number_scores};
pub use failure::{FailedSample, Failure};
pub use film::{Film, Moment};
pub use inspect::{Inspection, ReluLayer, inspect, label_entropy};
pub use losses::{LOSSES, Loss};
pub use metrics_file::read_metrics;
pub use numerical::{Differentiated, DigitsLost, GradientMethod, NumericalCost, NumericalGradient};
pub use plane::Plane;
pub use record::{EpochRecord, RunRecord};
pub use report::report_html;
pub use run_folder::RunFolder;
pub use sweep::{Spread, band, run_each};
pub use tensorboard::{EventFile, TensorBoard};
pub use trainer::{Length, Observer, Outcome, Progress, Silent, Stop, TrainOptions, train};
pub use verdict::{FailedBy, Verdict, judge};
