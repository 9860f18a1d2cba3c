//! One gradient with all its ways, or one unit.

use super::Builder;
use crate::explain::derivation::{Id, Origin};
use crate::explain::document::{Cell, Item, Part, Section, Table};
use crate::explain::paths::Route;
use crate::explain::selection::Unit;
use crate::explain::words::{Phrase, phrase};
use crate::expression::TextStyle;

/// A gradient's ways are listed one by one up to this many.
const ROUTES: usize = 4096;
/// So many of them, the largest, are written out.
const WRITTEN_ROUTES: usize = 10;

impl Builder<'_> {
    /// One gradient: the lines it needs, and every way from the weight to the loss with its share.
    pub(super) fn one_gradient(&self, block: usize, at: usize) -> Section {
        let derivation = self.derivation;
        let Some(gradient) = derivation.gradient_of(block).map(|g| derivation.blocks[g].first + at) else {
            return Section { part: Part::Backward, title: Phrase::default(), items: Vec::new() };
        };
        let name = derivation.parameters.iter().find(|p| p.1 == block).map_or("", |p| p.0.as_str());
        let index: Vec<String> =
            crate::array::index_of(at, &derivation.blocks[block].shape).iter().map(usize::to_string).collect();
        let (index, symbol) = (index.join(","), derivation.symbol(derivation.blocks[block].first + at).text());
        let mut items = vec![Item::Remark(phrase!(
            "{name}[{index}] is {symbol}; what its gradient is made of, from the output back:",
            "{name}[{index}] は {symbol}。その勾配を作る数を、出力側から順に:"
        ))];
        let mut needed = Vec::new();
        self.collect(gradient, &mut needed);
        needed.sort_by_key(|&id| (std::cmp::Reverse(self.depth(id)), id));
        items.extend(needed.iter().filter_map(|&id| self.lines.line(id)).map(Item::Line));
        match derivation.routes(derivation.blocks[block].first + at, ROUTES) {
            None => items.push(Item::Fact(phrase!(
                "more than {ROUTES} ways lead from it to the loss: the lines above add them up layer by layer",
                "誤差までの道は {ROUTES} 本を超える。上の各行が層ごとに足し合わせている"
            ))),
            Some(routes) => self.list_routes(routes, &mut items),
        }
        Section { part: Part::Backward, title: phrase!("ONE GRADIENT", "1 つの勾配"), items }
    }

    /// The derivatives and slopes that a derivative is made of, itself first.
    fn collect(&self, id: Id, needed: &mut Vec<Id>) {
        if needed.contains(&id) {
            return;
        }
        needed.push(id);
        let Some(expression) = self.derivation.expression(id) else { return };
        let mut inside = Vec::new();
        expression.leaves(&mut |leaf| inside.push(*leaf));
        for leaf in inside {
            if self.lines.is_inline(leaf) {
                // Stands inside the line that uses it; what it is made of does not.
                let mut own = Vec::new();
                self.collect(leaf, &mut own);
                own.into_iter().skip(1).for_each(|id| {
                    if !needed.contains(&id) {
                        needed.push(id)
                    }
                });
            } else if self.is_backward(leaf) {
                self.collect(leaf, needed);
            }
        }
    }

    /// How late in the calculation a derivative's variable stands; parameters before everything, so that their derivatives
    /// come last.
    fn depth(&self, id: Id) -> usize {
        let (block, _) = self.derivation.locate(id);
        match self.derivation.blocks[block].origin {
            Origin::Gradient(of) if matches!(self.derivation.blocks[of].origin, Origin::Parameter(_)) => 0,
            Origin::Gradient(of) => 2 * of,
            // A slope is needed for the derivative by what its function takes.
            Origin::Slope(step) => 2 * self.derivation.steps[step].inputs[0].block + 1,
            _ => 0,
        }
    }

    fn is_backward(&self, id: Id) -> bool {
        let (block, _) = self.derivation.locate(id);
        matches!(self.derivation.blocks[block].origin, Origin::Gradient(_) | Origin::Slope(_))
    }

    fn list_routes(&self, mut routes: Vec<Route>, items: &mut Vec<Item>) {
        let total: f64 = routes.iter().map(|r| r.value).sum();
        let count = routes.len();
        routes.sort_by(|a, b| b.value.abs().total_cmp(&a.value.abs()));
        let head = vec![
            phrase!("way to the loss", "誤差までの道"),
            phrase!("local derivatives", "局所的な微分"),
            phrase!("product", "積"),
            phrase!("share", "割合"),
        ];
        let row = |route: &Route| {
            let through: Vec<String> = route.through.iter().map(|&id| self.derivation.symbol(id).text()).collect();
            let product = route.product.text(TextStyle::Wordless, &|id| self.derivation.symbol(*id).text());
            let share = if total == 0.0 { 0.0 } else { 100.0 * route.value / total };
            vec![
                Cell::Words(Phrase::same(through.join(" → "))),
                Cell::Words(Phrase::same(product)),
                Cell::Number(self.text(route.value)),
                Cell::Number(format!("{share:.1} %").replace('-', "−")),
            ]
        };
        let mut rows: Vec<Vec<Cell>> = routes.iter().take(WRITTEN_ROUTES).map(row).collect();
        if count > WRITTEN_ROUTES {
            let rest: f64 = routes[WRITTEN_ROUTES..].iter().map(|r| r.value).sum();
            let more = count - WRITTEN_ROUTES;
            rows.push(vec![
                Cell::Words(phrase!("{more} more", "ほか {more} 本")),
                Cell::Words(Phrase::default()),
                Cell::Number(self.text(rest)),
                Cell::Number(format!("{:.1} %", if total == 0.0 { 0.0 } else { 100.0 * rest / total }).replace('-', "−")),
            ]);
        }
        let sum = self.text(total);
        items.push(Item::Table(Table { head, rows }));
        items.push(Item::Fact(phrase!("{count} ways, together {sum}", "道は {count} 本、合計 {sum}")));
    }

    /// Everything that goes into a unit and comes out of it.
    pub(super) fn one_unit(&self, unit: Unit) -> Section {
        let derivation = self.derivation;
        let mut items = Vec::new();
        let mut backward = Vec::new();
        let of_layer = |s: &&crate::explain::derivation::Step| s.layer == unit.layer && s.output != derivation.loss;
        for step in derivation.steps.iter().filter(of_layer) {
            let block = &derivation.blocks[step.output];
            let per_sample = block.values.len() / derivation.samples().max(1);
            if unit.number > per_sample {
                continue;
            }
            let at = unit.number - 1;
            items.extend(self.lines.line(block.first + at).map(Item::Line));
            let number = derivation.step_of(step.output);
            let slope = number.and_then(|n| derivation.slope_of(n));
            let gradient = derivation.gradient_of(step.output).map(|g| derivation.blocks[g].first + at);
            let mut own: Vec<Id> = slope.map(|s| derivation.blocks[s].first + at).into_iter().collect();
            own.extend(gradient.filter(|&g| !self.lines.is_inline(g)));
            for &parameter in &step.parameters {
                let inputs = derivation.blocks[parameter].values.len() / per_sample.max(1);
                let Some(first) = derivation.gradient_of(parameter).map(|g| derivation.blocks[g].first) else { continue };
                own.extend((0..inputs).map(|j| first + at * inputs + j));
            }
            backward.insert(0, own);
        }
        let layer = unit.layer;
        let number = unit.number;
        items.insert(
            0,
            Item::Remark(phrase!("into unit {number} of layer {layer}", "第 {layer} 層のユニット {number} に入るもの")),
        );
        items.push(Item::Remark(phrase!("and back out of it", "そこから戻るもの")));
        items.extend(backward.concat().into_iter().filter_map(|id| self.lines.line(id)).map(Item::Line));
        Section { part: Part::Backward, title: phrase!("UNIT {layer}:{number}", "ユニット {layer}:{number}"), items }
    }
}
