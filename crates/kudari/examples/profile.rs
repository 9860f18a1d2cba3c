//! Where the time goes: what ten steps of training calculate, function by function.
//!
//! `cargo run -p kudari --example profile`

use kudari::array::Stream;
use kudari::functions::softmax_cross_entropy;
use kudari::model::{Network, NetworkOptions};
use kudari::optimizers::{Optimizer, Sgd};
use kudari::profile::{Pass, Peak};
use kudari::{DType, Result, Variable, profile};

fn main() -> Result<()> {
    let mut network = Network::new("linear(50) sigmoid linear(10)", &[784], &NetworkOptions::default())?;
    let mut sgd = Sgd::new(0.1);
    let mut stream = Stream::new(1, "batch");
    let x = Variable::constant(stream.uniform(&[100, 784], 0.0, 1.0, DType::F32)?);
    let t = stream.integers(100, 10);

    let (result, mut profile) = profile(|| -> Result<()> {
        for _ in 0..10 {
            let loss = softmax_cross_entropy(&network.forward(&x)?, &t)?;
            sgd.step(&mut network, &loss.backward()?)?;
        }
        Ok(())
    });
    result?;

    // Times differ from run to run and go to standard error; what was calculated is always the same.
    eprintln!("{}\n", profile.table(&Peak::measure(DType::F32)?));
    profile.rows.sort_by_key(|row| (row.name, row.layer.clone(), row.pass != Pass::Forward));
    println!("{:<21}  {:<8}  {:<12}  calls  operations     bytes", "function", "pass", "layer");
    for row in &profile.rows {
        let (pass, layer) = (format!("{:?}", row.pass), &row.layer);
        println!("{:<21}  {pass:<8}  {layer:<12}  {:>5}  {:>10}  {:>8}", row.name, row.calls, row.operations, row.bytes);
    }
    Ok(())
}
