//! Layers, optimizers and the training loop, from a user's point of view.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use kudari::array::Stream;
use kudari::data::{Dataset, Split, xor};
use kudari::functions::{mean_squared_error, softmax_cross_entropy};
use kudari::layers::{Initializer, Layer, Linear, Parameter};
use kudari::metrics::accuracy;
use kudari::model::{Network, NetworkOptions};
use kudari::optimizers::{Adam, Momentum, Optimizer, Schedule, Sgd};
use kudari::train::{Length, Loss, Observer, Outcome, Progress, Silent, Stop, TrainOptions, evaluate, train};
use kudari::{Array, DType, Result, Variable};

#[derive(Layer)]
struct TwoLayerNet {
    hidden: Linear,
    output: Linear,
    scale: Option<Parameter>,
    #[layer(skip)]
    #[allow(dead_code)]
    name: &'static str,
}

impl TwoLayerNet {
    fn forward(&self, x: &Variable) -> Result<Variable> {
        self.output.forward(&self.hidden.forward(x)?.tanh())
    }
}

#[test]
fn a_user_s_own_struct_learns_xor() {
    let mut net = TwoLayerNet { hidden: Linear::new(2, 8), output: Linear::new(8, 2), scale: None, name: "mine" };
    net.initialize(1).unwrap();
    assert_eq!(net.parameter_names(), ["hidden.weight", "hidden.bias", "output.weight", "output.bias"]);
    let data = xor();
    let mut optimizer = Momentum::new(0.5, 0.9);
    for batch in data.batches(4).unwrap().shuffled(1).epochs(200) {
        let loss = softmax_cross_entropy(&net.forward(&batch.x).unwrap(), &batch.t).unwrap();
        optimizer.step(&mut net, &loss.backward().unwrap()).unwrap();
    }
    let all = data.all().unwrap();
    assert_eq!(accuracy(net.forward(&all.x).unwrap(), &all.t).unwrap(), 1.0);
}

#[test]
fn parameters_are_set_by_name_or_not_at_all() {
    let mut net = TwoLayerNet { hidden: Linear::new(2, 3), output: Linear::new(3, 2), scale: None, name: "" };
    let arrays = net.arrays();
    net.initialize(9).unwrap();
    let changed = net.arrays();
    assert!(!changed[0].1.same_as(&arrays[0].1));
    let mut wrong = arrays.clone();
    wrong[2].1 = Array::zeros(&[2, 4], DType::F32).unwrap();
    assert!(net.set_arrays(&wrong).unwrap_err().what().contains("output.weight has shape [2, 3]"));
    assert!(net.set_arrays(&arrays[..3]).unwrap_err().what().contains("output.bias is missing"));
    let extra = [arrays.clone(), vec![("more".to_string(), Array::from(1.0))]].concat();
    assert!(net.set_arrays(&extra).unwrap_err().what().contains("no parameter more"));
    assert!(net.arrays().iter().zip(&changed).all(|(a, b)| a.1.same_as(&b.1)), "an error changes nothing");
    net.set_arrays(&arrays).unwrap();
    assert!(net.arrays().iter().zip(&arrays).all(|(a, b)| a.1.same_as(&b.1)));
}

#[test]
fn an_update_happens_in_place_and_never_under_a_graph_s_feet() {
    let weight = Array::from([[1.0, 2.0]]);
    let mut net = Linear::from_arrays(weight.clone(), None).unwrap();
    let x = Variable::constant(Array::from([[3.0, 4.0]]));
    let step = |net: &mut Linear| {
        let y = net.forward(&x).unwrap();
        let loss = mean_squared_error(&y, Array::from([[0.0]])).unwrap();
        Sgd::new(0.01).step(net, &loss.backward().unwrap()).unwrap();
        y
    };
    step(&mut net);
    // y = 11, dL/dw = 2·11·x
    let moved = net.weight().array().to_f64_vec();
    assert!((moved[0] - 0.34).abs() < 1e-15 && (moved[1] - 1.12).abs() < 1e-15, "{moved:?}");
    assert_eq!(weight.to_f64_vec(), [1.0, 2.0], "the caller's own array is not the parameter");
    // A graph that still lives keeps the numbers it was computed with.
    let y = net.forward(&x).unwrap();
    let old = net.weight().array().clone();
    let gradients = kudari::autograd::Backward::new().retain_graph(true).run(&y).unwrap();
    Sgd::new(0.01).step(&mut net, &gradients).unwrap();
    assert!(!net.weight().array().same_as(&old));
    assert!(y.backward().is_ok());
}

#[test]
fn a_cloned_layer_is_a_layer_of_its_own() {
    let mut net = Linear::new(1, 1);
    let copy = net.clone();
    let gradients = net_gradients(&net);
    assert!(gradients.get(net.weight().variable()).is_some() && gradients.get(copy.weight().variable()).is_none());
    Sgd::new(0.1).step(&mut net, &gradients).unwrap();
    assert!(!net.weight().array().same_as(copy.weight().array()));
}

#[test]
fn settings_that_make_no_sense_are_refused_at_the_step() {
    let mut net = Linear::new(1, 1);
    let gradients = || net_gradients(&Linear::new(1, 1));
    for rate in [0.0, -1.0, f64::NAN] {
        assert!(Sgd::new(rate).step(&mut net, &gradients()).unwrap_err().what().starts_with("learning rate"));
    }
    assert!(Sgd::new(0.1).weight_decay(-1.0).step(&mut net, &gradients()).is_err());
    assert!(Adam::new(0.1).clip_norm(0.0).step(&mut net, &gradients()).is_err());
}

fn net_gradients(net: &Linear) -> kudari::autograd::Gradients {
    let y = net.forward(&Variable::constant(Array::from([[1.0f32]]))).unwrap();
    y.sum().backward().unwrap()
}

#[test]
fn clipping_by_norm_and_by_value() {
    let step = |mut optimizer: Sgd| {
        let mut net = Linear::from_arrays(Array::from([[0.0, 0.0]]), None).unwrap();
        let y = net.forward(&Variable::constant(Array::from([[3.0, -4.0]]))).unwrap();
        optimizer.step(&mut net, &y.sum().backward().unwrap()).unwrap();
        net.weight().array().to_f64_vec()
    };
    assert_eq!(step(Sgd::new(1.0)), [-3.0, 4.0]);
    let clipped = step(Sgd::new(1.0).clip_norm(1.0));
    assert!((clipped[0] + 0.6).abs() < 1e-15 && (clipped[1] - 0.8).abs() < 1e-15);
    assert_eq!(step(Sgd::new(1.0).clip_norm(10.0)), [-3.0, 4.0]);
    assert_eq!(step(Sgd::new(1.0).clip_value(3.5)), [-3.0, 3.5]);
}

fn blobs(count: usize, seed: u64) -> Dataset {
    let mut stream = Stream::new(seed, "blobs");
    let labels: Vec<i64> = (0..count as i64).map(|i| i % 3).collect();
    let x: Vec<f32> = labels
        .iter()
        .flat_map(|&l| {
            let angle = l as f64 * 2.1;
            [angle.cos() + 0.2 * stream.next_normal(), angle.sin() + 0.2 * stream.next_normal()].map(|v| v as f32)
        })
        .collect();
    let classes = (0..3).map(|c| c.to_string()).collect();
    let x = Array::from_vec(x, &[count, 2]).unwrap();
    Dataset::from_arrays("blobs", x, Array::from_vec(labels, &[count]).unwrap(), classes).unwrap()
}

fn options(iterations: u64, rate: f64) -> TrainOptions {
    let loss = Loss::named("softmax_cross_entropy").unwrap();
    TrainOptions::new(loss, Box::new(Sgd::new(rate)), 20, Length::Iterations(iterations))
}

fn network(seed: u64) -> Network {
    Network::new("linear(16) relu linear(3)", &[2], &NetworkOptions { seed, ..NetworkOptions::default() }).unwrap()
}

#[test]
fn training_learns_measures_and_repeats_to_the_same_bits_on_any_number_of_threads() {
    let data = Split::new(blobs(600, 1), blobs(150, 2));
    let run = |threads, seed| {
        kudari::set_threads(threads);
        let mut net = network(seed);
        let outcome = train(&mut net, &data, options(300, 0.1), &mut Silent).unwrap();
        (net.arrays(), outcome)
    };
    let (arrays, outcome) = run(1, 7);
    let last = outcome.history.last().unwrap();
    assert!(last.test_accuracy.unwrap() > 0.97 && last.train_loss < 0.2, "{last:?}");
    // 30 iterations are an epoch: a measurement before training and after each of the ten.
    assert_eq!((outcome.history.len(), outcome.history[1].iteration, outcome.epochs), (11, 30, 10.0));
    assert!((outcome.history[0].train_loss - 3f64.ln()).abs() < 0.8);
    let same = |other: &[(String, Array)]| arrays.iter().zip(other).all(|(a, b)| a.1.same_as(&b.1));
    for threads in [2, 5] {
        assert!(same(&run(threads, 7).0));
    }
    assert!(!same(&run(2, 8).0));
}

#[test]
fn a_schedule_changes_the_learning_rate_every_iteration() {
    let data = Split::new(blobs(60, 1), blobs(30, 2));
    let mut seen = options(6, 0.1);
    seen.schedule = Some(Schedule::function(|i, of| if of == 6 { 1.0 / (1.0 + i as f64) } else { f64::NAN }));
    let outcome = train(&mut network(1), &data, seen, &mut Silent).unwrap();
    let rates: Vec<f64> = outcome.history.iter().map(|r| r.learning_rate).collect();
    assert_eq!(rates, [0.1, 0.1 * (1.0 / 3.0), 0.1 * (1.0 / 6.0)]);
}

/// Three batches are an epoch, after which the loss is measured. A learning rate that is too small to change an f32 loss by
/// a ten-thousandth is a plateau from the start.
#[test]
fn a_plateau_lowers_the_learning_rate() {
    let data = Split::new(blobs(60, 1), blobs(30, 2));
    let mut seen = options(15, 1e-9);
    seen.schedule = Some(Schedule::plateau(0.5, 1));
    let rates = |outcome: &Outcome| outcome.history.iter().map(|r| r.learning_rate / 1e-9).collect::<Vec<f64>>();
    let outcome = train(&mut network(1), &data, seen, &mut Silent).unwrap();
    // The first loss is the best; after two more without improvement the next update has half the rate.
    assert_eq!(rates(&outcome), [1.0, 1.0, 1.0, 0.5, 0.5, 0.25]);
    let mut late = options(15, 0.1);
    late.schedule = Some(Schedule::warmup(15).then(Schedule::constant()));
    let error = train(&mut network(1), &data, late, &mut Silent).unwrap_err();
    assert!(error.what().contains("its last phase begins after 15 updates, of 15"), "{error}");
}

struct StopAfter(u64, u64);
impl Observer for StopAfter {
    fn iteration(&mut self, progress: &Progress, network: &Network) -> Result<()> {
        assert!(network.arrays().iter().all(|(_, a)| a.all_finite()));
        self.1 = progress.iteration;
        Ok(())
    }
    fn should_stop(&self) -> bool {
        self.1 >= self.0
    }
}

#[test]
fn an_observer_can_stop_the_training() {
    let data = Split::new(blobs(60, 1), blobs(30, 2));
    let outcome = train(&mut network(1), &data, options(100, 0.1), &mut StopAfter(7, 0)).unwrap();
    assert!(matches!(outcome.stop, Stop::Interrupted) && outcome.iterations == 7);
    assert_eq!(outcome.history.last().unwrap().iteration, 7);
    // Of several observers each is told, and each may stop it.
    let (mut patient, mut hasty) = (StopAfter(50, 0), StopAfter(5, 0));
    let outcome = train(&mut network(1), &data, options(100, 0.1), &mut vec![&mut patient as &mut dyn Observer, &mut hasty]);
    assert_eq!((outcome.unwrap().iterations, patient.1, hasty.1), (5, 5, 5));
}

#[test]
fn a_training_that_diverges_names_the_function_and_keeps_the_last_good_parameters() {
    let data = Split::new(blobs(600, 1), blobs(150, 2));
    let mut net = network(1);
    let outcome = train(&mut net, &data, options(500, 1e30), &mut Silent).unwrap();
    let Stop::Failed(failure) = outcome.stop else { panic!("it should have failed") };
    assert!(failure.iteration >= 2 && failure.kept < failure.iteration);
    assert!(outcome.history.last().is_some_and(|r| r.iteration == failure.kept && r.train_loss.is_finite()));
    assert!(net.arrays().iter().all(|(_, a)| a.all_finite()));
    let text = failure.to_error().to_string();
    assert!(text.contains("iteration") && text.contains("first produced") && text.contains("in layer"), "{text}");
}

/// The loss and its gradient are finite and yet the update overflows: it is undone.
#[test]
fn an_update_that_overflows_leaves_finite_parameters() {
    let x = Array::zeros(&[20, 2], DType::F32).unwrap();
    let t = Array::zeros(&[20], DType::I64).unwrap();
    let classes = (0..3).map(|c| c.to_string()).collect::<Vec<_>>();
    let data = Dataset::from_arrays("zeros", x, t, classes).unwrap();
    let data = Split::new(data.clone(), data);
    let root = kudari::train::LOSSES.iter().find(|l| l.name == "sum_squared_error").unwrap();
    let mut net = Network::new("linear(3)", &[2], &NetworkOptions::default()).unwrap();
    let huge = TrainOptions { loss: root, optimizer: Box::new(Sgd::new(1e38)), ..options(50, 1.0) };
    let outcome = train(&mut net, &data, huge, &mut Silent).unwrap();
    let Stop::Failed(failure) = outcome.stop else { panic!("it should have failed") };
    assert!(net.arrays().iter().all(|(_, a)| a.all_finite()), "{failure:?}");
}

#[test]
fn evaluation_in_chunks_is_the_mean_over_all_samples() {
    let data = blobs(2300, 5);
    let net = network(3);
    let loss = Loss::named("softmax_cross_entropy").unwrap();
    let whole = data.all().unwrap();
    let y = net.forward(&whole.x).unwrap();
    let (evaluation, exact) = (evaluate(&net, &data, loss).unwrap(), loss.of(&y, &whole.t).unwrap().item().unwrap());
    assert!((evaluation.loss - exact).abs() < 1e-6);
    assert_eq!(evaluation.accuracy.unwrap(), accuracy(&y, &whole.t).unwrap());
}

#[test]
fn regression_has_a_loss_and_no_accuracy() {
    let x = Array::linspace(-1.0, 1.0, 50, DType::F32).reshape(&[50, 1]).unwrap();
    let data = Dataset::from_arrays("line", x.clone(), x.scale(3.0).shift(1.0), Vec::new()).unwrap();
    let data = Split::new(data.clone(), data);
    let mut net =
        Network::new("linear(1)", &[1], &NetworkOptions { initializer: Some(Initializer::Constant(0.0)), ..Default::default() })
            .unwrap();
    let options =
        TrainOptions { loss: Loss::named("mean_squared_error").unwrap(), length: Length::Epochs(60), ..options(1, 0.3) };
    let outcome = train(&mut net, &data, options, &mut Silent).unwrap();
    let last = outcome.history.last().unwrap();
    assert!(last.test_loss < 1e-6 && last.test_accuracy.is_none(), "{last:?}");
}
