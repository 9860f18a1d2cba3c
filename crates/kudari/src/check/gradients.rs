//! Backward rules against differences, to second order.

use std::fmt;

use super::kink::{Kink, Point};
use super::numerical::Numerical;
use crate::array::{Array, DType, Stream};
use crate::autograd::{Backward, Variable, grad};
use crate::error::Result;

/// What is compared and how closely.
#[derive(Debug, Clone)]
pub struct CheckOptions {
    /// Largest relative error of first derivatives.
    pub first_tolerance: f64,
    /// Largest relative error of second derivatives; `None` checks the first order only.
    pub second_tolerance: Option<f64>,
    /// Seed of the random upstream gradient.
    pub seed: u64,
}

impl Default for CheckOptions {
    fn default() -> CheckOptions {
        CheckOptions { first_tolerance: 1e-6, second_tolerance: Some(1e-5), seed: 0 }
    }
}

/// Which derivative a comparison is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The first derivative, as `backward` gives it.
    First,
    /// The first derivative, as `grad` gives it for differentiating again.
    FirstOfGrad,
    /// The second derivative.
    Second,
}

impl fmt::Display for Order {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Order::First => "first derivative",
            Order::FirstOfGrad => "first derivative (by grad)",
            Order::Second => "second derivative",
        })
    }
}

/// The element with the largest relative error.
#[derive(Debug, Clone)]
pub struct Worst {
    /// Which derivative.
    pub order: Order,
    /// Which input; the one after the last is the upstream gradient.
    pub input: usize,
    /// Which element of it.
    pub index: Vec<usize>,
    /// What the backward rule gives.
    pub analytic: f64,
    /// What differences give.
    pub numerical: f64,
    /// |analytic − numerical| relative to the larger of both, but at least to a thousandth of the largest gradient of
    /// that input: below that only rounding would be compared.
    pub error: f64,
    /// What the error may be.
    pub tolerance: f64,
}

impl fmt::Display for Worst {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} by input {} at {:?}: backward {:.12e}, numerical {:.12e}, relative error {:.1e} (tolerance {:.0e})",
            self.order, self.input, self.index, self.analytic, self.numerical, self.error, self.tolerance
        )
    }
}

/// The result of a check.
#[derive(Debug, Clone, Default)]
pub struct Report {
    /// Number of derivatives compared.
    pub checked: usize,
    /// The worst of them, measured by its tolerance; `None` if nothing was compared.
    pub worst: Option<Worst>,
    /// The largest relative error of first derivatives, NaN if there is one.
    pub first_error: f64,
    /// The largest relative error of second derivatives, NaN if there is one.
    pub second_error: f64,
    /// Elements that are kinks; they count neither as right nor as wrong.
    pub kinks: Vec<Kink>,
    /// Whether every error is within its tolerance.
    pub passed: bool,
}

impl Report {
    /// Whether this element is known to be a kink.
    fn has_kink(&self, input: usize, index: &[usize]) -> bool {
        self.kinks.iter().any(|k| k.input == input && k.index == index)
    }

    /// Takes a comparison in; `ratio` to its tolerance decides which is the worst.
    pub(super) fn take(&mut self, new: Worst) {
        self.checked += 1;
        // A NaN fails: the comparison is written so that it does.
        let within = new.error <= new.tolerance;
        self.passed &= within;
        let largest = if new.order == Order::Second { &mut self.second_error } else { &mut self.first_error };
        *largest = larger(*largest, new.error);
        let ratio = |w: &Worst| if w.error.is_nan() { f64::INFINITY } else { w.error / w.tolerance };
        if self.worst.as_ref().is_none_or(|old| ratio(&new) > ratio(old)) {
            self.worst = Some(new);
        }
    }
}

/// The larger of two errors; a NaN counts as larger than everything.
pub(super) fn larger(a: f64, b: f64) -> f64 {
    if b.is_nan() || b > a { b } else { a }
}

/// One comparison: `analytic` against differences of `f` at a point.
pub(super) fn compare(
    report: &mut Report,
    (order, input, index): (Order, usize, Vec<usize>),
    analytic: f64,
    point: Point,
    tolerance: f64,
    mut f: impl FnMut(f64) -> Result<f64>,
) -> Result<()> {
    let relative = |a: f64, b: f64| {
        let difference = (a - b).abs();
        if difference == 0.0 { 0.0 } else { difference / a.abs().max(b.abs()).max(point.floor) }
    };
    let mut near = Vec::new();
    let recorded = |x: f64| {
        let value = f(x)?;
        near.push((x, value));
        Ok(value)
    };
    let estimate = Numerical::new().try_derivative(recorded, point.x)?;
    let error = relative(analytic, estimate.value);
    // Central differences take the middle of both slopes: a rule that returns just that agrees with them at a kink.
    if (error > tolerance || point.may_be_a_kink(&near))
        && let Some([left, right]) = point.slopes_at_a_kink(f)?
    {
        let slack = 1e-4 * (left - right).abs();
        if analytic >= left.min(right) - slack && analytic <= left.max(right) + slack {
            if !report.has_kink(input, &index) {
                report.kinks.push(Kink { input, index, left, right, returned: analytic });
            }
            return Ok(());
        }
    }
    report.take(Worst { order, input, index, analytic, numerical: estimate.value, error, tolerance });
    Ok(())
}

/// The index of element `i` in row-major order.
pub(super) fn index_of(mut i: usize, shape: &[usize]) -> Vec<usize> {
    let mut index = vec![0; shape.len()];
    for (place, &size) in index.iter_mut().zip(shape).rev() {
        (*place, i) = (i % size, i / size);
    }
    index
}

/// Below a thousandth of the largest gradient only rounding would be compared.
pub(super) fn floor_of(gradient: &Array) -> f64 {
    let largest = gradient.to_f64_vec().into_iter().fold(0.0, |m: f64, g| m.max(g.abs()));
    (1e-3 * largest).max(1e-6)
}

/// Checks the gradients of `f` at `inputs`, in f64.
///
/// The result of `f` is reduced to a number with a random upstream gradient, since a rule that ignores its upstream
/// gradient would pass with one of ones. The first derivatives that `backward` and `grad` give are compared with
/// differences of `f`, the second ones with differences of the first.
///
/// ```
/// # use kudari::{Array, check::{CheckOptions, check_gradients}};
/// let x = Array::from([0.3, -1.2]);
/// let report = check_gradients(|v| Ok(v[0].tanh()), &[x], &CheckOptions::default())?;
/// assert!(report.passed);
/// # Ok::<(), kudari::Error>(())
/// ```
///
/// # Errors
///
/// What `f` or its backward rules return.
pub fn check_gradients(f: impl Fn(&[Variable]) -> Result<Variable>, inputs: &[Array], options: &CheckOptions) -> Result<Report> {
    let points: Vec<Array> = inputs.iter().map(|x| x.to_dtype(DType::F64)).collect();
    let parameters: Vec<Variable> = points.iter().cloned().map(Variable::parameter).collect();
    let mut stream = Stream::new(options.seed, "upstream gradient");
    let shape = f(&parameters)?.shape().to_vec();
    // Away from zero, so that no element of the result is left out.
    let upstream = stream.uniform(&shape, 0.5, 1.5, DType::F64)?;
    let weighted = |v: &[Variable], upstream: &Variable| -> Result<Variable> { Ok(f(v)?.mul(upstream)?.sum()) };
    let constant = Variable::constant(upstream.clone());

    let mut report = Report { passed: true, ..Report::default() };
    // First order, by both ways through the graph.
    let by_backward = {
        let loss = weighted(&parameters, &constant)?;
        let gradients = if loss.wants_gradient() { Backward::new().run(&loss)? } else { Default::default() };
        parameters.iter().map(|p| gradients.get(p).cloned().unwrap_or_else(|| p.array().full_like(0.0))).collect::<Vec<_>>()
    };
    let references: Vec<&Variable> = parameters.iter().collect();
    let by_grad: Vec<Array> =
        grad(&[&weighted(&parameters, &constant)?], &references)?.into_iter().map(Variable::into_array).collect();
    let value = |points: &[Array]| -> Result<f64> {
        let variables: Vec<Variable> = points.iter().cloned().map(Variable::constant).collect();
        weighted(&variables, &constant)?.item()
    };
    for (order, gradients) in [(Order::First, &by_backward), (Order::FirstOfGrad, &by_grad)] {
        compare_all(&mut report, order, &points, gradients, options.first_tolerance, &value)?;
    }

    let Some(tolerance) = options.second_tolerance else { return Ok(report) };
    // Second order: the gradient, weighted and summed, as a function of the inputs and of the upstream gradient.
    let mut points = points;
    points.push(upstream);
    let weights =
        points[..inputs.len()].iter().map(|x| stream.uniform(x.shape(), 0.5, 1.5, DType::F64)).collect::<Result<Vec<_>>>()?;
    let slope = |v: &[Variable]| -> Result<Variable> {
        let (inputs, upstream) = (&v[..v.len() - 1], &v[v.len() - 1]);
        let gradients = grad(&[&weighted(inputs, upstream)?], &inputs.iter().collect::<Vec<_>>())?;
        let mut sum = Variable::constant(Array::from(0.0));
        for (gradient, weight) in gradients.iter().zip(&weights) {
            sum = sum.add(gradient.mul(weight)?.sum())?;
        }
        Ok(sum)
    };
    let parameters: Vec<Variable> = points.iter().cloned().map(Variable::parameter).collect();
    let second: Vec<Array> =
        grad(&[&slope(&parameters)?], &parameters.iter().collect::<Vec<_>>())?.into_iter().map(Variable::into_array).collect();
    let value =
        |points: &[Array]| -> Result<f64> { slope(&points.iter().cloned().map(Variable::parameter).collect::<Vec<_>>())?.item() };
    compare_all(&mut report, Order::Second, &points, &second, tolerance, &value)?;
    Ok(report)
}

/// Every element of every input.
fn compare_all(
    report: &mut Report,
    order: Order,
    points: &[Array],
    gradients: &[Array],
    tolerance: f64,
    value: &dyn Fn(&[Array]) -> Result<f64>,
) -> Result<()> {
    let here = value(points)?;
    for (input, (x, gradient)) in points.iter().zip(gradients).enumerate() {
        let mut moved: Vec<Array> = points.to_vec();
        let numbers = x.to_f64_vec();
        let floor = floor_of(gradient);
        for (i, analytic) in gradient.to_f64_vec().into_iter().enumerate() {
            let index = index_of(i, x.shape());
            // What has no first derivative has no second one.
            if order == Order::Second && report.has_kink(input, &index) {
                continue;
            }
            let point = Point { x: numbers[i], value: here, floor };
            compare(report, (order, input, index), analytic, point, tolerance, |at| {
                // Writing copies a shared or strided array first, so the caller's own stays as it is.
                moved[input].make_mut::<f64>()[i] = at;
                value(&moved)
            })?;
            moved[input].make_mut::<f64>()[i] = numbers[i];
        }
    }
    Ok(())
}
