//! What can be seen inside a network on data: units that never fire, and samples that look the same to it.

use std::collections::BTreeMap;

use crate::array::Array;
use crate::autograd::inference;
use crate::data::{Batch, Dataset};
use crate::error::{Error, Result};
use crate::layers::parameter_count;
use crate::model::Network;

/// Samples that go through the network at once.
const CHUNK: usize = 1000;

/// What [`inspect`] finds.
#[derive(Debug, Clone, PartialEq)]
pub struct Inspection {
    /// Every ReLU layer.
    pub relu_layers: Vec<ReluLayer>,
    /// The largest accuracy that any last layer could give: samples for which it gets the same numbers are one to it, and
    /// only the commonest of their classes can be right.
    pub best_accuracy: f64,
    /// The least cross-entropy that any last layer could give: −(1/n) Σ ln(share of a sample's class among the samples that
    /// look the same). 0 if all samples that look the same are of one class.
    pub least_cross_entropy: f64,
}

/// The units of a ReLU layer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ReluLayer {
    /// The layer's position in the network.
    pub layer: usize,
    /// Its units: the numbers that it gives for one sample.
    pub units: usize,
    /// Those that are 0 for every sample.
    pub dead: usize,
}

/// Looks inside a network on all of `data`. The last layer is the last that has parameters.
///
/// # Errors
///
/// Data without classes, or a network that does not fit them.
pub fn inspect(network: &Network, data: &Dataset) -> Result<Inspection> {
    if data.classes().is_empty() {
        return Err(Error::value(format!("{}: its targets are numbers, not classes", data.name())));
    }
    let layers = network.layers().layers();
    let last = layers.iter().rposition(|layer| parameter_count(layer.as_ref()) > 0).unwrap_or(0);
    let is_relu = |layer: usize| layers.get(layer).is_some_and(|l| l.notation().split('(').next() == Some("relu"));
    // For every ReLU layer and unit whether it has fired, and how often each class occurs among samples that look the same.
    let mut fired: BTreeMap<usize, Vec<bool>> = BTreeMap::new();
    let mut looks: BTreeMap<Vec<u8>, Vec<usize>> = BTreeMap::new();
    for from in (0..data.len()).step_by(CHUNK) {
        let Batch { x, t } = data.range(from, from + CHUNK)?;
        let (mut seen, mut relus) = (x.array().clone(), Vec::new());
        inference(|| {
            network.forward_with(&x, |layer, y| {
                if layer + 1 == last {
                    seen = y.array().clone();
                }
                if is_relu(layer) {
                    relus.push((layer, y.array().clone()));
                }
            })
        })?;
        for (layer, y) in relus {
            let highest = rows(&y)?.max_axes(&[0], false)?.to_f64_vec();
            let fired = fired.entry(layer).or_insert_with(|| vec![false; highest.len()]);
            fired.iter_mut().zip(highest).for_each(|(fired, h)| *fired |= h > 0.0);
        }
        // Adding 0 makes −0 into 0, which is the same number with other bits.
        let bytes = rows(&seen)?.shift(0.0).to_le_bytes();
        for (look, label) in bytes.chunks((bytes.len() / t.len()).max(1)).zip(t.to_vec::<i64>()?) {
            let counts = looks.entry(look.to_vec()).or_insert_with(|| vec![0; data.classes().len()]);
            counts.get_mut(label as usize).into_iter().for_each(|count| *count += 1);
        }
    }
    let relu_layer = |(layer, fired): (usize, Vec<bool>)| ReluLayer {
        layer,
        units: fired.len(),
        dead: fired.iter().filter(|&&fired| !fired).count(),
    };
    let commonest: usize = looks.values().filter_map(|counts| counts.iter().max()).sum();
    Ok(Inspection {
        relu_layers: fired.into_iter().map(relu_layer).collect(),
        best_accuracy: commonest as f64 / data.len() as f64,
        least_cross_entropy: entropy(looks.values().map(Vec::as_slice)),
    })
}

/// One row of numbers for every sample.
fn rows(x: &Array) -> Result<Array> {
    x.reshape(&[x.shape().first().copied().unwrap_or(1) as isize, -1])
}

/// The entropy of the labels, −Σ p ln p over the shares of the classes: the cross-entropy of guessing with these shares, ln C
/// for C classes that are equally frequent.
///
/// # Errors
///
/// Data without classes.
pub fn label_entropy(data: &Dataset) -> Result<f64> {
    Ok(entropy(std::iter::once(&data.class_counts()?[..])))
}

/// The mean of −ln(share of a member's class in its group) over all members of all groups, given how often each class occurs
/// in each.
fn entropy<'a>(groups: impl Iterator<Item = &'a [usize]>) -> f64 {
    let (mut sum, mut members) = (0.0, 0);
    for counts in groups {
        let size: usize = counts.iter().sum();
        members += size;
        // Each count in order, so that the sum is the same at every time; ln 1 of a group of one class is exactly 0.
        sum += counts.iter().filter(|&&c| c > 0).map(|&c| c as f64 * (size as f64 / c as f64).ln()).sum::<f64>();
    }
    sum / members.max(1) as f64
}
