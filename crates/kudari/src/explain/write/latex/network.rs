//! The network drawn with LaTeX's own `picture`: TikZ is no part of a small TeX, and lines and circles are all it takes.

use super::Writer;
use crate::autograd::Character;
use crate::explain::derivation::{Id, Step};
use crate::explain::write::tex::width;

/// Millimetres between the labels of edges that leave units one below the other.
const LABEL: f64 = 4.6;
/// Radius of a unit.
const UNIT: f64 = 4.4;
/// An em of the labels, in millimetres.
const EM: f64 = 2.6;
/// A drawing higher than this leaves too little of a page.
const HIGHEST: f64 = 180.0;

/// A column of units: their names, and that of the constant 1 behind them where the next layer has a bias.
struct Column {
    units: Vec<Id>,
    bias: bool,
}

impl Writer<'_> {
    /// Units in columns with the weights on the edges; nothing where the layers do not follow one another or are too
    /// many or too large for the page.
    pub(super) fn network(&self) -> String {
        let derivation = self.formulas.document.derivation;
        let layers: Vec<(usize, &Step)> =
            derivation.steps.iter().enumerate().filter(|(_, s)| s.character == Character::Linear).collect();
        let Some(columns) = self.columns(&layers) else { return String::new() };
        let most = layers.iter().map(|(_, s)| derivation.blocks[s.inputs[1].block].shape[0]).max().unwrap_or(1);
        let between = (LABEL * (most + 1) as f64).max(2.0 * UNIT + 3.0);
        let height = columns.iter().map(|c| c.units.len() + usize::from(c.bias)).max().unwrap_or(1) as f64 * between;
        let apart = (3.3 * self.formulas.width / layers.len() as f64).min(44.0);
        if apart < 24.0 || height > HIGHEST {
            return String::new();
        }
        let place = |column: usize, unit: usize| {
            let count = columns[column].units.len() + usize::from(columns[column].bias);
            (column as f64 * apart, height / 2.0 + between * ((count - 1) as f64 / 2.0 - unit as f64))
        };
        let mut picture = String::new();
        for (l, (_, step)) in layers.iter().enumerate() {
            let weights = &derivation.blocks[step.inputs[1].block];
            let (units, inputs) = (weights.shape[0], weights.shape[1]);
            // At this part of the way the labels of all edges between two columns are equally far from each other.
            let share = 1.0 / (units + 1) as f64;
            for unit in 0..units {
                let bias = step.inputs.get(2).map(|b| derivation.blocks[b.block].values[unit]);
                let values = (0..inputs).map(|j| weights.values[unit * inputs + j]).chain(bias);
                for (j, value) in values.enumerate() {
                    picture += &edge(place(l, j), place(l + 1, unit), share, &self.formulas.number(value));
                }
            }
        }
        for (c, column) in columns.iter().enumerate() {
            for (u, id) in column.units.iter().enumerate() {
                picture += &unit(place(c, u), &derivation.symbol(*id).latex());
            }
            if column.bias {
                picture += &unit(place(c, column.units.len()), "1");
            }
        }
        let wide = layers.len() as f64 * apart + 2.0 * UNIT + 2.0;
        format!(
            "\n\\begin{{center}}\\setlength\\unitlength{{1mm}}\n\\begin{{picture}}({wide:.1},{height:.1})(-{:.1},0)\n{picture}\\end{{picture}}\n\\end{{center}}\n",
            UNIT + 1.0
        )
    }

    /// What goes into every layer, and what comes out of the last; `None` if one layer's result is not the next one's
    /// input.
    fn columns(&self, layers: &[(usize, &Step)]) -> Option<Vec<Column>> {
        let derivation = self.formulas.document.derivation;
        let mut columns: Vec<Column> = Vec::new();
        let mut before = None;
        for (number, step) in layers {
            let shape = &derivation.blocks[step.inputs[1].block].shape;
            let [units, inputs] = shape[..] else { return None };
            let from = &step.inputs[0];
            if before.is_some_and(|block| block != from.block) || inputs == 0 {
                return None;
            }
            let units_before = (0..inputs).map(|j| derivation.blocks[from.block].first + from.place(j)).collect();
            columns.push(Column { units: units_before, bias: step.inputs.len() > 2 });
            let behind = derivation.steps.get(number + 1).filter(|s| matches!(s.character, Character::Elementwise { .. }));
            let result = behind.map_or(step.output, |s| s.output);
            if derivation.blocks[result].values.len() != units {
                return None;
            }
            before = Some(result);
        }
        let last = before?;
        columns.push(Column { units: derivation.blocks[last].ids().collect(), bias: false });
        Some(columns)
    }
}

/// An edge with its weight written into a gap of the line.
fn edge(from: (f64, f64), to: (f64, f64), share: f64, label: &str) -> String {
    let (dx, dy) = (to.0 - from.0, to.1 - from.1);
    let length = dx.hypot(dy);
    let at = |part: f64| (from.0 + part * dx, from.1 + part * dy);
    let margin = UNIT / length;
    // The label is wide and low: a steep edge leaves it above or below, not at its sides.
    let (half, high) = (width(label) * EM / 2.0 + 0.6, 1.9);
    let gap = (half / dx).min(if dy == 0.0 { 1.0 } else { high / dy.abs() });
    let start = share.max(margin + gap);
    let (x, y) = at(start);
    let mut text = format!("\\put({x:.2},{y:.2}){{\\makebox(0,0){{\\scriptsize ${label}$}}}}\n");
    for (a, b) in [(at(margin), at(start - gap)), (at(start + gap), at(1.0 - margin))] {
        if b.0 > a.0 + 0.2 {
            text += &format!(
                "\\qbezier({:.2},{:.2})({:.2},{:.2})({:.2},{:.2})\n",
                a.0,
                a.1,
                (a.0 + b.0) / 2.0,
                (a.1 + b.1) / 2.0,
                b.0,
                b.1
            );
        }
    }
    text
}

fn unit((x, y): (f64, f64), label: &str) -> String {
    format!("\\put({x:.2},{y:.2}){{\\circle{{{:.1}}}}}\\put({x:.2},{y:.2}){{\\makebox(0,0){{\\small ${label}$}}}}\n", 2.0 * UNIT)
}
