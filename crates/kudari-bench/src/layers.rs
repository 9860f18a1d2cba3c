//! Layers alone, forward and backward with all gradients; `bench/layers.py` measures the same in PyTorch.

use std::path::Path;

use kudari::array::Stream;
use kudari::autograd::Backward;
use kudari::layers::{BatchNorm, Dropout, Gru, LayerNorm, Lstm, Module, RecurrentLayers, RmsNorm, Rnn};
use kudari::{DType, Result, Variable};
use serde_json::json;

use crate::attention;
use crate::measure::{Repetitions, measure};

/// A layer in training, and what it is given.
struct Case {
    name: &'static str,
    layer: Box<dyn Module>,
    shape: &'static [usize],
    /// Where the axes of `shape` lie in memory, from the outermost.
    order: &'static [isize],
}

impl Case {
    fn new(name: &'static str, layer: impl Module + 'static, shape: &'static [usize]) -> Case {
        Case { name, layer: Box::new(layer), shape, order: &[0, 1, 2, 3][..shape.len()] }
    }

    /// Milliseconds of a forward pass, and of a forward and backward pass.
    fn measure(&self, repetitions: &Repetitions) -> Result<[f64; 2]> {
        let mut stream = Stream::new(1, "layers");
        let lying: Vec<usize> = self.order.iter().map(|&axis| self.shape[axis as usize]).collect();
        let mut back = vec![0; self.order.len()];
        (0..).zip(self.order).for_each(|(place, &axis)| back[axis as usize] = place);
        let mut random = || stream.uniform(&lying, -1.0, 1.0, DType::F32)?.permute(&back);
        let (x, start) = (Variable::parameter(random()?), random()?);
        let first = |y: &Variable| y.array().get(&vec![0; self.shape.len()]);
        let forward = measure(repetitions, |_| first(&self.layer.forward(&x)?))?;
        let both = measure(repetitions, |_| {
            let y = self.layer.forward(&x)?;
            Backward::new().start(start.clone()).run(&y)?;
            first(&y)
        })?;
        Ok([forward, both].map(|measured| 1e3 / measured.median()))
    }
}

fn cases() -> Result<Vec<Case>> {
    const PICTURES: &[usize] = &[32, 64, 32, 32];
    const SEQUENCES: &[usize] = &[32, 64, 128];
    let layers = RecurrentLayers::default();
    let channels_last = Case { order: &[0, 2, 3, 1], ..Case::new("batchnorm, channels last", BatchNorm::new(64)?, PICTURES) };
    Ok(vec![
        Case::new("batchnorm", BatchNorm::new(64)?, PICTURES),
        channels_last,
        Case::new("layernorm", LayerNorm::new(&[512])?, &[768, 512]),
        Case::new("layernorm", LayerNorm::new(&[1024])?, &[4096, 1024]),
        Case::new("rmsnorm", RmsNorm::new(512)?, &[768, 512]),
        Case::new("rmsnorm", RmsNorm::new(1024)?, &[4096, 1024]),
        Case::new("dropout 0.5", Dropout::new(0.5)?, &[1024, 1024]),
        Case::new("lstm 128", Lstm::new(128, 128, &layers)?, SEQUENCES),
        Case::new("gru 128", Gru::new(128, 128, &layers)?, SEQUENCES),
        Case::new("rnn 128", Rnn::new(128, 128, Default::default(), &layers)?, SEQUENCES),
    ])
}

/// Prints a line for every layer, and one for every length of attention; with `as_json` one object at the end instead. Attention is
/// drawn into the folder `plot`.
pub fn run(repetitions: &Repetitions, as_json: bool, plot: Option<&Path>) -> Result<()> {
    let mut rows = Vec::new();
    if !as_json {
        println!("{:<26} {:<14} {:>10} {:>12}", "layer", "input", "forward ms", "and backward");
    }
    for case in cases()? {
        let [forward, both] = case.measure(repetitions)?;
        let shape: Vec<String> = case.shape.iter().map(usize::to_string).collect();
        let input = shape.join("×");
        if !as_json {
            println!("{:<26} {input:<14} {forward:>10.3} {both:>12.3}", case.name);
        }
        rows.push(json!({ "layer": case.name, "input": input, "forward_ms": forward, "both_ms": both }));
    }
    let attention = attention::run(repetitions, as_json)?;
    if let Some(folder) = plot {
        attention::draw(&attention, folder)?;
    }
    if as_json {
        let (threads, version) = (kudari::threads(), env!("CARGO_PKG_VERSION"));
        let all = json!({ "peer": "kudari", "version": version, "threads": threads, "layers": rows, "attention": attention });
        println!("{all}");
    }
    Ok(())
}
