//! What is to be explained: a network with a loss, a sample and a learning rate.

use super::rule::Rule;
use crate::array::Array;
use crate::error::Result;
use crate::model::Network;
use crate::train::Loss;

/// One step of training, before it is made.
pub struct Problem {
    /// What it is called, for the title.
    pub name: String,
    /// The network, in f64.
    pub network: Network,
    /// The loss.
    pub loss: &'static Loss,
    /// The samples `[n, …]`, f64.
    pub input: Array,
    /// What the outputs should be: numbers, or class numbers `[n]`.
    pub target: Array,
    /// The optimizer, written as on the command line; its first step is worked out, so what it remembers is 0 before.
    pub optimizer: String,
    /// The learning rate.
    pub learning_rate: f64,
}

impl Problem {
    /// The same with another optimizer, written as on the command line.
    ///
    /// # Errors
    ///
    /// An optimizer that cannot be, or one whose steps are not told.
    pub fn with_optimizer(self, optimizer: &str) -> Result<Problem> {
        Rule::of(optimizer)?;
        Ok(Problem { optimizer: optimizer.to_string(), ..self })
    }
}
