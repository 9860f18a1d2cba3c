//! Slips at the loss: its factor, its sign, its divisor, an activation too many.

use super::{Slip, at, is_at_loss};
use crate::autograd::Character;
use crate::explain::derivation::{Derivation, Id, Origin};
use crate::explain::words::{Phrase, phrase};
use crate::expression::Expression;

/// Slips in the loss: its factor, its sign, its divisor.
pub(super) fn all(derivation: &Derivation) -> Vec<Slip> {
    let factor = |message: Phrase, factor: f64, on_loss: bool| {
        Slip::new(message, move |derivation: &Derivation, id, expression: &Expression<Id>| {
            let (block, _) = derivation.locate(id);
            let applies = is_at_loss(derivation, id) || (on_loss && block == derivation.loss);
            applies.then(|| Expression::Number(factor).times(expression.clone()))
        })
    };
    let outputs = derivation.blocks[derivation.output].values.len() / derivation.samples().max(1);
    let count = derivation.blocks[derivation.output].values.len();
    let samples = derivation.samples();
    let mut slips = vec![factor(
        phrase!("the sign is flipped: the error is y − t, not t − y", "符号が逆です。t − y ではなく y − t です"),
        -1.0,
        false,
    )];
    match derivation.steps.last().map(|s| s.function.as_str()) {
        Some("sum_squared_error") => {
            slips.push(factor(
                phrase!("exactly 2×: the ½ of the loss is forgotten", "ちょうど 2 倍です。誤差関数の ½ を忘れています"),
                2.0,
                true,
            ));
            if outputs > 1 {
                let share = 1.0 / outputs as f64;
                slips.push(factor(
                    phrase!(
                        "divided by {outputs}: a mean over the outputs instead of the sum",
                        "{outputs} で割っています。和ではなく平均になっています"
                    ),
                    share,
                    true,
                ));
            }
        }
        Some("mean_squared_error") => {
            slips.push(factor(
                phrase!("half of it: the 2 of the square's slope is forgotten", "半分です。2 乗を微分した 2 を忘れています"),
                0.5,
                false,
            ));
            if count > 1 {
                slips.push(factor(
                    phrase!("{count} times it: the sum instead of the mean", "{count} 倍です。平均ではなく和になっています"),
                    count as f64,
                    true,
                ));
            }
        }
        Some("softmax_cross_entropy" | "cross_entropy") if samples > 1 => slips.push(factor(
            phrase!(
                "{samples} times it: the sum over the samples instead of the mean",
                "{samples} 倍です。データの平均ではなく和になっています"
            ),
            samples as f64,
            true,
        )),
        _ => {}
    }
    let first = derivation.steps.iter().position(|s| s.has_slopes());
    if let Some(number) =
        first.filter(|_| derivation.step_of(derivation.output).is_some_and(|s| !derivation.steps[s].has_slopes()))
    {
        let function = derivation.steps[number].function.clone();
        let message = phrase!(
            "{function} is applied to the output too: the output is the identity here",
            "出力にも {function} を掛けています。ここの出力層は恒等関数です"
        );
        slips.push(Slip::new(message, move |derivation, id, expression| {
            let Character::Elementwise { formula, slope } = &derivation.steps[number].character else { return None };
            if !is_at_loss(derivation, id) {
                return None;
            }
            let (block, place) = derivation.locate(id);
            let Origin::Gradient(of) = derivation.blocks[block].origin else { return None };
            let activated = |id: Id| at(formula, &Expression::Leaf(id), &Expression::Leaf(id));
            let altered = expression.substitute(&mut |leaf| match derivation.locate(*leaf).0 == of {
                true => activated(*leaf),
                false => Expression::Leaf(*leaf),
            });
            let y = derivation.blocks[of].first + place;
            Some(altered.times(at(slope, &Expression::Leaf(y), &activated(y))))
        }));
    }
    slips
}
