//! The sections of an example: what is given, the result number by number, and the derivatives by the inputs.

use super::Example;
use crate::explain::builder::place_remark;
use crate::explain::derivation::{Derivation, Origin};
use crate::explain::document::{Item, Part, Section};
use crate::explain::line::Lines;
use crate::explain::words::{Phrase, phrase};

/// Blocks of more numbers than this are shortened.
const WHOLE: usize = 12;
/// So many lines of a shortened block are written.
const FEW: usize = 4;

impl Example {
    pub(super) fn sections(&self, lines: &Lines<'_>, all: bool) -> Vec<Section> {
        let writer = Writer { example: self, derivation: &self.derivation, lines, all };
        vec![writer.setting(), writer.forward(), writer.backward()]
    }
}

struct Writer<'a> {
    example: &'a Example,
    derivation: &'a Derivation,
    lines: &'a Lines<'a>,
    all: bool,
}

impl Writer<'_> {
    fn setting(&self) -> Section {
        let mut items = Vec::new();
        if let Some(entry) = self.example.entry {
            let name = if entry.name == self.example.notation { Phrase::default() } else { Phrase::same(entry.name) };
            items.push(Item::Setting(phrase!("formula", "式"), entry.formula.to_string(), name));
            items.push(Item::Setting(phrase!("derivative", "微分"), entry.derivative.to_string(), Phrase::default()));
        }
        if !self.example.given.is_empty() {
            items.push(Item::Setting(phrase!("given", "指定"), self.example.given.to_string(), Phrase::default()));
        }
        let result = self.derivation.blocks[self.derivation.output].letter;
        let (formula, words) = match self.derivation.gradient_of(self.derivation.output) {
            Some(gradient) => (
                format!("{} = ∂E/∂{result}", self.derivation.blocks[gradient].letter),
                phrase!("of a loss E behind it; chosen here", "後ろにある誤差 E の微分。ここでは例として選んだ値"),
            ),
            None => ("E".to_string(), phrase!("the result is the loss itself", "結果がそのまま誤差")),
        };
        items.push(Item::Setting(phrase!("loss", "誤差"), formula, words));
        if !self.example.about.english.is_empty() {
            items.push(Item::Remark(self.example.about.clone()));
        }
        let is_given = |origin: Origin| matches!(origin, Origin::Input | Origin::Given);
        let given = self.derivation.blocks.iter().enumerate().filter(|(_, block)| is_given(block.origin));
        items.extend(given.map(|(number, _)| Item::Given(number)));
        Section { part: Part::Setting, title: Phrase::default(), items }
    }

    fn forward(&self) -> Section {
        let (mut items, mut place) = (Vec::new(), None);
        for step in &self.derivation.steps {
            items.extend(place_remark(&mut place, self.derivation.blocks[step.output].place));
            for block in self.derivation.own_blocks(step).filter(|&b| !self.lines.is_inline(self.derivation.blocks[b].first)) {
                self.block(block, &mut items);
            }
        }
        self.whole(self.derivation.output, &mut items);
        Section { part: Part::Forward, title: phrase!("FORWARD", "順伝播"), items }
    }

    fn backward(&self) -> Section {
        let derivation = self.derivation;
        let (mut items, mut place) = (Vec::new(), None);
        for (number, step) in derivation.steps.iter().enumerate().rev() {
            items.extend(place_remark(&mut place, derivation.blocks[step.output].place));
            let gradient = derivation.gradient_of(step.output);
            let gradient = gradient.filter(|&g| !self.lines.is_inline(derivation.blocks[g].first));
            for block in gradient.into_iter().chain(derivation.slope_of(number)) {
                self.block(block, &mut items);
            }
        }
        if place.is_some() {
            items.push(Item::Remark(phrase!("the inputs", "入力")));
        }
        for gradient in (0..self.example.inputs).filter_map(|input| derivation.gradient_of(input)) {
            self.block(gradient, &mut items);
            self.whole(gradient, &mut items);
        }
        Section { part: Part::Backward, title: phrase!("BACKWARD", "逆伝播"), items }
    }

    /// The lines of a block, the first few if there are many.
    fn block(&self, block: usize, items: &mut Vec<Item>) {
        let ids = self.derivation.blocks[block].ids();
        let count = if self.all || ids.len() <= WHOLE { ids.len() } else { FEW };
        let more = ids.len() - count;
        let before = items.len();
        items.extend(ids.take(count).filter_map(|id| self.lines.line(id)).map(Item::Line));
        if more > 0 && items.len() > before {
            let name = self.derivation.block_symbol(block).text();
            items.push(Item::Remark(phrase!("{more} more lines of {name}: --all", "{name} の残りの {more} 行は --all で表示")));
        }
    }

    /// All numbers of a block together, where they are a matrix.
    fn whole(&self, block: usize, items: &mut Vec<Item>) {
        let grid = self.derivation.grid(block, false);
        if grid.rows > 1 && grid.columns > 1 {
            items.push(Item::Given(block));
        }
    }
}
