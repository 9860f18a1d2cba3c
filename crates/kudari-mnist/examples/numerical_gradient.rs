//! One numerical gradient of 784-50-10 on 100 digits, timed: 39,760 parameters, 79,520 losses.
//!
//! `cargo run --release -p kudari-mnist --example numerical_gradient [FOLDER]` prints one JSON object. Digits, labels,
//! parameters and the gradient go into FOLDER as little-endian f64; `bench/numerical_gradient.py` finds the same work there.

use std::path::Path;
use std::time::Instant;

use kudari::array::Stream;
use kudari::data::Batch;
use kudari::layers::{Initializer, Layer};
use kudari::model::{Network, NetworkOptions};
use kudari::prelude::*;
use kudari::train::{Loss, NumericalGradient};

const REPETITIONS: usize = 7;

fn main() -> Result<()> {
    let digits = kudari_mnist::load()?.train.with_dtype(DType::F64)?.range(0, 100)?;
    // Four of five pixels are 0, and what is 0 need not be computed again: numbers without zeros as well.
    let numbers = Stream::new(1, "numbers").uniform(digits.x.shape(), 0.1, 1.0, DType::F64)?;
    let dense = Batch { x: Variable::constant(numbers), t: digits.t.clone() };

    let options = NetworkOptions { seed: 1, initializer: Some(Initializer::Normal(0.01)), double: true };
    let mut network = Network::new("linear(50) sigmoid linear(10)", &[1, 28, 28], &options)?;
    let loss = Loss::named("softmax_cross_entropy")?;
    let numerical = NumericalGradient::default();
    let found = numerical.differentiate(&mut network, loss, &digits)?;
    let exact = loss.of(&network.forward(&digits.x)?, &digits.t)?.backward()?;
    let mut error = 0f64;
    for (a, b) in found.gradients.arrays().zip(exact.arrays()) {
        error = a.sub(b)?.to_f64_vec().into_iter().fold(error, |worst, d| worst.max(d.abs()));
    }
    if let Some(folder) = std::env::args().nth(1) {
        let write = |name: &str, array: &Array| -> Result<()> {
            let path = Path::new(&folder).join(format!("{name}.f64"));
            std::fs::write(&path, array.to_dtype(DType::F64).to_le_bytes()).map_err(|e| Error::io(&path, &e))
        };
        write("x", digits.x.array())?;
        write("t", &digits.t)?;
        for ((name, parameter), gradient) in network.arrays().iter().zip(found.gradients.arrays()) {
            write(name, parameter)?;
            write(&format!("gradient.{name}"), gradient)?;
        }
    }

    let mut median = |batch: &Batch| -> Result<f64> {
        let mut seconds = [0.0; REPETITIONS];
        for second in &mut seconds {
            let began = Instant::now();
            numerical.differentiate(&mut network, loss, batch)?;
            *second = began.elapsed().as_secs_f64();
        }
        seconds.sort_by(f64::total_cmp);
        Ok(seconds[REPETITIONS / 2])
    };
    println!(
        "{{\"seconds\": {}, \"seconds_without_zeros\": {}, \"threads\": {}, \"difference_to_backpropagation\": {error:e}}}",
        median(&digits)?,
        median(&dense)?,
        kudari::threads()
    );
    Ok(())
}
