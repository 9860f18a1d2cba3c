//! Tables: CSV and TSV files whose columns are numbers, dates or categories, and how their rows become samples.
//!
//! A [`Table`] is read whole and its columns are understood from what stands in them ([`Column::kind`]). A [`Preparation`] is
//! learnt from the rows to learn from, and from nothing else: means, deviations, what fills gaps, which categories there are. It goes
//! into the model file, so that predictions take rows as they stand in the file.

mod cell;
mod column;
mod decode;
mod preparation;
mod read;
mod split;

pub use column::{Column, Kind};
pub use preparation::{Preparation, Target};
pub use read::Table;
pub use split::{fold_rows, split_off_validation, split_rows, usual_target};
