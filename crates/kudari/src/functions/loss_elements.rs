//! Losses of pairs of numbers, an output and its target: the value and both slopes of one pair are written once, and the
//! fused kernels, the second-order rule and the worked calculation follow from them.

use std::fmt::Debug;

use smallvec::SmallVec;

use super::algebra::Algebra;
use super::loss::{numbers, same_shape};
use super::loss_reduction::{Reduced, Reduction};
use super::worked::read;
use crate::array::{Array, Map2, Map3};
use crate::autograd::{
    Calculation, Context, Function, InputGradients, Operand, Outputs, Part, Saves, ToVariable, Variable, Worked, apply,
};
use crate::error::{Error, Result};
use crate::expression::Expression;
use crate::kernels::float::Float;

/// Names of parameters in formulas, with their numbers.
pub(super) type Parameters = SmallVec<[(&'static str, f64); 2]>;

/// By what a mean divides.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Divisor {
    /// By the number of elements.
    Elements,
    /// By the length of the first axis.
    Samples,
}

/// A loss of one output and its target. Formulas are over [`LETTERS`](ElementLoss::LETTERS), the letter of
/// [`PART`](ElementLoss::PART) and the parameters' names.
pub(super) trait ElementLoss: Debug + Copy + Send + Sync + 'static {
    const NAME: &'static str;
    /// The letters of the output and of the target.
    const LETTERS: [&'static str; 2] = ["y", "t"];
    /// An intermediate result that is worth a letter, and its formula.
    const PART: Option<(&'static str, &'static str)> = None;
    /// The loss of one pair.
    const TERM: &'static str;
    /// Its slopes by the output and by the target.
    const SLOPES: [&'static str; 2];
    const DIVISOR: Divisor = Divisor::Elements;
    /// Estimated nanoseconds per element in f32.
    const COST: f64;
    fn parameters(self) -> Parameters {
        Parameters::new()
    }
    fn value<T: Float>(self, y: T, t: T) -> T;
    fn by_output<A: Algebra>(self, y: &A, t: &A) -> A;
    fn by_target<A: Algebra>(self, y: &A, t: &A) -> A;
}

#[derive(Clone, Copy)]
struct Value<L>(L);

impl<L: ElementLoss> Map2 for Value<L> {
    const COST: f64 = L::COST;
    #[inline(always)]
    fn call<T: Float>(self, y: T, t: T) -> T {
        self.0.value(y, t)
    }
}

#[derive(Clone, Copy)]
struct ByOutput<L>(L);

impl<L: ElementLoss> Map3 for ByOutput<L> {
    const COST: f64 = 1.5 * L::COST;
    #[inline(always)]
    fn call<T: Float>(self, y: T, t: T, g: T) -> T {
        g * self.0.by_output(&y, &t)
    }
}

#[derive(Clone, Copy)]
struct ByTarget<L>(L);

impl<L: ElementLoss> Map3 for ByTarget<L> {
    const COST: f64 = 1.5 * L::COST;
    #[inline(always)]
    fn call<T: Float>(self, y: T, t: T, g: T) -> T {
        g * self.0.by_target(&y, &t)
    }
}

/// A loss of pairs with what becomes of its terms.
#[derive(Debug)]
struct Elements<L> {
    loss: L,
    reduced: Reduced,
}

impl<L: ElementLoss> Function for Elements<L> {
    fn name(&self) -> &'static str {
        L::NAME
    }
    fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
        Ok([self.reduced.of(inputs[0].map2(L::NAME, inputs[1], Value(self.loss))?)].into())
    }
    fn backward(&self, context: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
        let (y, t) = (context.input(0), context.input(1));
        let g = self.reduced.upstream(&gy[0]);
        if context.create_graph() {
            let by_y = g.mul(self.loss.by_output(y, t))?;
            let by_t = if context.needs(1) { Some(g.mul(self.loss.by_target(y, t))?) } else { None };
            return Ok([Some(by_y), by_t].into_iter().collect());
        }
        let (y, t, g) = (y.array(), t.array(), g.array());
        let by_y = Variable::constant(y.map3(L::NAME, t, g, ByOutput(self.loss))?);
        let by_t = match context.needs(1) {
            true => Some(Variable::constant(y.map3(L::NAME, t, g, ByTarget(self.loss))?)),
            false => None,
        };
        Ok([Some(by_y), by_t].into_iter().collect())
    }
    fn saves(&self) -> Saves {
        Saves::INPUTS
    }
    fn worked(&self, calculation: &Calculation<'_>) -> Option<Box<dyn Worked>> {
        let parameters = self.loss.parameters();
        let mut letters = L::LETTERS.to_vec();
        let part = match L::PART {
            Some((letter, formula)) => Some((letter, read(formula, &letters, &parameters)?)),
            None => None,
        };
        letters.extend(part.iter().map(|(letter, _)| *letter));
        Some(Box::new(WorkedTerms {
            reduced: self.reduced,
            shape: calculation.inputs[0].shape().to_vec(),
            term: read(L::TERM, &letters, &parameters)?,
            slopes: L::SLOPES.iter().map(|slope| read(slope, &letters, &parameters)).collect::<Option<_>>()?,
            letters: L::LETTERS.to_vec(),
            part,
        }))
    }
}

/// Applies a loss of pairs.
#[track_caller]
pub(super) fn apply_pairs<L: ElementLoss>(loss: L, y: &Variable, t: impl ToVariable, reduction: Reduction) -> Result<Variable> {
    check_float(L::NAME, y)?;
    let t = numbers(t, y.dtype());
    same_shape(L::NAME, y, &t)?;
    let count = match L::DIVISOR {
        Divisor::Elements => y.len(),
        Divisor::Samples if y.is_empty() => 0,
        Divisor::Samples => y.shape().first().copied().unwrap_or(1),
    };
    let reduced = Reduced::by_count(L::NAME, reduction, count)?;
    apply(Elements { loss, reduced }, &[y, &t])
}

/// Outputs must be floating-point numbers.
pub(super) fn check_float(operation: &str, y: &Variable) -> Result<()> {
    if y.dtype().is_float() {
        return Ok(());
    }
    Err(Error::dtype(format!("{operation}: not defined for {}", y.dtype())).help("convert to f32 or f64 with to_dtype"))
}

/// A parameter must be a number of some range, which `range` says in words.
pub(super) fn check_parameter(operation: &str, name: &str, value: f64, fits: bool, range: &str) -> Result<()> {
    if fits && value.is_finite() {
        return Ok(());
    }
    Err(Error::value(format!("{operation}: {name} is {value}")).help(format!("{name} must be {range}")))
}

/// Terms over elements that stand at the same place of every input.
pub(super) struct WorkedTerms {
    pub(super) reduced: Reduced,
    pub(super) shape: Vec<usize>,
    /// The letters of the inputs, in their order.
    pub(super) letters: Vec<&'static str>,
    /// A letter of an intermediate result, with its formula.
    pub(super) part: Option<(&'static str, Expression)>,
    pub(super) term: Expression,
    /// The slopes of a term by each input.
    pub(super) slopes: Vec<Expression>,
}

impl WorkedTerms {
    fn at(&self, formula: &Expression, at: usize) -> Expression<Operand> {
        formula.substitute(&mut |name| match self.letters.iter().position(|letter| letter == name) {
            Some(input) => Operand::input(input, at),
            None => Operand::part(0, at),
        })
    }

    fn count(&self) -> usize {
        self.shape.iter().product()
    }
}

impl Worked for WorkedTerms {
    fn parts(&self) -> Vec<Part> {
        self.part.iter().map(|(letter, _)| Part { letter, shape: self.shape.clone() }).collect()
    }
    fn part(&self, _: usize, at: usize) -> Expression<Operand> {
        self.part.as_ref().map_or(Expression::Number(f64::NAN), |(_, formula)| self.at(formula, at))
    }
    fn value(&self, at: usize) -> Expression<Operand> {
        self.reduced.expression(at, self.count(), |at| self.at(&self.term, at))
    }
    fn slopes(&self, at: usize) -> Vec<(Operand, Expression<Operand>)> {
        let of_term = |at| {
            let slope = |(input, slope)| (Operand::Input { input, at }, self.at(slope, at));
            self.slopes.iter().enumerate().map(slope).collect()
        };
        self.reduced.slopes(at, self.count(), of_term)
    }
}
