//! The usual slips, made from the network itself: each changes how some numbers are calculated.

mod loss;
mod slopes;
mod sums;
mod weights;

use std::collections::HashMap;

use crate::autograd::Character;
use crate::explain::derivation::{Derivation, Id, Origin, Step};
use crate::explain::words::Phrase;
use crate::expression::Expression;

/// A way of going wrong.
pub(super) struct Slip {
    /// What to say to whoever did it.
    pub message: Phrase,
    /// How a number is calculated by somebody who does it; `None` where the slip makes no difference.
    #[allow(clippy::type_complexity)]
    alter: Box<dyn Fn(&Derivation, Id, &Expression<Id>) -> Option<Expression<Id>>>,
}

impl Slip {
    fn new(message: Phrase, alter: impl Fn(&Derivation, Id, &Expression<Id>) -> Option<Expression<Id>> + 'static) -> Slip {
        Slip { message, alter: Box::new(alter) }
    }

    /// The number for somebody who makes the slip everywhere; `None` if that changes nothing.
    pub(super) fn everywhere(&self, derivation: &Derivation, id: Id) -> Option<f64> {
        let mut known = HashMap::new();
        let value = self.follow(derivation, id, &mut known);
        differs(value, derivation.value(id)).then_some(value)
    }

    fn follow(&self, derivation: &Derivation, id: Id, known: &mut HashMap<Id, f64>) -> f64 {
        if let Some(value) = known.get(&id) {
            return *value;
        }
        let value = match derivation.expression(id) {
            None => derivation.value(id),
            Some(expression) => {
                let expression = (self.alter)(derivation, id, &expression).unwrap_or(expression);
                expression.evaluate(&mut |leaf| self.follow(derivation, *leaf, known))
            }
        };
        known.insert(id, value);
        value
    }

    /// The number for somebody who makes the slip in this one line; `None` if it changes nothing here.
    pub(super) fn here(&self, derivation: &Derivation, id: Id, value_of: &dyn Fn(Id) -> f64) -> Option<f64> {
        let (altered, changed) = self.altered(derivation, id)?;
        changed.then(|| altered.evaluate(&mut |leaf| value_of(*leaf)))
    }

    /// The line's expression with the slip, also in the derivatives that stand inside the line.
    fn altered(&self, derivation: &Derivation, id: Id) -> Option<(Expression<Id>, bool)> {
        let expression = derivation.expression(id)?;
        let own = (self.alter)(derivation, id, &expression);
        let mut changed = own.is_some();
        let expression = own.unwrap_or(expression).substitute(&mut |leaf| {
            let inside = if is_inline(derivation, *leaf) { self.altered(derivation, *leaf) } else { None };
            match inside {
                Some((inside, true)) => {
                    changed = true;
                    inside
                }
                _ => Expression::Leaf(*leaf),
            }
        });
        Some((expression, changed))
    }
}

/// Whether two numbers are different and not only differently rounded.
pub(super) fn differs(a: f64, b: f64) -> bool {
    (a - b).abs() > 1e-12 * a.abs().max(b.abs()).max(1e-300)
}

/// The derivative by what an elementwise function gives is written inside the next line.
fn is_inline(derivation: &Derivation, id: Id) -> bool {
    let (block, _) = derivation.locate(id);
    match derivation.blocks[block].origin {
        Origin::Gradient(of) => {
            derivation.step_of(of).is_some_and(|s| matches!(derivation.steps[s].character, Character::Elementwise { .. }))
        }
        _ => false,
    }
}

fn origin(derivation: &Derivation, id: Id) -> Origin {
    derivation.blocks[derivation.locate(id).0].origin
}

/// Whether a number is a derivative directly by the network's output: here the loss comes in.
fn is_at_loss(derivation: &Derivation, id: Id) -> bool {
    matches!(origin(derivation, id), Origin::Gradient(of) if derivation.steps.last().is_some_and(|s| s.inputs[0].block == of))
}

/// A formula over x and y with expressions in their place.
fn at(formula: &Expression, x: &Expression<Id>, y: &Expression<Id>) -> Expression<Id> {
    formula.substitute(&mut |name| if name == "y" { y.clone() } else { x.clone() })
}

/// The numbers that go into and come out of element `at` of an elementwise step.
fn ends(derivation: &Derivation, step: &Step, at: usize) -> (Expression<Id>, Expression<Id>) {
    let input = &step.inputs[0];
    let x = derivation.blocks[input.block].first + input.place(at);
    (Expression::Leaf(x), Expression::Leaf(derivation.blocks[step.output].first + at))
}

/// Every slip that this network allows.
pub(super) fn all(derivation: &Derivation) -> Vec<Slip> {
    let mut slips = loss::all(derivation);
    slips.extend(slopes::all(derivation));
    slips.extend(sums::all(derivation));
    slips.extend(weights::all());
    slips
}
