//! Gradients by differences of the loss: the fast way against the plain loop, and training with them.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use kudari::array::Stream;
use kudari::autograd::Gradients;
use kudari::check::Difference;
use kudari::data::{Batch, Dataset, Split, xor};
use kudari::functions::mean_squared_error;
use kudari::layers::{Initializer, Layer, Linear};
use kudari::model::{Network, NetworkOptions};
use kudari::optimizers::{self, Sgd};
use kudari::train::{
    DigitsLost, GradientMethod, LOSSES, Length, Loss, NumericalGradient, Observer, Silent, Stop, TrainOptions, train,
};
use kudari::{Array, DType, Error, ErrorKind, Variable};

fn network(text: &str, shape: &[usize], dtype: DType) -> Network {
    // Not the biases' zeros: they would put units on kinks.
    let options = NetworkOptions { seed: 5, initializer: None, double: dtype == DType::F64 };
    let mut network = Network::new(text, shape, &options).unwrap();
    let mut stream = Stream::new(9, "biases");
    let arrays = network.arrays().into_iter().map(|(name, array)| {
        let array = if name.ends_with("bias") { stream.normal(array.shape(), 0.0, 0.3, dtype).unwrap() } else { array };
        (name, array)
    });
    let arrays: Vec<_> = arrays.collect();
    network.set_arrays(&arrays).unwrap();
    network
}

/// Random samples, a third of whose numbers are 0.
fn batch(count: usize, shape: &[usize], classes: usize, dtype: DType) -> Batch {
    let mut stream = Stream::new(3, "samples");
    let shape = [&[count], shape].concat();
    let x = stream.uniform(&shape, -0.5, 1.0, DType::F64).unwrap();
    let x = x.to_f64_vec().into_iter().map(|x| x.max(0.0)).collect();
    let x = Array::from_vec(x, &shape).unwrap().to_dtype(dtype);
    Batch { x: Variable::constant(x), t: stream.integers(count, classes) }
}

fn plain(settings: &NumericalGradient, network: &mut Network, loss: &Loss, batch: &Batch) -> Gradients {
    settings.differentiate_plainly(network, |net| loss.of(&net.forward(&batch.x)?, &batch.t)?.item()).unwrap().gradients
}

fn backprop(network: &Network, loss: &Loss, batch: &Batch) -> Gradients {
    loss.of(&network.forward(&batch.x).unwrap(), &batch.t).unwrap().backward().unwrap()
}

fn flat(gradients: &Gradients) -> Vec<f64> {
    gradients.arrays().flat_map(Array::to_f64_vec).collect()
}

fn largest_difference(a: &Gradients, b: &Gradients) -> f64 {
    let (a, b) = (flat(a), flat(b));
    assert!(!a.is_empty() && a.len() == b.len());
    a.iter().zip(b).fold(0.0, |worst, (a, b)| worst.max((a - b).abs()))
}

/// A loss L is computed with an error of some ε·L, its difference quotient by h with that much over h: within 30 ε·L/h the
/// plain loop and the fast way agree on every digit that there is.
#[test]
fn the_fast_way_gives_the_digits_of_the_plain_loop() {
    let networks: [(&str, &[usize], usize); 9] = [
        ("linear(5) sigmoid linear(3)", &[4], 3),
        ("linear(6) relu linear(5) tanh linear(3)", &[4], 3),
        ("linear(6) relu(kink=0.5) linear(5) leaky_relu(0.2) linear(4) silu linear(3)", &[2, 3], 3),
        ("linear(4) gelu sigmoid linear(3,nobias)", &[5], 3),
        ("tanh flatten linear(4) softmax linear(3) identity", &[2, 2], 3),
        ("linear(5) linear(3)", &[4], 3),
        ("linear(3)", &[4], 3),
        ("linear(5) softplus flatten linear(4) log_softmax linear(3) tanh", &[4], 3),
        ("linear(5) tanh linear(1)", &[4], 2),
    ];
    for (text, shape, classes) in networks {
        let mut network = network(text, shape, DType::F64);
        let batch = batch(7, shape, classes, DType::F64);
        for loss in LOSSES.iter().filter(|l| classes == 3 || l.name != "softmax_cross_entropy") {
            if ["cross_entropy", "binary_cross_entropy"].contains(&loss.name) {
                continue; // of probabilities: below
            }
            for difference in [Difference::Central, Difference::Forward, Difference::Richardson] {
                compare(&NumericalGradient { difference, h: 1e-4 }, &mut network, loss, &batch);
            }
        }
    }
    let mut network = network("linear(5) tanh linear(3) softmax", &[4], DType::F64);
    let batch = batch(7, &[4], 3, DType::F64);
    for name in ["cross_entropy", "binary_cross_entropy"] {
        compare(&NumericalGradient::default(), &mut network, Loss::named(name).unwrap(), &batch);
    }
}

fn compare(settings: &NumericalGradient, network: &mut Network, loss: &'static Loss, batch: &Batch) {
    let found = settings.differentiate(network, loss, batch).unwrap();
    let exact = loss.of(&network.forward(&batch.x).unwrap(), &batch.t).unwrap().item().unwrap();
    assert!((found.loss / exact - 1.0).abs() < 1e-15 && found.lost.is_none());
    let tolerance = 30.0 * f64::EPSILON * exact / settings.h;
    let difference = largest_difference(&found.gradients, &plain(settings, network, loss, batch));
    assert!(difference <= tolerance, "{} {} {settings:?}: {difference:e} > {tolerance:e}", network.notation(), loss.name);
    // Both are gradients: the error of forward differences is about h·f″/2.
    let difference = largest_difference(&found.gradients, &backprop(network, loss, batch));
    assert!(difference <= 2e-3 * exact.max(1.0), "{} {}: {difference:e}", network.notation(), loss.name);
}

/// Where the loss is a parabola in every single parameter, central differences have no error but rounding: compared with
/// the exact gradient, the fast way must not have lost more digits than the plain loop.
#[test]
fn no_digits_are_lost_by_computing_only_what_changes() {
    let mut network = network("linear(8) leaky_relu(0.3) linear(6) linear(3)", &[10], DType::F64);
    let batch = batch(50, &[10], 3, DType::F64);
    for name in ["mean_squared_error", "sum_squared_error"] {
        let loss = Loss::named(name).unwrap();
        let settings = NumericalGradient { h: 1e-6, ..NumericalGradient::default() };
        let exact = flat(&backprop(&network, loss, &batch));
        let error = |gradients: &Gradients| {
            let squares = flat(gradients).iter().zip(&exact).map(|(g, e)| (g - e).powi(2)).sum::<f64>();
            (squares / exact.len() as f64).sqrt()
        };
        let fast = error(&settings.differentiate(&mut network, loss, &batch).unwrap().gradients);
        let plain = error(&plain(&settings, &mut network, loss, &batch));
        assert!(plain > 1e-13, "rounding must be seen: {plain:e}");
        assert!(fast <= plain, "{name}: {fast:e} fast, {plain:e} by the plain loop");
    }
}

#[test]
fn the_same_bits_on_any_number_of_threads() {
    // Large enough to be cut into many pieces.
    let mut network = network("linear(40) sigmoid linear(30) relu linear(10)", &[120], DType::F64);
    let batch = batch(64, &[120], 10, DType::F64);
    let mut run = |threads| {
        kudari::set_threads(threads);
        let loss = Loss::named("softmax_cross_entropy").unwrap();
        flat(&NumericalGradient::default().differentiate(&mut network, loss, &batch).unwrap().gradients)
    };
    let one = run(1);
    assert_eq!(one.len(), 121 * 40 + 41 * 30 + 31 * 10);
    for threads in [2, 5] {
        assert!(run(threads).iter().zip(&one).all(|(a, b)| a.to_bits() == b.to_bits()));
    }
}

/// In f32 a loss of about 1 has an error of 6e-8, its difference quotient by 0.01 one of about 1e-5.
#[test]
fn f32_networks_are_differentiated_in_f32() {
    let mut network = network("linear(6) tanh linear(3)", &[4], DType::F32);
    let batch = batch(7, &[4], 3, DType::F32);
    let loss = Loss::named("softmax_cross_entropy").unwrap();
    let settings = NumericalGradient { h: 1e-2, ..NumericalGradient::default() };
    let found = settings.differentiate(&mut network, loss, &batch).unwrap().gradients;
    assert!(found.arrays().all(|g| g.dtype() == DType::F32));
    assert!(largest_difference(&found, &backprop(&network, loss, &batch)) < 1e-4);
}

#[derive(Layer)]
struct Shared {
    one: Linear,
}

/// A struct of one's own, in which a weight is used twice: only the plain loop knows how.
#[test]
fn anything_with_parameters_can_be_differentiated_plainly_and_stays_as_it_was() {
    let weight = Array::from([[0.3, -0.0], [1e-300, -0.7]]);
    let mut shared = Shared { one: Linear::from_arrays(weight.clone(), Some(Array::from([0.1, 0.2]))).unwrap() };
    let x = Variable::constant(Array::from([[1.0, 2.0], [-0.5, 0.3]]));
    let t = Array::from([[1.0, 0.0], [0.0, 1.0]]);
    let loss = |layer: &Shared| mean_squared_error(&layer.one.forward(&layer.one.forward(&x)?.tanh())?, &t);
    let exact = loss(&shared).unwrap().backward().unwrap();
    let settings = NumericalGradient::default();
    let found = settings.differentiate_plainly(&mut shared, |layer| loss(layer)?.item()).unwrap();
    assert!(largest_difference(&found.gradients, &exact) < 1e-7);

    let mut calls = 0;
    let outcome = settings.differentiate_plainly(&mut shared, |_| {
        calls += 1;
        if calls == 6 { Err(Error::new(ErrorKind::Value, "planted")) } else { Ok(f64::from(calls)) }
    });
    assert!(outcome.is_err() && calls == 6);
    let after = shared.one.weight().array().to_f64_vec();
    assert!(after.iter().zip(weight.to_f64_vec()).all(|(a, b)| a.to_bits() == b.to_bits()), "{after:?}");
}

#[test]
fn steps_that_make_no_sense_are_refused() {
    let mut network = network("linear(2)", &[2], DType::F64);
    let batch = batch(3, &[2], 2, DType::F64);
    let loss = Loss::named("softmax_cross_entropy").unwrap();
    for h in [0.0, -1e-4, f64::NAN, f64::INFINITY] {
        let settings = NumericalGradient { h, ..NumericalGradient::default() };
        assert!(settings.differentiate(&mut network, loss, &batch).unwrap_err().what().starts_with("a step h of"));
        assert!(settings.cost(&network, loss, &batch).is_err());
    }
}

#[test]
fn the_cost_is_told_beforehand() {
    let network = network("linear(50) sigmoid linear(10)", &[784], DType::F64);
    let batch = batch(10, &[784], 10, DType::F64);
    let loss = Loss::named("softmax_cross_entropy").unwrap();
    let cost = |difference| NumericalGradient { difference, h: 1e-4 }.cost(&network, loss, &batch).unwrap();
    let central = cost(Difference::Central);
    assert_eq!((central.parameters, central.losses_each, central.losses()), (39_760, 2, 79_520));
    assert!(central.unknown.is_none() && central.seconds > 0.0 && central.seconds.is_finite());
    assert_eq!([cost(Difference::Forward).losses_each, cost(Difference::Richardson).losses_each], [1, 4]);
}

#[test]
fn lost_digits_are_told() {
    let mut large = network("linear(3) tanh linear(2)", &[2], DType::F64);
    let batch = batch(4, &[2], 2, DType::F64);
    let loss = Loss::named("softmax_cross_entropy").unwrap();
    let lost = |network: &mut Network, h: f64| {
        let settings = NumericalGradient { h, ..NumericalGradient::default() };
        settings.differentiate(network, loss, &batch).unwrap().lost
    };
    assert_eq!(lost(&mut large, 1e-4), None);
    assert_eq!(lost(&mut large, 1e-30), Some(DigitsLost { h: 1e-30, vanished: 17, parameters: 17 }));
    // One parameter so large that a step of 1e-4 vanishes in it.
    let mut arrays = large.arrays();
    arrays[3].1 = Array::from([1e13, 0.0]);
    large.set_arrays(&arrays).unwrap();
    assert_eq!(lost(&mut large, 1e-4).map(|l| l.vanished), Some(1));
    // The step moves parameters of 0, and yet no loss.
    let options = NetworkOptions { initializer: Some(Initializer::Constant(0.0)), double: true, ..NetworkOptions::default() };
    let mut zeros = Network::new("linear(3) tanh linear(2)", &[2], &options).unwrap();
    let flat = lost(&mut zeros, 1e-30).unwrap();
    assert!(flat.vanished == 0 && flat.to_string().starts_with("all differences of the loss are 0"), "{flat}");
}

fn options(optimizer: &str, gradient: GradientMethod) -> TrainOptions {
    let loss = Loss::named("softmax_cross_entropy").unwrap();
    TrainOptions { gradient, ..TrainOptions::new(loss, optimizers::parse(optimizer, 0.05).unwrap(), 5, Length::Iterations(60)) }
}

fn rings(count: usize, seed: u64) -> Dataset {
    let mut stream = Stream::new(seed, "rings");
    let x = stream.normal(&[count, 2], 0.0, 1.0, DType::F64).unwrap();
    let labels: Vec<i64> = x.to_f64_vec().chunks(2).map(|x| i64::from(x[0].hypot(x[1]) > 1.2)).collect();
    let classes = vec!["inside".to_string(), "outside".to_string()];
    let data = Dataset::from_arrays("rings", x, Array::from_vec(labels, &[count]).unwrap(), classes).unwrap();
    data.with_dtype(DType::F64).unwrap()
}

/// What backpropagation trains, but for the error of the differences: h²/6 times a third derivative.
#[test]
fn every_optimizer_trains_with_numerical_gradients() {
    let data = Split::new(rings(40, 1), rings(20, 2));
    for optimizer in ["sgd", "momentum(0.9)", "nesterov(0.9)", "adagrad", "rmsprop(0.99)", "adam", "adamw"] {
        let run = |gradient| {
            let mut network = network("linear(6) tanh linear(2)", &[2], DType::F64);
            let outcome = train(&mut network, &data, options(optimizer, gradient), &mut Silent).unwrap();
            assert!(matches!(outcome.stop, Stop::Finished) && outcome.digits_lost.is_none());
            (network.arrays(), outcome.history)
        };
        let (exact, history) = run(GradientMethod::Backpropagation);
        let (numerical, other) = run(GradientMethod::Numerical(NumericalGradient::default()));
        assert!(history[0].train_loss > 1.02 * history.last().unwrap().train_loss, "{optimizer} learns");
        assert_eq!(history.len(), other.len());
        for ((name, a), (_, b)) in exact.iter().zip(&numerical) {
            let difference = a.sub(b).unwrap().to_f64_vec().into_iter().fold(0.0, |w: f64, d| w.max(d.abs()));
            assert!(difference < 1e-5, "{optimizer} {name}: {difference:e}");
            assert!(difference > 0.0, "{optimizer} {name}: it was not numerical");
        }
    }
}

struct Told(Vec<DigitsLost>);
impl Observer for Told {
    fn digits_lost(&mut self, lost: &DigitsLost) {
        self.0.push(*lost);
    }
}

/// As in gradient descent by hand: once the parameters are large a step of 1e-4 vanishes in them, and they stay where they are.
#[test]
fn a_training_that_diverges_says_once_that_digits_are_lost() {
    let data = Split::new(xor().with_dtype(DType::F64).unwrap(), xor().with_dtype(DType::F64).unwrap());
    let mut network = network("linear(2)", &[2], DType::F64);
    let mut told = Told(Vec::new());
    let settings = TrainOptions {
        loss: Loss::named("sum_squared_error").unwrap(),
        optimizer: Box::new(Sgd::new(10.0)),
        batch_size: 4,
        ..options("sgd", GradientMethod::Numerical(NumericalGradient::default()))
    };
    let outcome = train(&mut network, &data, settings, &mut told).unwrap();
    assert!(told.0.len() == 1 && told.0[0].vanished > 0, "{:?}", told.0);
    assert_eq!(outcome.digits_lost, Some(told.0[0]));
}

#[test]
fn a_numerical_training_that_overflows_keeps_the_last_good_parameters() {
    let data = Split::new(rings(40, 1), rings(20, 2));
    let mut network = network("linear(6) relu linear(2)", &[2], DType::F64);
    let gradient = GradientMethod::Numerical(NumericalGradient { h: 1e150, ..NumericalGradient::default() });
    let settings = TrainOptions { optimizer: Box::new(Sgd::new(1e300)), ..options("sgd", gradient) };
    let outcome = train(&mut network, &data, settings, &mut Silent).unwrap();
    let Stop::Failed(failure) = outcome.stop else { panic!("it should have failed") };
    assert!(failure.kept < failure.iteration && network.arrays().iter().all(|(_, a)| a.all_finite()), "{failure:?}");
}
