//! Slips in the slope of an activation.

use super::{Slip, at, ends, origin};
use crate::autograd::Character;
use crate::explain::derivation::{Derivation, Id, Origin, Step};
use crate::explain::words::{Phrase, phrase};
use crate::expression::Expression;
use crate::functions::registry;

/// The elementwise step behind a slope.
fn step_of_slope(derivation: &Derivation, id: Id) -> Option<usize> {
    match origin(derivation, id) {
        Origin::Slope(step) => Some(step),
        _ => None,
    }
}

/// A slip in the slope of an elementwise function: what is taken for the slope of element `at` of a step.
fn slope_slip(message: Phrase, wrong: impl Fn(&Derivation, &Step, usize) -> Option<Expression<Id>> + 'static) -> Slip {
    Slip::new(message, move |derivation, id, expression| {
        let wrong_for = |id: Id| {
            let step = step_of_slope(derivation, id)?;
            let (block, _) = derivation.locate(id);
            wrong(derivation, &derivation.steps[step], id - derivation.blocks[block].first)
        };
        if step_of_slope(derivation, id).is_some() {
            return wrong_for(id);
        }
        let mut changed = false;
        let altered = expression.substitute(&mut |leaf| match wrong_for(*leaf) {
            Some(slope) => {
                changed = true;
                slope
            }
            None => Expression::Leaf(*leaf),
        });
        changed.then_some(altered)
    })
}

/// Slips in the slope of an activation.
pub(super) fn all(derivation: &Derivation) -> Vec<Slip> {
    let Some(step) = derivation.steps.iter().find(|s| s.has_slopes()) else { return Vec::new() };
    let Character::Elementwise { slope, .. } = &step.character else { return Vec::new() };
    let (name, own) = (step.function.clone(), slope.clone());
    let mut slips = vec![
        slope_slip(
            phrase!(
                "the sum of w·δ without the slope h′(a): multiply by it",
                "傾き h′(a) の掛け忘れです。Σ w·δ に h′(a) を掛けます"
            ),
            |_, _, _| Some(Expression::Number(1.0)),
        ),
        slope_slip(
            phrase!("the slope h′ is taken at z, not at a", "h′ に a ではなく z を入れています"),
            |derivation, step, place| {
                let Character::Elementwise { formula, slope } = &step.character else { return None };
                let (_, z) = ends(derivation, step, place);
                Some(at(slope, &z, &at(formula, &z, &z)))
            },
        ),
    ];
    if let Expression::Product(factors) = &own {
        for (i, factor) in factors.iter().enumerate() {
            let write = |e: &Expression| e.text(Default::default(), &|n| if n == "y" { "z".into() } else { "a".into() });
            let (part, whole) = (write(factor), write(&own));
            let message = phrase!(
                "only {part} is taken for the slope: it is {whole}",
                "傾きが {part} だけになっています。正しくは {whole} です"
            );
            slips.push(slope_slip(message, move |derivation, step, place| {
                let Character::Elementwise { slope: Expression::Product(factors), .. } = &step.character else { return None };
                let (x, y) = ends(derivation, step, place);
                factors.get(i).map(|factor| at(factor, &x, &y))
            }));
        }
    }
    // The slope of another activation, from its own formula.
    for other in registry().filter(|e| crate::layers::ACTIVATIONS.iter().any(|a| a.name == e.name)) {
        let Ok(slope) = Expression::parse(other.derivative) else { continue };
        let mut letters = Vec::new();
        slope.leaves(&mut |name| letters.push(name.clone()));
        let usable = !letters.is_empty() && letters.iter().all(|l| l == "x" || l == "y");
        // The slope 1 or 0 of a rectifier cannot be told from a forgotten one.
        if !usable || other.name == name || slope == own || matches!(slope, Expression::Cases(..)) {
            continue;
        }
        let wrong = other.name;
        let message = phrase!(
            "that is the slope of {wrong}: the unit is {name}",
            "{wrong} の傾きになっています。ここのユニットは {name} です"
        );
        slips.push(slope_slip(message, move |derivation, step, place| {
            let (x, y) = ends(derivation, step, place);
            Some(at(&slope, &x, &y))
        }));
    }
    slips
}
