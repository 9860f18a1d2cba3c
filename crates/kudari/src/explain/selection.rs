//! Which parameter or unit somebody wants to see.

use super::derivation::Derivation;
use crate::error::{Error, ErrorKind, Result};

/// A unit: its layer, and its number in it, both from 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Unit {
    pub layer: usize,
    pub number: usize,
}

/// The block of a parameter and the place in it: `0.weight[1,2]`, counted from 0 as in programs, or the name in the
/// formulas, `w1_23`, counted from 1.
pub(super) fn parameter(derivation: &Derivation, text: &str) -> Result<(usize, usize)> {
    let fail = |what: String, help: String| Err(Error::new(ErrorKind::Value, what).help(help));
    let names: Vec<&str> = derivation.parameters.iter().map(|p| p.0.as_str()).collect();
    let Some((name, rest)) = text.trim().split_once('[') else {
        for (_, block) in &derivation.parameters {
            let this = &derivation.blocks[*block];
            if let Some(at) = (0..this.values.len()).find(|at| derivation.symbol(this.first + at).key() == text.trim()) {
                return Ok((*block, at));
            }
        }
        let first = derivation.parameters.first().map(|p| derivation.symbol(derivation.blocks[p.1].first).key());
        let example = first.map_or(String::new(), |key| format!(", or as in the formulas: {key}"));
        return fail(
            format!("there is no parameter `{text}`"),
            format!("write e.g. {}[0,0]{example}; the parameters are {}", names.first().unwrap_or(&"0.weight"), names.join(", ")),
        );
    };
    let Some((_, block)) = derivation.parameters.iter().find(|p| p.0 == name) else {
        return fail(format!("there is no parameter `{name}`"), format!("the parameters are {}", names.join(", ")));
    };
    let shape = &derivation.blocks[*block].shape;
    let index: Option<Vec<usize>> =
        rest.strip_suffix(']').and_then(|inside| inside.split(',').map(|i| i.trim().parse().ok()).collect());
    let help = || {
        let last: Vec<String> = shape.iter().map(|n| (n - 1).to_string()).collect();
        let first = vec!["0"; shape.len()].join(",");
        format!("indices count from 0: {name}[{first}] to {name}[{}]", last.join(","))
    };
    match index {
        Some(index) if index.len() == shape.len() && index.iter().zip(shape).all(|(i, n)| i < n) => {
            Ok((*block, index.iter().zip(shape).fold(0, |at, (i, n)| at * n + i)))
        }
        Some(index) => fail(format!("`{name}` has shape {shape:?}, there is no element {index:?}"), help()),
        None => fail(format!("`{text}` is not a parameter with its indices"), help()),
    }
}

/// A unit, `2:5`: the fifth of the second layer.
pub(super) fn unit(derivation: &Derivation, text: &str) -> Result<Unit> {
    let numbers = text.split_once(':').and_then(|(l, u)| Some((l.trim().parse().ok()?, u.trim().parse().ok()?)));
    let Some((layer, number)) = numbers else {
        return Err(Error::new(ErrorKind::Value, format!("`{text}` is not a unit"))
            .help("write layer and number from 1, as in 2:5 for the fifth unit of the second layer"));
    };
    let sums = derivation.steps.iter().find(|s| s.layer == layer && !s.parameters.is_empty());
    let units = sums.map(|s| derivation.blocks[s.output].values.len() / derivation.samples().max(1));
    match units {
        Some(units) if (1..=units).contains(&number) => Ok(Unit { layer, number }),
        Some(units) => Err(Error::new(ErrorKind::Value, format!("layer {layer} has no unit {number}"))
            .help(format!("it has the units 1 to {units}"))),
        None => Err(Error::new(ErrorKind::Value, format!("there is no layer {layer}"))
            .help(format!("the layers with weights are 1 to {}", derivation.layers))),
    }
}
