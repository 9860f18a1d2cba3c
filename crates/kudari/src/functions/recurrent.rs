//! Recurrent networks: one layer in one direction over whole sequences.
//!
//! Weights, biases and the order of the gates are those of PyTorch, so that its numbers can be used as they are.

use std::sync::OnceLock;

use smallvec::SmallVec;

use super::fused::{Fused, apply_fused};
use super::indexing::choose;
use super::recurrent_states::{States, not_float};
use super::registry::{Entry, Sample};
use super::shape::{concatenate, stack};
use crate::array::{Array, Shape};
use crate::autograd::{Variable, may_fuse};
use crate::error::{Error, Result};
use crate::kernels::recurrent::Cell;

/// The parameters of a recurrent layer in one direction, with the gates of all units one after the other: 1 for a simple network, 4
/// (i, f, g, o) for an LSTM, 3 (r, z, n) for a GRU.
#[derive(Debug, Clone, Copy)]
pub struct RecurrentWeights<'a> {
    /// W: `[gates · units, inputs]`.
    pub input: &'a Variable,
    /// U: `[gates · units, units]`.
    pub hidden: &'a Variable,
    /// b and b': `[gates · units]`, added to W·x and to U·h.
    pub biases: Option<[&'a Variable; 2]>,
}

/// How a recurrent function walks through its sequences.
#[derive(Debug, Clone, Copy, Default)]
pub struct RecurrentOptions<'a> {
    /// Places of every sample, from 1 to all. A sample's state stays as it is behind its end, and its results there are 0; what x
    /// holds there is not read.
    pub lengths: Option<&'a [usize]>,
    /// From each sample's last place to its first.
    pub reverse: bool,
}

/// What a simple recurrent network makes of its sums.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RecurrentActivation {
    /// tanh.
    #[default]
    Tanh,
    /// max(x, 0), with slope 0 at 0.
    Relu,
}

/// Shapes, types and lengths.
fn check(
    name: &str,
    cell: Cell,
    x: &Variable,
    states: &[&Variable],
    weights: &RecurrentWeights<'_>,
    options: &RecurrentOptions<'_>,
) -> Result<()> {
    if !x.dtype().is_float() {
        return Err(not_float(name, x.dtype()));
    }
    let biases = weights.biases.iter().flatten().copied();
    let others: SmallVec<[&Variable; 6]> = states.iter().copied().chain([weights.input, weights.hidden]).chain(biases).collect();
    let fits = match (x.shape(), weights.hidden.shape()) {
        (&[samples, _, inputs], &[width, units]) => {
            units > 0
                && Some(width) == units.checked_mul(cell.gates())
                && weights.input.shape() == [width, inputs]
                && states.iter().all(|state| state.shape() == [samples, units])
                && weights.biases.iter().flatten().all(|bias| bias.shape() == [width])
        }
        _ => false,
    };
    if !fits || others.iter().any(|other| other.dtype() != x.dtype()) {
        let told = |v: &&Variable| format!("{:?}", v.shape());
        let biases =
            weights.biases.map_or(String::new(), |biases| format!(", biases {}", biases.each_ref().map(told).join(" and ")));
        let states = states.iter().map(told).collect::<Vec<_>>().join(" and ");
        let types: Vec<_> = others.iter().map(|v| v.dtype()).filter(|&dtype| dtype != x.dtype()).take(1).collect();
        let types = types.first().map_or(String::new(), |other| format!("; x holds {}, another {other}", x.dtype()));
        return Err(Error::shape(format!(
            "{name}: x {:?}, states {states}, W {:?}, U {:?}{biases}{types}",
            x.shape(),
            weights.input.shape(),
            weights.hidden.shape()
        ))
        .help(format!(
            "x is [samples, places, inputs], a state [samples, units], W [{0}units, inputs], U [{0}units, units], a bias [{0}units], all of one type",
            match cell.gates() {
                1 => String::new(),
                gates => format!("{gates} · "),
            }
        )));
    }
    let [samples, places] = [x.shape()[0], x.shape()[1]];
    if places == 0 {
        return Err(Error::shape(format!("{name}: x {:?} has no places", x.shape())).help("a sequence has at least one place"));
    }
    if let Some(lengths) = options.lengths {
        if lengths.len() != samples {
            return Err(
                Error::shape(format!("{name}: {} lengths for {samples} samples", lengths.len())).help("give one length a sample")
            );
        }
        if let Some((sample, length)) = lengths.iter().enumerate().find(|(_, length)| !(1..=places).contains(*length)) {
            return Err(Error::value(format!("{name}: length {length} of sample {sample}, x has {places} places"))
                .help("a length is a whole number from 1 to the number of places"));
        }
    }
    // All sums at once must fit the memory.
    Shape::allocatable(&[places + 2, samples, weights.hidden.shape()[0]], x.dtype()).map(|_| ())
}

/// The results at all places, the last state, and the LSTM's last cell.
#[track_caller]
fn run(
    cell: Cell,
    x: &Variable,
    states: &[&Variable],
    weights: &RecurrentWeights<'_>,
    options: &RecurrentOptions<'_>,
) -> Result<(Variable, Variable, Option<Variable>)> {
    let lengths = options.lengths.map(<[usize]>::to_vec);
    let function = States { cell, lengths, reverse: options.reverse, kept: OnceLock::new() };
    check(function.name(), cell, x, states, weights, options)?;
    let biases = weights.biases.iter().flatten().copied();
    let inputs: SmallVec<[&Variable; 7]> =
        [x].into_iter().chain(states.iter().copied()).chain([weights.input, weights.hidden]).chain(biases).collect();
    let places = x.shape()[1];
    let (first, last) = if options.reverse { (0, 0) } else { (1, places) };
    // Behind a sample's end the state stays, but the result is 0.
    let inside = |places: std::ops::Range<usize>| -> Option<Vec<bool>> {
        let lengths = options.lengths?;
        Some(places.flat_map(|place| lengths.iter().map(move |&length| place < length)).collect())
    };
    if !may_fuse() {
        // Whoever looks sees the states themselves.
        let inputs: SmallVec<[Variable; 7]> = inputs.into_iter().cloned().collect();
        let (states, c) = function.steps(&inputs)?;
        let result = |place: usize| match inside(place..place + 1) {
            Some(inside) => choose(&Array::from_vec(inside, &[x.shape()[0], 1])?, &states[first + place], 0.0),
            None => Ok(states[first + place].clone()),
        };
        let results = (0..places).map(result).collect::<Result<Vec<_>>>()?;
        return Ok((stack(&results.iter().collect::<Vec<_>>(), 1)?, states[last].clone(), c));
    }
    let all = apply_fused(function, &inputs)?;
    let mut y = all.slice(&[(first as isize..(first + places) as isize).into()])?;
    if let Some(inside) = inside(0..places) {
        y = choose(&Array::from_vec(inside, &[places, x.shape()[0], 1])?, &y, 0.0)?;
    }
    let c = if cell == Cell::Lstm { Some(all.index_axis(0, places as isize + 1)?) } else { None };
    Ok((y.permute(&[1, 0, 2])?, all.index_axis(0, last as isize)?, c))
}

/// A simple recurrent network: `hₜ = tanh(W·xₜ + b + U·hₜ₋₁ + b')`, or max(·, 0) (Elman 1990). x has the shape `[samples, places,
/// inputs]`, the first state h `[samples, units]`. Gives the states at all places, `[samples, places, units]`, and the last one.
///
/// # Errors
///
/// Shapes or types that do not fit each other, no places, or lengths that are not between 1 and the number of places.
#[track_caller]
pub fn rnn(
    x: &Variable,
    h: &Variable,
    weights: &RecurrentWeights<'_>,
    activation: RecurrentActivation,
    options: &RecurrentOptions<'_>,
) -> Result<(Variable, Variable)> {
    let cell = if activation == RecurrentActivation::Relu { Cell::Relu } else { Cell::Tanh };
    let (y, h, _) = run(cell, x, &[h], weights, options)?;
    Ok((y, h))
}

/// A long short-term memory. With the four gates i, f, o = σ(·) and g = tanh(·) of the sums W·xₜ + b + U·hₜ₋₁ + b' the cell is
/// `cₜ = f·cₜ₋₁ + i·g` and the state `hₜ = o·tanh cₜ` (Hochreiter and Schmidhuber 1997; f by Gers, Schmidhuber and Cummins 2000). x
/// has the shape `[samples, places, inputs]`, the first state h and cell c `[samples, units]`. Gives the states at all places,
/// `[samples, places, units]`, the last one and the last cell.
///
/// # Errors
///
/// As for [`rnn`].
#[track_caller]
pub fn lstm(
    x: &Variable,
    [h, c]: [&Variable; 2],
    weights: &RecurrentWeights<'_>,
    options: &RecurrentOptions<'_>,
) -> Result<(Variable, [Variable; 2])> {
    let (y, h, c) = run(Cell::Lstm, x, &[h, c], weights, options)?;
    let c = c.unwrap_or_else(|| h.clone()); // an LSTM always gives its cell
    Ok((y, [h, c]))
}

/// A gated recurrent unit. With `r = σ(Wᵣ·xₜ + bᵣ + Uᵣ·hₜ₋₁ + bᵣ')`, z likewise and `n = tanh(Wₙ·xₜ + bₙ + r·(Uₙ·hₜ₋₁ + bₙ'))` the
/// state is `hₜ = (1 − z)·n + z·hₜ₋₁` (Cho et al. 2014, with r applied to the product). x has the shape `[samples, places, inputs]`,
/// the first state h `[samples, units]`. Gives the states at all places, `[samples, places, units]`, and the last one.
///
/// # Errors
///
/// As for [`rnn`].
#[track_caller]
pub fn gru(
    x: &Variable,
    h: &Variable,
    weights: &RecurrentWeights<'_>,
    options: &RecurrentOptions<'_>,
) -> Result<(Variable, Variable)> {
    let (y, h, _) = run(Cell::Gru, x, &[h], weights, options)?;
    Ok((y, h))
}

/// A sample of `states` states and `gates` gates: x of 2 samples, 3 places and 2 inputs, for 2 units; results and last states
/// are put side by side.
fn sample(
    states: usize,
    gates: usize,
    biases: bool,
    call: fn(&[Variable], &RecurrentWeights<'_>) -> Result<Vec<Variable>>,
) -> Sample {
    let shapes: [&'static [usize]; 4] = match gates {
        1 => [&[2, 2], &[2, 2], &[2], &[2]],
        3 => [&[6, 2], &[6, 2], &[6], &[6]],
        _ => [&[8, 2], &[8, 2], &[8], &[8]],
    };
    let parameters = &shapes[..if biases { 4 } else { 2 }];
    let first = [&[2, 3, 2][..]].into_iter().chain(std::iter::repeat_n(&[2, 2][..], states));
    let inputs: Vec<(&[usize], f64, f64)> = first.chain(parameters.iter().copied()).map(|shape| (shape, -1.0, 1.0)).collect();
    Sample::new(&inputs, move |v: &[Variable]| {
        let of = &v[1 + states..];
        let weights =
            RecurrentWeights { input: &of[0], hidden: &of[1], biases: if biases { Some([&of[2], &of[3]]) } else { None } };
        let mut results = call(v, &weights)?;
        let last = stack(&results[1..].iter().collect::<Vec<_>>(), 1)?;
        results.truncate(1);
        concatenate(&[&results[0], &last], 1)
    })
}

/// What is timed: 16 samples of 64 places and 64 numbers, and 64 units.
const SEQUENCES: &[usize] = &[16, 64, 64];
const STATES: &[usize] = &[16, 64];
const TIMED_RNN: &[&[usize]] = &[SEQUENCES, STATES, &[64, 64], &[64, 64], &[64], &[64]];
const TIMED_LSTM: &[&[usize]] = &[SEQUENCES, STATES, STATES, &[256, 64], &[256, 64], &[256], &[256]];
const TIMED_GRU: &[&[usize]] = &[SEQUENCES, STATES, &[192, 64], &[192, 64], &[192], &[192]];

const FORWARD: RecurrentOptions<'static> = RecurrentOptions { lengths: None, reverse: false };
const REVERSE: RecurrentOptions<'static> = RecurrentOptions { lengths: None, reverse: true };
const SHORT: RecurrentOptions<'static> = RecurrentOptions { lengths: Some(&[3, 1]), reverse: false };
const SHORT_REVERSE: RecurrentOptions<'static> = RecurrentOptions { lengths: Some(&[2, 3]), reverse: true };

/// The functions of this file.
pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "rnn",
        usage: "let (y, h) = rnn(&x, &h, &weights, RecurrentActivation::Tanh, &RecurrentOptions::default())?",
        formula: "hₜ = tanh(W·xₜ + b + U·hₜ₋₁ + b')",
        derivative: "with sₜ = (gₜ + Uᵀ·sₜ₊₁)(1 − hₜ²): ∂/∂xₜ = Wᵀ·sₜ, ∂/∂W = Σ sₜ·xₜᵀ, ∂/∂U = Σ sₜ·hₜ₋₁ᵀ, ∂/∂b = ∂/∂b' = Σ sₜ",
        notes: "Or max(·, 0) instead of tanh. With lengths states stay behind a sample's end, where results are 0; reverse goes from each sample's end to its start. Elman (1990).",
        samples: || {
            let of =
                |biases: bool, call: fn(&[Variable], &RecurrentWeights<'_>) -> Result<Vec<Variable>>| sample(1, 1, biases, call);
            vec![
                of(true, |v, w| rnn(&v[0], &v[1], w, RecurrentActivation::Tanh, &FORWARD).map(|(y, h)| vec![y, h]))
                    .timed_at(TIMED_RNN),
                of(true, |v, w| rnn(&v[0], &v[1], w, RecurrentActivation::Tanh, &SHORT_REVERSE).map(|(y, h)| vec![y, h])),
                of(false, |v, w| rnn(&v[0], &v[1], w, RecurrentActivation::Relu, &SHORT).map(|(y, h)| vec![y, h])).strided(),
            ]
        },
    },
    Entry {
        name: "lstm",
        usage: "let (y, [h, c]) = lstm(&x, [&h, &c], &weights, &RecurrentOptions::default())?",
        formula: "cₜ = f·cₜ₋₁ + i·g, hₜ = o·tanh cₜ; i, f, o = σ(·) and g = tanh(·) of W·xₜ + b + U·hₜ₋₁ + b'",
        derivative: "with dₜ = hgₜ·o(1 − tanh² cₜ) + dₜ₊₁·fₜ₊₁ and hgₜ = gₜ + Uᵀ·sₜ₊₁: s = dg·i(1 − i), dcₜ₋₁·f(1 − f), di(1 − g²), hgₜ·tanh cₜ·o(1 − o); then as for rnn",
        notes: "Gates in the order i, f, g, o. Lengths and reverse as for rnn. Hochreiter and Schmidhuber (1997); Gers, Schmidhuber and Cummins (2000).",
        samples: || {
            let of =
                |biases: bool, call: fn(&[Variable], &RecurrentWeights<'_>) -> Result<Vec<Variable>>| sample(2, 4, biases, call);
            vec![
                of(true, |v, w| lstm(&v[0], [&v[1], &v[2]], w, &FORWARD).map(|(y, [h, c])| vec![y, h, c])).timed_at(TIMED_LSTM),
                of(true, |v, w| lstm(&v[0], [&v[1], &v[2]], w, &SHORT).map(|(y, [h, c])| vec![y, h, c])),
                of(false, |v, w| lstm(&v[0], [&v[1], &v[2]], w, &SHORT_REVERSE).map(|(y, [h, c])| vec![y, h, c])).strided(),
            ]
        },
    },
    Entry {
        name: "gru",
        usage: "let (y, h) = gru(&x, &h, &weights, &RecurrentOptions::default())?",
        formula: "hₜ = (1 − z)·n + z·hₜ₋₁; r, z = σ(W·xₜ + b + U·hₜ₋₁ + b'), n = tanh(W·xₜ + b + r·(U·hₜ₋₁ + b'))",
        derivative: "with q = U·hₜ₋₁ + b' of n: sₙ = g(1 − z)(1 − n²), s_z = g(hₜ₋₁ − n)z(1 − z), sᵣ = sₙ·q·r(1 − r); W and b get (sᵣ, s_z, sₙ), U and b' (sᵣ, s_z, r·sₙ)",
        notes: "Gates in the order r, z, n. Lengths and reverse as for rnn. Cho et al. (2014), with r applied to the product.",
        samples: || {
            let of =
                |biases: bool, call: fn(&[Variable], &RecurrentWeights<'_>) -> Result<Vec<Variable>>| sample(1, 3, biases, call);
            vec![
                of(true, |v, w| gru(&v[0], &v[1], w, &REVERSE).map(|(y, h)| vec![y, h])).timed_at(TIMED_GRU),
                of(true, |v, w| gru(&v[0], &v[1], w, &SHORT).map(|(y, h)| vec![y, h])),
                of(false, |v, w| gru(&v[0], &v[1], w, &SHORT_REVERSE).map(|(y, h)| vec![y, h])).strided(),
            ]
        },
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::{DType, Stream};
    use crate::set_threads;

    /// Samples of several tasks, and of one whose products are cut instead.
    #[test]
    fn the_number_of_threads_does_not_change_a_bit() {
        for (samples, units) in [(40, 20), (3, 150)] {
            let mut stream = Stream::new(1, "recurrent");
            let mut of = |shape: &[usize]| Variable::parameter(stream.uniform(shape, -0.5, 0.5, DType::F32).unwrap());
            let (x, h, w, u) = (of(&[samples, 9, 30]), of(&[samples, units]), of(&[3 * units, 30]), of(&[3 * units, units]));
            let b = of(&[3 * units]);
            let lengths: Vec<usize> = (0..samples).map(|sample| 1 + sample * 5 % 9).collect();
            let run = |threads| {
                set_threads(threads);
                let weights = RecurrentWeights { input: &w, hidden: &u, biases: Some([&b, &b]) };
                let options = RecurrentOptions { lengths: Some(&lengths), reverse: true };
                let (y, last) = gru(&x, &h, &weights, &options).unwrap();
                let gradients = y.square().sum().add(last.sum()).unwrap().backward().unwrap();
                let all: Vec<_> = [&x, &h, &w, &u, &b].map(|v| gradients.get(v).unwrap().to_f64_vec()).into();
                (y.array().to_f64_vec(), all)
            };
            let one = run(1);
            assert!([2, 3, 5].iter().all(|&threads| run(threads) == one), "{samples} samples");
        }
    }
}
