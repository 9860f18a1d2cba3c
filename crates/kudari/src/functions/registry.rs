//! The list of all functions.

pub use super::sample::Sample;
use crate::error::{Error, ErrorKind, Result};

/// One function of the registry.
pub struct Entry {
    /// The name, as in errors and in the network notation.
    pub name: &'static str,
    /// How it is written in Rust.
    pub usage: &'static str,
    /// What it computes, as a reader would write it.
    pub formula: &'static str,
    /// Its derivatives, `g` being the gradient by the result.
    pub derivative: &'static str,
    /// Remarks on edges (kinks, ties, divisors) and the source of what is not common knowledge.
    pub notes: &'static str,
    /// Inputs on which its gradients are checked.
    pub samples: fn() -> Vec<Sample>,
}

impl Entry {
    /// The sample that the function is timed on: about 65,536 numbers, f32. `None` if it has none.
    pub fn timed_sample(&self) -> Option<Sample> {
        (self.samples)().into_iter().find_map(Sample::timed)
    }

    /// The name of its family, in words; empty if it is not in the registry.
    pub fn family(&self) -> &'static str {
        let family = FAMILIES.iter().find(|(_, entries)| entries.iter().any(|entry| entry.name == self.name));
        family.map_or("", |(family, _)| family)
    }
}

/// The elementwise functions of one variable. [`Expression::parse`](crate::expression::Expression::parse) reads their
/// formulas (in x and the parameters) and derivatives (also in y, the result).
pub fn elementwise() -> impl Iterator<Item = &'static Entry> {
    [super::elementary::ENTRIES, super::trigonometric::ENTRIES, super::activation::ENTRIES].into_iter().flatten()
}

/// The functions of every file, with the name of the family that they belong to. A family may have several files, one after
/// the other.
const FAMILIES: &[(&str, &[Entry])] = &[
    ("arithmetic", super::arithmetic::ENTRIES),
    ("elementary functions", super::elementary::ENTRIES),
    ("elementary functions", super::trigonometric::ENTRIES),
    ("activations", super::activation::ENTRIES),
    ("activations", super::adaptive::ENTRIES),
    ("reductions", super::reduction::ENTRIES),
    ("softmax", super::softmax::ENTRIES),
    ("products", super::product::ENTRIES),
    ("products", super::einsum::ENTRIES),
    ("convolutions", super::convolution::ENTRIES),
    ("poolings", super::pooling::ENTRIES),
    ("poolings", super::adaptive_pooling::ENTRIES),
    ("normalisations", super::normalization::ENTRIES),
    ("attention", super::attention::ENTRIES),
    ("recurrent", super::recurrent::ENTRIES),
    ("shape", super::shape::ENTRIES),
    ("indexing", super::indexing::ENTRIES),
    ("indexing", super::embedding::ENTRIES),
    ("arrangement", super::arrange::ENTRIES),
    ("arrangement", super::pad::ENTRIES),
    ("sorting", super::order::ENTRIES),
    ("losses", super::loss::ENTRIES),
    ("losses", super::loss_cross_entropy::ENTRIES),
    ("losses", super::loss_weighted::ENTRIES),
    ("losses", super::loss_classification::ENTRIES),
    ("losses", super::loss_regression::ENTRIES),
    ("losses", super::loss_embedding::ENTRIES),
    ("losses", super::loss_ctc::ENTRIES),
];

/// Every differentiable function, family by family.
pub fn registry() -> impl Iterator<Item = &'static Entry> {
    FAMILIES.iter().flat_map(|(_, entries)| *entries)
}

/// The function of this name.
///
/// # Errors
///
/// There is none; the error names the one that was probably meant.
pub fn function_named(name: &str) -> Result<&'static Entry> {
    registry().find(|entry| entry.name == name).ok_or_else(|| {
        let nearest = registry().map(|entry| (strsim::damerau_levenshtein(name, entry.name), entry.name)).min();
        let guess = nearest.filter(|n| n.0 <= 2).map_or(String::new(), |n| format!("did you mean `{}`? ", n.1));
        Error::new(ErrorKind::Value, format!("unknown function `{name}`")).help(format!("{guess}`kudari functions` lists all"))
    })
}
