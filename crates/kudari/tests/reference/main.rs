//! kudari against reference values of independent implementations: every function of the registry and every optimizer
//! against PyTorch (and 60-digit arithmetic), whole networks in their first steps of training, arrays and their texts against
//! NumPy. The scripts beside this file make the values and say with which versions.
//!
//! The largest errors are in `src/functions/reference_errors.tsv`, which `KUDARI_WRITE_DOCS=1` writes anew.
//! `cargo test --test reference -- --nocapture` prints the worst error of every function.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod arrange;
mod arrays;
mod attention;
mod data;
mod elementary;
mod errors;
mod functions;
mod losses;
mod metrics;
mod normalization;
mod optimizers;
mod recurrent;
mod schedules;
mod training;
