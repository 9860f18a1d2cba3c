//! Sorting.

use super::registry::{Entry, Sample};
use super::sample::ROWS;
use super::worked::movement;
use crate::array::Array;
use crate::autograd::{Calculation, Context, Function, InputGradients, Outputs, Saves, Variable, Worked, apply};
use crate::error::Result;

/// The numbers at indices along an axis, which an order has chosen: no two are the same.
#[derive(Debug)]
struct Ordered {
    name: &'static str,
    indices: Array,
    axis: isize,
}

impl Function for Ordered {
    fn name(&self) -> &'static str {
        self.name
    }
    fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
        Ok([inputs[0].gather(&self.indices, self.axis)?].into())
    }
    fn backward(&self, context: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
        Ok([Some(gy[0].scatter_add(&self.indices, self.axis, context.input(0).shape())?)].into_iter().collect())
    }
    fn saves(&self) -> Saves {
        Saves::NOTHING
    }
    fn worked(&self, calculation: &Calculation<'_>) -> Option<Box<dyn Worked>> {
        movement(self, calculation.inputs)
    }
}

impl Variable {
    /// The numbers along `axis` in rising order, or with `descending` in falling order, and the indices (i64) at which they
    /// stood. Equal numbers keep their order; NaN counts as larger than everything. The gradient goes back to where each
    /// number stood.
    ///
    /// ```
    /// # use kudari::{Array, Variable};
    /// let (sorted, indices) = Variable::constant(Array::from([3.0, 1.0, 2.0])).sort(0, false)?;
    /// assert_eq!(sorted.array().to_vec::<f64>()?, [1.0, 2.0, 3.0]);
    /// assert_eq!(indices.to_vec::<i64>()?, [1, 2, 0]);
    /// # Ok::<(), kudari::Error>(())
    /// ```
    ///
    /// # Errors
    ///
    /// The axis is out of range.
    #[track_caller]
    pub fn sort(&self, axis: isize, descending: bool) -> Result<(Variable, Array)> {
        let indices = self.array().argsort(axis, descending)?;
        Ok((apply(Ordered { name: "sort", indices: indices.clone(), axis }, &[self])?, indices))
    }

    /// The `count` largest numbers along `axis` in falling order, or without `largest` the smallest ones in rising order, and
    /// the indices (i64) at which they stood. Of equal numbers the first is taken first; NaN counts as larger than everything.
    ///
    /// # Errors
    ///
    /// The axis is out of range or has fewer numbers.
    #[track_caller]
    pub fn top_k(&self, count: usize, axis: isize, largest: bool) -> Result<(Variable, Array)> {
        let indices = self.array().arg_top_k(count, axis, largest)?;
        Ok((apply(Ordered { name: "top_k", indices: indices.clone(), axis }, &[self])?, indices))
    }
}

/// The functions of this file.
pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "sort",
        usage: "x.sort(axis, false)?",
        formula: "the numbers along an axis in rising or falling order, and their indices",
        derivative: "g back where each number stood",
        notes: "Equal numbers keep their order. NaN counts as larger than everything.",
        samples: || {
            let of = |shape: &'static [usize], axis: isize, descending: bool| {
                Sample::new(&[(shape, -1.0, 1.0)], move |v: &[Variable]| Ok(v[0].sort(axis, descending)?.0))
            };
            vec![of(&[6], 0, false), of(&[3, 4], 1, true).timed_at(&[ROWS]), of(&[2, 3, 2], 1, false).strided()]
        },
    },
    Entry {
        name: "top_k",
        usage: "x.top_k(5, axis, true)?",
        formula: "the largest numbers along an axis in falling order or the smallest in rising order, and their indices",
        derivative: "g back where each number stood, else 0",
        notes: "Of equal numbers the first is taken first. NaN counts as larger than everything.",
        samples: || {
            let of = |shape: &'static [usize], count: usize, axis: isize, largest: bool| {
                Sample::new(&[(shape, -1.0, 1.0)], move |v: &[Variable]| Ok(v[0].top_k(count, axis, largest)?.0))
            };
            vec![
                of(&[6], 2, 0, true).timed_as(move || of(ROWS, 5, 1, true)),
                of(&[3, 4], 4, 1, false),
                of(&[2, 3, 2], 2, 1, true).strided(),
            ]
        },
    },
];
