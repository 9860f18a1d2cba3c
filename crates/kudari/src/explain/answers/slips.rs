//! The usual slips, made from the network itself: each changes how some numbers are calculated.

use std::collections::HashMap;

use crate::autograd::Character;
use crate::explain::derivation::{Derivation, Id, Origin, Step};
use crate::explain::words::{Phrase, phrase};
use crate::expression::Expression;
use crate::functions::registry;

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
    let mut slips = at_the_loss(derivation);
    slips.extend(in_slopes(derivation));
    slips.extend(in_sums(derivation));
    slips.extend(in_weights());
    slips
}

/// Slips in the loss: its factor, its sign, its divisor.
fn at_the_loss(derivation: &Derivation) -> Vec<Slip> {
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

/// Slips in the slope of an activation.
fn in_slopes(derivation: &Derivation) -> Vec<Slip> {
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

/// Slips in sums: a path, a bias or the activation left out.
fn in_sums(derivation: &Derivation) -> Vec<Slip> {
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

/// Slips in which weight, which version of it, which input, which sign.
fn in_weights() -> Vec<Slip> {
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
