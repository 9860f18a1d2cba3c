//! Floor 7: training. The loop, what is measured on the way, and what is written down.

mod checkpoint;
mod evaluate;
mod failure;
mod film;
mod inspect;
mod losses;
mod numerical;
mod observer;
mod options;
mod plane;
mod record;
mod report;
mod run_folder;
mod state;
mod sweep;
mod trainer;
mod verdict;
mod weighing;

pub use checkpoint::Checkpoint;
pub use evaluate::{Analysis, Evaluation, NumberScores, WorstSample, analyse, evaluate, number_scores, number_scores_each};
pub use failure::{FailedSample, Failure};
pub use film::{Film, Moment};
pub use inspect::{Inspection, ReluLayer, inspect, label_entropy};
pub use losses::{LOSSES, Loss};
pub use numerical::{Differentiated, DigitsLost, GradientMethod, NumericalCost, NumericalGradient};
pub use observer::{Observer, Progress, Silent};
pub use options::{Length, TrainOptions};
pub use plane::Plane;
pub use record::{EpochRecord, RunRecord};
pub use report::report_html;
pub use run_folder::RunFolder;
pub use sweep::{Spread, band, run_each};
pub use trainer::{Outcome, Stop, resume, train};
pub use verdict::{FailedBy, Verdict, judge};
