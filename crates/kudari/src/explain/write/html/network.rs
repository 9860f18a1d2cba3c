//! The network beside the calculation: units and edges, with their numbers where there is room.

use super::Writer;
use super::quantities::Quantity;
use crate::autograd::Character;
use crate::explain::derivation::Id;
use crate::explain::symbol::Symbol;
use crate::explain::words::{Phrase, phrase};

/// A column of units.
pub(super) struct Layer {
    /// How many units there are.
    pub(super) size: usize,
    /// What stands above it.
    pub(super) title: Phrase,
    /// The blocks whose numbers belong to its units, the one that it hands on last.
    pub(super) blocks: Vec<usize>,
    /// The blocks of weight and bias of the edges that lead into it.
    pub(super) weight: Option<usize>,
    pub(super) bias: Option<usize>,
}

/// Layers of more units are drawn as strips.
const MOST_UNITS: usize = 16;
/// More edges than this are drawn as bands.
const MOST_EDGES: usize = 200;
/// Drawings with numbers that would be higher than this are drawn without.
const HIGHEST: f64 = 640.0;
/// The distance between two layers.
pub(super) const STEP: f64 = 200.0;
/// The radius of a unit with and without numbers.
const RADIUS: [f64; 2] = [22.0, 9.0];
/// The height of the titles above the layers.
const TITLE: f64 = 24.0;
/// The height of a number on an edge.
const LABEL: f64 = 14.0;

impl Writer<'_> {
    /// The network as a figure, as far as it is a chain of layers.
    pub(super) fn figure(&self) -> String {
        let Some(layers) = self.layers() else { return String::new() };
        let units = layers.iter().map(|l| l.size).max().unwrap_or(0);
        let edges: usize = layers.windows(2).map(|pair| pair[0].size * pair[1].size).sum();
        if units > MOST_UNITS || edges > MOST_EDGES {
            let caption = phrase!(
                "A strip is a layer; the stronger the colour of a unit, the larger its number.",
                "帯は層を表す。色のはっきりしたユニットほど値が大きい。"
            );
            return figure(&self.strips(&layers), &self.words(&caption));
        }
        let caption = self.words(&phrase!(
            "Width of an edge: size of its number; blue positive, brown dashed negative.",
            "線の太さは数の大きさ。青は正、茶の破線は負。"
        ));
        let choice = |value: &str, words: &Phrase| {
            format!("<button type=\"button\" data-set=\"edges\" data-value=\"{value}\">{}</button>", self.words(words))
        };
        let forward = choice("forward", &phrase!("values and weights", "値と重み"));
        let backward = choice("backward", &phrase!("δ and gradients", "δ と勾配"));
        figure(&self.graph(&layers), &format!("{caption} <span class=\"group\">{forward}{backward}</span>"))
    }

    /// The layers if each takes what the one before hands on, all of them sums of weighted inputs.
    fn layers(&self) -> Option<Vec<Layer>> {
        let derivation = self.derivation();
        let samples = derivation.samples().max(1);
        let size = |block: usize| derivation.blocks[block].values.len() / samples;
        let input = derivation.input;
        let title = phrase!("input", "入力");
        let mut layers = vec![Layer { size: size(input), title, blocks: vec![input], weight: None, bias: None }];
        for step in derivation.steps.iter().filter(|s| s.output != derivation.loss) {
            let before = layers.last_mut()?;
            if before.blocks.last() != Some(&step.inputs.first()?.block) {
                return None;
            }
            if step.character == Character::Linear {
                let (weight, bias) = (Some(step.inputs.get(1)?.block), step.inputs.get(2).map(|b| b.block));
                let number = step.layer;
                let title = match step.layer == derivation.layers {
                    true => phrase!("output", "出力"),
                    false => phrase!("layer {number}", "第 {number} 層"),
                };
                layers.push(Layer { size: size(step.output), title, blocks: vec![step.output], weight, bias });
            } else if step.parameters.is_empty() && size(step.output) == before.size {
                before.title = before.title.clone().and(&Phrase::same(format!(" · {}", step.function)));
                before.blocks.push(step.output);
            } else {
                return None;
            }
        }
        (layers.len() > 1).then_some(layers)
    }

    fn graph(&self, layers: &[Layer]) -> String {
        let with_numbers = self.derivation().samples() == 1;
        let places = Places::new(layers, with_numbers);
        let places = if places.height > HIGHEST { Places::new(layers, false) } else { places };
        let mut edges = String::new();
        let mut units = String::new();
        let largest = |gradient: bool| {
            let blocks = layers.iter().flat_map(|l| [l.weight, l.bias]).flatten();
            let blocks = blocks.filter_map(|b| if gradient { self.derivation().gradient_of(b) } else { Some(b) });
            blocks.flat_map(|b| &self.derivation().blocks[b].values).fold(0.0, |m: f64, v| m.max(v.abs()))
        };
        let scale = [largest(false), largest(true)];
        for (column, layer) in layers.iter().enumerate() {
            if let (Some(weight), Some(before)) = (layer.weight, column.checked_sub(1)) {
                let inputs = layers[before].size;
                for unit in 0..layer.size {
                    for source in 0..inputs {
                        edges += &self.edge(&places, (column, source, unit), weight, unit * inputs + source, scale);
                    }
                    if let Some(bias) = layer.bias {
                        edges += &self.edge(&places, (column, inputs, unit), bias, unit, scale);
                    }
                }
                if layer.bias.is_some() {
                    let (x, y) = places.unit(before, inputs);
                    units += &one(x, y);
                }
            }
            (0..layer.size).for_each(|unit| units += &self.unit(&places, layers, column, unit));
            let (x, _) = places.unit(column, 0);
            units += &self.column_title(x, &layer.title);
        }
        let (width, height) = (places.width, places.height);
        format!("{}<g>\n{edges}</g>\n<g>\n{units}</g>\n</svg>", self.picture(width, height))
    }

    /// The start of the drawing.
    pub(super) fn picture(&self, width: f64, height: f64) -> String {
        let (english, japanese) = ("the network", "ネットワーク");
        let label = if self.format.language.code() == "en" { english } else { japanese };
        format!(
            "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width:.0} {height:.0}\" style=\"min-width:{:.0}px;\
             max-width:{:.0}px\" role=\"img\" aria-label=\"{label}\" data-label-en=\"{english}\" data-label-ja=\"{japanese}\">\n",
            width * 0.72,
            width * 1.25,
        )
    }

    /// The title of a column, at the top.
    pub(super) fn column_title(&self, x: f64, title: &Phrase) -> String {
        let text =
            |code: &str, words: &str| format!("<text lang=\"{code}\" class=\"title\" x=\"{x:.1}\" y=\"12\">{words}</text>\n");
        text("en", &title.english) + &text("ja", &title.japanese)
    }

    fn edge(&self, places: &Places, ends: (usize, usize, usize), block: usize, at: usize, scale: [f64; 2]) -> String {
        let (column, source, target) = ends;
        let ((x1, y1), (x2, y2)) = (places.unit(column - 1, source), places.unit(column, target));
        let derivation = self.derivation();
        let id = derivation.blocks[block].first + at;
        let gradient = derivation.gradient_of(block).map(|g| derivation.blocks[g].first + at);
        let updated = derivation.updated(block).map(|u| derivation.blocks[u].first + at);
        let values = [Some(id), gradient].map(|id| id.map_or(0.0, |id| self.document.lines.value(id)));
        let lines = ["fore", "back"].into_iter().zip(values).zip(scale).map(|((class, value), largest)| {
            let width = if largest > 0.0 { 0.5 + 3.0 * (value.abs() / largest).sqrt() } else { 0.5 };
            let sign = if value < 0.0 { "negative" } else { "positive" };
            format!(
                "<line class=\"{class} {sign}\" stroke-width=\"{width:.2}\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>"
            )
        });
        let mut inside = lines.collect::<String>();
        inside += &format!("<line class=\"near\" x1=\"{x1:.1}\" y1=\"{y1:.1}\" x2=\"{x2:.1}\" y2=\"{y2:.1}\"/>");
        if places.with_numbers {
            let share = places.label_share(column);
            let (x, y) = (x1 + share * (x2 - x1), y1 + share * (y2 - y1) + 3.5);
            for (class, id) in [("fore", Some(id)), ("back", gradient)] {
                let number = id.map_or(String::new(), |id| self.document.lines.text(id));
                inside += &format!("<text class=\"{class}\" x=\"{x:.1}\" y=\"{y:.1}\">{number}</text>");
            }
        }
        let all = [Some(id), gradient, updated];
        format!("<g class=\"edge\"{}>{inside}</g>\n", self.lit_by(id, all.into_iter().flatten()))
    }

    fn unit(&self, places: &Places, layers: &[Layer], column: usize, unit: usize) -> String {
        let (derivation, layer) = (self.derivation(), &layers[column]);
        let (x, y) = places.unit(column, unit);
        let shown = layer.blocks.last().copied().unwrap_or(derivation.input);
        let at = |block: usize| derivation.blocks[block].first + unit;
        let signal = derivation.gradient_of(layer.blocks[0]).filter(|_| column > 0).map(at);
        let mut inside = format!("<circle cx=\"{x:.1}\" cy=\"{y:.1}\" r=\"{:.1}\"/>", places.radius);
        if places.with_numbers {
            let write = |class: &str, id: Id| {
                let (name, value) = (svg_symbol(&derivation.symbol(id)), self.document.lines.text(id));
                format!(
                    "<g class=\"{class}\"><text x=\"{x:.1}\" y=\"{:.1}\">{name}</text><text class=\"value\" x=\"{x:.1}\" y=\"{:.1}\">{value}</text></g>",
                    y - 3.0,
                    y + 11.5
                )
            };
            inside += &write("fore", at(shown));
            inside += &write("back", signal.unwrap_or_else(|| at(shown)));
        }
        format!("<g class=\"unit\"{}>{inside}</g>\n", self.lit_by(at(shown), self.of_unit(layer, unit).into_iter()))
    }

    /// Every number that belongs to a unit: its sums and what becomes of them, their derivatives, the slopes; of all samples.
    pub(super) fn of_unit(&self, layer: &Layer, unit: usize) -> Vec<Id> {
        let derivation = self.derivation();
        let slopes = layer.blocks.iter().filter_map(|&b| derivation.slope_of(derivation.step_of(b)?));
        let gradients = layer.blocks.iter().filter_map(|&b| derivation.gradient_of(b));
        let blocks: Vec<usize> = layer.blocks.iter().copied().chain(slopes).chain(gradients).collect();
        let samples = 0..derivation.samples();
        let ids = |block: usize| samples.clone().map(move |sample| derivation.blocks[block].first + sample * layer.size + unit);
        blocks.into_iter().flat_map(ids).collect()
    }

    /// The attributes of a part of the drawing: the quantity that it shows, and all those for which it lights up.
    pub(super) fn lit_by(&self, shown: Id, all: impl Iterator<Item = Id>) -> String {
        let all: Vec<String> = all.map(|id| self.quantities.anchor(Quantity::Number(id))).collect();
        format!("{} data-lit-by=\"{}\"", self.quantities.reference(Quantity::Number(shown)), all.join(" "))
    }
}

fn figure(drawing: &str, caption: &str) -> String {
    let drawing = format!("<div class=\"drawing\">{drawing}</div>");
    format!("<figure id=\"network\">\n{drawing}\n<figcaption>{caption}</figcaption>\n</figure>\n")
}

/// Where the units of each layer stand.
struct Places {
    with_numbers: bool,
    radius: f64,
    width: f64,
    height: f64,
    /// The distance between two units of each layer, and how many there are, the bias's 1 included.
    columns: Vec<(f64, usize)>,
}

impl Places {
    /// Numbers stand on the edges near the units into which they lead, at one distance, so that they form a list for each
    /// unit: units are as far apart as their lists need.
    fn new(layers: &[Layer], with_numbers: bool) -> Places {
        let radius = RADIUS[usize::from(!with_numbers)];
        let mut columns: Vec<(f64, usize)> = Vec::new();
        for (number, layer) in layers.iter().enumerate() {
            let has_one = layers.get(number + 1).is_some_and(|next| next.bias.is_some());
            let count = layer.size + usize::from(has_one);
            let least = 2.0 * radius + 8.0;
            let distance = match columns.last() {
                Some(&(before, sources)) if with_numbers => {
                    let share = share(before);
                    (((1.0 - share) * (sources as f64 - 1.0) * before + LABEL + 4.0) / share).max(least)
                }
                _ => least,
            };
            columns.push((distance, count));
        }
        let high = columns.iter().map(|(distance, count)| distance * (*count as f64 - 1.0)).fold(0.0, f64::max);
        let height = high + 2.0 * radius + 4.0 + TITLE;
        let width = STEP * (layers.len() - 1) as f64 + 2.0 * RADIUS[0] + 40.0;
        Places { with_numbers, radius, width, height, columns }
    }

    fn unit(&self, column: usize, unit: usize) -> (f64, f64) {
        let (distance, count) = self.columns[column];
        let middle = (self.height + TITLE) / 2.0;
        (RADIUS[0] + 20.0 + STEP * column as f64, middle + distance * (unit as f64 - (count as f64 - 1.0) / 2.0))
    }

    /// How far along an edge into a layer its number stands.
    fn label_share(&self, column: usize) -> f64 {
        column.checked_sub(1).map_or(0.5, |before| share(self.columns[before].0))
    }
}

/// The constant input whose weights are the biases.
fn one(x: f64, y: f64) -> String {
    let (left, top, below) = (x - 9.0, y - 9.0, y + 4.0);
    format!(
        "<g class=\"one\"><rect x=\"{left:.1}\" y=\"{top:.1}\" width=\"18\" height=\"18\" rx=\"2\"/>\
         <text x=\"{x:.1}\" y=\"{below:.1}\">1</text></g>\n"
    )
}

/// As near to the unit as there is room beside it, and where edges from units so far apart are a number's height apart.
fn share(distance: f64) -> f64 {
    (1.0 - (RADIUS[0] + 26.0) / STEP).min(1.0 - LABEL / distance)
}

/// A symbol in a drawing: its layer raised, its indices lowered.
pub(super) fn svg_symbol(symbol: &Symbol) -> String {
    let Symbol::Letter { letter, layer, index, .. } = symbol else { return symbol.text() };
    let comma = if index.iter().any(|&i| i > 9) { "," } else { "" };
    let index: Vec<String> = index.iter().map(usize::to_string).collect();
    let above = layer.map_or(String::new(), |l| format!("<tspan class=\"small\" dy=\"-5\">({l})</tspan>"));
    let back = if layer.is_some() { " dx=\"-10\" dy=\"8\"" } else { " dy=\"3\"" };
    format!("<tspan class=\"letter\">{letter}</tspan>{above}<tspan class=\"small\"{back}>{}</tspan>", index.join(comma))
}
