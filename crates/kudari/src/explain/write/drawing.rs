//! The network drawn in text, its weights on the edges.

use crate::autograd::Character;
use crate::explain::derivation::{Derivation, Step};
use crate::explain::symbol::Symbol;
use crate::explain::words::{padded, width};

/// The lines of the drawing: layer by layer side by side, each unit with the edges that lead into it.
pub(super) fn drawing(
    derivation: &Derivation,
    symbol: &dyn Fn(&Symbol) -> String,
    number: &dyn Fn(f64) -> String,
) -> Vec<String> {
    let layers = derivation.steps.iter().enumerate().filter(|(_, s)| s.character == Character::Linear);
    let columns: Vec<Vec<String>> = layers.map(|(place, step)| layer(derivation, place, step, symbol, number)).collect();
    let height = columns.iter().map(Vec::len).max().unwrap_or(0);
    let wide: Vec<usize> = columns.iter().map(|c| c.iter().map(|l| width(l)).max().unwrap_or(0)).collect();
    let line = |i: usize| {
        let cells = columns.iter().zip(&wide).map(|(c, &w)| padded(c.get(i).map_or("", String::as_str), w));
        cells.collect::<Vec<_>>().join("      ").trim_end().to_string()
    };
    (0..height).map(line).collect()
}

/// Every unit of a layer: its inputs with the weights on the edges, and what becomes of the sum.
fn layer(
    derivation: &Derivation,
    place: usize,
    step: &Step,
    symbol: &dyn Fn(&Symbol) -> String,
    number: &dyn Fn(f64) -> String,
) -> Vec<String> {
    let (from, weights) = (&step.inputs[0], &derivation.blocks[step.inputs[1].block]);
    let bias = step.inputs.get(2).map(|b| &derivation.blocks[b.block]);
    let (units, inputs) = (weights.shape[0], weights.shape[1]);
    let behind = derivation.steps.get(place + 1).filter(|s| matches!(s.character, Character::Elementwise { .. }));
    let mut lines = Vec::new();
    for unit in 0..units {
        let mut edges: Vec<(String, String)> = (0..inputs)
            .map(|j| {
                let input = derivation.blocks[from.block].first + from.place(j);
                (symbol(&derivation.symbol(input)), number(weights.values[unit * inputs + j]))
            })
            .collect();
        if let Some(bias) = bias {
            edges.push(("1".to_string(), number(bias.values[unit])));
        }
        let (names, numbers) = edges.iter().fold((0, 0), |(a, b), (n, w)| (a.max(width(n)), b.max(width(w))));
        let result = symbol(&derivation.symbol(derivation.blocks[step.output].first + unit));
        let becomes = behind.map_or(String::new(), |s| {
            let letter = derivation.function_letter(place + 1);
            format!(" ─{letter}→ {}", symbol(&derivation.symbol(derivation.blocks[s.output].first + unit)))
        });
        let middle = (edges.len() - 1) / 2;
        for (i, (name, weight)) in edges.iter().enumerate() {
            let corner = match (i, edges.len() - 1) {
                (_, 0) => "─",
                (0, 1) => "┬",
                (0, _) if middle == 0 => "┬",
                (0, _) => "┐",
                (i, last) if i == last => "┘",
                (i, _) if i == middle => "┼",
                _ => "┤",
            };
            let dashes = "─".repeat(1 + numbers - width(weight));
            let head = if i == middle { format!("─→ {result}{becomes}") } else { String::new() };
            lines.push(format!("{} ─{weight} {dashes}{corner}{head}", padded(name, names)));
        }
        lines.push(String::new());
    }
    lines.pop();
    lines
}
