//! The sections of an explanation: what is written, in which order, with which words.

mod facts;
mod focus;

use super::derivation::Derivation;
use super::document::{Item, Part, Section};
use super::explanation::{Explanation, Size};
use super::line::Lines;
use super::words::{Phrase, loss_convention, loss_formula, phrase};
use crate::array::Array;
use crate::autograd::Character;
use crate::expression::{Expression, TextStyle};
use crate::metrics::row_that_does_not_sum_to_one;

/// A line that says at which place of a sequence what follows is, where that has changed since `before`.
pub(super) fn place_remark(before: &mut Option<usize>, place: Option<usize>) -> Option<Item> {
    let changed = place.filter(|_| *before != place);
    *before = place.or(*before);
    changed.map(|place| Item::Remark(phrase!("place {place} of the sequence", "系列の {place} 番目")))
}

pub(super) struct Builder<'a> {
    explanation: &'a Explanation,
    derivation: &'a Derivation,
    lines: &'a Lines<'a>,
}

/// How many samples or targets the heading writes out.
const WRITTEN: usize = 12;

impl<'a> Builder<'a> {
    pub(super) fn new(explanation: &'a Explanation, lines: &'a Lines<'a>) -> Builder<'a> {
        Builder { explanation, derivation: &explanation.derivation, lines }
    }

    /// Everything that was asked for.
    pub(super) fn sections(&self) -> Vec<Section> {
        if let Some((block, at)) = self.explanation.only {
            return vec![self.setting(false), self.one_gradient(block, at), self.check()];
        }
        if let Some(unit) = self.explanation.unit {
            return vec![self.setting(false), self.one_unit(unit)];
        }
        vec![self.setting(true), self.forward(), self.error(), self.backward(), self.update(), self.check(), self.after()]
    }

    fn text(&self, value: f64) -> String {
        self.lines.digits.text(value)
    }

    /// The lines of every number of a block.
    fn block_lines(&self, block: usize) -> impl Iterator<Item = Item> + '_ {
        self.derivation.blocks[block].ids().filter_map(|id| self.lines.line(id)).map(Item::Line)
    }

    /// A block in the way that the size of the network asks for.
    fn block_items(&self, block: usize, unit: Option<usize>) -> Vec<Item> {
        match self.explanation.size {
            Size::Whole => self.block_lines(block).collect(),
            Size::Matrices => {
                let mut items: Vec<Item> = self.derivation.matrix_line(block).map(Item::Matrix).into_iter().collect();
                items.extend(unit.and_then(|at| self.lines.line(self.derivation.blocks[block].first + at)).map(Item::Line));
                items
            }
            Size::Statistics => unit
                .and_then(|at| self.lines.line(self.derivation.blocks[block].first + at))
                .map(Item::Line)
                .into_iter()
                .collect(),
        }
    }

    /// Whether a block has no lines of its own, because its numbers stand inside those of others.
    fn is_hidden(&self, block: usize) -> bool {
        match self.explanation.size {
            Size::Matrices => self.lines.is_behind_slope(block),
            Size::Whole | Size::Statistics => self.lines.is_inline(self.derivation.blocks[block].first),
        }
    }

    /// The element of a block that is written out where not all are: the one with the steepest loss; of a layer's sums
    /// and of what follows them always the same unit.
    fn example(&self, block: usize) -> Option<usize> {
        let derivation = self.derivation;
        let count = derivation.blocks[block].values.len();
        if self.explanation.size == Size::Whole || (self.explanation.size == Size::Matrices && count <= 1) {
            return None;
        }
        let layer = derivation.step_of(block).map(|step| derivation.steps[step].layer);
        let sums = derivation.steps.iter().find(|s| Some(s.layer) == layer && !s.parameters.is_empty()).map(|s| s.output);
        let sums = sums.filter(|&sums| derivation.blocks[sums].values.len() == count);
        derivation.steepest(sums.unwrap_or(block), 1).first().copied()
    }

    fn setting(&self, drawing: bool) -> Section {
        let (derivation, problem) = (self.derivation, &self.explanation.problem);
        let mut items = Vec::new();
        let weights: usize = derivation.parameters.iter().map(|p| derivation.blocks[p.1].values.len()).sum();
        let count = crate::model::with_commas(weights as u64);
        let has_bias = derivation.parameters.iter().any(|p| derivation.blocks[p.1].letter == "b");
        let bias = if has_bias { phrase!("", "") } else { phrase!(", no bias", "、バイアスなし") };
        let words = phrase!("{count} weights", "重み {count} 個").and(&bias);
        items.push(Item::Setting(phrase!("network", "構造"), self.structure(), words));
        let loss = problem.loss.word();
        items.push(Item::Setting(phrase!("loss", "誤差関数"), loss_formula(loss).to_string(), loss_convention(loss)));
        let samples = derivation.samples();
        if samples == 1 {
            let sample = format!("x = {}   t = {}", self.vector(derivation.input), self.target());
            let rate = self.text(problem.learning_rate);
            items.push(Item::Setting(
                phrase!("sample", "データ"),
                sample,
                phrase!("learning rate η = {rate}", "学習率 η = {rate}"),
            ));
        } else {
            let rate = self.text(problem.learning_rate);
            let shape = &derivation.blocks[derivation.input].shape;
            let sizes = shape.iter().map(usize::to_string).collect::<Vec<_>>().join("×");
            items.push(Item::Setting(
                phrase!("samples", "データ"),
                format!("X: {sizes}"),
                phrase!(
                    "{samples} samples, one row each; learning rate η = {rate}",
                    "{samples} 件、各行が一件。学習率 η = {rate}"
                ),
            ));
        }
        for (name, formula, slope) in self.functions() {
            items.push(Item::Setting(phrase!("function", "関数"), format!("{formula}   {slope}"), Phrase::same(name)));
        }
        let layered = if derivation.layers > 1 { "w⁽ˡ⁾ᵢⱼ" } else { "wᵢⱼ" };
        let index = match derivation.layers {
            0 | 1 => phrase!("goes from input j to unit i", "は入力 j からユニット i へ入る重み"),
            _ => phrase!("goes from unit j to unit i of layer l", "は第 l 層のユニット i へ、前の層のユニット j から入る重み"),
        };
        items.push(Item::Setting(phrase!("index", "添字"), layered.to_string(), index));
        let is_kernel = |block: usize| derivation.blocks[block].letter == "w" && derivation.blocks[block].shape.len() == 4;
        if derivation.parameters.iter().any(|(_, block)| is_kernel(*block)) {
            let words = phrase!("indices: filter, channel, row, column", "添字はフィルタ、チャネル、行、列の順");
            items.push(Item::Setting(phrase!("kernel", "カーネル"), "w".to_string(), words));
        }
        if drawing && self.explanation.size == Size::Whole && samples == 1 && self.is_plain() {
            items.push(Item::Drawing);
        }
        Section { part: Part::Setting, title: Phrase::default(), items }
    }

    /// Whether the network is made of linear layers and activation functions alone.
    fn is_plain(&self) -> bool {
        let derivation = self.derivation;
        let known = |&step: &usize| {
            let this = &derivation.steps[step];
            let once = this.character != Character::Linear || derivation.blocks[this.output].shape.len() == 2;
            this.output == derivation.loss || once && (this.character == Character::Linear || derivation.is_activation(step))
        };
        (0..derivation.steps.len()).all(|step| known(&step))
    }

    /// `3 → 2 (sigmoid) → 2 (identity)`; of other networks the notation: `1×3×3 → conv(1,2) flatten linear(1) → 1`.
    fn structure(&self) -> String {
        let derivation = self.derivation;
        if !self.is_plain() {
            let sizes = |block: usize| {
                let shape = derivation.blocks[block].shape.iter().skip(1).map(usize::to_string).collect::<Vec<_>>();
                if shape.is_empty() { "1".to_string() } else { shape.join("×") }
            };
            let notation = self.explanation.problem.network.notation();
            return format!("{} → {notation} → {}", sizes(derivation.input), sizes(derivation.output));
        }
        let each = |block: usize| derivation.blocks[block].values.len() / derivation.samples().max(1);
        let mut text = each(derivation.input).to_string();
        let mut open = false;
        for step in derivation.steps.iter().filter(|s| s.output != derivation.loss) {
            if step.parameters.is_empty() {
                text += &if open { format!(" ({})", step.function) } else { format!(" → {}", step.function) };
                open = false;
            } else {
                text += &format!("{} → {}", if open { " (identity)" } else { "" }, each(step.output));
                open = true;
            }
        }
        if open { text + " (identity)" } else { text }
    }

    /// Every elementwise function with its formula and its slope.
    fn functions(&self) -> Vec<(String, String, String)> {
        let mut found: Vec<(String, String, String)> = Vec::new();
        for (number, step) in
            self.derivation.steps.iter().enumerate().filter(|(number, _)| self.derivation.is_activation(*number))
        {
            let Character::Elementwise { formula, slope } = &step.character else { continue };
            let letter = self.derivation.function_letter(number);
            let write = |expression: &Expression| {
                expression.text(TextStyle::Wordless, &|name| if name == "y" { "z".to_string() } else { "a".to_string() })
            };
            let row =
                (step.function.clone(), format!("{letter}(a) = {}", write(formula)), format!("{letter}′(a) = {}", write(slope)));
            if !found.contains(&row) {
                found.push(row);
            }
        }
        found
    }

    fn vector(&self, block: usize) -> String {
        let values = &self.derivation.blocks[block].values;
        let written: Vec<String> = values.iter().take(WRITTEN).map(|v| self.text(*v)).collect();
        let rest = if values.len() > WRITTEN { format!(", … ({})", values.len()) } else { String::new() };
        format!("({}{rest})", written.join(", "))
    }

    fn target(&self) -> String {
        let given = self.derivation.blocks.iter().position(|b| b.letter == "t");
        given.map_or(String::new(), |block| self.vector(block))
    }

    fn forward(&self) -> Section {
        let mut items = Vec::new();
        let mut place = None;
        for step in self.derivation.steps.iter().filter(|s| s.output != self.derivation.loss) {
            if self.explanation.size == Size::Whole {
                items.extend(place_remark(&mut place, self.derivation.blocks[step.output].place));
            }
            for block in self.derivation.own_blocks(step).filter(|&b| !self.is_hidden(b)) {
                items.extend(self.block_items(block, self.example(step.output)));
            }
        }
        if self.explanation.size == Size::Statistics {
            items.insert(0, self.statistics());
            items.insert(
                1,
                Item::Remark(phrase!(
                    "of each layer one unit: the one whose δ is largest",
                    "各層から、δ が最大のユニットを 1 個ずつ"
                )),
            );
        }
        Section { part: Part::Forward, title: phrase!("FORWARD", "順伝播"), items }
    }

    fn error(&self) -> Section {
        let mut items = Vec::new();
        let loss = self.derivation.blocks[self.derivation.loss].first;
        if let Some(step) = self.derivation.steps.last() {
            let mut read = Vec::new();
            self.derivation.expression(loss).iter().for_each(|e| e.leaves(&mut |id| read.push(*id)));
            for &part in &step.parts {
                let count = self.derivation.blocks[part].values.len();
                // The probabilities of one sample are few; those of a batch are a matrix.
                match self.explanation.size {
                    Size::Matrices if self.derivation.samples() > 1 => items.extend(self.block_items(part, None)),
                    // Of many classes only those that the loss reads.
                    Size::Statistics => {
                        let ids = self.derivation.blocks[part].ids().filter(|id| read.contains(id)).take(WRITTEN);
                        items.extend(ids.filter_map(|id| self.lines.line(id)).map(Item::Line));
                    }
                    _ if count <= 2 * WRITTEN => items.extend(self.block_lines(part)),
                    _ => {}
                }
            }
        }
        items.extend(self.lines.line(loss).map(Item::Line));
        items.extend(self.row_warning());
        Section { part: Part::Error, title: phrase!("ERROR", "誤差"), items }
    }

    /// A cross-entropy of outputs that are no probabilities deserves a word.
    fn row_warning(&self) -> Option<Item> {
        let derivation = self.derivation;
        if derivation.steps.last().is_none_or(|s| s.function != "cross_entropy") {
            return None;
        }
        let y = &derivation.blocks[derivation.output];
        let (row, sum) = row_that_does_not_sum_to_one(&Array::from_slice(&y.values, &y.shape).ok()?)?;
        let (row, sum) = (row + 1, self.text(sum));
        Some(Item::Warning(phrase!(
            "row {row} sums to {sum}, not to 1: these are no probabilities",
            "{row} 行目の和は {sum} で、1 ではありません。確率になっていません"
        )))
    }

    fn backward(&self) -> Section {
        let derivation = self.derivation;
        let mut items = Vec::new();
        for (number, step) in derivation.steps.iter().enumerate().rev().filter(|(_, s)| !s.parameters.is_empty()) {
            let weights: usize = step.parameters.iter().map(|&p| derivation.blocks[p].values.len()).sum();
            items.push(Item::Remark(self.backward_remark(step.layer, weights)));
            // The functions behind the layer's sums, from the last back to the first.
            let behind = derivation.steps[number + 1..].iter().take_while(|s| s.parameters.is_empty()).count();
            for number in (number + 1..=number + behind).rev().filter(|&s| derivation.steps[s].output != derivation.loss) {
                items.extend(self.backward_through(number));
            }
            items.extend(self.backward_through(number));
            for &parameter in &step.parameters {
                let gradient = derivation.gradient_of(parameter);
                items.extend(gradient.into_iter().flat_map(|g| self.block_items(g, self.example(parameter))));
            }
        }
        Section { part: Part::Backward, title: phrase!("BACKWARD", "逆伝播"), items }
    }

    /// The derivatives by what a step gives, unless they stand inside other lines, and its slopes.
    fn backward_through(&self, number: usize) -> Vec<Item> {
        let output = self.derivation.steps[number].output;
        let gradient = self.derivation.gradient_of(output);
        let gradient = gradient.filter(|&g| !self.is_hidden(g));
        let blocks = gradient.into_iter().chain(self.derivation.slope_of(number));
        blocks.flat_map(|block| self.block_items(block, self.example(output))).collect()
    }

    fn backward_remark(&self, layer: usize, weights: usize) -> Phrase {
        let last = self.derivation.layers;
        let gradients = if weights == 1 { "its gradient".to_string() } else { format!("its {weights} gradients") };
        match (layer == last, last > 2) {
            (true, _) => {
                phrase!("output layer: error signal δ, then {gradients}", "出力層: 誤差信号 δ を求め、{weights} 個の勾配を出す")
            }
            (false, false) => phrase!(
                "hidden layer: send δ back, multiply by the slope, then {gradients}",
                "隠れ層: δ を逆向きに送り、傾きを掛けて、{weights} 個の勾配を出す"
            ),
            (false, true) => phrase!(
                "hidden layer {layer}: send δ back, multiply by the slope, then {gradients}",
                "隠れ層 {layer}: δ を逆向きに送り、傾きを掛けて、{weights} 個の勾配を出す"
            ),
        }
    }

    /// A given number with its name: `μ₁ ≈ 0.4501`.
    fn given(&self, block: usize) -> String {
        let value = self.derivation.blocks[block].values.first().copied().unwrap_or(f64::NAN);
        let sign = if self.lines.digits.is_exact(value) { "=" } else { "≈" };
        format!("{} {sign} {}", self.derivation.block_symbol(block).text(), self.text(value))
    }

    fn update(&self) -> Section {
        let derivation = self.derivation;
        let mut items = vec![Item::Remark(Phrase::same(derivation.update_rule()))];
        let numbers: Vec<String> = derivation.rule_given.iter().map(|&block| self.given(block)).collect();
        if !numbers.is_empty() {
            items.push(Item::Remark(Phrase::same(numbers.join("; "))));
        }
        // From the last layer to the first, as the gradients were found.
        for step in derivation.steps.iter().rev() {
            for &parameter in &step.parameters {
                let Some(updated) = derivation.updated(parameter) else { continue };
                for &state in derivation.states(parameter) {
                    items.extend(self.block_items(state, self.example(parameter)));
                }
                items.extend(self.block_items(updated, self.example(parameter)));
            }
        }
        Section { part: Part::Update, title: phrase!("UPDATE", "更新"), items }
    }
}
