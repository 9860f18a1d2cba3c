//! Backpropagation by hand, first example: what pencil and paper give, found by `backward`.
//!
//! `cargo run -p kudari --example by_hand_1`

use kudari::prelude::*;

fn main() -> Result<()> {
    let x = Variable::parameter(Array::from([2.0, 3.0, 1.0]));
    let w1 = Variable::parameter(Array::from([[3.0, 1.0, 2.0], [-2.0, -3.0, -1.0]]));
    let b1 = Variable::parameter(Array::from([0.0, 0.0]));
    let w2 = Variable::parameter(Array::from([[3.0, 2.0]]));
    let b2 = Variable::parameter(Array::from([0.0]));
    let t = Array::from([20.0]);

    for hidden in ["relu", "sigmoid"] {
        let u1 = linear(&x, &w1, Some(&b1))?;
        let h1 = if hidden == "relu" { u1.relu() } else { u1.sigmoid() };
        let y = linear(&h1, &w2, Some(&b2))?;
        let loss = mean_squared_error(&y, &t)?; // of one number: (t − y)²

        println!("{hidden}");
        for (name, value) in [("u1", &u1), ("h1", &h1), ("y", &y), ("loss", &loss)] {
            println!("  {name:<6} {:?}", value.array().to_f64_vec());
        }
        let variables = [("y", &y), ("w2", &w2), ("b2", &b2), ("w1", &w1), ("b1", &b1), ("x", &x)];
        let gradients = grad(&[&loss], &variables.map(|(_, variable)| variable))?;
        for ((name, _), gradient) in variables.iter().zip(&gradients) {
            println!("  dL/d{name:<2} {:?}", gradient.array().to_f64_vec());
        }
    }
    Ok(())
}
