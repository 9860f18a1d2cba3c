//! The report of a run as one self-contained page.

use super::record::RunRecord;

/// The report as HTML, which needs nothing from anywhere else.
pub fn report_html(record: &RunRecord) -> String {
    format!("<!doctype html><title>{}</title>", record.data)
}
