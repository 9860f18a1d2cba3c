//! A two-layer network learns MNIST: `cargo run --release -p kudari-mnist --example first_program`.

use kudari::prelude::*;
use kudari_mnist as mnist;

#[derive(Layer)]
struct TwoLayerNet {
    hidden: Linear,
    output: Linear,
}

impl TwoLayerNet {
    fn forward(&self, x: &Variable) -> Result<Variable> {
        self.output.forward(&self.hidden.forward(&x.flatten()?)?.sigmoid())
    }
}

fn main() -> Result<()> {
    let digits = mnist::load()?;
    let mut net = TwoLayerNet { hidden: Linear::new(784, 50), output: Linear::new(50, 10) };
    let mut sgd = Sgd::new(0.1);
    for batch in digits.train.batches(100)?.shuffled(1).epochs(16) {
        let loss = softmax_cross_entropy(&net.forward(&batch.x)?, &batch.t)?;
        sgd.step(&mut net, &loss.backward()?)?;
    }
    let test = digits.test.all()?;
    println!("test accuracy {:.4}", accuracy(net.forward(&test.x)?, &test.t)?);
    Ok(())
}
