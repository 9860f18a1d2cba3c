//! A network that is too large for units and edges: a strip for each layer, a band for its weights.

use super::Writer;
use super::network::{Layer, STEP};
use super::quantities::Quantity;
use crate::explain::symbol::Symbol;

/// Layers of up to this many units are drawn as a strip of cells.
const CELLS: usize = 100;
/// The width of a strip.
const WIDE: f64 = 22.0;
/// The height of the drawing.
const HEIGHT: f64 = 300.0;

impl Writer<'_> {
    pub(super) fn strips(&self, layers: &[Layer]) -> String {
        let width = STEP * (layers.len() - 1) as f64 + 120.0;
        // Height by the logarithm: 784 units beside 10 would leave nothing of the 10.
        let largest = layers.iter().map(|l| l.size).max().unwrap_or(1);
        let tall = |layer: &Layer| {
            let share = (1.0 + layer.size as f64).ln() / (1.0 + largest as f64).ln();
            share * (HEIGHT - 70.0)
        };
        let left = |column: usize| 60.0 - WIDE / 2.0 + STEP * column as f64;
        let middle = HEIGHT / 2.0;
        let (mut bands, mut strips) = (String::new(), String::new());
        for (column, layer) in layers.iter().enumerate() {
            let (x, height) = (left(column), tall(layer));
            if let (Some(weight), Some(before)) = (layer.weight, column.checked_sub(1)) {
                let (from, before_height) = (left(before) + WIDE, tall(&layers[before]) / 2.0);
                bands += &self.band(weight, [from, before_height, x, height / 2.0]);
            }
            strips += &self.strip(layer, x, height);
            strips += &self.column_title(x + WIDE / 2.0, &layer.title);
            let below = middle + height / 2.0 + 14.0;
            strips += &format!("<text class=\"size\" x=\"{:.1}\" y=\"{below:.1}\">{}</text>\n", x + WIDE / 2.0, layer.size);
        }
        format!("{}<g>\n{bands}</g>\n<g>\n{strips}</g>\n</svg>", self.picture(width, HEIGHT))
    }

    fn band(&self, weight: usize, [x1, half1, x2, half2]: [f64; 4]) -> String {
        let middle = HEIGHT / 2.0;
        let grid = self.derivation().grid(weight, false);
        let blocks = [Some(weight), self.derivation().gradient_of(weight), self.derivation().updated(weight)];
        let ids = blocks.into_iter().flatten().map(|b| self.quantities.anchor(Quantity::Block(b)));
        let name = match self.derivation().block_symbol(weight) {
            Symbol::Letter { letter, layer: Some(layer), .. } => {
                format!("<tspan class=\"letter\">{letter}</tspan><tspan class=\"small\" dy=\"-5\">({layer})</tspan>")
            }
            other => format!("<tspan class=\"letter\">{}</tspan>", other.text()),
        };
        format!(
            "<g class=\"band\"{} data-lit-by=\"{}\"><polygon points=\"{x1:.1},{:.1} {x2:.1},{:.1} {x2:.1},{:.1} {x1:.1},{:.1}\"/>\
             <text x=\"{x:.1}\" y=\"{:.1}\">{name}</text><text class=\"size\" x=\"{x:.1}\" y=\"{:.1}\">{}×{}</text></g>\n",
            self.quantities.reference(Quantity::Block(weight)),
            ids.collect::<Vec<_>>().join(" "),
            middle - half1,
            middle - half2,
            middle + half2,
            middle + half1,
            middle - 4.0,
            middle + 14.0,
            grid.rows,
            grid.columns,
            x = (x1 + x2) / 2.0,
        )
    }

    /// The units as cells, their colour stronger where their numbers are larger; a plain strip where they are too many.
    fn strip(&self, layer: &Layer, x: f64, height: f64) -> String {
        let top = HEIGHT / 2.0 - height / 2.0;
        let frame = format!("<rect class=\"frame\" x=\"{x:.1}\" y=\"{top:.1}\" width=\"{WIDE}\" height=\"{height:.1}\"/>\n");
        let Some(&shown) = layer.blocks.last().filter(|_| layer.size <= CELLS) else { return frame };
        let values = &self.derivation().blocks[shown].values;
        let largest = values.iter().fold(0.0, |m: f64, v| m.max(v.abs()));
        let tall = height / layer.size as f64;
        let cell = |unit: usize| {
            // Of several samples no single number belongs to the unit.
            let shade = match self.derivation().samples() {
                1 if largest > 0.0 => 0.85 * values[unit].abs() / largest,
                _ => 0.0,
            };
            let all: Vec<String> =
                self.of_unit(layer, unit).into_iter().map(|id| self.quantities.anchor(Quantity::Number(id))).collect();
            format!(
                "<rect class=\"cell\" data-lit-by=\"{}\" fill-opacity=\"{shade:.2}\" x=\"{x:.1}\" y=\"{:.2}\" width=\"{WIDE}\" height=\"{tall:.2}\"/>\n",
                all.join(" "),
                top + tall * unit as f64
            )
        };
        (0..layer.size).map(cell).collect::<String>() + &frame
    }
}
