//! What is to be explained: a network with a loss, a sample and a learning rate.

use crate::array::Array;
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
    /// The learning rate of plain gradient descent.
    pub learning_rate: f64,
}
