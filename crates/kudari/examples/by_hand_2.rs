//! Backpropagation by hand, second example: one step in all its numbers, then a hundred.
//!
//! `cargo run -p kudari --example by_hand_2`

use kudari::prelude::*;

const RATE: f64 = 0.1;

fn main() -> Result<()> {
    let x = Variable::parameter(Array::from([1.0, 2.0, 3.0]));
    let t = Array::from([0.0, 1.0]);
    let mut w1 = Variable::parameter(Array::from([[0.1, 0.1, 0.1], [0.2, 0.2, 0.2]]));
    let mut w2 = Variable::parameter(Array::from([[1.0, 2.0], [3.0, 4.0]]));

    for step in 0..=100 {
        let a1 = linear(&x, &w1, None)?;
        let z = a1.sigmoid();
        let y = linear(&z, &w2, None)?;
        let loss = sum_squared_error(&y, &t)?; // ½ Σ (y − t)²
        if [0, 1, 2, 3, 5, 10, 20, 50, 100].contains(&step) {
            println!("E after {step:>3} steps  {:.12}", loss.item()?);
        }
        let [by_w1, by_w2, by_z, by_x] = &grad(&[&loss], &[&w1, &w2, &z, &x])?[..] else { continue };
        if step == 0 {
            let numbers =
                [("a1", &a1), ("z", &z), ("y", &y), ("dE/dw2", by_w2), ("dE/dz", by_z), ("dE/dw1", by_w1), ("dE/dx", by_x)];
            for (name, value) in numbers {
                println!("  {name:<7} {:.12?}", value.array().to_f64_vec());
            }
        }
        w1 = Variable::parameter(w1.array().sub(&by_w1.array().scale(RATE))?);
        w2 = Variable::parameter(w2.array().sub(&by_w2.array().scale(RATE))?);
        if step == 0 {
            println!("  new w2  {:.12?}\n  new w1  {:.12?}", w2.array().to_f64_vec(), w1.array().to_f64_vec());
        }
    }
    Ok(())
}
