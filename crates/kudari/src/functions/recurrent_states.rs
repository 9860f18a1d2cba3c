//! The states of a recurrent cell over a sequence, as one function with a kernel of its own.

use std::sync::OnceLock;

use smallvec::SmallVec;

use super::fused::{ArrayGradients, Fused};
use super::indexing::choose;
use super::product::linear;
use super::shape::stack;
use crate::array::{Array, DType, Shape, Slice};
use crate::autograd::{Context, Variable, may_fuse, name};
use crate::error::{Error, Result};
use crate::kernels::float::{Element, Float, with_float};
use crate::kernels::matmul::{Matrix, Prepared};
use crate::kernels::recurrent::{Backward, Cell, Forward, Walk};

/// All states of a cell: of x `[samples, places, inputs]`, the first state, for an LSTM the first cell, both weights and perhaps
/// both biases it makes `[places + 1, samples, units]`: the state before the first place, and after every place. In reverse
/// order the state after place p stands at p and the first one at the end. For an LSTM one more holds the last cell.
#[derive(Debug)]
pub(super) struct States {
    pub cell: Cell,
    /// Places of every sample, at most those of x.
    pub lengths: Option<Vec<usize>>,
    pub reverse: bool,
    /// What the forward pass found, for the gradients.
    pub kept: OnceLock<Kept>,
}

/// See [`Forward`].
#[derive(Debug)]
pub(super) struct Kept {
    gates: Array,
    memory: Array,
}

/// The inputs of the function by their names.
struct Inputs<'a, V> {
    x: &'a V,
    state: &'a V,
    /// The first cell of an LSTM.
    memory: Option<&'a V>,
    weight: &'a V,
    hidden: &'a V,
    biases: Option<[&'a V; 2]>,
}

impl States {
    fn is_lstm(&self) -> bool {
        self.cell == Cell::Lstm
    }

    fn named<'a, V>(&self, inputs: &'a [V]) -> Inputs<'a, V> {
        let first = 2 + usize::from(self.is_lstm());
        Inputs {
            x: &inputs[0],
            state: &inputs[1],
            memory: self.is_lstm().then(|| &inputs[2]),
            weight: &inputs[first],
            hidden: &inputs[first + 1],
            biases: inputs.get(first + 2).zip(inputs.get(first + 3)).map(|(input, hidden)| [input, hidden]),
        }
    }

    fn walk(&self, x: &Array, units: usize) -> Walk<'_> {
        let [samples, places] = [x.shape()[0], x.shape()[1]];
        Walk { cell: self.cell, places, samples, units, lengths: self.lengths.as_deref(), reverse: self.reverse }
    }

    /// Which samples go on at `place`, `[samples, 1]`; `None` if all do.
    fn going_on(&self, place: usize) -> Result<Option<Array>> {
        let Some(lengths) = &self.lengths else { return Ok(None) };
        let going_on: Vec<bool> = lengths.iter().map(|&length| place < length).collect();
        if going_on.iter().all(|&goes| goes) { Ok(None) } else { Array::from_slice(&going_on, &[going_on.len(), 1]).map(Some) }
    }

    /// x place by place: `[places · samples, inputs]`, with zeros where a sample has ended, so that nothing there, not even a
    /// NaN, reaches the weights. Free for what another recurrent layer made.
    fn place_by_place(&self, x: &Array) -> Result<Array> {
        let [samples, places, inputs] = [x.shape()[0], x.shape()[1], x.shape()[2]];
        let mut x = x.permute(&[1, 0, 2])?.contiguous();
        if let Some(lengths) = &self.lengths {
            with_float!(x.dtype(), T => {
                let numbers = x.make_mut::<T>();
                for (sample, &length) in lengths.iter().enumerate() {
                    for place in length..places {
                        numbers[(place * samples + sample) * inputs..][..inputs].fill(T::from_f64(0.0));
                    }
                }
            }, else return Err(not_float(self.name(), x.dtype())));
        }
        x.reshape(&[(places * samples) as isize, inputs as isize])
    }

    /// The state of the cell after the step at `place`, and the LSTM's cell. Those who look are told the letters of the formulas: a
    /// and u are the products with W and U, s their sums (of a GRU k, l and j).
    fn step(
        &self,
        place: usize,
        x: &Variable,
        h: &Variable,
        c: Option<&Variable>,
        of: &Inputs<'_, Variable>,
    ) -> Result<[Variable; 2]> {
        let named = |letter: &'static str, variable: Variable| {
            name(&variable, letter, Some(place + 1));
            variable
        };
        let units = h.shape()[1] as isize;
        let from_x = named("a", linear(x, of.weight, of.biases.map(|biases| biases[0]))?);
        let from_h = named("u", linear(h, of.hidden, of.biases.map(|biases| biases[1]))?);
        let gate = |sums: &Variable, gate: isize| sums.slice(&[Slice::ALL, (gate * units..(gate + 1) * units).into()]);
        if self.cell == Cell::Gru {
            let r = named("r", named("k", gate(&from_x, 0)?.add(gate(&from_h, 0)?)?).sigmoid());
            let z = named("z", named("l", gate(&from_x, 1)?.add(gate(&from_h, 1)?)?).sigmoid());
            let n = named("n", named("j", gate(&from_x, 2)?.add(r.mul(gate(&from_h, 2)?)?)?).tanh());
            let rest = named("m", 1.0 - &z);
            let h = named("h", n.mul(rest)?.add(z.mul(h)?)?);
            return Ok([h.clone(), h]);
        }
        let sums = named("s", from_x.add(&from_h)?);
        let Some(c) = c else {
            let h = named("h", if self.cell == Cell::Relu { sums.relu() } else { sums.tanh() });
            return Ok([h.clone(), h]);
        };
        let i = named("i", gate(&sums, 0)?.sigmoid());
        let f = named("f", gate(&sums, 1)?.sigmoid());
        let g = named("g", gate(&sums, 2)?.tanh());
        let o = named("o", gate(&sums, 3)?.sigmoid());
        let c = named("c", f.mul(c)?.add(i.mul(g)?)?);
        let height = named("q", c.tanh());
        Ok([named("h", o.mul(height)?), c])
    }

    /// Step by step: the states in the order of the places, and an LSTM's last cell.
    pub(super) fn steps(&self, inputs: &[Variable]) -> Result<(Vec<Variable>, Option<Variable>)> {
        let of = self.named(inputs);
        let places = of.x.shape()[1];
        let (mut h, mut c) = (first_state(of.state, "h"), of.memory.map(|c| first_state(c, "c")));
        let mut states = vec![h.clone()];
        for step in 0..places {
            let place = if self.reverse { places - 1 - step } else { step };
            let mut x = of.x.index_axis(1, place as isize)?;
            let going_on = self.going_on(place)?;
            if let Some(going_on) = &going_on {
                x = choose(going_on, &x, 0.0)?;
            }
            let [new, cell] = self.step(place, &x, &h, c.as_ref(), &of)?;
            let next = |new: Variable, old: &Variable| going_on.as_ref().map_or(Ok(new.clone()), |goes| choose(goes, &new, old));
            h = next(new, &h)?;
            c = c.map(|old| next(cell, &old)).transpose()?;
            states.push(h.clone());
        }
        if self.reverse {
            states.reverse();
        }
        Ok((states, c))
    }

    fn run<T: Float>(&self, inputs: &[Array]) -> Result<Array> {
        let of = self.named(inputs);
        let [samples, places] = [of.x.shape()[0], of.x.shape()[1]];
        let (units, width) = (of.hidden.shape()[1], of.hidden.shape()[0]);
        // The product of a GRU's state is multiplied by r with its bias in it; the others only add both.
        let (bias, hidden_bias) = match of.biases {
            Some([input, hidden]) if self.cell == Cell::Gru => (Some(input.clone()), Some(hidden)),
            Some([input, hidden]) => (Some(input.add(hidden)?), None),
            None => (None, None),
        };
        let mut gates = self.place_by_place(of.x)?.matmul_add_row(&of.weight.transpose(), bias.as_ref(), false)?;
        let mut states = room::<T>(&[places + 1 + usize::from(self.is_lstm()), samples, units]);
        let mut memory = match self.cell {
            Cell::Lstm => room::<T>(&[places + 1, samples, units]),
            Cell::Gru => room::<T>(&[places, samples, units]),
            Cell::Tanh | Cell::Relu => room::<T>(&[0]),
        };
        let block = samples * units;
        let [first, last] = if self.reverse { [places * block, 0] } else { [0, places * block] };
        let (out, cells) = states.make_mut::<T>().split_at_mut((places + 1) * block);
        out[first..first + block].copy_from_slice(numbers(of.state));
        let kept = memory.make_mut::<T>();
        if let Some(cell) = of.memory {
            kept[first..first + block].copy_from_slice(numbers(cell));
        }
        let hidden_bias = hidden_bias.map(numbers::<T>);
        let pass = Forward { gates: gates.make_mut::<T>(), states: out, memory: &mut *kept, hidden_bias };
        self.walk(of.x, units).forward(pass, &Prepared::new(matrix::<T>(&of.hidden.transpose()), [units, width]));
        if self.is_lstm() {
            cells.copy_from_slice(&kept[last..last + block]);
        }
        // Set once: a function is applied once.
        let _ = self.kept.set(Kept { gates, memory });
        Ok(states)
    }

    fn run_back<T: Float>(
        &self,
        context: &Context<'_>,
        inputs: &[Array],
        states: &Array,
        given: &Array,
        kept: &Kept,
    ) -> Result<ArrayGradients> {
        let of = self.named(inputs);
        let [samples, places, size] = [of.x.shape()[0], of.x.shape()[1], of.x.shape()[2]];
        let (units, width) = (of.hidden.shape()[1], of.hidden.shape()[0]);
        let (block, rows) = (samples * units, places * samples);
        let is_gru = self.cell == Cell::Gru;
        let (mut by_gates, mut by_state) = (room::<T>(&[rows, width]), room::<T>(&[samples, units]));
        let mut by_products = room::<T>(&[if is_gru { rows } else { 0 }, width]);
        let mut by_cell = room::<T>(&[if self.is_lstm() { samples } else { 0 }, units]);
        let (given, of_cell) = numbers::<T>(given).split_at((places + 1) * block);
        by_cell.make_mut::<T>().copy_from_slice(of_cell);
        let pass = Backward {
            gates: numbers(&kept.gates),
            states: numbers(states),
            memory: numbers(&kept.memory),
            given,
            by_gates: by_gates.make_mut(),
            by_products: by_products.make_mut(),
            by_state: by_state.make_mut(),
            by_cell: by_cell.make_mut(),
        };
        self.walk(of.x, units).backward(pass, &Prepared::new(matrix::<T>(of.hidden), [width, units]));
        let by_products = if is_gru { by_products } else { by_gates.clone() };

        let mut gradients = ArrayGradients::new();
        let by_x = || -> Result<Array> {
            let by_x = by_gates.matmul(of.weight)?;
            by_x.reshape(&[places as isize, samples as isize, size as isize])?.permute(&[1, 0, 2])
        };
        gradients.push(if context.needs(0) { Some(by_x()?) } else { None });
        gradients.push(Some(by_state));
        if self.is_lstm() {
            gradients.push(Some(by_cell));
        }
        // One product over all places for each weight.
        let (of_weight, of_hidden) = (gradients.len(), gradients.len() + 1);
        let by_weight = || by_gates.transpose().matmul(&self.place_by_place(of.x)?);
        let by_hidden = || -> Result<Array> {
            let first = isize::from(self.reverse);
            let before = states.slice(&[(first..first + places as isize).into()])?.reshape(&[rows as isize, units as isize])?;
            by_products.transpose().matmul(&before)
        };
        gradients.push(if context.needs(of_weight) { Some(by_weight()?) } else { None });
        gradients.push(if context.needs(of_hidden) { Some(by_hidden()?) } else { None });
        if of.biases.is_some() {
            let by_bias = by_gates.column_sums();
            gradients.push(Some(by_bias.clone()));
            gradients.push(Some(if is_gru { by_products.column_sums() } else { by_bias }));
        }
        Ok(gradients)
    }
}

/// A first state. Whoever looks is told its letter; zeros that were never calculated become a variable of their own, so that
/// those of h and those of c can be told apart.
fn first_state(state: &Variable, letter: &'static str) -> Variable {
    let is_constant = state.identity_number().is_none();
    let state = if is_constant && !may_fuse() { Variable::parameter(state.array().clone()) } else { state.clone() };
    name(&state, letter, Some(0));
    state
}

/// An array whose numbers a kernel will write, all of them.
fn room<T: Element>(shape: &[usize]) -> Array {
    Array::build(Shape::from_valid(shape), |_: &mut [T]| {})
}

/// The numbers of an array that lies contiguously.
fn numbers<T: Element>(x: &Array) -> &[T] {
    x.contiguous_slice().unwrap_or(&[])
}

fn matrix<T: Element>(x: &Array) -> Matrix<'_, T> {
    let view = x.strided::<T>();
    Matrix { data: view.data, offset: view.offset, row_stride: view.strides[0], column_stride: view.strides[1] }
}

pub(super) fn not_float(operation: &str, dtype: DType) -> Error {
    Error::dtype(format!("{operation}: not defined for {dtype}")).help("convert to f32 or f64 with to_dtype")
}

/// x as it lies, and all others row by row.
fn laid_out<'a>(inputs: impl Iterator<Item = &'a Array>) -> SmallVec<[Array; 7]> {
    inputs.enumerate().map(|(i, array)| if i == 0 { array.clone() } else { array.contiguous() }).collect()
}

impl Fused for States {
    fn name(&self) -> &'static str {
        match self.cell {
            Cell::Tanh | Cell::Relu => "rnn",
            Cell::Lstm => "lstm",
            Cell::Gru => "gru",
        }
    }
    fn compose(&self, inputs: &[Variable]) -> Result<Variable> {
        let (mut states, c) = self.steps(inputs)?;
        states.extend(c);
        stack(&states.iter().collect::<Vec<_>>(), 0)
    }
    fn forward(&self, inputs: &[&Array]) -> Result<Array> {
        let inputs = laid_out(inputs.iter().copied());
        with_float!(inputs[0].dtype(), T => self.run::<T>(&inputs), else Err(not_float(self.name(), inputs[0].dtype())))
    }
    fn backward(&self, context: &Context<'_>, gradient: &Array) -> Result<ArrayGradients> {
        let Some(kept) = self.kept.get() else {
            return Err(Error::value(format!("{}: gradients before the result", self.name())));
        };
        let inputs = laid_out((0..context.input_count()).map(|i| context.input(i).array()));
        let (states, given) = (context.output(0).array(), gradient.contiguous());
        with_float!(
            given.dtype(), T => self.run_back::<T>(context, &inputs, states, &given, kept),
            else Err(not_float(self.name(), given.dtype()))
        )
    }
    fn saves_output(&self) -> bool {
        true
    }
    fn operations(&self, inputs: &[&Array], _: &Array) -> f64 {
        let of = self.named(inputs);
        let [width, units] = [of.hidden.shape()[0], of.hidden.shape()[1]];
        2.0 * (of.x.shape()[0] * of.x.shape()[1] * width) as f64 * (of.x.shape()[2] + units) as f64
    }
}
