//! Matrix products, and the linear layer's function.

use super::algebra::Algebra;
use super::registry::{Entry, Sample};
use super::sample::ROWS;
use super::worked;
use crate::array::{Array, Map2};
use crate::autograd::{
    Calculation, Character, Context, Function, InputGradients, Operand, Outputs, Saves, Variable, Worked, apply,
};
use crate::error::{Error, Result};
use crate::expression::Expression;
use crate::kernels::float::Float;

#[derive(Debug)]
struct MatMul;

impl Function for MatMul {
    fn name(&self) -> &'static str {
        "matmul"
    }
    fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
        Ok([inputs[0].matmul(inputs[1])?].into())
    }
    fn backward(&self, context: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
        let (a, b, g) = (context.input(0), context.input(1), &gy[0]);
        // The batch axes of an operand that was stretched are summed back.
        let ga = if context.needs(0) { Some(g.matmul(&b.transpose_last()?)?.sum_to(a.shape())?) } else { None };
        let gb = if context.needs(1) { Some(a.transpose_last()?.matmul(g)?.sum_to(b.shape())?) } else { None };
        Ok([ga, gb].into_iter().collect())
    }
    fn saves(&self) -> Saves {
        Saves::INPUTS
    }
    fn operations(&self, inputs: &[&Array], output: &Array) -> f64 {
        operations(inputs[0], output)
    }
    fn worked(&self, calculation: &Calculation<'_>) -> Option<Box<dyn Worked>> {
        let [left, right] = [0, 1].map(|input| calculation.inputs[input].shape().to_vec());
        Some(Box::new(WorkedMatMul { left, right, output: calculation.output.shape().to_vec() }))
    }
}

/// Every number of a product is a sum of as many products as a row of the left operand is long.
fn operations(left: &Array, product: &Array) -> f64 {
    2.0 * product.len() as f64 * left.shape().last().map_or(0.0, |&inner| inner as f64)
}

/// A product of matrices of these shapes.
struct WorkedMatMul {
    left: Vec<usize>,
    right: Vec<usize>,
    output: Vec<usize>,
}

impl WorkedMatMul {
    /// The elements of both operands that meet in element `at`.
    fn pairs(&self, at: usize) -> impl Iterator<Item = (usize, usize)> + use<> {
        let (batch_axes, sizes) = self.output.split_at(self.output.len() - 2);
        let (rows, columns, inner) = (sizes[0], sizes[1], self.left[self.left.len() - 1]);
        let (batch, row, column) = (at / (rows * columns), at / columns % rows, at % columns);
        let matrix = |shape: &[usize]| worked::stretched(batch, batch_axes, &shape[..shape.len() - 2]);
        let first_left = (matrix(&self.left) * rows + row) * inner;
        let first_right = matrix(&self.right) * inner * columns + column;
        (0..inner).map(move |k| (first_left + k, first_right + k * columns))
    }
}

impl Worked for WorkedMatMul {
    fn value(&self, at: usize) -> Expression<Operand> {
        worked::total(self.pairs(at).map(|(a, b)| Operand::input(0, a).times(Operand::input(1, b))).collect())
    }
    fn slopes(&self, at: usize) -> Vec<(Operand, Expression<Operand>)> {
        let by_a = self.pairs(at).map(|(a, b)| (Operand::Input { input: 0, at: a }, Operand::input(1, b)));
        let by_b = self.pairs(at).map(|(a, b)| (Operand::Input { input: 1, at: b }, Operand::input(0, a)));
        by_a.chain(by_b).collect()
    }
}

impl Variable {
    /// The matrix product of the last two axes, `[…, m, k] · […, k, n] → […, m, n]`, the axes before broadcast. An operand
    /// with one axis is a row on the left, a column on the right, and that axis disappears, as in NumPy.
    ///
    /// # Errors
    ///
    /// Inner sizes that differ, types that differ or are not floating-point, a single number.
    #[track_caller]
    pub fn matmul(&self, other: &Variable) -> Result<Variable> {
        if self.rank() > 1 && other.rank() > 1 {
            return apply(MatMul, &[self, other]);
        }
        // Operands of one axis become matrices here, so that the function itself sees matrices only.
        let left = if self.rank() == 1 { self.reshape(&[1, -1])? } else { self.clone() };
        let right = if other.rank() == 1 { other.reshape(&[-1, 1])? } else { other.clone() };
        let fits = self.rank() > 0 && other.rank() > 0 && left.shape().last() == right.shape().iter().rev().nth(1);
        if !fits {
            self.array().matmul(other.array())?; // its error speaks of the caller's shapes
        }
        let product = apply(MatMul, &[&left, &right])?;
        let rank = product.rank();
        let gone = |axis: usize| (axis + 2 == rank && self.rank() == 1) || (axis + 1 == rank && other.rank() == 1);
        let kept: Vec<usize> = (0..rank).filter(|&axis| !gone(axis)).map(|axis| product.shape()[axis]).collect();
        product.reshape_as(&kept)
    }
}

/// The linear layer's product, with `relu` followed by max(y, 0) in the same pass.
#[derive(Debug)]
struct Linear {
    relu: bool,
}

/// The gradient that passes a ReLU, from its output.
#[derive(Clone, Copy)]
pub(super) struct ThroughRelu;

impl Map2 for ThroughRelu {
    const COST: f64 = 0.15;
    #[inline(always)]
    fn call<T: Float>(self, g: T, y: T) -> T {
        g * y.heaviside(0.0)
    }
}

impl Function for Linear {
    fn name(&self) -> &'static str {
        if self.relu { "linear_relu" } else { "linear" }
    }
    fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
        let weight = inputs[1].transpose();
        Ok([inputs[0].matmul_add_row(&weight, inputs.get(2).copied(), self.relu)?].into())
    }
    fn backward(&self, context: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
        let (x, weight) = (context.input(0), context.input(1));
        let mut gradients = InputGradients::new();
        if context.create_graph() {
            let g = if self.relu { gy[0].mul(context.output(0).heaviside(0.0))? } else { gy[0].clone() };
            gradients.push(if context.needs(0) { Some(g.matmul(weight)?) } else { None });
            gradients.push(if context.needs(1) { Some(g.transpose().matmul(x)?) } else { None });
            gradients.push(if context.needs(2) { Some(g.sum_axes(&[0], false)?) } else { None });
            return Ok(gradients);
        }
        let masked = match self.relu {
            true => Some(gy[0].array().map2(self.name(), context.output(0).array(), ThroughRelu)?),
            false => None,
        };
        let g = masked.as_ref().unwrap_or(gy[0].array());
        let constant = |array: Array| Some(Variable::constant(array));
        gradients.push(if context.needs(0) { constant(g.matmul(weight.array())?) } else { None });
        gradients.push(if context.needs(1) { constant(g.transpose().matmul(x.array())?) } else { None });
        gradients.push(if context.needs(2) { constant(g.column_sums()) } else { None });
        Ok(gradients)
    }
    fn saves(&self) -> Saves {
        Saves { inputs: 0b011, outputs: self.relu as u8 }
    }
    fn operations(&self, inputs: &[&Array], output: &Array) -> f64 {
        operations(inputs[0], output)
    }
    fn worked(&self, calculation: &Calculation<'_>) -> Option<Box<dyn Worked>> {
        let [outputs, inputs] = calculation.inputs[1].shape().try_into().ok()?;
        Some(Box::new(WorkedLinear { inputs, outputs, bias: calculation.inputs.len() > 2 }))
    }
}

struct WorkedLinear {
    inputs: usize,
    outputs: usize,
    bias: bool,
}

impl WorkedLinear {
    /// The elements of x and W that meet in element `at`.
    fn pairs(&self, at: usize) -> impl Iterator<Item = (usize, usize)> + '_ {
        let (row, unit) = (at / self.outputs, at % self.outputs);
        (0..self.inputs).map(move |j| (row * self.inputs + j, unit * self.inputs + j))
    }
}

impl Worked for WorkedLinear {
    fn value(&self, at: usize) -> Expression<Operand> {
        let mut terms: Vec<_> = self.pairs(at).map(|(x, w)| Operand::input(1, w).times(Operand::input(0, x))).collect();
        if self.bias {
            terms.push(Operand::input(2, at % self.outputs));
        }
        worked::total(terms)
    }
    fn slopes(&self, at: usize) -> Vec<(Operand, Expression<Operand>)> {
        let by_x = self.pairs(at).map(|(x, w)| (Operand::Input { input: 0, at: x }, Operand::input(1, w)));
        let by_w = self.pairs(at).map(|(x, w)| (Operand::Input { input: 1, at: w }, Operand::input(0, x)));
        let by_b = (Operand::Input { input: 2, at: at % self.outputs }, Expression::Number(1.0));
        by_x.chain(by_w).chain(self.bias.then_some(by_b)).collect()
    }
    fn character(&self) -> Character {
        Character::Linear
    }
}

/// `y = x·Wᵀ + b` for `x` of shape `[…, inputs]`, `W` of `[outputs, inputs]`, `b` of `[outputs]`.
///
/// # Errors
///
/// Shapes that do not fit each other, or types that differ.
#[track_caller]
pub fn linear(x: &Variable, weight: &Variable, bias: Option<&Variable>) -> Result<Variable> {
    linear_with(x, weight, bias, false)
}

/// [`linear`] followed by [`relu`](Variable::relu), in one pass forward and fewer backward. The same bits.
#[track_caller]
pub(crate) fn linear_relu(x: &Variable, weight: &Variable, bias: Option<&Variable>) -> Result<Variable> {
    linear_with(x, weight, bias, true)
}

#[track_caller]
fn linear_with(x: &Variable, weight: &Variable, bias: Option<&Variable>, relu: bool) -> Result<Variable> {
    let fits = weight.rank() == 2
        && x.shape().last() == Some(&weight.shape()[1])
        && bias.is_none_or(|b| b.shape() == &weight.shape()[..1]);
    if !fits {
        let bias = bias.map_or(String::new(), |b| format!(", b {:?}", b.shape()));
        return Err(Error::shape(format!("linear: x {:?}, W {:?}{bias}", x.shape(), weight.shape()))
            .help("x has shape […, inputs], W [outputs, inputs], b [outputs]"));
    }
    if let Some(other) = [Some(weight), bias].into_iter().flatten().find(|v| v.dtype() != x.dtype()) {
        return Err(Error::dtype(format!("linear: x holds {}, a parameter {}", x.dtype(), other.dtype()))
            .help("convert x or the layer to one type"));
    }
    let rows = if x.rank() == 2 { x.clone() } else { x.reshape(&[-1, weight.shape()[1] as isize])? };
    let y = match bias {
        Some(bias) => apply(Linear { relu }, &[&rows, weight, bias])?,
        None => apply(Linear { relu }, &[&rows, weight])?,
    };
    if x.rank() == 2 {
        return Ok(y);
    }
    let mut shape = x.shape().to_vec();
    shape[x.rank() - 1] = weight.shape()[0];
    y.reshape_as(&shape)
}

/// The functions of this file.
pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "matmul",
        usage: "a.matmul(&b)?",
        formula: "yᵢⱼ = Σₖ aᵢₖ bₖⱼ",
        derivative: "da: g·bᵀ, db: aᵀ·g",
        notes: "The last two axes; the axes before are broadcast.",
        samples: || {
            let of = |a: &'static [usize], b: &'static [usize]| {
                Sample::new(&[(a, -1.0, 1.0), (b, -1.0, 1.0)], |v: &[Variable]| v[0].matmul(&v[1]))
            };
            vec![
                of(&[2, 3], &[3, 4]).timed_at(&[ROWS, ROWS]),
                of(&[3], &[3, 2]),
                of(&[2, 3], &[3]),
                of(&[3], &[3]),
                of(&[2, 1, 2, 3], &[2, 3, 2]).strided(),
            ]
        },
    },
    Entry {
        name: "linear",
        usage: "linear(&x, &w, Some(&b))?",
        formula: "yᵢ = Σⱼ wᵢⱼ xⱼ + bᵢ",
        derivative: "dx: g·W, dW: gᵀ·x, db: Σ g over the samples",
        notes: "x is […, inputs], W [outputs, inputs], b [outputs].",
        samples: || {
            let of = |x: &'static [usize]| {
                Sample::new(&[(x, -1.0, 1.0), (&[4, 3], -1.0, 1.0), (&[4], -1.0, 1.0)], |v: &[Variable]| {
                    linear(&v[0], &v[1], Some(&v[2]))
                })
            };
            let plain = Sample::new(&[(&[5, 3], -1.0, 1.0), (&[2, 3], -1.0, 1.0)], |v: &[Variable]| linear(&v[0], &v[1], None));
            vec![of(&[5, 3]).timed_at(&[ROWS, ROWS, &[256]]), of(&[3]), of(&[2, 2, 3]), of(&[1, 3]).strided(), plain]
        },
    },
];

#[cfg(test)]
mod tests {
    use super::*;
    use crate::array::{DType, Stream};
    use crate::autograd::grad;

    /// Value, gradients and gradients of gradients are those of the two functions, to the bit.
    #[test]
    fn linear_and_relu_in_one_pass_are_the_same() {
        let mut stream = Stream::new(1, "fused");
        for (dtype, [rows, inputs, outputs]) in
            [(DType::F32, [100, 70, 33]), (DType::F64, [7, 3, 5]), (DType::F32, [300, 300, 200])]
        {
            let mut of = |shape: &[usize]| Variable::parameter(stream.uniform(shape, -1.0, 1.0, dtype).unwrap());
            let (x, w, b) = (of(&[rows, inputs]), of(&[outputs, inputs]), of(&[outputs]));
            let both = [linear(&x, &w, Some(&b)).unwrap().relu(), linear_relu(&x, &w, Some(&b)).unwrap()].map(|y| {
                let first = grad(&[&y.mul(&y).unwrap().sum()], &[&x, &w, &b]).unwrap();
                let second = grad(&[&first[1].mul(&first[1]).unwrap().sum()], &[&x, &w]).unwrap();
                let gradients = y.mul(&y).unwrap().sum().backward().unwrap();
                let leaves = [&x, &w, &b].map(|v| gradients.get(v).unwrap().to_f64_vec());
                let graph: Vec<_> = first.iter().chain(&second).map(|v| v.array().to_f64_vec()).collect();
                (y.array().to_f64_vec(), leaves, graph)
            });
            assert!(both[0].0.contains(&0.0) && both[0] == both[1], "{dtype} {rows}");
        }
    }

    #[test]
    fn shapes_that_do_not_fit_are_named() {
        let v = |shape: &[usize]| Variable::constant(Array::zeros(shape, crate::DType::F32).unwrap());
        let error = linear(&v(&[5, 4]), &v(&[2, 3]), Some(&v(&[2]))).unwrap_err();
        assert_eq!(error.what(), "linear: x [5, 4], W [2, 3], b [2]");
        assert!(linear(&v(&[]), &v(&[2, 3]), None).is_err() && linear(&v(&[3]), &v(&[2, 3]), Some(&v(&[3]))).is_err());
        let error = v(&[3]).matmul(&v(&[2, 2])).unwrap_err();
        assert_eq!(error.what(), "matmul: shapes [3] and [2, 2] do not fit each other");
    }
}
