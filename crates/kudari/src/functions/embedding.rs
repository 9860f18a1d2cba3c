//! Rows of a table picked by indices, as embeddings are.

use smallvec::SmallVec;

use super::registry::{Entry, Sample};
use super::sample::indices;
use super::worked::{additions, movement, numbered};
use crate::array::{Array, DType, Shape};
use crate::autograd::{Calculation, Context, Function, InputGradients, Outputs, Saves, Variable, Worked, apply};
use crate::error::{Error, Result};
use crate::kernels::float::with_float;

/// Rows of a table `[rows, …]`.
#[derive(Debug)]
struct Embedding {
    indices: Array,
}

/// The opposite: adds rows into a table of zeros with so many rows.
#[derive(Debug)]
struct AddRows {
    indices: Array,
    rows: usize,
}

/// The shape `[indices…, row…]`.
fn picked_shape(indices: &Array, row: &[usize]) -> SmallVec<[isize; 6]> {
    indices.shape().iter().chain(row).map(|&size| size as isize).collect()
}

impl Function for Embedding {
    fn name(&self) -> &'static str {
        "embedding"
    }
    fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
        let table = inputs[0];
        let rows = table.take(&self.indices.flatten(), 0).map_err(|e| e.context("embedding"))?;
        Ok([rows.reshape(&picked_shape(&self.indices, &table.shape()[1..]))?].into())
    }
    fn backward(&self, context: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
        let rows = context.input(0).shape()[0];
        Ok([Some(apply(AddRows { indices: self.indices.clone(), rows }, &[&gy[0]])?)].into_iter().collect())
    }
    fn saves(&self) -> Saves {
        Saves::NOTHING
    }
    fn worked(&self, calculation: &Calculation<'_>) -> Option<Box<dyn Worked>> {
        movement(self, calculation.inputs)
    }
}

impl Function for AddRows {
    fn name(&self) -> &'static str {
        "add_rows"
    }
    fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
        let g = inputs[0].contiguous();
        let row = &g.shape()[self.indices.rank()..];
        let width: usize = row.iter().product();
        let places = self.indices.indices("add_rows", "index", self.rows)?;
        let shape: SmallVec<[usize; 6]> = std::iter::once(self.rows).chain(row.iter().copied()).collect();
        let shape = Shape::new(&shape)?;
        let table = with_float!(g.dtype(), T => {
            // One after the other, so that rows which occur several times are added up in one order; other rows are only zeroed.
            Array::build(shape, |out: &mut [T]| {
                out.fill(<T as crate::kernels::float::Number>::ZERO);
                let g = g.contiguous_slice::<T>().unwrap_or(&[]);
                for (g, &place) in g.chunks_exact(width.max(1)).zip(&places) {
                    let row = &mut out[place as usize * width..][..width];
                    row.iter_mut().zip(g).for_each(|(sum, &g)| *sum += g);
                }
            })
        }, else return Err(Error::dtype(format!("add_rows: not defined for {}", g.dtype()))));
        Ok([table].into())
    }
    fn backward(&self, _: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
        Ok([Some(apply(Embedding { indices: self.indices.clone() }, &[&gy[0]])?)].into_iter().collect())
    }
    fn saves(&self) -> Saves {
        Saves::NOTHING
    }
    fn worked(&self, calculation: &Calculation<'_>) -> Option<Box<dyn Worked>> {
        let picked = numbered(calculation.output.shape(), 0)?.take(&self.indices.flatten(), 0).ok()?;
        additions(&picked.reshape(&[-1]).ok()?, calculation.output, 1.0)
    }
}

/// Rows of `table` `[rows, …]` picked by whole numbers: `y[i…] = table[indices[i…]]`, of shape `[indices…, …]`. The gradient adds
/// up in the rows that were used; all others have zeros.
///
/// # Errors
///
/// A table without axes or of integers, indices that are not i64, or one out of range.
#[track_caller]
pub fn embedding(table: &Variable, indices: &Array) -> Result<Variable> {
    if table.rank() == 0 || !table.dtype().is_float() {
        return Err(Error::shape(format!("embedding: a table of shape {:?} ({})", table.shape(), table.dtype()))
            .help("the table has the shape [rows, numbers in a row], f32 or f64"));
    }
    if indices.dtype() != DType::I64 {
        return Err(Error::dtype(format!("embedding: indices of {}", indices.dtype())).help("convert them to i64"));
    }
    apply(Embedding { indices: indices.clone() }, &[table])
}

/// The opposite of [`embedding`]: adds `g` of shape `[indices…, …]` into a table of zeros with so many rows.
///
/// # Errors
///
/// Indices that are not i64, do not begin the shape of g, or one out of range.
#[track_caller]
pub fn add_rows(g: &Variable, indices: &Array, rows: usize) -> Result<Variable> {
    if indices.dtype() != DType::I64 || !g.shape().starts_with(indices.shape()) {
        return Err(Error::shape(format!("add_rows: g {:?}, indices {:?} of {}", g.shape(), indices.shape(), indices.dtype()))
            .help("the indices are i64, and the shape of g begins with theirs"));
    }
    apply(AddRows { indices: indices.clone(), rows }, &[g])
}

/// The functions of this file.
pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "embedding",
        usage: "embedding(&table, &indices)?",
        formula: "y[i…] = table[indices[i…]]",
        derivative: "g added up in the rows that were used, zero in all others",
        notes: "",
        samples: || {
            let of = |table: &'static [usize], indices: Array| {
                Sample::new(&[(table, -1.0, 1.0)], move |v: &[Variable]| embedding(&v[0], &indices))
            };
            let square = Array::from([[0i64, 1], [1, 1]]);
            vec![
                of(&[4, 3], Array::from([3i64, 0, 3])).timed_as(move || of(&[1024, 64], indices(&[1024], 1024))),
                of(&[2, 2], square),
                of(&[3, 2, 2], Array::from([1i64])).strided(),
            ]
        },
    },
    Entry {
        name: "add_rows",
        usage: "add_rows(&g, &indices, rows)?",
        formula: "y[r] = Σ g[i…] over all i… with indices[i…] = r",
        derivative: "g[indices[i…]]",
        notes: "The opposite of embedding.",
        samples: || {
            let of = |g: &'static [usize], indices: Array, rows: usize| {
                Sample::new(&[(g, -1.0, 1.0)], move |v: &[Variable]| add_rows(&v[0], &indices, rows))
            };
            vec![
                of(&[3, 2], Array::from([3i64, 0, 3]), 4).timed_as(move || of(&[1024, 64], indices(&[1024], 1024), 1024)),
                of(&[1, 2, 3], Array::from([[0i64, 1]]), 2).strided(),
            ]
        },
    },
];
