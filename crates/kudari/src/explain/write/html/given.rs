//! The numbers that are given, and those that are used without a line of their own.

use super::Writer;
use super::mathml::{self, math, sign};
use super::quantities::Quantity;
use crate::explain::derivation::Origin;
use crate::explain::matrix::Grid;
use crate::explain::words::phrase;

/// Given matrices are written whole up to this many rows and columns.
const WHOLE: usize = 16;

impl Writer<'_> {
    /// Sample, targets, parameters and learning rate: where links to given numbers lead.
    pub(super) fn given(&self) -> String {
        let derivation = self.derivation();
        let is_given = |origin: Origin| matches!(origin, Origin::Input | Origin::Given | Origin::Parameter(_));
        let mut text = String::new();
        for (number, block) in derivation.blocks.iter().enumerate().filter(|(_, b)| is_given(b.origin)) {
            let quantity = Quantity::Block(number);
            let name = mathml::symbol(&derivation.block_symbol(number)).markup;
            let (value, place) = match Some(number) == derivation.learning_rate {
                true => (self.quantity(block.first).markup, self.quantities.place(quantity)),
                // The place of a block of one number is at the number.
                false if block.values.len() == 1 => (self.matrix(number, false, true, &written), String::new()),
                false => (self.matrix(number, false, true, &written), self.quantities.place(quantity)),
            };
            let reference = self.quantities.reference(quantity);
            text += &format!("<li{place}{reference}>{}</li>\n", math(&format!("{name}{}{value}", sign("="))));
        }
        let title = self.words(&phrase!("Given numbers", "与えられた数"));
        format!("<h3>{title}</h3>\n<ul class=\"given\">\n{text}</ul>\n")
    }

    /// Numbers that lines use and that have no place on the page yet.
    pub(super) fn other_numbers(&self) -> String {
        let others = self.quantities.homeless();
        if others.is_empty() {
            return String::new();
        }
        let mut text = String::new();
        for quantity in others {
            let markup = match quantity {
                Quantity::Number(id) => {
                    let name = mathml::symbol(&self.derivation().symbol(id)).markup;
                    let is_exact = self.document.lines.digits.is_exact(self.derivation().value(id));
                    math(&format!("{name}{}{}", sign(if is_exact { "=" } else { "≈" }), self.quantity(id).markup))
                }
                Quantity::Block(block) => {
                    let grid = self.derivation().grid(block, false);
                    let name = mathml::symbol(&self.derivation().block_symbol(block)).markup;
                    format!("{} <span class=\"shape\">{}×{}</span>", math(&name), grid.rows, grid.columns)
                }
            };
            let (place, reference) = (self.quantities.place(quantity), self.quantities.reference(quantity));
            text += &format!("<li{place}{reference}>{markup}</li>\n");
        }
        let title = self.words(&phrase!("Other numbers used on this page", "この頁で使ったその他の数"));
        format!("<section class=\"others\">\n<h3>{title}</h3>\n<ul class=\"given\">\n{text}</ul>\n</section>\n")
    }
}

fn written(size: usize) -> Vec<Option<usize>> {
    if size <= WHOLE { (0..size).map(Some).collect() } else { Grid::written(size) }
}
