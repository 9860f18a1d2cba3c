//! Recurrent layers alone, forward and backward with all gradients; `bench/recurrent.py` measures the same in PyTorch.

use kudari::array::Stream;
use kudari::autograd::Backward;
use kudari::layers::{Gru, Lstm, Module, RecurrentLayers, Rnn};
use kudari::{DType, Result, Variable};

use crate::measure::{Repetitions, measure};

const SAMPLES: usize = 32;
const PLACES: usize = 64;
const SIZE: usize = 128;

/// Prints the time of a forward and of a forward and backward pass for every kind of layer.
pub fn run(repetitions: &Repetitions) -> Result<()> {
    let layers = RecurrentLayers::default();
    let kinds: [(&str, Box<dyn Module>); 3] = [
        ("lstm", Box::new(Lstm::new(SIZE, SIZE, &layers)?)),
        ("gru", Box::new(Gru::new(SIZE, SIZE, &layers)?)),
        ("rnn", Box::new(Rnn::new(SIZE, SIZE, Default::default(), &layers)?)),
    ];
    let mut stream = Stream::new(1, "recurrent");
    let x = Variable::parameter(stream.uniform(&[SAMPLES, PLACES, SIZE], -1.0, 1.0, DType::F32)?);
    let start = stream.uniform(&[SAMPLES, PLACES, SIZE], -1.0, 1.0, DType::F32)?;
    println!("{SAMPLES} samples, {PLACES} places, {SIZE} inputs, {SIZE} units, {} threads", kudari::threads());
    for (name, layer) in kinds {
        let first = |y: &Variable| y.array().get(&[0, 0, 0]);
        let forward = measure(repetitions, |_| first(&layer.forward(&x)?))?;
        let both = measure(repetitions, |_| {
            let y = layer.forward(&x)?;
            Backward::new().start(start.clone()).run(&y)?;
            first(&y)
        })?;
        let [forward, both] = [forward, both].map(|measured| 1e3 / measured.median());
        println!("{name:5} forward {forward:.2} ms, forward and backward {both:.2} ms");
    }
    Ok(())
}
