//! Recurrent cells over a sequence, forward and backward.
//!
//! What the inputs give to the gates is computed for all places at once, before; here every place adds the product of the
//! state before it with the hidden weight, and one pass turns the gates into the new state. All places of some samples are
//! one task: a thread goes through the sequence with its samples and waits for nobody, while their numbers stay in its caches.
//!
//! Numbers lie place by place, `[places, samples, …]`: what a step works on lies together.

mod cells;

use std::ops::Range;

use super::float::Float;
use super::matmul::{Ending, Matrix, Prepared};
use super::memory::Buffer;
use super::threads;

/// Samples of a task: enough rows for the products, few enough for the gates of a place to stay in the first-level cache.
const BLOCK: usize = 16;

/// How a unit makes its new state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Cell {
    /// tanh of the sum (Elman 1990).
    Tanh,
    /// max(sum, 0).
    Relu,
    /// Gates i, f, g, o and a cell beside the state (Hochreiter and Schmidhuber 1997; Gers et al. 2000).
    Lstm,
    /// Gates r, z, n (Cho et al. 2014), with r applied to the product with the state.
    Gru,
}

impl Cell {
    /// Sums that a unit needs.
    pub(crate) fn gates(self) -> usize {
        match self {
            Cell::Tanh | Cell::Relu => 1,
            Cell::Lstm => 4,
            Cell::Gru => 3,
        }
    }
}

/// How a sequence is walked.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Walk<'a> {
    pub cell: Cell,
    pub places: usize,
    pub samples: usize,
    pub units: usize,
    /// Places of every sample; beyond them its state stays.
    pub lengths: Option<&'a [usize]>,
    /// From the last place to the first.
    pub reverse: bool,
}

/// What the forward pass reads and writes.
pub(crate) struct Forward<'a, T> {
    /// `[places, samples, gates · units]`: what the inputs give, with all biases but that of `hidden_bias`; then the gates.
    pub gates: &'a mut [T],
    /// `[places + 1, samples, units]`: the states, of which the one before the first step is there.
    pub states: &'a mut [T],
    /// LSTM: `[places + 1, samples, units]`, the cells, likewise. GRU: `[places, samples, units]`, what r is multiplied by.
    /// Others: nothing.
    pub memory: &'a mut [T],
    /// GRU: the bias of the product with the state, `[gates · units]`.
    pub hidden_bias: Option<&'a [T]>,
}

/// What the backward pass reads, as the forward pass left it, and writes.
pub(crate) struct Backward<'a, T> {
    pub gates: &'a [T],
    pub states: &'a [T],
    pub memory: &'a [T],
    /// `[places + 1, samples, units]`: the gradient by the states.
    pub given: &'a [T],
    /// `[places, samples, gates · units]`: the gradient by the sums before the gates.
    pub by_gates: &'a mut [T],
    /// GRU: the same by the products with the state. Others: nothing, as it is the same.
    pub by_products: &'a mut [T],
    /// `[samples, units]`: the gradient by the first state.
    pub by_state: &'a mut [T],
    /// LSTM: `[samples, units]`, the gradient by the last cell, then by the first. Others: nothing.
    pub by_cell: &'a mut [T],
}

/// Rows `[places, samples, width]` that tasks share, each having samples of its own.
struct Shared<'a, T> {
    start: *mut T,
    len: usize,
    samples: usize,
    width: usize,
    numbers: std::marker::PhantomData<&'a mut [T]>,
}

// SAFETY: it is shared between threads that use the rows of different samples, see `rows`.
unsafe impl<T: Send> Sync for Shared<'_, T> {}

impl<'a, T> Shared<'a, T> {
    fn new(numbers: &'a mut [T], samples: usize, width: usize) -> Self {
        Shared { start: numbers.as_mut_ptr(), len: numbers.len(), samples, width, numbers: std::marker::PhantomData }
    }

    /// The rows of some samples at a place; nothing if there are no numbers at all.
    ///
    /// # Safety
    ///
    /// Nobody else uses these rows while the result lives.
    unsafe fn rows(&self, place: usize, [from, count]: [usize; 2]) -> &'a mut [T] {
        if self.len == 0 {
            return &mut [];
        }
        let (first, len) = ((place * self.samples + from) * self.width, count * self.width);
        assert!(first + len <= self.len, "rows outside their array");
        // SAFETY: inside the slice that was borrowed mutably for 'a (just checked), and the caller has the rows for itself.
        unsafe { std::slice::from_raw_parts_mut(self.start.add(first), len) }
    }
}

/// A matrix whose rows follow each other.
fn dense<T>(data: &[T], columns: usize) -> Matrix<'_, T> {
    Matrix { data, offset: 0, row_stride: columns as isize, column_stride: 1 }
}

fn ending<T: Float>(accumulate: bool, bias: Option<&[T]>) -> Ending<'_, T> {
    Ending { accumulate, bias, relu: false }
}

impl Walk<'_> {
    fn width(&self) -> usize {
        self.cell.gates() * self.units
    }

    /// The place of a step, and which of the states stand before and after it.
    fn step(&self, step: usize) -> [usize; 3] {
        if self.reverse {
            let place = self.places - 1 - step;
            [place, place + 1, place]
        } else {
            [step, step, step + 1]
        }
    }

    /// Runs `task` for every block of samples: the first and the count.
    fn for_each_block(&self, task: impl Fn([usize; 2]) + Sync) {
        let blocks = self.samples.div_ceil(BLOCK);
        let products = self.places * self.samples * self.units;
        let cost = products as f64 * (self.width() as f64 / 60.0 + 8.0);
        threads::for_each(blocks, cost, |block| {
            let (from, to) = (block * self.samples / blocks, (block + 1) * self.samples / blocks);
            task([from, to - from]);
        });
    }

    /// The rows of a block in runs of those that go on at `place` (true) and of those that have ended before it.
    fn runs(&self, place: usize, [from, count]: [usize; 2]) -> impl Iterator<Item = (Range<usize>, bool)> {
        let lengths = self.lengths.map(|lengths| &lengths[from..from + count]);
        let goes_on = move |row: usize| lengths.is_none_or(|lengths| place < lengths[row]);
        let mut at = 0;
        std::iter::from_fn(move || {
            let (first, state) = (at, at < count && goes_on(at));
            while at < count && goes_on(at) == state {
                at += 1;
            }
            (at > first).then_some((first..at, state))
        })
    }

    /// Goes through the sequence. `hidden` is the transposed hidden weight.
    pub(crate) fn forward<T: Float>(&self, pass: Forward<'_, T>, hidden: &Prepared) {
        let (samples, units, width) = (self.samples, self.units, self.width());
        let gates = Shared::new(pass.gates, samples, width);
        let states = Shared::new(pass.states, samples, units);
        let memory = Shared::new(pass.memory, samples, units);
        self.for_each_block(|block| {
            let count = block[1];
            let room = if self.cell == Cell::Gru { count * width } else { 0 };
            let mut products = Buffer::recycled::<T>(room);
            let Some(products) = products.slice_mut::<T>(room) else { return };
            for step in 0..self.places {
                let [place, before, after] = self.step(step);
                // SAFETY: the samples are this task's own, and what stands before and after a step are different places.
                let (gates, old, new) =
                    unsafe { (gates.rows(place, block), states.rows(before, block), states.rows(after, block)) };
                // SAFETY: as above; what a GRU keeps belongs to the place.
                let (old_memory, memory) = unsafe {
                    match self.cell {
                        Cell::Gru => (&mut [][..], memory.rows(place, block)),
                        _ => (memory.rows(before, block), memory.rows(after, block)),
                    }
                };
                match self.cell {
                    Cell::Gru => hidden.product(products, count, dense(old, units), ending(false, pass.hidden_bias)),
                    _ => hidden.product(gates, count, dense(old, units), ending(true, None)),
                }
                for (rows, goes_on) in self.runs(place, block) {
                    let (row, all) = (rows.start * units..rows.end * units, rows.start * width..rows.end * width);
                    if !goes_on {
                        new[row.clone()].copy_from_slice(&old[row.clone()]);
                        if self.cell == Cell::Lstm {
                            memory[row.clone()].copy_from_slice(&old_memory[row]);
                        }
                        continue;
                    }
                    let (gates, new) = (&mut gates[all.clone()], &mut new[row.clone()]);
                    match self.cell {
                        Cell::Tanh => cells::tanh(new, gates),
                        Cell::Relu => cells::relu(new, gates),
                        Cell::Lstm => cells::lstm(gates, &old_memory[row.clone()], &mut memory[row], new, units),
                        Cell::Gru => cells::gru(gates, &products[all], &mut memory[row.clone()], &old[row], new, units),
                    }
                }
            }
        });
    }

    /// Goes back through the sequence. `hidden` is the hidden weight as it is.
    pub(crate) fn backward<T: Float>(&self, pass: Backward<'_, T>, hidden: &Prepared) {
        let (samples, units, width) = (self.samples, self.units, self.width());
        let by_gates = Shared::new(pass.by_gates, samples, width);
        let by_products = Shared::new(pass.by_products, samples, width);
        let by_state = Shared::new(pass.by_state, samples, units);
        let by_cell = Shared::new(pass.by_cell, samples, units);
        let (gates, states, memory, given) = (pass.gates, pass.states, pass.memory, pass.given);
        self.for_each_block(|[from, count]| {
            let block = [from, count];
            // SAFETY: the samples are this task's own (here and below).
            let (by_state, by_cell) = unsafe { (by_state.rows(0, block), by_cell.rows(0, block)) };
            by_state.fill(T::ZERO);
            for step in (0..self.places).rev() {
                let [place, before, after] = self.step(step);
                // SAFETY: see above.
                let (by_gates, by_products) = unsafe { (by_gates.rows(place, block), by_products.rows(place, block)) };
                let first = |place: usize| (place * samples + from) * units;
                cells::add(by_state, &given[first(after)..first(after) + count * units]);
                for (rows, goes_on) in self.runs(place, block) {
                    let (row, all) = (rows.start * units..rows.end * units, rows.start * width..rows.end * width);
                    if !goes_on {
                        by_gates[all.clone()].fill(T::ZERO);
                        if self.cell == Cell::Gru {
                            by_products[all].fill(T::ZERO);
                        }
                        continue;
                    }
                    let at = |place: usize| first(place) + row.start..first(place) + row.end;
                    let own = (place * samples + from) * width;
                    let gates = &gates[own + all.start..own + all.end];
                    let (by_gates, by_state) = (&mut by_gates[all.clone()], &mut by_state[row.clone()]);
                    // What passes the step besides the gates is left in `by_state`.
                    match self.cell {
                        Cell::Tanh => cells::tanh_back(by_gates, by_state, &states[at(after)]),
                        Cell::Relu => cells::relu_back(by_gates, by_state, &states[at(after)]),
                        Cell::Lstm => {
                            let both = [&memory[at(before)], &memory[at(after)]];
                            cells::lstm_back(by_gates, by_state, &mut by_cell[row.clone()], gates, both, units);
                        }
                        Cell::Gru => {
                            let both = [&memory[at(place)], &states[at(before)]];
                            cells::gru_back(by_gates, &mut by_products[all], by_state, gates, both, units);
                        }
                    }
                }
                let slopes = if self.cell == Cell::Gru { by_products } else { by_gates };
                hidden.product(by_state, count, dense(slopes, width), ending(true, None));
            }
            let first = (if self.reverse { self.places } else { 0 } * samples + from) * units;
            cells::add(by_state, &given[first..first + count * units]);
        });
    }
}
