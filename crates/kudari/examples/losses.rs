//! Losses: what each of them says about an output, and what it does to the gradient.
//!
//! `cargo run -p kudari --example losses`

use std::fmt::Write;

use kudari::functions::{cross_entropy, softmax_cross_entropy, sum_squared_error};
use kudari::{Array, DType, Result, Variable};

fn main() -> Result<()> {
    print!("{}", figures()?);
    Ok(())
}

/// What the program prints.
pub fn figures() -> Result<String> {
    let mut page = String::new();

    // Cross-entropy is −ln of the probability that the right class was given. The classic form adds 1e-7 inside the
    // logarithm, against ln 0.
    let right = Array::from(1i64);
    for y in [[0.1, 0.6, 0.2, 0.0, 0.0], [0.1, 0.2, 0.05, 0.0, 0.0]] {
        let y = Variable::constant(Array::from(y));
        let [exact, classic] = [0.0, 1e-7].map(|epsilon| cross_entropy(&y, &right, epsilon));
        let _ = writeln!(page, "cross-entropy {}, with 1e-7 {}", exact?.item()?, classic?.item()?);
    }

    // Half the sum of squares asks for all ten numbers, not only for that of the right class.
    let y = Variable::constant(Array::from([0.1, 0.05, 0.6, 0.0, 0.05, 0.1, 0.0, 0.1, 0.0, 0.0]));
    let label = Array::from(2i64);
    let entropy = cross_entropy(&y, &label, 0.0)?.item()?;
    let squares = sum_squared_error(&y, label.one_hot(10, DType::F64)?)?.item()?;
    let _ = writeln!(page, "ten classes: cross-entropy {entropy}, half the sum of squares {squares:.4}");

    // The 1e-7 caps the loss, and takes the gradient away where a network is confident and wrong.
    let logits = Variable::parameter(Array::from([0.0, -20.0]));
    let exact = softmax_cross_entropy(&logits, &right)?;
    let classic = cross_entropy(&logits.softmax(-1)?, &right, 1e-7)?;
    for (name, loss) in [("exact", exact), ("with 1e-7", classic)] {
        let (value, gradients) = (loss.item()?, loss.backward()?);
        let gradient = gradients.get(&logits).map(Array::to_f64_vec).unwrap_or_default();
        let _ = writeln!(page, "a confident mistake, {name}: loss {value:.4}, gradient {gradient:.8?}");
    }

    // Softmax makes probabilities of any numbers.
    let p = Variable::constant(Array::from([0.3, 2.9, 4.0])).softmax(-1)?;
    let _ = writeln!(page, "softmax {:?}, sum {}", p.array().to_f64_vec(), p.sum().item()?);
    Ok(page)
}
