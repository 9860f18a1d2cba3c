//! Matrix products of the shapes that occur in training.

use std::time::Instant;

use kudari::array::Stream;
use kudari::{Array, DType, Result};

/// Name, rows, inner size, columns, and whether the left and the right operand are transposed views.
const SHAPES: &[(&str, [usize; 3], [bool; 2])] = &[
    ("128³", [128, 128, 128], [false, false]),
    ("512³", [512, 512, 512], [false, false]),
    ("1024³", [1024, 1024, 1024], [false, false]),
    ("seed 1 forward", [100, 784, 50], [false, true]),
    ("seed 1 dW", [50, 100, 784], [true, false]),
    ("seed 2 forward", [100, 50, 10], [false, true]),
    ("seed 2 dX", [100, 10, 50], [false, false]),
    ("mlp 1 forward", [128, 784, 1024], [false, true]),
    ("mlp 1 dW", [1024, 128, 784], [true, false]),
    ("mlp 2 forward", [128, 1024, 1024], [false, true]),
    ("mlp 2 dW", [1024, 128, 1024], [true, false]),
    ("mlp 2 dX", [128, 1024, 1024], [false, false]),
    ("cnn linear forward", [64, 9216, 128], [false, true]),
    ("cnn linear dW", [128, 64, 9216], [true, false]),
    ("cnn linear dX", [64, 128, 9216], [false, false]),
    ("gpt mlp forward", [768, 128, 512], [false, true]),
    ("gpt mlp dW", [512, 768, 128], [true, false]),
    ("gpt mlp dX", [768, 512, 128], [false, false]),
];

/// Prints a line for every shape: the median of seven repetitions.
pub fn run() -> Result<()> {
    let mut stream = Stream::new(1, "products");
    println!("{:<20} {:>16} {:>9} {:>10}", "product", "m×k×n", "GFLOP/s", "µs");
    for &(name, [m, k, n], [left, right]) in SHAPES {
        let mut operand = |rows, columns, transposed| -> Result<Array> {
            let shape = if transposed { [columns, rows] } else { [rows, columns] };
            let array = stream.uniform(&shape, -1.0, 1.0, DType::F32)?;
            Ok(if transposed { array.transpose() } else { array })
        };
        let (a, b) = (operand(m, k, left)?, operand(k, n, right)?);
        let once = |count: usize| -> Result<f64> {
            let began = Instant::now();
            for _ in 0..count {
                a.matmul(&b)?;
            }
            Ok(began.elapsed().as_secs_f64() / count as f64)
        };
        let count = ((0.05 / once(3)?) as usize).max(1);
        let mut times = (0..7).map(|_| once(count)).collect::<Result<Vec<_>>>()?;
        times.sort_by(f64::total_cmp);
        let time = times[times.len() / 2];
        let rate = 2.0 * (m * k * n) as f64 / time / 1e9;
        println!("{name:<20} {:>16} {rate:>9.1} {:>10.2}", format!("{m}×{k}×{n}"), time * 1e6);
    }
    Ok(())
}
