//! Tables: CSV, TSV and Parquet files whose columns are numbers, dates or categories, and how their rows become samples.
//!
//! A [`Table`] is read whole; a [`StreamedTable`] stays in its file, and gives the same to the bit. Columns are understood from what
//! stands in them ([`Column::kind`]). A [`Preparation`] is learnt from the rows to learn from, and from nothing else: means, deviations,
//! what fills gaps, which categories there are. It goes into the model file, so that predictions take rows as they stand in the file.

mod cell;
mod cells;
mod column;
mod decode;
mod features;
mod incoming;
mod median;
#[cfg(feature = "parquet")]
mod parquet;
mod preparation;
mod read;
mod rows;
mod split;
mod streamed;
mod survey;
mod tally;
mod target;
mod usual;

pub use column::{Column, Kind};
pub use preparation::Preparation;
pub use read::{Table, is_parquet};
pub(super) use rows::unpacked;
pub use split::{RowDivision, divide_rows};
pub use streamed::StreamedTable;
pub use survey::{ColumnSurvey, Survey, Warning};
pub use target::{NumberTarget, Target};
pub use usual::usual_target;
