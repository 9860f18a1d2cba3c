//! XOR, 2-8-2 with ReLU: four ways of taking the gradient, and what the derivative at ReLU's kink has to do with it.
//!
//! `cargo run --release -p kudari --example xor`
//!
//! The sample (0, 0) and biases of 0 put all eight hidden units exactly on the kink of ReLU, where any number from 0 to 1 may
//! pass as its derivative. Backpropagation with 0 learns nothing from that sample at first; with ½ it does what central
//! differences do, which know nothing of the choice.

use kudari::data::Batch;
use kudari::layers::{Initializer, Layer};
use kudari::metrics::predicted_classes;
use kudari::model::{Network, NetworkOptions};
use kudari::prelude::*;
use kudari::train::{Loss, NumericalGradient};

const UPDATES: usize = 5_001;
const INITIALISATIONS: u64 = 100;

/// The weights that all four ways begin with: to the hidden units from both inputs, and from the hidden units.
const W1: [[f64; 8]; 2] = [
    [0.1764, 0.04, 0.0979, 0.2241, 0.1868, -0.0977, 0.095, -0.0151],
    [-0.0103, 0.0411, 0.0144, 0.1454, 0.0761, 0.0122, 0.0444, 0.0334],
];
const W2: [[f64; 2]; 8] = [
    [0.1494, -0.0205],
    [0.0313, -0.0854],
    [-0.2553, 0.0654],
    [0.0864, -0.0742],
    [0.227, -0.1454],
    [0.0046, -0.0187],
    [0.1533, 0.1469],
    [0.0155, 0.0378],
];

fn main() -> Result<()> {
    let batch = kudari::data::xor().with_dtype(DType::F64)?.all()?;
    println!("loss before training: {}", loss(&given("relu")?, &batch)?.item()?);
    for activation in ["relu", "relu(kink=0.5)"] {
        let network = given(activation)?;
        let gradients = loss(&network, &batch)?.backward()?;
        println!("gradient by the hidden units' biases with {activation}:\n  {:.8?}", biases(&network, &gradients));
    }

    println!("\nloss after update        0        100       1000       2000       3000       4000       5000  classes");
    let ways: [(&str, &str, Option<f64>); 4] = [
        ("backprop, relu", "relu", None),
        ("backprop, kink=0.5", "relu(kink=0.5)", None),
        ("differences, h=1e-4", "relu", Some(1e-4)),
        ("differences, h=0.1", "relu", Some(0.1)),
    ];
    for (name, activation, h) in ways {
        let mut network = given(activation)?;
        let losses = train(&mut network, &batch, h)?;
        let losses: Vec<String> = losses.iter().map(|loss| format!("{loss:10.6}")).collect();
        println!("{name:<19} {} {}  {:?}", &losses[0][1..], losses[1..].join(" "), classes(&network, &batch)?);
    }

    println!("\nsolved after {UPDATES} updates, of {INITIALISATIONS} initialisations (normal, σ = 0.1):");
    for activation in ["relu", "relu(kink=0.5)"] {
        let mut solved = 0;
        for seed in 0..INITIALISATIONS {
            let mut network = random(activation, seed)?;
            train(&mut network, &batch, None)?;
            solved += u64::from(classes(&network, &batch)? == [0, 1, 1, 0]);
        }
        println!("  {activation:<15} {solved}");
    }
    Ok(())
}

fn notation(activation: &str) -> String {
    format!("linear(8) {activation} linear(2)")
}

/// The network with the given weights.
fn given(activation: &str) -> Result<Network> {
    let options = NetworkOptions { double: true, ..NetworkOptions::default() };
    let mut network = Network::new(&notation(activation), &[2], &options)?;
    // A weight has a row for each output.
    let zeros = |count: usize| Array::zeros(&[count], DType::F64);
    network.set_arrays(&[
        ("0.weight".into(), Array::from(W1).transpose()),
        ("0.bias".into(), zeros(8)?),
        ("2.weight".into(), Array::from(W2).transpose()),
        ("2.bias".into(), zeros(2)?),
    ])?;
    Ok(network)
}

/// The network with random weights.
fn random(activation: &str, seed: u64) -> Result<Network> {
    let options = NetworkOptions { seed, initializer: Some(Initializer::Normal(0.1)), double: true };
    Network::new(&notation(activation), &[2], &options)
}

fn loss(network: &Network, batch: &Batch) -> Result<Variable> {
    softmax_cross_entropy(&network.forward(&batch.x)?, &batch.t)
}

/// Gradient descent, by backpropagation or by central differences with step h; gives the losses after some updates.
fn train(network: &mut Network, batch: &Batch, h: Option<f64>) -> Result<Vec<f64>> {
    let name = Loss::named("softmax_cross_entropy")?;
    let mut sgd = Sgd::new(0.01);
    let mut losses = Vec::new();
    for update in 0..UPDATES {
        let gradients = match h {
            None => loss(network, batch)?.backward()?,
            Some(h) => NumericalGradient { h, ..NumericalGradient::default() }.differentiate(network, name, batch)?.gradients,
        };
        sgd.step(network, &gradients)?;
        if update == 100 || update % 1000 == 0 {
            // As the figures were published: with 1e-7 inside the logarithm.
            let probabilities = network.forward(&batch.x)?.softmax(1)?;
            losses.push(cross_entropy(&probabilities, &batch.t, 1e-7)?.item()?);
        }
    }
    Ok(losses)
}

/// The gradient by the first layer's bias.
fn biases(network: &Network, gradients: &kudari::autograd::Gradients) -> Vec<f64> {
    let mut found = Vec::new();
    network.visit(&kudari::layers::Path::ROOT, &mut |path, parameter| {
        if let (true, Some(gradient)) = (path.to_string() == "0.bias", gradients.get(parameter.variable())) {
            found = gradient.to_f64_vec();
        }
    });
    found
}

fn classes(network: &Network, batch: &Batch) -> Result<Vec<i64>> {
    predicted_classes(network.forward(&batch.x)?)?.to_vec()
}
