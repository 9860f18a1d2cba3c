//! Recurrent layers: several layers, in one direction or both.

use super::activation::without_parameters;
use super::buffer::Buffer;
use super::dropout::Dropout;
use super::initializer::Initializer;
use super::parameter::{Layer, Parameter};
use super::sequential::Module;
use super::walk::Path;
use crate::array::Array;
use crate::autograd::Variable;
use crate::error::{Error, Result};
use crate::functions::{RecurrentActivation, RecurrentOptions, RecurrentWeights, concatenate, gru, lstm, rnn, stack};

/// How recurrent layers lie on each other.
#[derive(Debug, Clone, Copy)]
pub struct RecurrentLayers {
    /// How many, each reading the results of the one before, 1.
    pub layers: usize,
    /// Each layer also reads from the end to the start, and gives both results side by side.
    pub both: bool,
    /// The share of numbers that are dropped between two layers in training, 0.
    pub dropout: f64,
    /// How weights are filled; without it, as biases are: uniform within ±1/√units, as PyTorch does.
    pub initializer: Option<Initializer>,
}

impl Default for RecurrentLayers {
    fn default() -> RecurrentLayers {
        RecurrentLayers { layers: 1, both: false, dropout: 0.0, initializer: None }
    }
}

/// The parameters of one layer in one direction.
#[derive(Debug, Clone)]
struct Direction {
    weight_input: Parameter,
    weight_hidden: Parameter,
    bias_input: Parameter,
    bias_hidden: Parameter,
}

impl Layer for Direction {
    fn visit(&self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &Parameter)) {
        self.weight_input.visit(&path.field("weight_input"), visitor);
        self.weight_hidden.visit(&path.field("weight_hidden"), visitor);
        self.bias_input.visit(&path.field("bias_input"), visitor);
        self.bias_hidden.visit(&path.field("bias_hidden"), visitor);
    }
    fn visit_mut(&mut self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &mut Parameter)) {
        self.weight_input.visit_mut(&path.field("weight_input"), visitor);
        self.weight_hidden.visit_mut(&path.field("weight_hidden"), visitor);
        self.bias_input.visit_mut(&path.field("bias_input"), visitor);
        self.bias_hidden.visit_mut(&path.field("bias_hidden"), visitor);
    }
}

/// One layer: the direction from the start to the end, and perhaps the other.
#[derive(Debug, Clone)]
struct Both {
    forward: Direction,
    reverse: Option<Direction>,
}

impl Layer for Both {
    fn visit(&self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &Parameter)) {
        self.forward.visit(&path.field("forward"), visitor);
        self.reverse.visit(&path.field("reverse"), visitor);
    }
    fn visit_mut(&mut self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &mut Parameter)) {
        self.forward.visit_mut(&path.field("forward"), visitor);
        self.reverse.visit_mut(&path.field("reverse"), visitor);
    }
}

/// What the three kinds of layers share.
#[derive(Debug, Clone)]
struct Stack {
    name: &'static str,
    /// States of a unit: 2 for an LSTM, 1 for the others.
    states: usize,
    units: usize,
    layers: Vec<Both>,
    dropout: Option<Dropout>,
    share: f64,
}

impl Stack {
    /// With `None` for inputs that are not known yet.
    fn new(
        name: &'static str,
        [gates, states]: [usize; 2],
        inputs: Option<usize>,
        units: usize,
        of: &RecurrentLayers,
    ) -> Result<Stack> {
        if inputs == Some(0) || units == 0 || of.layers == 0 {
            let inputs = inputs.map_or(String::new(), |inputs| format!(" for {inputs} inputs"));
            return Err(
                Error::value(format!("{name}: {} layers of {units} units{inputs}", of.layers)).help("all must be at least 1")
            );
        }
        let usual = Initializer::Uniform(1.0 / (units as f64).sqrt());
        let rows = units.checked_mul(gates).ok_or_else(|| Error::value(format!("{name}: {units} units are too many")))?;
        let direction = |inputs: usize| -> Result<Direction> {
            let weight = |columns: usize| Parameter::lazy(&[rows, columns], of.initializer.unwrap_or(usual));
            Ok(Direction {
                weight_input: weight(inputs)?,
                weight_hidden: weight(units)?,
                bias_input: Parameter::new(&[rows], usual)?,
                bias_hidden: Parameter::new(&[rows], usual)?,
            })
        };
        let mut layers = Vec::new();
        for layer in 0..of.layers {
            let inputs = if layer == 0 { inputs.unwrap_or(0) } else { units * (1 + usize::from(of.both)) };
            layers.push(Both { forward: direction(inputs)?, reverse: if of.both { Some(direction(inputs)?) } else { None } });
        }
        let dropout = if of.dropout == 0.0 { None } else { Some(Dropout::new(of.dropout)?) };
        Ok(Stack { name, states, units, layers, dropout, share: of.dropout })
    }

    /// The weights that read the input, `[gates · units, inputs]`.
    fn first_weights(&self) -> impl Iterator<Item = &Parameter> {
        let first = self.layers.first().into_iter();
        first.flat_map(|layer| [Some(&layer.forward), layer.reverse.as_ref()]).flatten().map(|of| &of.weight_input)
    }

    /// Takes the number of inputs from the shape `[…, inputs]`.
    fn infer_sizes(&self, input: &[usize]) -> Result<()> {
        let Some(&inputs) = input.last() else { return Ok(()) };
        self.first_weights()
            .try_for_each(|weight| weight.infer_sizes(&[weight.array().shape()[0], inputs]).map_err(|e| e.context(self.name)))
    }

    fn directions(&self) -> usize {
        1 + usize::from(self.layers.first().is_some_and(|layer| layer.reverse.is_some()))
    }

    /// The results of the last layer, and the last states of all, each `[layers · directions, samples, units]`. `step` is the
    /// function of one layer in one direction.
    fn forward(
        &self,
        x: &Variable,
        first: Option<&[&Variable]>,
        lengths: Option<&[usize]>,
        step: impl Fn(&Variable, &[Variable], &RecurrentWeights<'_>, &RecurrentOptions<'_>) -> Result<(Variable, Vec<Variable>)>,
    ) -> Result<(Variable, Vec<Variable>)> {
        if x.rank() != 3 {
            return Err(
                Error::shape(format!("{}: x {:?}", self.name, x.shape())).help("x has the shape [samples, places, inputs]")
            );
        }
        self.infer_sizes(x.shape())?;
        let shape = [self.layers.len() * self.directions(), x.shape()[0], self.units];
        if let Some(wrong) = first.iter().copied().flatten().find(|state| state.shape() != shape) {
            return Err(Error::shape(format!("{}: a first state {:?}", self.name, wrong.shape()))
                .help(format!("it has the shape [layers · directions, samples, units], here {shape:?}")));
        }
        let zeros = Variable::constant(Array::zeros(&shape[1..], x.dtype())?);
        let mut y = x.clone();
        let mut last = vec![Vec::new(); self.states];
        for (number, layer) in self.layers.iter().enumerate() {
            if let Some(dropout) = self.dropout.as_ref().filter(|_| number > 0) {
                y = dropout.forward(&y)?;
            }
            let mut results = Vec::new();
            for (reverse, of) in [(false, Some(&layer.forward)), (true, layer.reverse.as_ref())] {
                let Some(of) = of else { continue };
                let place = last[0].len() as isize;
                let states: Vec<Variable> = match first {
                    Some(states) => states.iter().map(|state| state.index_axis(0, place)).collect::<Result<_>>()?,
                    None => vec![zeros.clone(); self.states],
                };
                let weights = RecurrentWeights {
                    input: of.weight_input.variable(),
                    hidden: of.weight_hidden.variable(),
                    biases: Some([of.bias_input.variable(), of.bias_hidden.variable()]),
                };
                let (result, found) = step(&y, &states, &weights, &RecurrentOptions { lengths, reverse })?;
                last.iter_mut().zip(found).for_each(|(all, state)| all.push(state));
                results.push(result);
            }
            y = match &results[..] {
                [one] => one.clone(),
                _ => concatenate(&results.iter().collect::<Vec<_>>(), 2)?,
            };
        }
        let last = last.iter().map(|all| stack(&all.iter().collect::<Vec<_>>(), 0)).collect::<Result<_>>()?;
        Ok((y, last))
    }

    fn notation(&self, kind: &str) -> String {
        let mut text = format!("{}({}{kind}", self.name, self.units);
        if self.layers.len() > 1 {
            text += &format!(",layers={}", self.layers.len());
        }
        if self.directions() > 1 {
            text += ",both";
        }
        if self.share > 0.0 {
            text += &format!(",dropout={}", self.share);
        }
        text + ")"
    }

    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        let fits = |inputs| self.first_weights().all(|weight| weight.fits(&[weight.array().shape()[0], inputs]));
        match *input {
            [places, inputs] if fits(inputs) && places > 0 => Ok(vec![places, self.units * self.directions()]),
            _ => {
                let inputs = self.first_weights().next().map_or(0, |weight| weight.array().shape()[1]);
                let inputs = if inputs == 0 { "any number of".to_string() } else { inputs.to_string() };
                Err(Error::shape(format!("{} for {inputs} inputs gets samples of shape {input:?}", self.name))
                    .help("samples have the shape [places, inputs] with at least one place"))
            }
        }
    }

    fn multiply_adds(&self, input: &[usize]) -> usize {
        let mut count = 0;
        self.visit(&Path::ROOT, &mut |_, parameter| {
            if parameter.array().rank() == 2 {
                count += parameter.array().len();
            }
        });
        input.first().map_or(0, |&places| places.saturating_mul(count))
    }
}

impl Layer for Stack {
    fn visit(&self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &Parameter)) {
        self.layers.visit(path, visitor);
    }
    fn visit_mut(&mut self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &mut Parameter)) {
        self.layers.visit_mut(path, visitor);
    }
    fn visit_buffers(&self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &Buffer)) {
        self.dropout.visit_buffers(&path.field("dropout"), visitor);
    }
}

/// Simple recurrent layers: x `[samples, places, inputs]` becomes `[samples, places, units · directions]`. See [`rnn`].
#[derive(Debug, Clone)]
pub struct Rnn {
    stack: Stack,
    activation: RecurrentActivation,
}

/// LSTM layers: x `[samples, places, inputs]` becomes `[samples, places, units · directions]`. See [`lstm`].
#[derive(Debug, Clone)]
pub struct Lstm {
    stack: Stack,
}

/// GRU layers: x `[samples, places, inputs]` becomes `[samples, places, units · directions]`. See [`gru`].
#[derive(Debug, Clone)]
pub struct Gru {
    stack: Stack,
}

impl Rnn {
    /// Weights and biases are uniform within ±1/√units, f32, unless `layers` says otherwise.
    ///
    /// # Errors
    ///
    /// A size of 0, sizes larger than memory, or a dropout that is not in `0 ≤ p < 1`.
    pub fn new(inputs: usize, units: usize, activation: RecurrentActivation, layers: &RecurrentLayers) -> Result<Rnn> {
        Ok(Rnn { stack: Stack::new("rnn", [1, 1], Some(inputs), units, layers)?, activation })
    }

    /// As [`Rnn::new`] for as many inputs as the first x has; see [lazy
    /// layers](crate::layers#sizes-that-follow-from-the-data).
    ///
    /// # Errors
    ///
    /// As [`Rnn::new`].
    pub fn lazy(units: usize, activation: RecurrentActivation, layers: &RecurrentLayers) -> Result<Rnn> {
        Ok(Rnn { stack: Stack::new("rnn", [1, 1], None, units, layers)?, activation })
    }

    /// From a given state, zeros without one, to the last: `[layers · directions, samples, units]`. With lengths every sample ends
    /// at its own, see [`RecurrentOptions`].
    ///
    /// # Errors
    ///
    /// x, the state or the lengths do not fit.
    pub fn forward_with_state(
        &self,
        x: &Variable,
        state: Option<&Variable>,
        lengths: Option<&[usize]>,
    ) -> Result<(Variable, Variable)> {
        let step = |x: &Variable, h: &[Variable], weights: &RecurrentWeights<'_>, options: &RecurrentOptions<'_>| {
            rnn(x, &h[0], weights, self.activation, options).map(|(y, h)| (y, vec![h]))
        };
        one_state(self.stack.forward(x, state.as_ref().map(std::slice::from_ref), lengths, step)?)
    }
}

impl Lstm {
    /// As [`Rnn::new`].
    ///
    /// # Errors
    ///
    /// As [`Rnn::new`].
    pub fn new(inputs: usize, units: usize, layers: &RecurrentLayers) -> Result<Lstm> {
        Ok(Lstm { stack: Stack::new("lstm", [4, 2], Some(inputs), units, layers)? })
    }

    /// As [`Lstm::new`] for as many inputs as the first x has; see [lazy
    /// layers](crate::layers#sizes-that-follow-from-the-data).
    ///
    /// # Errors
    ///
    /// As [`Lstm::new`].
    pub fn lazy(units: usize, layers: &RecurrentLayers) -> Result<Lstm> {
        Ok(Lstm { stack: Stack::new("lstm", [4, 2], None, units, layers)? })
    }

    /// As [`Rnn::forward_with_state`] with two states, h and the cells c.
    ///
    /// # Errors
    ///
    /// x, a state or the lengths do not fit.
    pub fn forward_with_state(
        &self,
        x: &Variable,
        state: Option<[&Variable; 2]>,
        lengths: Option<&[usize]>,
    ) -> Result<(Variable, [Variable; 2])> {
        let step = |x: &Variable, s: &[Variable], weights: &RecurrentWeights<'_>, options: &RecurrentOptions<'_>| {
            lstm(x, [&s[0], &s[1]], weights, options).map(|(y, last)| (y, last.into()))
        };
        let (y, last) = self.stack.forward(x, state.as_ref().map(|state| &state[..]), lengths, step)?;
        Ok((y, <[Variable; 2]>::try_from(last).map_err(|_| Error::value("lstm: not two states"))?))
    }
}

impl Gru {
    /// As [`Rnn::new`].
    ///
    /// # Errors
    ///
    /// As [`Rnn::new`].
    pub fn new(inputs: usize, units: usize, layers: &RecurrentLayers) -> Result<Gru> {
        Ok(Gru { stack: Stack::new("gru", [3, 1], Some(inputs), units, layers)? })
    }

    /// As [`Gru::new`] for as many inputs as the first x has; see [lazy
    /// layers](crate::layers#sizes-that-follow-from-the-data).
    ///
    /// # Errors
    ///
    /// As [`Gru::new`].
    pub fn lazy(units: usize, layers: &RecurrentLayers) -> Result<Gru> {
        Ok(Gru { stack: Stack::new("gru", [3, 1], None, units, layers)? })
    }

    /// As [`Rnn::forward_with_state`].
    ///
    /// # Errors
    ///
    /// x, the state or the lengths do not fit.
    pub fn forward_with_state(
        &self,
        x: &Variable,
        state: Option<&Variable>,
        lengths: Option<&[usize]>,
    ) -> Result<(Variable, Variable)> {
        let step = |x: &Variable, h: &[Variable], weights: &RecurrentWeights<'_>, options: &RecurrentOptions<'_>| {
            gru(x, &h[0], weights, options).map(|(y, h)| (y, vec![h]))
        };
        one_state(self.stack.forward(x, state.as_ref().map(std::slice::from_ref), lengths, step)?)
    }
}

/// Results with the one state that a layer of this kind has.
fn one_state((y, mut states): (Variable, Vec<Variable>)) -> Result<(Variable, Variable)> {
    let state = states.pop().ok_or_else(|| Error::value("a recurrent layer without a state"))?;
    Ok((y, state))
}

macro_rules! stacked {
    ($($type:ident)*) => {$(
        impl Layer for $type {
            fn visit(&self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &Parameter)) {
                self.stack.visit(path, visitor);
            }
            fn visit_mut(&mut self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &mut Parameter)) {
                self.stack.visit_mut(path, visitor);
            }
            fn visit_buffers(&self, path: &Path<'_>, visitor: &mut dyn FnMut(&Path<'_>, &Buffer)) {
                self.stack.visit_buffers(path, visitor);
            }
        }

        impl Module for $type {
            fn forward(&self, x: &Variable) -> Result<Variable> {
                Ok(self.forward_with_state(x, None, None)?.0)
            }
            fn infer_sizes(&self, input: &[usize]) -> Result<()> {
                self.stack.infer_sizes(input)
            }
            fn notation(&self) -> String {
                self.stack.notation(self.kind())
            }
            fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
                self.stack.output_shape(input)
            }
            fn multiply_adds(&self, input: &[usize]) -> usize {
                self.stack.multiply_adds(input)
            }
        }
    )*};
}

stacked!(Rnn Lstm Gru);

impl Rnn {
    fn kind(&self) -> &'static str {
        if self.activation == RecurrentActivation::Relu { ",relu" } else { "" }
    }
}

impl Lstm {
    fn kind(&self) -> &'static str {
        ""
    }
}

impl Gru {
    fn kind(&self) -> &'static str {
        ""
    }
}

/// The last place of a sequence: `[samples, places, …]` becomes `[samples, …]`. Of a layer that reads in both directions it holds the
/// end of one and the start of the other.
#[derive(Debug, Clone, Copy)]
pub struct Last;

without_parameters!(Last);

impl Module for Last {
    fn forward(&self, x: &Variable) -> Result<Variable> {
        x.index_axis(1, -1)
    }
    fn notation(&self) -> String {
        "last".to_string()
    }
    fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
        match input {
            [places, rest @ ..] if *places > 0 => Ok(rest.to_vec()),
            _ => Err(Error::shape(format!("last gets samples of shape {input:?}")).help("samples have the shape [places, …]")),
        }
    }
}
