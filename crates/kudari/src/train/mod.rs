//! Floor 7: training. The loop, what is measured on the way, and what is written down.

mod evaluate;
mod losses;
mod record;
mod report;
mod run_folder;
mod trainer;

pub use evaluate::{Analysis, Evaluation, WorstSample, analyse, evaluate};
pub use losses::{LOSSES, Loss};
pub use record::{EpochRecord, RunRecord};
pub use report::report_html;
pub use run_folder::RunFolder;
pub use trainer::{Failure, Length, Observer, Outcome, Progress, Silent, Stop, TrainOptions, train};
