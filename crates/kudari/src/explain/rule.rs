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
}

/// What an optimizer calculates for every parameter: some numbers that it remembers or needs on the way, in their order, and the
/// new value.
pub(super) struct Rule {
    /// Letters and expressions. What is remembered begins at 0.
    pub states: Vec<(&'static str, Expression<Operand>)>,
    /// The parameter after the step.
    pub updated: Expression<Operand>,
    /// The rule for all steps, for readers.
    pub formula: &'static str,
}

/// What [`Rule::of`] knows, for help texts.
const KNOWN: &str = "sgd, momentum(0.9), nesterov(0.9), adagrad, rmsprop(0.99), adam(0.9,0.999), adamw(0.9,0.999)";

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
        let given: Vec<f64> = match text.split_once('(') {
            Some((_, rest)) => rest.trim_end_matches(')').split(',').filter_map(|n| n.trim().parse().ok()).collect(),
            None => Vec::new(),
        };
        let factor = |i: usize, default: f64| given.get(i).copied().unwrap_or(default);
        let (g, square) = (leaf(Operand::Gradient), leaf(Operand::Gradient).power(2.0));
        let state = |i: usize| leaf(Operand::State(i));
        let scaled = |top: Expression<Operand>, under: Expression<Operand>, epsilon: f64| {
            top.over(under.call(Operation::Sqrt).plus(number(epsilon)))
        };
        Ok(match name {
            "sgd" => Rule { states: Vec::new(), updated: step(g), formula: "w ← w − η·∂E/∂w" },
            "momentum" => Rule {
                states: vec![("v", average(factor(0, 0.9), 1.0, g))],
                updated: step(state(0)),
                formula: "v ← μ·v + ∂E/∂w; w ← w − η·v",
            },
            "nesterov" => Rule {
                states: vec![("v", average(factor(0, 0.9), 1.0, g.clone()))],
                updated: step(g.plus(number(factor(0, 0.9)).times(state(0)))),
                formula: "v ← μ·v + ∂E/∂w; w ← w − η·(∂E/∂w + μ·v)",
            },
            "adagrad" => Rule {
                states: vec![("h", number(0.0).plus(square))],
                updated: step(scaled(g, state(0), 1e-10)),
                formula: "h ← h + (∂E/∂w)²; w ← w − η·∂E/∂w/(√h + ε)",
            },
            "rmsprop" => Rule {
                states: vec![("h", average(factor(0, 0.99), rest(factor(0, 0.99)), square))],
                updated: step(scaled(g, state(0), 1e-8)),
                formula: "h ← ρ·h + (1 − ρ)·(∂E/∂w)²; w ← w − η·∂E/∂w/(√h + ε)",
            },
            "adam" | "adamw" => {
                let (beta1, beta2) = (factor(0, 0.9), factor(1, 0.999));
                Rule {
                    states: vec![
                        ("m", average(beta1, rest(beta1), g)),
                        ("v", average(beta2, rest(beta2), square)),
                        ("m̂", state(0).over(number(1.0).minus(number(beta1)))),
                        ("v̂", state(1).over(number(1.0).minus(number(beta2)))),
                    ],
                    updated: step(scaled(state(2), state(3), 1e-8)),
                    formula: "m ← β₁·m + (1 − β₁)·∂E/∂w; v ← β₂·v + (1 − β₂)·(∂E/∂w)²; \
                              m̂ = m/(1 − β₁ᵗ); v̂ = v/(1 − β₂ᵗ); w ← w − η·m̂/(√v̂ + ε)",
                }
            }
            other => {
                return Err(Error::new(ErrorKind::Value, format!("the steps of {other} are not worked out"))
                    .help(format!("use one of {KNOWN}")));
            }
        })
    }
}
