//! Losses of distances: whether vectors that belong together lie close to each other, and others apart.

use super::choose;
use super::loss_classification::signs;
use super::loss_elements::{check_float, check_parameter};
use super::loss_reduction::{Reduced, Reduction};
use super::registry::{Entry, Sample};
use super::sample::{ROWS, indices};
use super::worked_embedding::{Rows, WorkedContrastive, WorkedCosine, WorkedTriplet};
use crate::array::{Array, DType, index_of};
use crate::autograd::{Calculation, Context, Function, InputGradients, Outputs, Saves, ToVariable, Variable, Worked, apply};
use crate::error::{Error, Result};

/// Added to both squared lengths of a cosine, so that a vector of zeros has the cosine 0.
pub(super) const COSINE_EPSILON: f64 = 1e-12;
/// Added to every difference of a triplet's distances, so that their slope exists for equal vectors.
pub(super) const TRIPLET_EPSILON: f64 = 1e-6;

/// Checks vectors `[…, size]` of one shape and type; gives the number of vectors.
fn check_vectors(operation: &str, vectors: &[(&str, &Variable)]) -> Result<usize> {
    let (first_name, first) = vectors[0];
    check_float(operation, first)?;
    let Some((_, rows)) = first.shape().split_last() else {
        return Err(
            Error::shape(format!("{operation}: {first_name} is a single number")).help("vectors have shape [samples, size]")
        );
    };
    for (name, other) in &vectors[1..] {
        if other.shape() != first.shape() {
            let what = format!("{operation}: {first_name} has shape {:?}, {name} {:?}", first.shape(), other.shape());
            return Err(Error::shape(what).help("both must have the same shape"));
        }
        if other.dtype() != first.dtype() {
            return Err(Error::dtype(format!("{operation}: {first_name} holds {}, {name} {}", first.dtype(), other.dtype()))
                .help("convert one of them with to_dtype"));
        }
    }
    Ok(rows.iter().product())
}

/// Which pairs belong together, 1 or else `other`, for vectors `[…, size]`: numbers of shape `[…, 1]` that are 1 and 0.
fn check_pairs(operation: &str, a: &Variable, t: impl ToVariable, other: f64) -> Result<Array> {
    let t = t.to_variable(a.dtype()).into_array();
    let rows = &a.shape()[..a.rank() - 1];
    if t.shape() != rows {
        return Err(Error::shape(format!("{operation}: a has shape {:?}, t {:?}", a.shape(), t.shape()))
            .help(format!("t must have shape {rows:?}, one number for every pair")));
    }
    if let Some((place, value)) = t.to_f64_vec().into_iter().enumerate().find(|(_, v)| *v != 1.0 && *v != other) {
        return Err(Error::value(format!("{operation}: t is {value} at {:?}", index_of(place, rows)))
            .help(format!("t must be 1 for a pair that belongs together and {other} for one that does not")));
    }
    t.equal(&t.full_like(1.0))?.to_dtype(a.dtype()).expand_dims(-1)
}

/// 1 where the numbers are above 0, as a constant.
fn above_zero(x: &Variable) -> Result<Variable> {
    let x = x.array();
    Ok(Variable::constant(x.greater(&x.constant_like(0.0))?.to_dtype(x.dtype())))
}

/// The lengths of vectors `[…, size]`, of shape `[…, 1]`, and 1 where they are not 0. A length of 0 is given as 1, so that
/// it can be divided by.
fn lengths(x: &Variable) -> Result<[Variable; 2]> {
    let squares = x.square().sum_axes(&[-1], true)?;
    let present = above_zero(&squares)?;
    let is_zero = present.array().to_dtype(DType::Bool).logical_not();
    Ok([choose(&is_zero, 1.0, &squares)?.sqrt(), present])
}

/// The gradient by the term of every vector, of shape `[…, 1]` or for all.
fn upstream(reduced: Reduced, gy: &Variable) -> Result<Variable> {
    let g = reduced.upstream(gy);
    if reduced.reduction != Reduction::None {
        return Ok(g);
    }
    let column = [gy.shape(), &[1]].concat();
    g.reshape_as(&column)
}

/// The losses `[…, 1]` of vectors, reduced.
fn reduce(reduced: Reduced, terms: &Variable) -> Result<Outputs> {
    Ok([reduced.of(terms.array().squeeze(-1)?)].into())
}

/// Constants with the numbers of arrays.
fn constants<const N: usize>(inputs: &[&Array]) -> [Variable; N] {
    std::array::from_fn(|i| Variable::constant(inputs[i].clone()))
}

#[derive(Debug)]
struct CosineEmbedding {
    /// 1 where a pair belongs together, else 0; of shape `[…, 1]`.
    together: Array,
    margin: f64,
    reduced: Reduced,
}

/// The cosine between vectors, the squares of their lengths (with ε) and the product of the lengths, each `[…, 1]`.
struct Cosine {
    cosine: Variable,
    squares: [Variable; 2],
    lengths: Variable,
}

impl Cosine {
    fn new(a: &Variable, b: &Variable) -> Result<Cosine> {
        let square = |x: &Variable| x.square().sum_axes(&[-1], true)?.add(COSINE_EPSILON);
        let squares = [square(a)?, square(b)?];
        let lengths = squares[0].mul(&squares[1])?.sqrt();
        let cosine = a.mul(b)?.sum_axes(&[-1], true)?.div(&lengths)?;
        Ok(Cosine { cosine, squares, lengths })
    }
}

impl Function for CosineEmbedding {
    fn name(&self) -> &'static str {
        "cosine_embedding"
    }
    fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
        let [a, b] = constants(inputs);
        let cosine = Cosine::new(&a, &b)?.cosine;
        let apart = cosine.sub(self.margin)?.relu();
        let is_together = self.together.to_dtype(DType::Bool);
        reduce(self.reduced, &choose(&is_together, 1.0 - &cosine, apart)?)
    }
    fn backward(&self, context: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
        let (a, b) = (context.input(0), context.input(1));
        let Cosine { cosine, squares, lengths } = Cosine::new(a, b)?;
        // −1 for a pair that belongs together; 1 for another one beyond the margin.
        let beyond = above_zero(&cosine.sub(self.margin)?)?;
        let slope = choose(&self.together.to_dtype(DType::Bool), -1.0, beyond)?;
        let g = slope.mul(upstream(self.reduced, &gy[0])?)?;
        let by = |x: &Variable, other: &Variable, square: &Variable| -> Result<Variable> {
            g.mul(other.div(&lengths)?.sub(x.mul(cosine.div(square)?)?)?)
        };
        let by_a = if context.needs(0) { Some(by(a, b, &squares[0])?) } else { None };
        let by_b = if context.needs(1) { Some(by(b, a, &squares[1])?) } else { None };
        Ok([by_a, by_b].into_iter().collect())
    }
    fn saves(&self) -> Saves {
        Saves::INPUTS
    }
    fn worked(&self, calculation: &Calculation<'_>) -> Option<Box<dyn Worked>> {
        let rows = Rows::new(calculation, self.reduced);
        Some(Box::new(WorkedCosine { rows, together: self.together.to_f64_vec(), margin: self.margin }))
    }
}

/// The cosine embedding loss of pairs of vectors a and b `[…, size]`: 1 − cos(a, b) for pairs that belong together, t = 1, and
/// max(0, cos(a, b) − margin) for others, t = −1. t has shape `[…]`, the margin is from −1 to 1.
///
/// 1e-12 is added to the squares of both lengths, as in PyTorch. At the margin the slope is taken as 0. The mean divides by the
/// number of pairs; unreduced, the losses have shape `[…]`.
///
/// # Errors
///
/// Shapes that do not fit, a t that is neither 1 nor −1, a margin out of range, or the mean over nothing.
#[track_caller]
pub fn cosine_embedding(a: &Variable, b: &Variable, t: impl ToVariable, margin: f64, reduction: Reduction) -> Result<Variable> {
    let name = "cosine_embedding";
    check_parameter(name, "the margin", margin, (-1.0..=1.0).contains(&margin), "from −1 to 1")?;
    let count = check_vectors(name, &[("a", a), ("b", b)])?;
    let together = check_pairs(name, a, t, -1.0)?;
    let reduced = Reduced::by_count(name, reduction, count)?;
    apply(CosineEmbedding { together, margin, reduced }, &[a, b])
}

#[derive(Debug)]
struct Contrastive {
    /// 1 where a pair belongs together, else 0; of shape `[…, 1]`.
    together: Array,
    margin: f64,
    reduced: Reduced,
}

impl Function for Contrastive {
    fn name(&self) -> &'static str {
        "contrastive"
    }
    fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
        let [a, b] = constants(inputs);
        let [distance, present] = lengths(&a.sub(&b)?)?;
        let distance = distance.mul(present)?;
        let apart = (self.margin - &distance).relu();
        let length = choose(&self.together.to_dtype(DType::Bool), distance, apart)?;
        reduce(self.reduced, &(length.square() * 0.5))
    }
    fn backward(&self, context: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
        let difference = context.input(0).sub(context.input(1))?;
        let [distance, present] = lengths(&difference)?;
        // a − b for a pair that belongs together, else −max(m − d, 0)/d · (a − b), and 0 where a = b.
        let push = (self.margin - &distance).relu().div(&distance)?.mul(present)?.neg();
        let pull = choose(&self.together.to_dtype(DType::Bool), 1.0, push)?;
        let by_a = difference.mul(pull)?.mul(upstream(self.reduced, &gy[0])?)?;
        let by_b = if context.needs(1) { Some(by_a.neg()) } else { None };
        Ok([Some(by_a), by_b].into_iter().collect())
    }
    fn saves(&self) -> Saves {
        Saves::INPUTS
    }
    fn worked(&self, calculation: &Calculation<'_>) -> Option<Box<dyn Worked>> {
        let rows = Rows::new(calculation, self.reduced);
        Some(Box::new(WorkedContrastive { rows, together: self.together.to_f64_vec(), margin: self.margin }))
    }
}

/// The contrastive loss of pairs of vectors a and b `[…, size]` at the distance d = |a − b|: ½d² for pairs that belong
/// together, t = 1, and ½ max(margin − d, 0)² for others, t = 0. t has shape `[…]`.
///
/// The mean divides by the number of pairs (with the ½, what Chainer divides by twice that number); unreduced, the losses have
/// shape `[…]`. Where a = b the slope is taken as 0. Hadsell, Chopra and LeCun (2006), "Dimensionality reduction by learning an
/// invariant mapping", whose Y is 1 − t.
///
/// # Errors
///
/// Shapes that do not fit, a t that is neither 1 nor 0, a margin that is not above 0, or the mean over nothing.
#[track_caller]
pub fn contrastive(a: &Variable, b: &Variable, t: impl ToVariable, margin: f64, reduction: Reduction) -> Result<Variable> {
    let name = "contrastive";
    check_parameter(name, "the margin", margin, margin > 0.0, "above 0")?;
    let count = check_vectors(name, &[("a", a), ("b", b)])?;
    let together = check_pairs(name, a, t, 0.0)?;
    let reduced = Reduced::by_count(name, reduction, count)?;
    apply(Contrastive { together, margin, reduced }, &[a, b])
}

#[derive(Debug)]
struct Triplet {
    margin: f64,
    reduced: Reduced,
}

/// The differences a − p + ε and a − n + ε, and their lengths with 1 where they are not 0.
fn sides([a, p, n]: [&Variable; 3]) -> Result<[(Variable, [Variable; 2]); 2]> {
    let side = |other: &Variable| -> Result<_> {
        let difference = a.sub(other)?.add(TRIPLET_EPSILON)?;
        let lengths = lengths(&difference)?;
        Ok((difference, lengths))
    };
    Ok([side(p)?, side(n)?])
}

impl Function for Triplet {
    fn name(&self) -> &'static str {
        "triplet"
    }
    fn forward(&self, inputs: &[&Array]) -> Result<Outputs> {
        let [a, p, n] = constants(inputs);
        let [(_, near), (_, far)] = sides([&a, &p, &n])?;
        let distance = |[length, present]: [Variable; 2]| length.mul(present);
        reduce(self.reduced, &(distance(near)?.sub(distance(far)?)? + self.margin).relu())
    }
    fn backward(&self, context: &Context<'_>, gy: &[Variable]) -> Result<InputGradients> {
        let inputs = [context.input(0), context.input(1), context.input(2)];
        let [(to_p, near), (to_n, far)] = sides(inputs)?;
        let lacking = near[0].mul(&near[1])?.sub(far[0].mul(&far[1])?)?.add(self.margin)?;
        let g = above_zero(&lacking)?.mul(upstream(self.reduced, &gy[0])?)?;
        let direction = |difference: &Variable, [length, present]: &[Variable; 2]| difference.div(length)?.mul(present);
        let by_p = direction(&to_p, &near)?.mul(&g)?.neg();
        let by_n = direction(&to_n, &far)?.mul(&g)?;
        let by_a = by_p.add(&by_n)?.neg();
        Ok([Some(by_a), Some(by_p), Some(by_n)].into_iter().collect())
    }
    fn saves(&self) -> Saves {
        Saves::INPUTS
    }
    fn worked(&self, calculation: &Calculation<'_>) -> Option<Box<dyn Worked>> {
        Some(Box::new(WorkedTriplet { rows: Rows::new(calculation, self.reduced), margin: self.margin }))
    }
}

/// The triplet loss of anchors a, vectors p that belong to them and vectors n that do not, all `[…, size]`:
/// max(d(a, p) − d(a, n) + margin, 0) with d(a, b) = √Σ(a − b + ε)². The distances are not squared, and ε = 1e-6 keeps their
/// slope finite for equal vectors: PyTorch's triplet margin loss with the 2-norm.
///
/// The mean divides by the number of triplets; unreduced, the losses have shape `[…]`. Where the loss just becomes 0 its slope
/// is taken as 0. Balntas, Riba, Ponsa and Mikolajczyk (2016), "Learning local feature descriptors with triplets and shallow
/// convolutional neural networks".
///
/// # Errors
///
/// Different shapes, a margin that is not above 0, or the mean over nothing.
#[track_caller]
pub fn triplet(a: &Variable, p: &Variable, n: &Variable, margin: f64, reduction: Reduction) -> Result<Variable> {
    let name = "triplet";
    check_parameter(name, "the margin", margin, margin > 0.0, "above 0")?;
    let count = check_vectors(name, &[("the anchor", a), ("the positive", p), ("the negative", n)])?;
    let reduced = Reduced::by_count(name, reduction, count)?;
    apply(Triplet { margin, reduced }, &[a, p, n])
}

/// Samples of a loss of pairs, of which `t` says which belong together.
fn pair_samples(other: f64, call: impl Fn(&[Variable], &Array, Reduction) -> Result<Variable> + Copy + 'static) -> Vec<Sample> {
    let of = move |shape: &'static [usize], t: Array, reduction: Reduction| {
        let t = if other == 0.0 { t } else { signs(&t) };
        Sample::new(&[(shape, -1.0, 1.0), (shape, -1.0, 1.0)], move |v: &[Variable]| call(v, &t, reduction))
    };
    vec![
        of(&[4, 3], Array::from([1.0, 0.0, 0.0, 1.0]), Reduction::Mean)
            .timed_as(move || of(ROWS, indices(&[256], 2).to_dtype(DType::F64), Reduction::Mean)),
        of(&[2], Array::from(1.0), Reduction::Sum),
        of(&[2, 2, 2], Array::from([[0.0, 1.0], [1.0, 0.0]]), Reduction::None).strided(),
    ]
}

/// The functions of this file.
pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "cosine_embedding",
        usage: "cosine_embedding(&a, &b, &t, margin, reduction)?",
        formula: "1 − c where t = 1, else max(0, c − margin), with c = Σab/√((Σa² + ε)(Σb² + ε))",
        derivative: "da: gs(b/√((Σa² + ε)(Σb² + ε)) − ca/(Σa² + ε)), db likewise, with s = −1 where t = 1, else 1 beyond the margin",
        notes: "t is 1 or −1. ε = 1e-12. The mean divides by the number of pairs. As in PyTorch.",
        samples: || pair_samples(-1.0, |v, t, reduction| cosine_embedding(&v[0], &v[1], t, -0.9, reduction)),
    },
    Entry {
        name: "contrastive",
        usage: "contrastive(&a, &b, &t, margin, reduction)?",
        formula: "½td² + ½(1 − t) max(margin − d, 0)² with d = |a − b|",
        derivative: "da: gt(a − b) − g(1 − t) max(margin − d, 0)(a − b)/d, db: the opposite",
        notes: "t is 1 or 0. The mean divides by the number of pairs. Where d = 0 the slope is taken as 0. Hadsell, Chopra and LeCun \
                (2006).",
        samples: || pair_samples(0.0, |v, t, reduction| contrastive(&v[0], &v[1], t, 3.0, reduction)),
    },
    Entry {
        name: "triplet",
        usage: "triplet(&a, &p, &n, margin, reduction)?",
        formula: "max(d(a, p) − d(a, n) + margin, 0) with d(a, b) = √Σ(a − b + ε)²",
        derivative: "dp: −g(a − p + ε)/d(a, p), dn: g(a − n + ε)/d(a, n), da: −dp − dn",
        notes: "ε = 1e-6. The mean divides by the number of triplets. PyTorch's form with p = 2. Balntas et al. (2016).",
        samples: || {
            let of = |shape: &'static [usize], margin: f64, reduction: Reduction| {
                let call = move |v: &[Variable]| triplet(&v[0], &v[1], &v[2], margin, reduction);
                Sample::new(&[(shape, -1.0, 1.0), (shape, -1.0, 1.0), (shape, -1.0, 1.0)], call)
            };
            vec![
                of(&[4, 3], 0.3, Reduction::Mean).timed_at(&[ROWS; 3]),
                of(&[2], 3.0, Reduction::Sum),
                of(&[2, 2, 2], 0.5, Reduction::None).strided(),
            ]
        },
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_used_is_refused() {
        let a = Variable::constant(Array::from([[1.0, 2.0], [3.0, 4.0]]));
        let b = Variable::constant(Array::from([[1.0, 2.0]]));
        let what = |loss: Result<Variable>| loss.unwrap_err().what().to_string();
        let pairs = |t: Array| contrastive(&a, &a, t, 1.0, Reduction::Mean);
        assert_eq!(what(pairs(Array::from([1i64, -1]))), "contrastive: t is -1 at [1]");
        assert_eq!(what(pairs(Array::from([1i64]))), "contrastive: a has shape [2, 2], t [1]");
        let one = Array::from([1i64, 1]);
        assert_eq!(what(contrastive(&a, &b, &one, 1.0, Reduction::Mean)), "contrastive: a has shape [2, 2], b [1, 2]");
        assert_eq!(what(contrastive(&a, &a, &one, 0.0, Reduction::Mean)), "contrastive: the margin is 0");
        assert_eq!(what(cosine_embedding(&a, &a, &one, 2.0, Reduction::Mean)), "cosine_embedding: the margin is 2");
        let single = a.array().to_dtype(DType::F32).to_variable(DType::F32);
        let error = "triplet: the anchor holds f64, the negative f32";
        assert_eq!(what(triplet(&a, &a, &single, 1.0, Reduction::Mean)), error);
        let number = Variable::constant(Array::from(1.0));
        assert_eq!(what(triplet(&number, &number, &number, 1.0, Reduction::Mean)), "triplet: the anchor is a single number");
        let empty = Variable::constant(Array::zeros(&[0, 3], DType::F64).unwrap());
        let error = "triplet: the mean over an empty batch does not exist";
        assert_eq!(what(triplet(&empty, &empty, &empty, 1.0, Reduction::Mean)), error);
        assert_eq!(triplet(&empty, &empty, &empty, 1.0, Reduction::Sum).unwrap().item().unwrap(), 0.0);
    }

    /// Equal vectors that should be apart: the distance has no direction there, and nothing may become NaN, also in the
    /// second derivative.
    #[test]
    fn equal_vectors_have_finite_gradients() {
        let a = Variable::parameter(Array::from([[1.0, 2.0], [0.0, 0.0]]));
        let b = Variable::parameter(Array::from([[1.0, 2.0], [0.0, 0.0]]));
        let apart = contrastive(&a, &b, Array::from([0i64, 0]), 1.0, Reduction::Mean).unwrap();
        assert_eq!(apart.item().unwrap(), 0.5);
        let cosine = cosine_embedding(&a, &b, Array::from([-1i64, 1]), 0.0, Reduction::Mean).unwrap();
        for loss in [apart, cosine] {
            let first = crate::grad(&[&loss], &[&a]).unwrap().remove(0);
            assert!(first.array().all_finite());
            assert!(crate::grad(&[&first.sum()], &[&a]).unwrap()[0].array().all_finite());
        }
    }
}
