//! XOR with 2-8-2 and ReLU: the figures of ACCEPTANCE section G.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use kudari::autograd::Gradients;
use kudari::check::check_network;
use kudari::data::Batch;
use kudari::functions::{cross_entropy, softmax_cross_entropy};
use kudari::layers::{Initializer, Layer, Path};
use kudari::metrics::predicted_classes;
use kudari::model::{Network, NetworkOptions};
use kudari::optimizers::{Optimizer, Sgd};
use kudari::train::{Loss, NumericalGradient};
use kudari::{Array, DType, Variable};

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
/// dL/db1 at the start, with the derivative at the kink taken as 0 and as ½.
const DB1: [[f64; 8]; 2] = [
    [0.00284964, 0.01692179, -0.0465023, 0.0232874, 0.05399893, 0.00298776, 0.00092802, -0.00029373],
    [-0.00776911, 0.00962804, -0.02645855, 0.0132499, 0.03072393, 0.00153151, 0.00052802, 0.00110002],
];

fn rows() -> Batch {
    kudari::data::xor().with_dtype(DType::F64).unwrap().all().unwrap()
}

fn network(activation: &str, options: &NetworkOptions) -> Network {
    Network::new(&format!("linear(8) {activation} linear(2)"), &[2], options).unwrap()
}

/// The network with the published weights.
fn given(activation: &str) -> Network {
    let mut network = network(activation, &NetworkOptions { double: true, ..NetworkOptions::default() });
    let zeros = |count: usize| Array::zeros(&[count], DType::F64).unwrap();
    let arrays = [
        ("0.weight", Array::from(W1).transpose()),
        ("0.bias", zeros(8)),
        ("2.weight", Array::from(W2).transpose()),
        ("2.bias", zeros(2)),
    ];
    network.set_arrays(&arrays.map(|(name, array)| (name.to_string(), array))).unwrap();
    network
}

fn loss(network: &Network, batch: &Batch) -> kudari::Result<Variable> {
    softmax_cross_entropy(&network.forward(&batch.x)?, &batch.t)
}

fn backprop(network: &mut Network, batch: &Batch) -> Gradients {
    loss(network, batch).unwrap().backward().unwrap()
}

fn differences(h: f64) -> impl Fn(&mut Network, &Batch) -> Gradients {
    let numerical = NumericalGradient { h, ..NumericalGradient::default() };
    let loss = Loss::named("softmax_cross_entropy").unwrap();
    move |network, batch| numerical.differentiate(network, loss, batch).unwrap().gradients
}

fn by_first_bias(network: &Network, gradients: &Gradients) -> Vec<f64> {
    let mut found = Vec::new();
    network.visit(&Path::ROOT, &mut |path, parameter| {
        if path.to_string() == "0.bias" {
            found = gradients.get(parameter.variable()).unwrap().to_f64_vec();
        }
    });
    found
}

/// 5,001 updates; gives the losses, with 1e-7 in the logarithm, after update 0, 100, 1000, …, 5000.
fn train(network: &mut Network, gradients: impl Fn(&mut Network, &Batch) -> Gradients) -> Vec<f64> {
    let (batch, mut sgd, mut losses) = (rows(), Sgd::new(0.01), Vec::new());
    for update in 0..5001 {
        let gradients = gradients(network, &batch);
        sgd.step(network, &gradients).unwrap();
        if update == 100 || update % 1000 == 0 {
            let probabilities = network.forward(&batch.x).unwrap().softmax(1).unwrap();
            losses.push(cross_entropy(&probabilities, &batch.t, 1e-7).unwrap().item().unwrap());
        }
    }
    losses
}

fn solved(network: &Network) -> bool {
    predicted_classes(network.forward(&rows().x).unwrap()).unwrap().to_vec::<i64>().unwrap() == [0, 1, 1, 0]
}

#[test]
fn the_first_loss_and_the_choice_at_the_kink() {
    let batch = rows();
    let first = loss(&given("relu"), &batch).unwrap().item().unwrap();
    assert!((first / 0.6946098904657625 - 1.0).abs() < 1e-12, "{first}");
    for (activation, expected) in [("relu", DB1[0]), ("relu(kink=0)", DB1[0]), ("relu(kink=0.5)", DB1[1])] {
        let mut network = given(activation);
        let gradients = backprop(&mut network, &batch);
        let found = by_first_bias(&network, &gradients);
        // Printed with eight digits behind the point.
        assert!(found.iter().zip(expected).all(|(f, e)| (f - e).abs() <= 5e-9), "{activation}: {found:?}");
    }
    // What central differences give, which know nothing of the choice. At a kink their error falls with h, not with h².
    let mut network = given("relu");
    let gradients = differences(1e-4)(&mut network, &batch);
    let found = by_first_bias(&network, &gradients);
    assert!(found.iter().zip(DB1[1]).all(|(f, e)| (f - e).abs() <= 1e-6), "{found:?}");
}

#[test]
fn a_check_tells_of_all_eight_kinks_and_passes() {
    let batch = rows();
    for (activation, expected) in [("relu", DB1[0]), ("relu(kink=0.5)", DB1[1])] {
        let report = check_network(&mut given(activation), |net| loss(net, &batch), None, 0, 1e-5).unwrap();
        assert!(report.passed && report.checked == 42 - 8, "{report:?}");
        for (unit, (name, kink)) in report.kinks.iter().enumerate() {
            assert_eq!(*name, format!("0.bias[{unit}]"));
            assert!((kink.returned - expected[unit]).abs() <= 5e-9, "{kink}");
            // The middle of both slopes is what central differences give.
            assert!(((kink.left + kink.right) / 2.0 - DB1[1][unit]).abs() <= 2e-8, "{kink}");
            assert!(kink.to_string().starts_with("not differentiable here: left slope "), "{kink}");
        }
        assert_eq!(report.kinks.len(), 8);
    }
}

/// The four rows of the table. The losses of central differences with h = 1e-4 are reproducible for some hundred updates
/// only: then hidden units lie within h of the kink, and the last bit decides on which side. Programs that compute the same in
/// another order end up to 3.3e-4 apart; `reference/xor.py` measures that with NumPy.
#[test]
fn training_follows_the_published_losses() {
    let table = [
        ("relu", None, [0.694554, 0.690290, 0.651938, 0.544722, 0.402104, 0.233301, 0.130824]),
        ("relu(kink=0.5)", None, [0.694570, 0.690424, 0.655367, 0.551570, 0.408774, 0.237976, 0.132851]),
        ("relu", Some(1e-4), [0.694570, 0.690425, 0.655333, 0.551793, 0.408880, 0.237806, 0.132739]),
        ("relu", Some(0.1), [0.694580, 0.692332, 0.653220, 0.510735, 0.387635, 0.237754, 0.117443]),
    ];
    for (activation, h, expected) in table {
        let mut network = given(activation);
        let losses = match h {
            None => train(&mut network, backprop),
            Some(h) => train(&mut network, differences(h)),
        };
        for (place, (loss, expected)) in losses.iter().zip(expected).enumerate() {
            let tolerance = if h == Some(1e-4) && place > 1 { 5e-4 } else { 2e-6 };
            assert!((loss - expected).abs() <= tolerance, "{activation} {h:?} {place}: {loss}, not {expected}");
        }
        assert!(losses.len() == 7 && solved(&network), "{activation} {h:?}");
    }
}

/// NumPy solves 86.1 % of 2,000 initialisations with the derivative 0 and 97.4 % with ½ (`reference/xor.py`). Of 40 that is
/// 34.4 ± 2.2 and 39.0 ± 1.0: the ranges are three standard deviations wide.
#[test]
fn the_choice_at_the_kink_decides_how_many_initialisations_learn() {
    let share = |activation: &'static str| {
        let one = move |seed| {
            let mut network =
                network(activation, &NetworkOptions { seed, initializer: Some(Initializer::Normal(0.1)), double: true });
            train(&mut network, backprop);
            usize::from(solved(&network))
        };
        let half = |seeds: std::ops::Range<u64>| std::thread::spawn(move || seeds.map(one).sum::<usize>());
        [half(0..20), half(20..40)].map(|thread| thread.join().unwrap()).iter().sum::<usize>()
    };
    let [zero, half] = [share("relu"), share("relu(kink=0.5)")];
    assert!((28..=39).contains(&zero), "{zero} of 40 with 0");
    assert!(half >= 36 && half > zero, "{half} of 40 with ½");
}
