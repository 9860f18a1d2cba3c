//! Slips in which weight, which version of it, which input, which sign.

use super::{Slip, origin};
use crate::explain::derivation::{Derivation, Id, Origin};
use crate::explain::words::phrase;
use crate::expression::Expression;

/// Slips in which weight, which version of it, which input, which sign.
pub(super) fn all() -> Vec<Slip> {
    /// The derivative of a block with other weights in it: what to take instead of a weight.
    fn with_weights(
        derivation: &Derivation,
        id: Id,
        expression: &Expression<Id>,
        instead: impl Fn(usize, usize) -> Option<Id>,
    ) -> Option<Expression<Id>> {
        let Origin::Gradient(of) = origin(derivation, id) else { return None };
        if matches!(derivation.blocks[of].origin, Origin::Parameter(_)) {
            return None;
        }
        let mut changed = false;
        let altered = expression.substitute(&mut |leaf| {
            let (block, at) = derivation.locate(*leaf);
            let is_weight = matches!(derivation.blocks[block].origin, Origin::Parameter(_));
            let other = if is_weight { instead(block, at) } else { None };
            changed |= other.is_some();
            Expression::Leaf(other.unwrap_or(*leaf))
        });
        changed.then_some(altered)
    }
    vec![
        Slip::new(
            phrase!(
                "W is not transposed: row k was used instead of column j",
                "W を転置していません。列 j ではなく行 k を使っています"
            ),
            |derivation, id, expression| {
                with_weights(derivation, id, expression, |block, at| {
                    let this = &derivation.blocks[block];
                    let [rows, columns] = this.shape[..] else { return None };
                    let (i, j) = (at / columns, at % columns);
                    (j < rows && i < columns && i != j).then(|| this.first + j * columns + i)
                })
            },
        ),
        Slip::new(
            phrase!(
                "the weights after the update are used: take those from before the step",
                "更新後の重みを使っています。更新前の重みを使います"
            ),
            |derivation, id, expression| {
                with_weights(derivation, id, expression, |block, at| {
                    Some(derivation.blocks[derivation.updated(block)?].first + at)
                })
            },
        ),
        Slip::new(
            phrase!("the input is forgotten: δ has to be multiplied by it", "入力を掛け忘れています。δ に入力を掛けます"),
            |derivation, id, expression| match (origin(derivation, id), expression) {
                (Origin::Gradient(of), Expression::Product(factors))
                    if matches!(derivation.blocks[of].origin, Origin::Parameter(_)) =>
                {
                    factors.first().cloned()
                }
                _ => None,
            },
        ),
        Slip::new(
            phrase!("the learning rate is forgotten", "学習率を掛け忘れています"),
            |derivation, id, expression| match (origin(derivation, id), expression) {
                (Origin::Updated(_), Expression::Sum(terms)) => match &terms[..] {
                    [old, Expression::Negative(step)] => match &**step {
                        Expression::Product(factors) => Some(old.clone().minus(factors.last()?.clone())),
                        _ => None,
                    },
                    _ => None,
                },
                _ => None,
            },
        ),
        Slip::new(
            phrase!("the step is added: descent subtracts it", "足しています。勾配降下では引きます"),
            |derivation, id, expression| match (origin(derivation, id), expression) {
                (Origin::Updated(_), Expression::Sum(terms)) => match &terms[..] {
                    [old, Expression::Negative(step)] => Some(old.clone().plus((**step).clone())),
                    _ => None,
                },
                _ => None,
            },
        ),
    ]
}
