//! What an optimizer does with a gradient in its first step, as expressions.

use crate::error::{Error, ErrorKind, Result};
use crate::expression::{Expression, Operation};
use crate::optimizers;

/// A number that the rule reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Operand {
    /// The parameter before the step.
    Weight,
    /// The derivative of the loss by it.
    Gradient,
    /// The learning rate.
    Rate,
    /// One of the numbers before this one, see [`Rule::states`].
    State(usize),
    /// A number that is the same for all parameters, see [`Rule::given`].
    Given(usize),
}

/// What an optimizer calculates for every parameter: some numbers that it remembers or needs on the way, in their order, and the
/// new value.
pub(super) struct Rule {
    /// Letters and values of what depends on the number of the step alone.
    pub given: Vec<(&'static str, f64)>,
    /// Letters and expressions. What is remembered begins at 0.
    pub states: Vec<(&'static str, Expression<Operand>)>,
    /// The parameter after the step.
    pub updated: Expression<Operand>,
    /// The rule for all steps, for readers.
    pub formula: &'static str,
}

/// What [`Rule::of`] knows, for help texts.
const KNOWN: &str = "sgd, momentum(0.9), nesterov(0.9), adagrad, rmsprop(0.99), adadelta(0.9), adam(0.9,0.999), \
                     adamw(0.9,0.999), amsgrad(0.9,0.999), adamax(0.9,0.999), nadam(0.9,0.999), radam(0.9,0.999), lion(0.9,0.99)";

fn leaf(operand: Operand) -> Expression<Operand> {
    Expression::Leaf(operand)
}

fn number(value: f64) -> Expression<Operand> {
    Expression::Number(value)
}

/// w − η·direction
fn step(direction: Expression<Operand>) -> Expression<Operand> {
    leaf(Operand::Weight).minus(leaf(Operand::Rate).times(direction))
}

/// keep·0 + add·x: a moving average after its first number.
fn average(keep: f64, add: f64, x: Expression<Operand>) -> Expression<Operand> {
    number(keep).times(number(0.0)).plus(number(add).times(x))
}

/// 1 − β without the digits of rounding: 0.001, not 0.0010000000000000009.
fn rest(beta: f64) -> f64 {
    format!("{:.12}", 1.0 - beta).parse().unwrap_or(1.0 - beta)
}

impl Rule {
    /// The rule of an optimizer, written as on the command line.
    ///
    /// # Errors
    ///
    /// An optimizer that cannot be, or whose steps are not told.
    pub(super) fn of(text: &str) -> Result<Rule> {
        let name = optimizers::parse(text, 0.1)?.name();
        let factors: Vec<f64> = match text.split_once('(') {
            Some((_, rest)) => rest.trim_end_matches(')').split(',').filter_map(|n| n.trim().parse().ok()).collect(),
            None => Vec::new(),
        };
        let factor = |i: usize, default: f64| factors.get(i).copied().unwrap_or(default);
        let (g, square) = (leaf(Operand::Gradient), leaf(Operand::Gradient).power(2.0));
        let state = |i: usize| leaf(Operand::State(i));
        let scaled = |top: Expression<Operand>, under: Expression<Operand>, epsilon: f64| {
            top.over(under.call(Operation::Sqrt).plus(number(epsilon)))
        };
        let (beta1, beta2) = (factor(0, 0.9), factor(1, if name == "lion" { 0.99 } else { 0.999 }));
        let corrected = |i: usize, beta: f64| state(i).over(number(1.0).minus(number(beta)));
        let first = || ("m", average(beta1, rest(beta1), g.clone()));
        let second = || ("v", average(beta2, rest(beta2), square.clone()));
        let mut given = Vec::new();
        let (states, updated, formula) = match name {
            "sgd" => (Vec::new(), step(g), "w ← w − η·∂E/∂w"),
            "momentum" => (vec![("v", average(factor(0, 0.9), 1.0, g))], step(state(0)), "v ← μ·v + ∂E/∂w; w ← w − η·v"),
            "nesterov" => (
                vec![("v", average(factor(0, 0.9), 1.0, g.clone()))],
                step(g.plus(number(factor(0, 0.9)).times(state(0)))),
                "v ← μ·v + ∂E/∂w; w ← w − η·(∂E/∂w + μ·v)",
            ),
            "adagrad" => (
                vec![("h", number(0.0).plus(square))],
                step(scaled(g, state(0), 1e-10)),
                "h ← h + (∂E/∂w)²; w ← w − η·∂E/∂w/(√h + ε)",
            ),
            "rmsprop" => (
                vec![("h", average(factor(0, 0.99), rest(factor(0, 0.99)), square))],
                step(scaled(g, state(0), 1e-8)),
                "h ← ρ·h + (1 − ρ)·(∂E/∂w)²; w ← w − η·∂E/∂w/(√h + ε)",
            ),
            "adadelta" => {
                let rho = factor(0, 0.9);
                let root = |x: Expression<Operand>| x.plus(number(1e-6)).call(Operation::Sqrt);
                let states = vec![
                    ("h", average(rho, rest(rho), square)),
                    ("d", g.times(root(number(0.0))).over(root(state(0)))),
                    ("u", average(rho, rest(rho), state(1).power(2.0))),
                ];
                let formula = "h ← ρ·h + (1 − ρ)·(∂E/∂w)²; d = ∂E/∂w·√(u + ε)/√(h + ε); u ← ρ·u + (1 − ρ)·d²; w ← w − η·d";
                (states, step(state(1)), formula)
            }
            "adam" | "adamw" => (
                vec![first(), second(), ("m̂", corrected(0, beta1)), ("v̂", corrected(1, beta2))],
                step(scaled(state(2), state(3), 1e-8)),
                "m ← β₁·m + (1 − β₁)·∂E/∂w; v ← β₂·v + (1 − β₂)·(∂E/∂w)²; \
                 m̂ = m/(1 − β₁ᵗ); v̂ = v/(1 − β₂ᵗ); w ← w − η·m̂/(√v̂ + ε)",
            ),
            "amsgrad" => {
                let largest = Expression::Call(Operation::Max, vec![number(0.0), state(1)]);
                let states = vec![first(), second(), ("u", largest), ("m̂", corrected(0, beta1)), ("û", corrected(2, beta2))];
                let formula = "m ← β₁·m + (1 − β₁)·∂E/∂w; v ← β₂·v + (1 − β₂)·(∂E/∂w)²; u ← max(u, v); \
                               m̂ = m/(1 − β₁ᵗ); û = u/(1 − β₂ᵗ); w ← w − η·m̂/(√û + ε)";
                (states, step(scaled(state(3), state(4), 1e-8)), formula)
            }
            "adamax" => {
                let larger = vec![number(beta2).times(number(0.0)), g.clone().call(Operation::Abs).plus(number(1e-8))];
                let states = vec![first(), ("u", Expression::Call(Operation::Max, larger)), ("m̂", corrected(0, beta1))];
                let formula = "m ← β₁·m + (1 − β₁)·∂E/∂w; u ← max(β₂·u, |∂E/∂w| + ε); m̂ = m/(1 − β₁ᵗ); w ← w − η·m̂/u";
                (states, step(state(2).over(state(1))), formula)
            }
            "nadam" => {
                let momentum = |step: f64| beta1 * (1.0 - 0.5 * 0.96f64.powf(0.004 * step));
                given = vec![("μ₁", momentum(1.0)), ("μ₂", momentum(2.0))];
                let mu = |i: usize| leaf(Operand::Given(i));
                let ahead = mu(1).times(state(0)).over(number(1.0).minus(mu(0).times(mu(1))));
                let now = number(1.0).minus(mu(0)).times(g.clone()).over(number(1.0).minus(mu(0)));
                let states = vec![first(), second(), ("m̂", ahead.plus(now)), ("v̂", corrected(1, beta2))];
                let formula = "m ← β₁·m + (1 − β₁)·∂E/∂w; v ← β₂·v + (1 − β₂)·(∂E/∂w)²; μₜ = β₁·(1 − ½·0.96^(0.004·t)); \
                               m̂ = μₜ₊₁·m/(1 − μ₁⋯μₜ₊₁) + (1 − μₜ)·∂E/∂w/(1 − μ₁⋯μₜ); v̂ = v/(1 − β₂ᵗ); \
                               w ← w − η·m̂/(√v̂ + ε)";
                (states, step(scaled(state(2), state(3), 1e-8)), formula)
            }
            "radam" => {
                // In the first step ρ₁ = 1 for every β₂: v is not used yet.
                let states = vec![first(), second(), ("m̂", corrected(0, beta1))];
                let formula = "m ← β₁·m + (1 − β₁)·∂E/∂w; v ← β₂·v + (1 − β₂)·(∂E/∂w)²; m̂ = m/(1 − β₁ᵗ); w ← w − η·m̂ (ρₜ ≤ 5); \
                               w ← w − η·r·m̂·√(1 − β₂ᵗ)/(√v + ε) (ρₜ > 5); ρ₁ = 1";
                (states, step(state(2)), formula)
            }
            "lion" => {
                let direction = ("c", average(beta1, rest(beta1), g.clone()));
                let states = vec![direction, ("m", average(beta2, rest(beta2), g.clone()))];
                let formula = "c = β₁·m + (1 − β₁)·∂E/∂w; m ← β₂·m + (1 − β₂)·∂E/∂w; w ← w − η·sign(c)";
                (states, step(state(0).call(Operation::Sign)), formula)
            }
            other => {
                let why = match other {
                    "muon" => "it turns every matrix into one with orthogonal rows by fifteen matrix products; ",
                    _ => "",
                };
                return Err(Error::new(ErrorKind::Value, format!("the steps of {other} are not worked out"))
                    .help(format!("{why}use one of {KNOWN}")));
            }
        };
        Ok(Rule { given, states, updated, formula })
    }
}
