//! Every way to fail, constructed: the verdict must name it, with the numbers that follow from the construction.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use kudari::Array;
use kudari::data::{Dataset, Sampling, Split, xor};
use kudari::layers::{Initializer, Layer};
use kudari::model::{Network, NetworkOptions};
use kudari::optimizers::Sgd;
use kudari::train::{
    FailedBy, Length, Loss, Outcome, ReluLayer, Silent, Stop, TrainOptions, Verdict, inspect, judge, label_entropy, train,
};

const LN_2: f64 = std::f64::consts::LN_2;

fn network(text: &str, initializer: Initializer) -> Network {
    Network::new(text, &[2], &NetworkOptions { seed: 1, initializer: Some(initializer), double: true }).unwrap()
}

/// Sets a parameter of a network.
fn set(network: &mut Network, name: &str, array: Array) {
    let mut arrays = network.arrays();
    arrays.iter_mut().find(|a| a.0 == name).unwrap().1 = array;
    network.set_arrays(&arrays).unwrap();
}

fn data() -> Dataset {
    xor().with_dtype(kudari::DType::F64).unwrap()
}

/// Trains on XOR with full batches and plain gradient descent.
fn trained(network: &mut Network, loss: &str, learning_rate: f64, iterations: u64) -> Outcome {
    let loss = Loss::named(loss).unwrap();
    let options = TrainOptions {
        sampling: Sampling::InOrder,
        ..TrainOptions::new(loss, Box::new(Sgd::new(learning_rate)), 4, Length::Iterations(iterations))
    };
    train(network, &Split::new(data(), data()), options, &mut Silent).unwrap()
}

fn verdict(network: &mut Network, learning_rate: f64, iterations: u64) -> Verdict {
    let outcome = trained(network, "softmax_cross_entropy", learning_rate, iterations);
    judge(network, &data(), Loss::named("softmax_cross_entropy").unwrap(), &outcome, 0.99).unwrap()
}

#[test]
fn a_training_that_reaches_the_goal_has_solved_it() {
    let mut net = network("linear(8) tanh linear(2)", Initializer::Glorot);
    let outcome = trained(&mut net, "softmax_cross_entropy", 1.0, 2_000);
    let loss = Loss::named("softmax_cross_entropy").unwrap();
    let Verdict::Solved { iteration } = judge(&net, &data(), loss, &outcome, 0.99).unwrap() else { panic!("unsolved") };
    let measured = |i: usize| (outcome.history[i].iteration, outcome.history[i].train_accuracy.unwrap());
    let wrong = (0..outcome.history.len()).rfind(|&i| measured(i).1 < 1.0).unwrap();
    assert_eq!(measured(wrong + 1).0, iteration);
    // Right by chance before training and wrong after it does not count.
    let mut lucky = outcome.clone();
    lucky.history[0].train_accuracy = Some(1.0);
    assert_eq!(judge(&net, &data(), loss, &lucky, 0.99).unwrap(), Verdict::Solved { iteration });
    // Nobody gets more than everything right.
    assert!(matches!(judge(&net, &data(), loss, &outcome, 1.1).unwrap(), Verdict::Failed(_)));
}

#[test]
fn diverged_by_infinity_and_by_a_loss_that_rises() {
    let net = || network("linear(8) relu linear(2)", Initializer::He);
    let Verdict::Failed(FailedBy::Diverged { loss }) = verdict(&mut net(), 1e300, 100) else { panic!("it diverged") };
    assert!(loss.is_nan());
    // A linear model and the squared error: steps above 2/curvature make every step larger than the one before.
    let mut net = network("linear(2)", Initializer::Normal(1.0));
    let outcome = trained(&mut net, "mean_squared_error", 2.0, 20);
    assert!(matches!(outcome.stop, Stop::Finished));
    let by = judge(&net, &data(), Loss::named("mean_squared_error").unwrap(), &outcome, 0.99).unwrap();
    let last = outcome.history.last().unwrap().train_loss;
    assert!(last.is_finite() && last > 3.0 * outcome.history[0].train_loss);
    assert_eq!(by, Verdict::Failed(FailedBy::Diverged { loss: last }));
}

#[test]
fn dead_units_are_those_that_are_zero_on_all_samples() {
    // Biases far below zero: units 0 to 4 of 8 never fire.
    let mut net = network("linear(8) relu linear(2)", Initializer::Glorot);
    let bias: Vec<f64> = (0..8).map(|unit| if unit < 5 { -100.0 } else { 0.1 }).collect();
    set(&mut net, "0.bias", Array::from_slice(&bias, &[8]).unwrap());
    set(&mut net, "0.weight", Array::ones(&[8, 2], kudari::DType::F64).unwrap());
    assert_eq!(inspect(&net, &data()).unwrap().relu_layers, [ReluLayer { layer: 1, units: 8, dead: 5 }]);
    // All of them dead: the output is a constant, and no constant is better than ln 2.
    set(&mut net, "0.bias", Array::full(&[8], -100.0, kudari::DType::F64).unwrap());
    let Verdict::Failed(by) = verdict(&mut net, 0.1, 500) else { panic!("it cannot learn") };
    let FailedBy::DeadUnits { layer: 1, dead: 8, units: 8, loss } = by else { panic!("{by}") };
    assert!((loss - LN_2).abs() < 1e-12);
}

#[test]
fn stuck_at_guessing_is_the_entropy_of_the_labels() {
    // With all weights zero no gradient reaches them: the output stays (0, 0).
    let mut net = network("linear(8) tanh linear(2)", Initializer::Constant(0.0));
    let by = verdict(&mut net, 0.1, 300);
    assert_eq!(by, Verdict::Failed(FailedBy::StuckAtGuessing { loss: LN_2, guessing: LN_2 }));
    // One of four samples is of class 0: H = ¼ ln 4 + ¾ ln(4/3).
    let x = data().all().unwrap().x.array().clone();
    let names = vec!["0".to_string(), "1".to_string()];
    let uneven = Dataset::from_arrays("uneven", x, Array::from([0i64, 1, 1, 1]), names).unwrap();
    let entropy = 0.25 * 4f64.ln() + 0.75 * (4f64 / 3.0).ln();
    assert!((label_entropy(&uneven).unwrap() - entropy).abs() < 1e-15);
}

#[test]
fn stuck_elsewhere_names_the_floor_under_the_loss() {
    // Hidden units relu(x₀ − x₁ − ½) and relu(x₀ + x₁ − 3/2): (0, 0) and (0, 1), of different classes, both give (0, 0).
    let mut net = network("linear(2) relu linear(2)", Initializer::Normal(0.1));
    set(&mut net, "0.weight", Array::from([[1.0, -1.0], [1.0, 1.0]]));
    set(&mut net, "0.bias", Array::from([-0.5, -1.5]));
    let seen = inspect(&net, &data()).unwrap();
    assert_eq!((seen.best_accuracy, seen.relu_layers[0].dead), (0.75, 0));
    assert!((seen.least_cross_entropy - LN_2 / 2.0).abs() < 1e-15);
    let Verdict::Failed(by) = verdict(&mut net, 1.0, 20_000) else { panic!("it cannot tell them apart") };
    let FailedBy::StuckElsewhere { loss, floor: Some((floor, share)) } = by else { panic!("{by}") };
    assert!((floor - LN_2 / 2.0).abs() < 1e-15 && (share - 0.5).abs() < 1e-15, "{floor} {share}");
    assert!(loss > floor && loss < floor + 0.01, "{loss}");
    assert!(by.to_string().contains("not below 0.3466 (0.500 of guessing)"), "{by}");
}

#[test]
fn slow_is_what_still_falls() {
    let mut net = network("linear(8) tanh linear(2)", Initializer::Glorot);
    let outcome = trained(&mut net, "softmax_cross_entropy", 0.02, 400);
    let loss = Loss::named("softmax_cross_entropy").unwrap();
    let (at, end) = (outcome.history.iter().rfind(|r| 3 * r.iteration <= 800).unwrap(), outcome.history.last().unwrap());
    assert!(end.train_loss < 0.99 * at.train_loss && end.train_accuracy < Some(0.99), "the construction is one");
    assert_eq!(judge(&net, &data(), loss, &outcome, 0.99).unwrap(), Verdict::Failed(FailedBy::Slow { loss: end.train_loss }));
}

#[test]
fn what_cannot_be_judged() {
    let mut net = network("linear(2)", Initializer::Glorot);
    let outcome = trained(&mut net, "softmax_cross_entropy", 0.1, 1);
    let loss = Loss::named("softmax_cross_entropy").unwrap();
    let empty = Outcome { history: Vec::new(), ..outcome.clone() };
    assert!(judge(&net, &data(), loss, &empty, 0.99).is_err());
    let numbers = Dataset::from_arrays("numbers", Array::from([[1.0, 2.0]]), Array::from([1.0]), Vec::new()).unwrap();
    assert!(inspect(&net, &numbers).is_err());
}
