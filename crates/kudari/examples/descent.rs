//! Gradient descent on x0² + x1² from (−3, 4): learning rates that fit, that are too large, too small, and a numerical
//! gradient that loses its digits on the way.
//!
//! `cargo run -p kudari --example descent`

use std::fmt::Write;

use kudari::Result;
use kudari::check::{Difference, Numerical};
use kudari::descent::{Slope, Verdict, descend};
use kudari::formula::Formula;
use kudari::optimizers::Sgd;

fn main() -> Result<()> {
    print!("{}", figures()?);
    Ok(())
}

/// What the program prints.
pub fn figures() -> Result<String> {
    let mut page = String::new();
    let bowl = Formula::parse("x0^2 + x1^2")?;
    let central = Slope::Numerical(Numerical::new().difference(Difference::Central).step(1e-4));
    for (learning_rate, steps, slope, gradient) in [
        (0.1, 100, Slope::Exact, "exact"),
        (0.1, 100, central, "numerical"),
        (0.1, 20, central, "numerical"),
        (10.0, 100, Slope::Exact, "exact"),
        (10.0, 100, central, "numerical"),
        (1e-10, 100, Slope::Exact, "exact"),
        (1.0, 100, Slope::Exact, "exact"),
    ] {
        let mut sgd = Sgd::new(learning_rate);
        let descent = descend(&bowl, &[-3.0, 4.0], &mut sgd, slope, steps, &mut |_| true)?;
        let verdict = Verdict::new(&bowl, &descent, &[[0.0, 0.0]]);
        let _ = writeln!(page, "η = {learning_rate:e}, {steps} steps, {gradient} gradient: {:?}", descent.end());
        let _ = writeln!(page, "    {}", verdict.text);
    }
    Ok(page)
}
