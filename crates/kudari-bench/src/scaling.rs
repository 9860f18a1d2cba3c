//! How the time of a training step grows with the batch, the width and the depth of a network.
//!
//! Every size is measured beside its neighbours. A cliff shows as a size that takes more than [`CLIFF`] times what its
//! neighbours on both sides predict, by a straight line between them on logarithmic axes.

use std::path::Path;
use std::time::Instant;

use kudari::array::Stream;
use kudari::functions::softmax_cross_entropy;
use kudari::model::{Network, NetworkOptions};
use kudari::optimizers::{Optimizer, Sgd};
use kudari::{DType, Error, ErrorKind, Result, Variable};
use kudari_plot::{Plot, Scale};

/// How much slower than predicted a size may be.
const CLIFF: f64 = 1.5;
/// Seconds of one repetition, at least one step.
const REPETITION: f64 = 0.05;
/// Rounds through all sizes, of which the fastest counts for each: others on the machine can only slow one down, and for a while.
const ROUNDS: usize = 6;

/// Sizes from 1 to `most`: powers of two with what lies right below and above them and half-way between, and the last.
fn sizes(most: usize) -> Vec<usize> {
    let around = |power: usize| [power - 1, power, power + 1, power + power / 2];
    let mut sizes: Vec<usize> = (0..=most.ilog2()).flat_map(|exponent| around(1 << exponent)).collect();
    sizes.push(most);
    sizes.retain(|&size| (1..=most).contains(&size));
    sizes.sort_unstable();
    sizes.dedup();
    sizes
}

/// Microseconds of a step, forward, backward and update, in one repetition.
fn step_time(net: &str, inputs: usize, batch: usize) -> Result<f64> {
    let mut stream = Stream::new(1, "scaling");
    let x = Variable::constant(stream.uniform(&[batch, inputs], 0.0, 1.0, DType::F32)?);
    let t = stream.integers(batch, 10);
    let mut network = Network::new(net, &[inputs], &NetworkOptions { seed: 1, ..NetworkOptions::default() })?;
    let mut sgd = Sgd::new(1e-3);
    let mut steps = |count: usize| -> Result<f64> {
        let began = Instant::now();
        for _ in 0..count {
            let gradients = softmax_cross_entropy(&network.forward(&x)?, &t)?.backward()?;
            sgd.step(&mut network, &gradients)?;
        }
        Ok(began.elapsed().as_secs_f64() / count as f64)
    };
    let count = ((REPETITION / steps(3)?) as usize).max(1);
    Ok(steps(count)? * 1e6)
}

/// The time of a step for every size up to `most`.
fn times(most: usize, step_time: impl Fn(usize) -> Result<f64>) -> Result<Vec<(usize, f64)>> {
    let mut best: Vec<(usize, f64)> = sizes(most).into_iter().map(|size| (size, f64::INFINITY)).collect();
    for _ in 0..ROUNDS {
        for (size, best) in &mut best {
            *best = best.min(step_time(*size)?);
        }
    }
    Ok(best)
}

/// How many times longer each size takes than its neighbours predict; the ends have one neighbour only and no prediction.
fn against_neighbours(points: &[(f64, f64)]) -> Vec<f64> {
    let mut ratios = vec![f64::NAN; points.len()];
    for (i, three) in points.windows(3).enumerate() {
        let [(x0, y0), (x1, y1), (x2, y2)] = [three[0], three[1], three[2]].map(|(x, y)| (x.ln(), y.ln()));
        let predicted = y0 + (y2 - y0) * (x1 - x0) / (x2 - x0);
        ratios[i + 1] = (y1 - predicted).exp();
    }
    ratios
}

/// Measures the three sweeps, prints a table and writes a picture of each into `folder`.
pub fn run(folder: &Path) -> Result<()> {
    std::fs::create_dir_all(folder).map_err(|e| Error::io(folder, &e))?;
    let wide = |width: usize| format!("linear({width}) relu linear({width}) relu linear(10)");
    let deep = |depth: usize| "linear(32) relu ".repeat(depth) + "linear(10)";
    let batches = times(4096, |batch| step_time("linear(50) sigmoid linear(10)", 784, batch))?;
    sweep(folder, "batch", "784-50-10, batch", batches)?;
    let widths = times(4096, |width| step_time(&wide(width), 64, 64))?;
    sweep(folder, "width", "64-width-width-10, batch 64", widths)?;
    let depths = times(1000, |depth| step_time(&deep(depth), 32, 32))?;
    sweep(folder, "depth", "layers of 32, batch 32", depths)
}

fn sweep(folder: &Path, name: &str, title: &str, measured: Vec<(usize, f64)>) -> Result<()> {
    let points: Vec<(f64, f64)> = measured.iter().map(|&(size, time)| (size as f64, time)).collect();
    let ratios = against_neighbours(&points);
    println!("{name:>8} {:>12} {:>22}", "µs", "against neighbours");
    for ((size, time), ratio) in measured.iter().zip(&ratios) {
        let mark = if *ratio > CLIFF { "  a cliff" } else { "" };
        println!("{size:>8} {time:>12.1} {ratio:>22.2}{mark}");
    }
    let worst = ratios.iter().copied().filter(|r| r.is_finite()).fold(0.0, f64::max);
    println!("{name}: at most {worst:.2} times what the neighbours predict\n");
    let plot = Plot::new(format!("time of a training step: {title}"))
        .x_label(name)
        .y_label("µs")
        .x_scale(Scale::Logarithmic)
        .y_scale(Scale::Logarithmic)
        .line("step", &points)
        .points("step", &points);
    let path = folder.join(format!("scaling-{name}.svg"));
    let picture = plot.picture(720.0, 420.0).and_then(|picture| kudari_plot::save(&picture, &path));
    picture.map_err(|e| Error::new(ErrorKind::Value, e.to_string()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_include_odd_ones_and_cliffs_are_seen() {
        assert_eq!(sizes(9), [1, 2, 3, 4, 5, 6, 7, 8, 9]);
        assert!(sizes(4096).contains(&4095) && sizes(4096).contains(&1025) && sizes(1000).ends_with(&[768, 1000]));
        // Time in proportion to the size, but for one that takes twice as long.
        let points = [(1.0, 3.0), (2.0, 6.0), (4.0, 24.0), (8.0, 24.0), (16.0, 48.0)];
        let ratios = against_neighbours(&points);
        assert!((ratios[2] - 2.0).abs() < 1e-12 && ratios[1] < 1.0 && ratios[0].is_nan());
    }
}
