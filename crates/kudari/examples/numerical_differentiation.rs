//! Numerical differentiation: what a difference finds, and how its digits get lost.
//!
//! `cargo run -p kudari --example numerical_differentiation`

use std::fmt::Write;

use kudari::check::{Difference, Numerical, numerical_gradient};
use kudari::formula::Formula;
use kudari::{Array, Result};

fn main() -> Result<()> {
    print!("{}", figures()?);
    Ok(())
}

/// What the program prints.
pub fn figures() -> Result<String> {
    let mut page = String::new();
    let central = |h: f64| Numerical::new().difference(Difference::Central).step(h);

    // (f(x + h) − f(x − h)) / 2h for ever smaller h: the exact derivative of x² + 4² at 3 is 6.
    let f = |x: f64| x * x + 4.0 * 4.0;
    for h in [1e-1, 1e-4, 1e-5, 1e-8, 1e-10, 1e-12, 1e-15, 1e-49] {
        let slope = central(h).derivative(f, 3.0);
        let remark = if slope.lost { "   all digits are lost: 3 + h = 3" } else { "" };
        let _ = writeln!(page, "h = {h:e}: {}{remark}", slope.value);
    }
    let forward = Numerical::new().difference(Difference::Forward).step(1e-4);
    let _ = writeln!(page, "forward, h = 1e-4: {}", forward.derivative(f, 3.0).value);

    // Without a step, one is chosen, and the error estimated.
    let parabola = |x: f64| 0.01 * (x * x) + 0.1 * x;
    for x in [5.0, 10.0] {
        let (fixed, chosen) = (central(1e-4).derivative(parabola, x), Numerical::new().derivative(parabola, x));
        let _ = writeln!(page, "at {x}: {}, with a chosen step {:.12} ± {:.0e}", fixed.value, chosen.value, chosen.error);
    }

    // Backpropagation has no step and loses no digits.
    let bowl = Formula::parse("x0^2 + x1^2")?;
    for point in [[3.0, 4.0], [0.0, 2.0], [3.0, 0.0]] {
        let numerical = central(1e-4).gradient(|x| Ok(x.sum_of_squares()), &Array::from(point))?;
        let (_, exact) = bowl.value_and_gradient(&point)?;
        let _ = writeln!(page, "at {point:?}: {:?}, exactly {exact:?}", numerical.values.to_f64_vec());
    }

    // Arrays of any shape.
    let column = Array::from([[1.0], [2.0], [3.0]]);
    let slopes = numerical_gradient(|x| Ok(x.sum_of_squares()), &column)?;
    let _ = writeln!(page, "a column of shape {:?}: {:.6?}", slopes.shape(), slopes.to_f64_vec());
    Ok(page)
}
