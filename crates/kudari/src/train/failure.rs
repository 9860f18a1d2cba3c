//! A training that met a NaN or an infinity: where it came from, and what is kept.

use std::fmt::Write;

use crate::autograd::NonFinite;
use crate::error::{Error, ErrorKind};

/// A training that met a NaN or infinity.
#[derive(Debug, Clone)]
pub struct Failure {
    /// The update at which it appeared, from 1.
    pub iteration: u64,
    /// The epoch of that update, from 1.
    pub epoch: u64,
    /// What went wrong: the loss, a gradient, or a parameter.
    pub what: String,
    /// The function that first produced it.
    pub origin: Option<NonFinite>,
    /// The sample in which it appeared, if it belongs to one.
    pub sample: Option<FailedSample>,
    /// The number of updates behind the parameters that were kept.
    pub kept: u64,
}

/// A sample of the training data.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FailedSample {
    /// Its place in the batch, from 0.
    pub place: usize,
    /// Its place in the training data, from 0.
    pub row: i64,
}

impl Failure {
    /// The failure with its sample, given the places of the batch's samples in the training data.
    pub(super) fn in_batch(mut self, rows: &[i64]) -> Failure {
        // The samples lie along the first axis of everything that has as many rows as the batch.
        let of_batch = self.origin.as_ref().filter(|o| o.shape.first() == Some(&rows.len()));
        self.sample = of_batch.and_then(|origin| {
            let place = *origin.index.first()?;
            Some(FailedSample { place, row: *rows.get(place)? })
        });
        self
    }

    /// The failure as an error that tells where, which function, and what is kept.
    pub fn to_error(&self) -> Error {
        let origin = self.origin.as_ref().map_or(String::new(), |o| format!("; {o}"));
        Error::new(ErrorKind::NonFinite, format!("iteration {}: {}{origin}", self.iteration, self.what)).help(format!(
            "the parameters of iteration {} are kept; try {}",
            self.kept,
            self.advice()
        ))
    }

    /// All that is known, a line for each part of it: where, made by which numbers, what is kept, what to try.
    ///
    /// ```text
    /// iteration 812, epoch 3: the loss is inf
    ///   where    `log` in layer 2.log, sample 17 of the batch (row 5531 of the training data), [4] in it
    ///   made by  ln 0 = −∞
    ///   because  0 is the result of `relu` in layer 1.relu: max(0, −3.1)
    ///   state    the parameters of iteration 811 are kept
    ///   try      a smaller learning rate, …
    /// ```
    pub fn report(&self) -> String {
        let mut text = format!("iteration {}, epoch {}: {}\n", self.iteration, self.epoch, self.what);
        let mut line = |label: &str, words: &str| {
            if !words.is_empty() {
                // Writing to a string cannot fail.
                let _ = writeln!(text, "  {label:<9}{words}");
            }
        };
        if let Some(origin) = &self.origin {
            line("where", &self.place(origin));
            line("made by", &origin.made_by);
            line("because", &origin.because);
            if origin.is_in_program() {
                line("line", &origin.location.to_string());
            }
        }
        line("state", &format!("the parameters of iteration {} are kept", self.kept));
        line("try", &self.advice());
        text
    }

    fn place(&self, origin: &NonFinite) -> String {
        let mut words = format!("`{}`", origin.function);
        if !origin.layer.is_empty() {
            words += &format!(" in layer {}", origin.layer);
        }
        match self.sample {
            Some(FailedSample { place, row }) => {
                words += &format!(", sample {place} of the batch (row {row} of the training data)");
                if let Some(inside @ [_, ..]) = origin.index.get(1..) {
                    words += &format!(", {inside:?} in it");
                }
            }
            None if origin.index.is_empty() => {}
            None => words += &format!(", at {:?}", origin.index),
        }
        words
    }

    fn advice(&self) -> String {
        let row = self.sample.map_or("the data".to_string(), |sample| format!("row {} of the data", sample.row));
        format!("a smaller learning rate, gradient clipping, or look at {row}")
    }
}
