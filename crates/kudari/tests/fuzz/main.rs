//! Whatever bytes a reader gets, it gives a result or an error: no panic, no hang, and no more memory than the input accounts for.
//!
//! Inputs are made by a seed: pieces of the format one after the other, random bytes, and good files that were damaged. Each reader gets
//! a few thousand; `KUDARI_FUZZ=1000000 cargo test --release -p kudari --test fuzz` gives each a million, and `KUDARI_FUZZ_AT=123`
//! only the one of that number, which is what a failure names.
#![allow(clippy::unwrap_used, clippy::panic)]

mod files;
mod harness;
mod notations;
mod tables;
