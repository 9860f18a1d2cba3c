//! The quantities of a page: their links, and what the page tells of them.

use std::cell::RefCell;
use std::collections::{BTreeSet, HashSet};

use serde_json::{Value, json};

use super::mathml;
use crate::autograd::Character;
use crate::explain::derivation::{Derivation, Id, Origin, Step};
use crate::explain::line::Lines;
use crate::explain::matrix::MatrixExpression;
use crate::explain::symbol::Symbol;
use crate::explain::words::{Phrase, phrase};
use crate::expression::TextStyle;

/// A number, or all numbers of a block.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(super) enum Quantity {
    Number(Id),
    Block(usize),
}

/// What is referred to on a page, and what has its place on it.
pub(super) struct Quantities<'a> {
    derivation: &'a Derivation,
    lines: &'a Lines<'a>,
    /// Quantities that have a line, which is where links to them lead.
    worked: HashSet<Quantity>,
    placed: RefCell<HashSet<String>>,
    mentioned: RefCell<BTreeSet<Quantity>>,
}

impl<'a> Quantities<'a> {
    /// The quantities of a page on which those of `worked` have lines.
    pub(super) fn new(
        derivation: &'a Derivation,
        lines: &'a Lines<'a>,
        worked: impl Iterator<Item = Quantity>,
    ) -> Quantities<'a> {
        let (placed, mentioned) = (RefCell::default(), RefCell::default());
        let mut quantities = Quantities { derivation, lines, worked: HashSet::new(), placed, mentioned };
        quantities.worked = worked.map(|q| quantities.plain(q)).collect();
        quantities
    }

    /// A block of one number is that number.
    fn plain(&self, quantity: Quantity) -> Quantity {
        match quantity {
            Quantity::Block(block) if self.derivation.blocks[block].values.len() == 1 => {
                Quantity::Number(self.derivation.blocks[block].first)
            }
            other => other,
        }
    }

    /// The name of a quantity in links.
    pub(super) fn anchor(&self, quantity: Quantity) -> String {
        match self.plain(quantity) {
            Quantity::Number(id) => self.derivation.symbol(id).anchor(),
            Quantity::Block(block) => self.derivation.block_symbol(block).anchor(),
        }
    }

    /// The attribute of an element that shows a quantity.
    pub(super) fn reference(&self, quantity: Quantity) -> String {
        self.mentioned.borrow_mut().insert(self.plain(quantity));
        format!(" data-ref=\"{}\"", self.anchor(quantity))
    }

    /// The attribute of the line that works a quantity out.
    pub(super) fn line_place(&self, quantity: Quantity) -> String {
        self.placed(quantity).unwrap_or_default()
    }

    /// The attribute of a place at which a quantity without a line of its own stands first.
    pub(super) fn place(&self, quantity: Quantity) -> String {
        let has_line = self.worked.contains(&self.plain(quantity));
        (!has_line).then(|| self.placed(quantity)).flatten().unwrap_or_default()
    }

    fn placed(&self, quantity: Quantity) -> Option<String> {
        let anchor = self.anchor(quantity);
        self.mentioned.borrow_mut().insert(self.plain(quantity));
        let attribute = format!(" id=\"{anchor}\"");
        self.placed.borrow_mut().insert(anchor).then_some(attribute)
    }

    /// What is referred to and has no place yet.
    pub(super) fn homeless(&self) -> Vec<Quantity> {
        let placed = self.placed.borrow();
        self.mentioned.borrow().iter().copied().filter(|&q| !placed.contains(&self.anchor(q))).collect()
    }

    /// Everything mentioned: name, value in full, what it is, and from what it is calculated.
    pub(super) fn json(&self) -> String {
        let mentioned = self.mentioned.borrow();
        let one = |&quantity: &Quantity| {
            let (name, text, kind) = match quantity {
                Quantity::Number(id) => {
                    let value = TextStyle::Ascii.number(self.derivation.value(id));
                    (self.derivation.symbol(id), value, self.kind(self.derivation.locate(id).0))
                }
                Quantity::Block(block) => {
                    let grid = self.derivation.grid(block, false);
                    (self.derivation.block_symbol(block), format!("{}×{}", grid.rows, grid.columns), self.kind(block))
                }
            };
            let sources: BTreeSet<Quantity> = self.sources(quantity).into_iter().map(|q| self.plain(q)).collect();
            let known: Vec<String> = sources.iter().filter(|q| mentioned.contains(q)).map(|&q| self.anchor(q)).collect();
            let more = sources.len() - known.len();
            let facts = json!({
                "name": mathml::symbol(&name).markup, "new": matches!(name, Symbol::Updated(_)), "value": text.replace('-', "−"),
                "en": kind.english, "ja": kind.japanese, "from": known, "more": more,
            });
            (self.anchor(quantity), facts)
        };
        let all: serde_json::Map<String, Value> = mentioned.iter().map(one).collect();
        // Inside a script element of a page that may also be read as XML.
        Value::Object(all).to_string().replace('<', "\\u003c").replace('&', "\\u0026")
    }

    /// From what a quantity is calculated: what stands in its line.
    fn sources(&self, quantity: Quantity) -> Vec<Quantity> {
        let mut sources = Vec::new();
        match quantity {
            Quantity::Number(id) => {
                let Some(expression) = self.derivation.expression(id) else { return sources };
                expression.leaves(&mut |&leaf| match self.lines.is_inline(leaf) {
                    true => sources.extend(self.sources(Quantity::Number(leaf))),
                    false => sources.push(Quantity::Number(leaf)),
                });
            }
            Quantity::Block(block) => {
                if let Some(line) = self.derivation.matrix_line(block) {
                    blocks(&line.expression, &mut |block| sources.push(Quantity::Block(block)));
                }
            }
        }
        sources
    }

    /// What the numbers of a block are, in a few words.
    fn kind(&self, block: usize) -> Phrase {
        let this = &self.derivation.blocks[block];
        let of = |block: usize| &self.derivation.blocks[block];
        match this.origin {
            Origin::Input => phrase!("input, given", "入力(与えられた値)"),
            Origin::Given if Some(block) == self.derivation.learning_rate => {
                phrase!("learning rate, given", "学習率(与えられた値)")
            }
            Origin::Given if self.derivation.gradient_of(self.derivation.output) == Some(block) => {
                phrase!("derivative of a loss behind it, chosen", "後ろの誤差の微分(例として選んだ値)")
            }
            Origin::Given if this.letter == "t" => phrase!("target, given", "目標値(与えられた値)"),
            Origin::Given => phrase!("given", "与えられた値"),
            Origin::Parameter(_) if this.letter == "w" => phrase!("weight before the step", "更新前の重み"),
            Origin::Parameter(_) if this.letter == "b" => phrase!("bias before the step", "更新前のバイアス"),
            Origin::Parameter(_) => phrase!("parameter before the step", "更新前のパラメータ"),
            Origin::Result(_) if block == self.derivation.loss && this.letter == "E" => phrase!("the loss", "誤差"),
            Origin::Result(_) if block == self.derivation.output && self.derivation.is_example() => phrase!("the result", "結果"),
            Origin::Result(_) if block == self.derivation.output => phrase!("output of the network", "ネットワークの出力"),
            Origin::Result(step) => match self.derivation.steps[step].character {
                Character::Linear => phrase!("sum that enters the unit", "ユニットに入る総和"),
                Character::Elementwise { .. } => phrase!("what the unit hands on", "ユニットの出力"),
                Character::Other => phrase!("calculated on the way forward", "順伝播の途中の値"),
            },
            Origin::Part(..) => phrase!("calculated on the way", "途中の値"),
            Origin::Slope(_) => phrase!("slope of the activation function", "活性化関数の傾き"),
            Origin::Gradient(of_block) if this.letter == "δ" => match of(of_block).by_sample {
                true => phrase!("error signal of the unit", "ユニットの誤差信号"),
                false => phrase!("error signal", "誤差信号"),
            },
            Origin::Gradient(of_block) if matches!(of(of_block).origin, Origin::Parameter(_)) => {
                phrase!("gradient: how fast E changes with it", "勾配: これを変えたときの E の変わり方")
            }
            Origin::Gradient(_) => phrase!("derivative of the loss", "誤差の微分"),
            Origin::State(..) => phrase!("what the optimizer keeps in mind", "オプティマイザの内部の値"),
            Origin::Updated(_) => phrase!("new value after the step", "更新後の値"),
        }
    }

    /// Why the numbers of a block are calculated as they are.
    pub(super) fn reason(&self, block: usize) -> Option<Phrase> {
        let derivation = self.derivation;
        let is_input = |step: &Step, place: usize, block: usize| step.inputs.get(place).is_some_and(|e| e.block == block);
        let of_linear = |place: usize, block: usize| {
            derivation.steps.iter().any(|s| s.character == Character::Linear && is_input(s, place, block))
        };
        let of_elementwise = |block: usize| {
            derivation.steps.iter().any(|s| matches!(s.character, Character::Elementwise { .. }) && is_input(s, 0, block))
        };
        let is_hidden = |block: usize| derivation.step_of(block).is_some_and(|s| derivation.steps[s].layer < derivation.layers);
        let is_signal = derivation.blocks[block].letter == "δ";
        // These are the reasons of networks, for units and their activation functions.
        let of_step = match derivation.blocks[block].origin {
            Origin::Result(step) | Origin::Slope(step) => Some(step),
            _ => None,
        };
        let is_linear = |step: usize| derivation.steps[step].character == Character::Linear;
        if derivation.is_example() || of_step.is_some_and(|step| !is_linear(step) && !derivation.is_activation(step)) {
            return None;
        }
        Some(match derivation.blocks[block].origin {
            Origin::Result(step) if block != derivation.loss => match derivation.steps[step].character {
                Character::Linear => phrase!(
                    "What enters the unit: each input times the weight of its edge, added up.",
                    "ユニットに入るものの合計。入力に辺の重みを掛けて足し合わせる。"
                ),
                Character::Elementwise { .. } => phrase!(
                    "The activation function of the sum: this is what the unit hands on.",
                    "総和に活性化関数を適用した値。これが次へ送られる。"
                ),
                Character::Other => return None,
            },
            Origin::Slope(_) => phrase!(
                "How much the unit’s output moves when its sum moves a little. Where it is near 0, hardly any error signal passes.",
                "総和が少し動いたとき、ユニットの出力がどれだけ動くか。0 に近いと誤差信号はほとんど通らない。"
            ),
            Origin::Gradient(of) if of_linear(1, of) => phrase!(
                "The error signal of the unit into which the weight leads, times the number that it carries there.",
                "重みの行き先のユニットの誤差信号に、その重みを通る値を掛ける。"
            ),
            Origin::Gradient(of) if of_linear(2, of) => phrase!(
                "A bias is added as it is, so its gradient is the error signal itself.",
                "バイアスはそのまま足されるので、勾配は誤差信号そのもの。"
            ),
            Origin::Gradient(of) if is_signal && of_elementwise(of) && is_hidden(of) => phrase!(
                "The error signals of the next layer come back over the same weights and are added up; then times the slope here.",
                "次の層の誤差信号が同じ重みを通って戻り、足し合わされる。それにこのユニットの傾きを掛ける。"
            ),
            Origin::Gradient(of) if is_signal && of == derivation.output => {
                phrase!("How fast the loss changes with this output.", "この出力を変えたとき、誤差がどれだけ変わるか。")
            }
            Origin::Updated(_) if derivation.states.is_empty() => phrase!(
                "A step against the gradient: where E grows with the weight, the weight becomes smaller.",
                "勾配と逆向きに進む。重みとともに E が増えるなら、重みを減らす。"
            ),
            _ => return None,
        })
    }
}

/// Visits every block of an expression of matrices.
fn blocks(expression: &MatrixExpression, visit: &mut dyn FnMut(usize)) {
    match expression {
        MatrixExpression::Block(block)
        | MatrixExpression::Transposed(block)
        | MatrixExpression::Called(_, block)
        | MatrixExpression::OverSamples(block) => visit(*block),
        MatrixExpression::Product(a, b) | MatrixExpression::Hadamard(a, b) => {
            blocks(a, visit);
            blocks(b, visit);
        }
        MatrixExpression::Sum(terms) => terms.iter().for_each(|t| blocks(t, visit)),
        MatrixExpression::Elementwise(formula) => formula.leaves(&mut |block| visit(*block)),
        MatrixExpression::Formula(_) => {}
    }
}
