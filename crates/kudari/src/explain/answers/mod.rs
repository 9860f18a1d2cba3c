//! Checking what somebody worked out by hand.
//!
//! Every value is judged at the digits that were written: right, right for somebody who carries rounded numbers, wrong,
//! or a consequence of an earlier mistake. A wrong value is compared with what the usual slips would give in this very
//! network ([`slips`]); if exactly one fits, it is named.

mod names;
mod read;
mod slips;
mod verdict;

pub use read::{Answer, Written};
pub use verdict::{Judged, Verdict};
