//! One weight matrix and softmax: scores, probabilities, loss and the gradient by every weight.
//!
//! `cargo run -p kudari --example softmax`

use kudari::prelude::*;

fn main() -> Result<()> {
    let x = Variable::constant(Array::from([[0.6, 0.9]]));
    let w = Variable::parameter(Array::from([[-0.62006546, -1.59333854, -0.42197585], [0.6357717, -0.24165729, 0.68248515]]));
    let class = Array::from([2i64]);

    let scores = x.matmul(&w)?;
    let loss = softmax_cross_entropy(&scores, &class)?;
    println!("scores         {:.12?}", scores.array().to_f64_vec());
    println!("probabilities  {:.12?}", scores.softmax(1)?.array().to_f64_vec());
    println!("loss           {:.12}", loss.item()?);

    let gradients = loss.backward()?;
    if let Some(gradient) = gradients.get(&w) {
        println!("dL/dW\n{gradient}");
    }
    Ok(())
}
