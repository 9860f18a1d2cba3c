//! The check, the statistics of large networks, and what the step did.

use super::Builder;
use crate::explain::derivation::Derivation;
use crate::explain::document::{Cell, Item, Part, Section, Table};
use crate::explain::measure::{AGREE, STEP};
use crate::explain::words::{Phrase, phrase};

/// A step longer than this share of the weights' own size is remarkable.
const LONG_STEP: f64 = 1.0;
/// A unit whose slope fell to less than this share by the step has gone flat.
const FLAT: f64 = 0.25;
/// A real change of less than this share of the forecast means that the straight line did not hold.
const OFF_FORECAST: f64 = 0.5;
/// The numbers of updates after which the loss is listed.
const LISTED: [usize; 17] = [0, 1, 2, 3, 5, 10, 20, 50, 100, 200, 500, 1000, 2000, 3000, 4000, 5000, 10000];

/// The root of the mean square, and the norm.
fn norm(values: &[f64]) -> f64 {
    values.iter().map(|v| v * v).sum::<f64>().sqrt()
}

/// A relative difference in two digits.
fn small(value: f64) -> String {
    if value == 0.0 { "0".to_string() } else { format!("{value:.1e}").replace(".0e", "e").replace('-', "−") }
}

impl Builder<'_> {
    /// Every gradient by backpropagation, by the central difference, and in f32.
    pub(super) fn check(&self) -> Section {
        let checked = &self.explanation.checked;
        let head = vec![
            phrase!("by", "変数"),
            phrase!("backpropagation (f64)", "逆伝播 (f64)"),
            phrase!("by the chain rule above", "上の連鎖律"),
            phrase!("central difference h = {}", "中心差分 h = {}", small(STEP)),
            phrase!("rel. diff.", "相対差"),
            phrase!("f32 (frameworks)", "f32(フレームワーク)"),
        ];
        let mut rows = Vec::new();
        for one in checked {
            let (block, at) = self.derivation.locate(one.id);
            let of = match self.derivation.blocks[block].origin {
                crate::explain::derivation::Origin::Gradient(of) => self.derivation.blocks[of].first + at,
                _ => one.id,
            };
            let number = |value: f64, digits: usize| Cell::Number(format!("{value:.digits$}").replace('-', "−"));
            let difference =
                if one.kink.is_some() { phrase!("kink", "折れ点") } else { Phrase::same(small(one.relative_difference())) };
            rows.push(vec![
                Cell::Symbol(of),
                number(one.backward, 10),
                number(one.by_chain, 10),
                number(one.numerical, 10),
                Cell::Words(difference),
                number(one.single, 7),
            ]);
        }
        let mut items = vec![Item::Table(Table { head, rows })];
        let (total, agreeing) = (checked.len(), checked.iter().filter(|c| c.agrees()).count());
        let smooth = checked.iter().filter(|c| c.kink.is_none());
        let worst = small(smooth.map(|c| c.relative_difference()).fold(0.0, f64::max));
        let (good, weights): (String, usize) =
            (small(AGREE), self.derivation.parameters.iter().map(|p| self.derivation.blocks[p.1].values.len()).sum());
        if total < weights && self.explanation.only.is_none() {
            items.push(Item::Remark(phrase!(
                "the {total} steepest of {weights} weights; kudari check compares all of them",
                "{weights} 個のうち傾きの大きい {total} 個。全部を比べるには kudari check"
            )));
        }
        items.push(Item::Fact(phrase!(
            "{agreeing} of {total} agree (worst relative difference {worst}; below {good} is good).",
            "{total} 個中 {agreeing} 個が一致(最大の相対差 {worst}。{good} 未満なら良好)。"
        )));
        for one in checked.iter().filter(|c| c.kink.is_some()).take(3) {
            let (left, right) = one.kink.unwrap_or_default();
            let symbol = self.derivation.symbol(one.id).text();
            let (left, right, value) = (self.text(left), self.text(right), self.text(one.backward));
            items.push(Item::Warning(phrase!(
                "{symbol}: not differentiable here: left slope {left}, right slope {right}; the value returned, {value}, lies between them.",
                "{symbol}: ここは微分できない。左の傾き {left}、右の傾き {right}。返した値 {value} はその間にある。"
            )));
        }
        Section { part: Part::Check, title: phrase!("CHECK", "答え合わせ"), items }
    }

    /// Shape, smallest, root mean square and largest of every parameter and of its gradient.
    pub(super) fn statistics(&self) -> Item {
        let head = vec![
            phrase!("what", "対象"),
            phrase!("shape", "形"),
            phrase!("min", "最小"),
            phrase!("RMS", "二乗平均平方根"),
            phrase!("max", "最大"),
            phrase!("gradient: min", "勾配: 最小"),
            phrase!("RMS", "二乗平均平方根"),
            phrase!("max", "最大"),
        ];
        let derivation = self.derivation;
        let mut blocks = vec![derivation.input];
        for step in derivation.steps.iter().filter(|s| s.output != derivation.loss) {
            blocks.extend(step.parameters.iter().copied());
            blocks.push(step.output);
        }
        let numbers = |block: Option<usize>| {
            let values = block.map_or(&[][..], |b| &derivation.blocks[b].values);
            let low = values.iter().copied().fold(f64::INFINITY, f64::min);
            let high = values.iter().copied().fold(f64::NEG_INFINITY, f64::max);
            let rms = norm(values) / (values.len().max(1) as f64).sqrt();
            if values.is_empty() {
                vec![Cell::Number(String::new()); 3]
            } else {
                [low, rms, high].map(|v| Cell::Number(self.text(v))).to_vec()
            }
        };
        let row = |block: usize| {
            let sizes: Vec<String> = derivation.blocks[block].shape.iter().map(usize::to_string).collect();
            let mut row = vec![Cell::Block(block), Cell::Words(Phrase::same(sizes.join("×")))];
            row.extend(numbers(Some(block)));
            row.extend(numbers(derivation.gradient_of(block)));
            row
        };
        Item::Table(Table { head, rows: blocks.into_iter().map(row).collect() })
    }

    /// What the step did, in facts.
    pub(super) fn after(&self) -> Section {
        let (explanation, derivation) = (self.explanation, self.derivation);
        let (before, after) = (explanation.losses[0], explanation.losses.get(1).copied().unwrap_or(f64::NAN));
        // Σ ∂E/∂w · Δw, which is −η‖g‖² for plain descent.
        let along = |&(_, block): &(String, usize)| {
            let gradient = &derivation.blocks[derivation.gradient_of(block)?].values;
            Some(self.moved(block)?.iter().zip(gradient).map(|(moved, g)| moved * g).sum::<f64>())
        };
        let forecast: f64 = derivation.parameters.iter().filter_map(along).sum();
        let formula = if derivation.states.is_empty() { "−η‖g‖²" } else { "g·Δw" };
        let change = after - before;
        let share = if forecast == 0.0 { 1.0 } else { change / forecast };
        let [before_text, after_text, forecast_text, change_text] = [before, after, forecast, change].map(|v| self.text(v));
        let share_text = short(share);
        let mut items = vec![Item::Fact(phrase!(
            "E: {before_text} → {after_text}   (straight-line forecast {formula} = {forecast_text}, real change {change_text}, {share_text} of forecast)",
            "E: {before_text} → {after_text}   (一次近似の見込み {formula} = {forecast_text}、実際 {change_text}、見込みの {share_text} 倍)"
        ))];
        let ratios: Vec<(usize, f64)> = derivation.parameters.iter().filter_map(|p| Some((p.1, self.step_ratio(p.1)?))).collect();
        let listed: Vec<String> =
            ratios.iter().map(|(block, ratio)| format!("{} {}", derivation.block_symbol(*block).text(), short(*ratio))).collect();
        let listed = listed.join("   ");
        items.push(Item::Fact(phrase!(
            "size of step / size of weights:   {listed}   (rule of thumb: 0.001)",
            "更新量 / 重みの大きさ:   {listed}   (目安 0.001)"
        )));
        items.extend(self.slopes_before_and_after());
        items.extend(self.warnings(&ratios, change, share));
        items.extend(self.later_losses());
        Section { part: Part::After, title: phrase!("WHAT THIS STEP DID", "この 1 歩で起きたこと"), items }
    }

    /// ‖Δw‖ / ‖w‖; nothing for a parameter that is all zero.
    fn step_ratio(&self, block: usize) -> Option<f64> {
        let size = norm(&self.derivation.blocks[block].values);
        let moved = norm(&self.moved(block)?);
        (size > 0.0).then(|| moved / size)
    }

    /// By how much the step moves every number of a parameter.
    fn moved(&self, block: usize) -> Option<Vec<f64>> {
        let [old, new] = [block, self.derivation.updated(block)?].map(|b| &self.derivation.blocks[b].values);
        Some(new.iter().zip(old).map(|(new, old)| new - old).collect())
    }

    fn slopes_before_and_after(&self) -> Vec<Item> {
        let (now, next) = (self.derivation, &self.explanation.next);
        let few = |d: &Derivation, block: usize| {
            let values = &d.blocks[block].values;
            (values.len() <= 8).then(|| format!("({})", values.iter().map(|v| self.text(*v)).collect::<Vec<_>>().join(", ")))
        };
        let mut items = Vec::new();
        for number in 0..now.steps.len() {
            let (Some(slope), Some(slope_after)) = (now.slope_of(number), next.slope_of(number)) else { continue };
            let input = now.steps[number].inputs[0].block;
            let texts = (few(now, input), few(next, input), few(now, slope), few(next, slope_after));
            if let (Some(a), Some(a_after), Some(h), Some(h_after)) = texts {
                let (name, letter) = (now.block_symbol(input).text(), now.function_letter(number));
                items.push(Item::Fact(phrase!(
                    "{name}: {a} → {a_after}   slope {letter}′: {h} → {h_after}",
                    "{name}: {a} → {a_after}   傾き {letter}′: {h} → {h_after}"
                )));
            }
        }
        items
    }

    fn warnings(&self, ratios: &[(usize, f64)], change: f64, share: f64) -> Vec<Item> {
        let derivation = self.derivation;
        let mut items = Vec::new();
        for (block, ratio) in ratios.iter().filter(|r| r.1 > LONG_STEP) {
            let (name, ratio) = (derivation.block_symbol(*block).text(), short(*ratio));
            items.push(Item::Warning(phrase!(
                "the step was {ratio} times as long as {name} itself",
                "更新量が {name} 自身の {ratio} 倍です"
            )));
        }
        for number in 0..derivation.steps.len() {
            let (Some(slope), Some(after)) = (derivation.slope_of(number), self.explanation.next.slope_of(number)) else {
                continue;
            };
            let pairs = derivation.blocks[slope].values.iter().zip(&self.explanation.next.blocks[after].values);
            let (flat, all) = (pairs.filter(|(h, n)| n.abs() < FLAT * h.abs()).count(), derivation.blocks[slope].values.len());
            if flat > 0 {
                let function = &derivation.steps[number].function;
                items.push(Item::Warning(phrase!(
                    "{flat} of {all} units are now on the flat part of {function}: little gradient passes through them",
                    "{all} 個中 {flat} 個のユニットが {function} の平らな部分に入り、勾配がほとんど通りません"
                )));
            }
        }
        for (_, block) in &derivation.parameters {
            let norm_of = |d: &Derivation| d.gradient_of(*block).map_or(0.0, |g| norm(&d.blocks[g].values));
            let (now, next) = (norm_of(derivation), norm_of(&self.explanation.next));
            if now > 0.0 && next < 0.1 * now {
                let (name, now, next) = (derivation.block_symbol(*block).text(), short(now), short(next));
                items.push(Item::Warning(phrase!(
                    "the next ‖∂E/∂{name}‖ falls from {now} to {next}",
                    "次の ‖∂E/∂{name}‖ は {now} から {next} に下がります"
                )));
            }
        }
        let (half, loss) = (self.explanation.problem.learning_rate / 2.0, self.explanation.loss_at_half);
        let (rate, at_half) = (self.text(half), self.text(loss));
        let reached = self.explanation.losses.get(1).copied().unwrap_or(f64::NAN);
        if change > 0.0 {
            items.push(Item::Warning(phrase!(
                "the loss rose: the learning rate is too large here. With η = {rate} this step gives E ≈ {at_half}",
                "誤差が増えました。学習率が大きすぎます。η = {rate} なら E ≈ {at_half} です"
            )));
        } else if share < OFF_FORECAST && loss < reached {
            items.push(Item::Warning(phrase!(
                "the straight line did not hold over a step of this length. With η = {rate} this step gives E ≈ {at_half}",
                "この長さの一歩では一次近似が成り立ちません。η = {rate} なら E ≈ {at_half} です"
            )));
        }
        items
    }

    fn later_losses(&self) -> Vec<Item> {
        let losses = &self.explanation.losses;
        if losses.len() <= 2 {
            return Vec::new();
        }
        let last = losses.len() - 1;
        let steps = LISTED.into_iter().filter(|&n| n < last).chain([last]);
        let rows = steps
            .map(|n| vec![Cell::Number(n.to_string()), Cell::Number(format!("{:.9}", losses[n]).replace('-', "−"))])
            .collect();
        vec![Item::Table(Table { head: vec![phrase!("updates", "更新回数"), phrase!("E", "E")], rows })]
    }
}

/// Three digits, for ratios.
fn short(value: f64) -> String {
    crate::explain::digits::Digits { count: 3 }.text(value)
}
