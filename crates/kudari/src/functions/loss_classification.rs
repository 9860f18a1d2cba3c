//! Losses of classes and probabilities, element by element: binary cross-entropy, focal loss, hinge, Kullback-Leibler.

use super::algebra::Algebra;
use super::loss_cross_entropy::Target;
use super::loss_elements::{Divisor, ElementLoss, Parameters, apply_pairs, check_float, check_parameter};
use super::loss_reduction::Reduction;
use super::loss_regression::pair_samples;
use super::registry::{Entry, Sample};
use crate::array::{Array, DType};
use crate::autograd::{ToVariable, Variable};
use crate::error::Result;
use crate::kernels::float::Float;

/// Below it a logarithm of a probability counts as it.
const LEAST_LOGARITHM: f64 = -100.0;
/// The least that the slope of the binary cross-entropy is divided by.
const LEAST_SPREAD: f64 = 1e-12;

#[derive(Debug, Clone, Copy)]
struct BinaryCrossEntropy;

impl ElementLoss for BinaryCrossEntropy {
    const NAME: &'static str = "binary_cross_entropy";
    const LETTERS: [&'static str; 2] = ["p", "t"];
    const TERM: &'static str = "−t max(ln p, −100) − (1 − t) max(ln(1 − p), −100)";
    const SLOPES: [&'static str; 2] = ["(p − t)/max(p(1 − p), 10^(−12))", "max(ln(1 − p), −100) − max(ln p, −100)"];
    const COST: f64 = 8.0;
    #[inline(always)]
    fn value<T: Float>(self, p: T, t: T) -> T {
        let least = T::from_f64(LEAST_LOGARITHM);
        -(t * p.ln().larger(least)) - (T::ONE - t) * (-p).ln_1p().larger(least)
    }
    #[inline(always)]
    fn by_output<A: Algebra>(self, p: &A, t: &A) -> A {
        let spread = p.clone() * (p.constant(1.0) - p.clone());
        (p.clone() - t.clone()) / spread.clip(LEAST_SPREAD, f64::INFINITY)
    }
    #[inline(always)]
    fn by_target<A: Algebra>(self, p: &A, _: &A) -> A {
        let logarithm = |p: A| p.ln().clip(LEAST_LOGARITHM, f64::INFINITY);
        logarithm(p.constant(1.0) - p.clone()) - logarithm(p.clone())
    }
}

/// The cross-entropy of probabilities p with targets from 0 to 1, −t ln p − (1 − t) ln(1 − p). As in PyTorch, a logarithm
/// counts as −100 at least, and the slope (p − t)/(p(1 − p)) is divided by 1e-12 at least, so that both are finite for p = 0
/// and p = 1. The mean divides by the number of elements.
///
/// [`sigmoid_cross_entropy`](super::sigmoid_cross_entropy) of the logits is exact and needs no bounds.
///
/// # Errors
///
/// p and t have different shapes, or the mean over nothing is asked for. A p outside 0..1 gives NaN.
#[track_caller]
pub fn binary_cross_entropy(p: &Variable, t: impl ToVariable, reduction: Reduction) -> Result<Variable> {
    apply_pairs(BinaryCrossEntropy, p, t, reduction)
}

#[derive(Debug, Clone, Copy)]
struct WeightedSigmoidCrossEntropy {
    positive: f64,
}

impl ElementLoss for WeightedSigmoidCrossEntropy {
    const NAME: &'static str = "sigmoid_cross_entropy";
    const LETTERS: [&'static str; 2] = ["x", "t"];
    const PART: Option<(&'static str, &'static str)> = Some(("p", "sigmoid(x)"));
    const TERM: &'static str = "−w t ln p − (1 − t) ln(1 − p)";
    const SLOPES: [&'static str; 2] = ["(1 − t) p − w t (1 − p)", "ln(1 − p) − w ln p"];
    const COST: f64 = 10.0;
    fn parameters(self) -> Parameters {
        Parameters::from_slice(&[("w", self.positive)])
    }
    #[inline(always)]
    fn value<T: Float>(self, x: T, t: T) -> T {
        T::from_f64(self.positive) * t * Algebra::softplus(&-x) + (T::ONE - t) * Algebra::softplus(&x)
    }
    #[inline(always)]
    fn by_output<A: Algebra>(self, x: &A, t: &A) -> A {
        let yes = x.constant(self.positive) * t.clone() * (-x.clone()).sigmoid();
        (x.constant(1.0) - t.clone()) * x.sigmoid() - yes
    }
    #[inline(always)]
    fn by_target<A: Algebra>(self, x: &A, _: &A) -> A {
        x.constant(self.positive) * (-x.clone()).softplus() - x.softplus()
    }
}

/// [`sigmoid_cross_entropy`](super::sigmoid_cross_entropy) with a weight w ≥ 0 for the class 1 and a choice of reduction:
/// −wt ln σ(x) − (1 − t) ln(1 − σ(x)). A w above 1 makes up for a class that is rare. The mean divides by the number of
/// elements, whatever w is.
///
/// # Errors
///
/// x and t have different shapes, w is negative, or the mean over nothing is asked for.
#[track_caller]
pub fn sigmoid_cross_entropy_with(
    x: &Variable,
    t: impl ToVariable,
    positive_weight: f64,
    reduction: Reduction,
) -> Result<Variable> {
    let name = WeightedSigmoidCrossEntropy::NAME;
    check_parameter(name, "the weight", positive_weight, positive_weight >= 0.0, "0 or above")?;
    apply_pairs(WeightedSigmoidCrossEntropy { positive: positive_weight }, x, t, reduction)
}

/// Samples of it.
pub(super) fn weighted_sigmoid_samples() -> Vec<Sample> {
    pair_samples!(|x, t, r| sigmoid_cross_entropy_with(x, t, 2.5, r), (-2.0, 2.0), (0.0, 1.0))()
}

#[derive(Debug, Clone, Copy)]
struct Focal {
    alpha: f64,
    gamma: f64,
}

impl Focal {
    /// The weight of the classes 1 and 0.
    fn weights(self) -> [f64; 2] {
        [self.alpha, 1.0 - self.alpha]
    }
}

impl ElementLoss for Focal {
    const NAME: &'static str = "focal";
    const LETTERS: [&'static str; 2] = ["x", "t"];
    const PART: Option<(&'static str, &'static str)> = Some(("p", "sigmoid(x)"));
    const TERM: &'static str = "−α t (1 − p)^γ ln p − (1 − α)(1 − t) p^γ ln(1 − p)";
    const SLOPES: [&'static str; 2] = [
        "α t (1 − p)^γ (γ p ln p − (1 − p)) + (1 − α)(1 − t) p^γ (p − γ (1 − p) ln(1 − p))",
        "(1 − α) p^γ ln(1 − p) − α (1 − p)^γ ln p",
    ];
    const COST: f64 = 20.0;
    fn parameters(self) -> Parameters {
        Parameters::from_slice(&[("α", self.alpha), ("γ", self.gamma)])
    }
    // In all three −ln σ(x) is softplus(−x) and σ(x)^γ is e^(−γ softplus(−x)): nothing overflows, no digit of 1 − σ is lost.
    #[inline(always)]
    fn value<T: Float>(self, x: T, t: T) -> T {
        let [yes, no] = self.weights().map(T::from_f64);
        let gamma = T::from_f64(self.gamma);
        let (if_yes, if_no) = (Algebra::softplus(&-x), Algebra::softplus(&x));
        yes * t * (-(gamma * if_no)).exp() * if_yes + no * (T::ONE - t) * (-(gamma * if_yes)).exp() * if_no
    }
    #[inline(always)]
    fn by_output<A: Algebra>(self, x: &A, t: &A) -> A {
        let [yes, no] = self.weights().map(|w| x.constant(w));
        let gamma = x.constant(self.gamma);
        let (if_yes, if_no) = ((-x.clone()).softplus(), x.softplus());
        let (p, q) = (x.sigmoid(), (-x.clone()).sigmoid());
        let of_yes = (-(gamma.clone() * if_no.clone())).exp() * (gamma.clone() * p.clone() * if_yes.clone() + q.clone());
        let of_no = (-(gamma.clone() * if_yes)).exp() * (gamma * q * if_no + p);
        no * (x.constant(1.0) - t.clone()) * of_no - yes * t.clone() * of_yes
    }
    #[inline(always)]
    fn by_target<A: Algebra>(self, x: &A, _: &A) -> A {
        let [yes, no] = self.weights().map(|w| x.constant(w));
        let gamma = x.constant(self.gamma);
        let (if_yes, if_no) = ((-x.clone()).softplus(), x.softplus());
        yes * (-(gamma.clone() * if_no.clone())).exp() * if_yes.clone() - no * (-(gamma * if_yes)).exp() * if_no
    }
}

/// The focal loss of logits x with targets 0 and 1: with p = σ(x), −α(1 − p)^γ ln p where t = 1 and −(1 − α)p^γ ln(1 − p)
/// where t = 0; a target between them mixes both in its proportion. γ takes weight away from what is classified well already,
/// α balances the classes: γ = 0 and α = ½ is half the [`sigmoid_cross_entropy`](super::sigmoid_cross_entropy), the paper's
/// choice α = ¼ and γ = 2. Computed from the logits without overflow. The mean divides by the number of elements.
///
/// Lin, Goyal, Girshick, He and Dollár (2017), "Focal loss for dense object detection".
///
/// # Errors
///
/// x and t have different shapes, α is not from 0 to 1, γ is below 0, or the mean over nothing is asked for.
#[track_caller]
pub fn focal(x: &Variable, t: impl ToVariable, alpha: f64, gamma: f64, reduction: Reduction) -> Result<Variable> {
    check_parameter(Focal::NAME, "α", alpha, (0.0..=1.0).contains(&alpha), "from 0 to 1")?;
    check_parameter(Focal::NAME, "γ", gamma, gamma >= 0.0, "0 or above")?;
    apply_pairs(Focal { alpha, gamma }, x, t, reduction)
}

/// How [`hinge`] measures what a margin lacks.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum HingeNorm {
    /// What is lacking.
    #[default]
    L1,
    /// Its square.
    L2,
}

#[derive(Debug, Clone, Copy)]
struct Hinge;

impl ElementLoss for Hinge {
    const NAME: &'static str = "hinge";
    const LETTERS: [&'static str; 2] = ["x", "t"];
    const TERM: &'static str = "max(0, 1 − x t)";
    const SLOPES: [&'static str; 2] = ["−t for x t < 1, else 0", "−x for x t < 1, else 0"];
    const DIVISOR: Divisor = Divisor::Samples;
    const COST: f64 = 0.2;
    #[inline(always)]
    fn value<T: Float>(self, x: T, t: T) -> T {
        (T::ONE - x * t).larger(T::ZERO)
    }
    #[inline(always)]
    fn by_output<A: Algebra>(self, x: &A, t: &A) -> A {
        -(lacking(x, t).heaviside(0.0) * t.clone())
    }
    #[inline(always)]
    fn by_target<A: Algebra>(self, x: &A, t: &A) -> A {
        -(lacking(x, t).heaviside(0.0) * x.clone())
    }
}

#[derive(Debug, Clone, Copy)]
struct SquaredHinge;

impl ElementLoss for SquaredHinge {
    const NAME: &'static str = "squared_hinge";
    const LETTERS: [&'static str; 2] = ["x", "t"];
    const TERM: &'static str = "max(0, 1 − x t)²";
    const SLOPES: [&'static str; 2] = ["−2t max(0, 1 − x t)", "−2x max(0, 1 − x t)"];
    const DIVISOR: Divisor = Divisor::Samples;
    const COST: f64 = 0.2;
    #[inline(always)]
    fn value<T: Float>(self, x: T, t: T) -> T {
        let lacking = (T::ONE - x * t).larger(T::ZERO);
        lacking * lacking
    }
    #[inline(always)]
    fn by_output<A: Algebra>(self, x: &A, t: &A) -> A {
        lacking(x, t).clip(0.0, f64::INFINITY) * t.clone() * x.constant(-2.0)
    }
    #[inline(always)]
    fn by_target<A: Algebra>(self, x: &A, t: &A) -> A {
        lacking(x, t).clip(0.0, f64::INFINITY) * x.clone() * x.constant(-2.0)
    }
}

/// How much the margin lacks, if above 0.
#[inline(always)]
fn lacking<A: Algebra>(x: &A, t: &A) -> A {
    x.constant(1.0) - x.clone() * t.clone()
}

/// The hinge loss max(0, 1 − xt) of every output, or its square with [`HingeNorm::L2`]: an output on the right side of its margin
/// costs nothing. t are signs, −1 or 1, of the shape of x `[samples, …]`, or labels (i64) `[samples]` for x `[samples,
/// classes]`: then the sign is 1 for the class of a sample and −1 for all others, one against all, as in Chainer.
///
/// The mean divides by the number of samples, the length of the first axis: it adds up the outputs of a sample. Unreduced, the
/// terms have the shape of x. Where xt = 1 the slope is taken as 0. Cortes and Vapnik (1995), "Support-vector networks".
///
/// # Errors
///
/// Shapes that do not fit, a label out of range, or the mean over nothing.
#[track_caller]
pub fn hinge(x: &Variable, t: impl ToVariable, norm: HingeNorm, reduction: Reduction) -> Result<Variable> {
    check_float(Hinge::NAME, x)?;
    let t = t.to_variable(x.dtype());
    let t = if t.dtype() == DType::I64 && t.shape() != x.shape() {
        let hot = Target::new(Hinge::NAME, x, &t)?.rows(x.array())?;
        Variable::constant(signs(&hot))
    } else {
        t
    };
    match norm {
        HingeNorm::L1 => apply_pairs(Hinge, x, t, reduction),
        HingeNorm::L2 => apply_pairs(SquaredHinge, x, t, reduction),
    }
}

/// −1 for 0 and 1 for 1.
pub(crate) fn signs(hot: &Array) -> Array {
    hot.scale(2.0).shift(-1.0)
}

#[derive(Debug, Clone, Copy)]
struct KlDivergence;

impl ElementLoss for KlDivergence {
    const NAME: &'static str = "kl_divergence";
    const LETTERS: [&'static str; 2] = ["x", "t"];
    const TERM: &'static str = "0 for t = 0, else t (ln t − x)";
    const SLOPES: [&'static str; 2] = ["−t", "0 for t = 0, else ln t − x + 1"];
    const DIVISOR: Divisor = Divisor::Samples;
    const COST: f64 = 4.0;
    #[inline(always)]
    fn value<T: Float>(self, x: T, t: T) -> T {
        if t == T::ZERO { T::ZERO } else { t * (t.ln() - x) }
    }
    #[inline(always)]
    fn by_output<A: Algebra>(self, _: &A, t: &A) -> A {
        -t.clone()
    }
    #[inline(always)]
    fn by_target<A: Algebra>(self, x: &A, t: &A) -> A {
        // 1 in place of 0, whose logarithm is infinite; what comes of it is taken out again.
        let present = t.heaviside(0.0);
        let logarithm = (t.clone() + (t.constant(1.0) - present.clone())).ln();
        present * (logarithm - x.clone() + x.constant(1.0))
    }
}

/// The Kullback-Leibler divergence Σ t (ln t − x) of the distributions whose log-probabilities are x (of
/// [`log_softmax`](Variable::log_softmax), say) from the distributions t; 0 ln 0 counts as 0. Both have shape `[samples, …]`.
///
/// The mean divides by the number of samples, the length of the first axis, which is the divergence of a distribution
/// (PyTorch's `batchmean`, not its `mean`, which divides by the number of elements). Unreduced, the terms have the shape of x.
/// Where t = 0 the slope by t, which is infinite, is taken as 0. Kullback and Leibler (1951), "On information and sufficiency".
///
/// # Errors
///
/// x and t have different shapes, or the mean over nothing is asked for. A negative t gives NaN.
#[track_caller]
pub fn kl_divergence(x: &Variable, t: impl ToVariable, reduction: Reduction) -> Result<Variable> {
    apply_pairs(KlDivergence, x, t, reduction)
}

/// The functions of this file.
pub(super) const ENTRIES: &[Entry] = &[
    Entry {
        name: "binary_cross_entropy",
        usage: "binary_cross_entropy(&p, &t, reduction)?",
        formula: BinaryCrossEntropy::TERM,
        derivative: "dp: g(p − t)/max(p(1 − p), 1e-12), dt: g(max(ln(1 − p), −100) − max(ln p, −100))",
        notes: "p are probabilities, t from 0 to 1; the bounds are PyTorch's. The mean divides by the number of elements.",
        samples: pair_samples!(binary_cross_entropy, (0.1, 0.9), (0.0, 1.0)),
    },
    Entry {
        name: "focal",
        usage: "focal(&x, &t, alpha, gamma, reduction)?",
        formula: "−αt(1 − p)^γ ln p − (1 − α)(1 − t)p^γ ln(1 − p) with p = σ(x)",
        derivative: "dx: g(αt(1 − p)^γ(γp ln p − (1 − p)) + (1 − α)(1 − t)p^γ(p − γ(1 − p) ln(1 − p)))",
        notes: "x are logits, t from 0 to 1. The mean divides by the number of elements. Lin et al. (2017).",
        samples: || {
            let mut samples = pair_samples!(|x, t, r| focal(x, t, 0.25, 2.0, r), (-3.0, 3.0), (0.0, 1.0))();
            samples.extend(pair_samples!(|x, t, r| focal(x, t, 0.5, 0.0, r), (-3.0, 3.0), (0.0, 1.0))());
            samples
        },
    },
    Entry {
        name: "hinge",
        usage: "hinge(&x, &t, HingeNorm::L1, reduction)?",
        formula: Hinge::TERM,
        derivative: "dx: −gt where xt < 1, else 0; dt: −gx there",
        notes: "t are signs, or labels: one class against all others. The mean divides by the number of samples. Cortes and \
                Vapnik (1995).",
        samples: || hinge_samples(HingeNorm::L1),
    },
    Entry {
        name: "squared_hinge",
        usage: "hinge(&x, &t, HingeNorm::L2, reduction)?",
        formula: SquaredHinge::TERM,
        derivative: "dx: −2gt max(0, 1 − xt), dt: −2gx max(0, 1 − xt)",
        notes: "As hinge.",
        samples: || hinge_samples(HingeNorm::L2),
    },
    Entry {
        name: "kl_divergence",
        usage: "kl_divergence(&x, &t, reduction)?",
        formula: KlDivergence::TERM,
        derivative: "dx: −gt; dt: 0 for t = 0, else g(ln t − x + 1)",
        notes: "x are log-probabilities, t probabilities. The mean divides by the number of samples. Kullback and Leibler (1951).",
        samples: pair_samples!(kl_divergence, (-3.0, 0.0), (0.2, 1.0)),
    },
];

/// Outputs within the margin and beyond it, with signs and with labels.
fn hinge_samples(norm: HingeNorm) -> Vec<Sample> {
    let mut samples = pair_samples!(
        move |x: &Variable, t: &Variable, r| hinge(x, t, norm, r),
        (-0.9, 0.9), (0.1, 1.0);
        (2.0, 3.0), (0.6, 1.0)
    )();
    let labels = Array::from([2i64, 0]);
    samples.push(Sample::new(&[(&[2, 3], -0.9, 0.9)], move |v: &[Variable]| hinge(&v[0], &labels, norm, Reduction::Mean)));
    samples
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_cannot_be_used_is_refused() {
        let x = Variable::constant(Array::from([[0.5, -0.5], [1.0, 2.0]]));
        let what = |loss: Result<Variable>| loss.unwrap_err().what().to_string();
        assert_eq!(what(focal(&x, &x, 1.5, 2.0, Reduction::Mean)), "focal: α is 1.5");
        assert_eq!(what(focal(&x, &x, 0.5, -1.0, Reduction::Mean)), "focal: γ is -1");
        let of = |t: Array| hinge(&x, t, HingeNorm::L1, Reduction::Mean);
        assert_eq!(what(of(Array::from([0i64, 2]))), "hinge: label 2 at position 1 is outside 0..2");
        assert_eq!(what(of(Array::from([1.0, -1.0]))), "hinge: y has shape [2, 2], t [2]");
        let error = "sigmoid_cross_entropy: the weight is -1";
        assert_eq!(what(sigmoid_cross_entropy_with(&x, &x, -1.0, Reduction::Mean)), error);
    }

    #[test]
    fn probabilities_outside_their_range_give_nan() {
        let p = Variable::constant(Array::from([-0.1, 1.1]));
        let loss = binary_cross_entropy(&p, Array::from([0.5, 0.5]), Reduction::None).unwrap();
        assert!(loss.array().to_f64_vec().iter().all(|l| l.is_nan()));
    }
}
