//! kudari against reference values of independent implementations: every function of the registry and every optimizer
//! against PyTorch (and 60-digit arithmetic), arrays and their texts against NumPy. `generate.py` makes the values and
//! says with which versions.
//!
//! `cargo test --test reference -- --nocapture` prints the worst error of every function.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

mod arrange;
mod arrays;
mod data;
mod elementary;
mod functions;
mod optimizers;
