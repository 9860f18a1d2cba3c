//! Slips in sums: a path, a bias or the activation left out.

use super::{Slip, ends, origin};
use crate::autograd::Character;
use crate::explain::derivation::{Derivation, Id, Origin};
use crate::explain::words::phrase;
use crate::expression::Expression;

/// Slips in sums: a path, a bias or the activation left out.
pub(super) fn all(derivation: &Derivation) -> Vec<Slip> {
    let mut slips = Vec::new();
    let widest =
        derivation.steps.iter().filter(|s| !s.parameters.is_empty()).map(|s| derivation.blocks[s.output].values.len()).max();
    for term in 0..widest.unwrap_or(0).min(8) {
        // One message for all of them: which path it was does not matter.
        let message = phrase!(
            "only one of the paths is summed: add up those through all units of the next layer",
            "1 本の経路しか足していません。次の層のユニット全部の分を足します"
        );
        slips.push(Slip::new(message, move |derivation, id, expression| match (origin(derivation, id), expression) {
            (Origin::Gradient(of), Expression::Sum(terms)) if !matches!(derivation.blocks[of].origin, Origin::Parameter(_)) => {
                terms.get(term).cloned()
            }
            _ => None,
        }));
    }
    let is_sum = |derivation: &Derivation, id: Id| match origin(derivation, id) {
        Origin::Result(step) => derivation.steps[step].character == Character::Linear,
        _ => false,
    };
    slips.push(Slip::new(
        phrase!("the bias is left out", "バイアスを足し忘れています"),
        move |derivation, id, expression| match expression {
            Expression::Sum(terms) if is_sum(derivation, id) && matches!(terms.last(), Some(Expression::Leaf(_))) => {
                Some(Expression::Sum(terms[..terms.len() - 1].to_vec()))
            }
            _ => None,
        },
    ));
    slips.push(Slip::new(
        phrase!("the activation function is forgotten", "活性化関数を通していません"),
        move |derivation, id, _| match origin(derivation, id) {
            Origin::Result(step) if derivation.steps[step].has_slopes() => {
                Some(ends(derivation, &derivation.steps[step], derivation.locate(id).1).0)
            }
            _ => None,
        },
    ));
    slips
}
