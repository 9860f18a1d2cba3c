//! Where NaN comes from: planted in the forward and in the backward pass of a deep network, and found.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use kudari::autograd::find_non_finite;
use kudari::data::{Dataset, Sampling, Split};
use kudari::layers::{Activation, Initializer, Layer, Linear, Module, Parameter, Sequential};
use kudari::model::Network;
use kudari::optimizers::Sgd;
use kudari::train::{FailedSample, Failure, Length, Loss, Silent, Stop, TrainOptions, train};
use kudari::{Array, DType, Result, Variable};

/// Factors of the features, so that gradients pass through what follows.
#[derive(Layer)]
struct Scale {
    factors: Parameter,
}

/// A function of the program's own, applied to every number.
#[derive(Layer)]
struct Each {
    #[layer(skip)]
    name: &'static str,
    #[layer(skip)]
    function: fn(&Variable) -> Variable,
}

macro_rules! module {
    ($layer:ident, $self:ident, $x:ident, $y:expr, $notation:expr) => {
        impl Module for $layer {
            fn forward(&$self, $x: &Variable) -> Result<Variable> {
                $y
            }
            fn notation(&$self) -> String {
                $notation
            }
            fn output_shape(&self, input: &[usize]) -> Result<Vec<usize>> {
                Ok(input.to_vec())
            }
        }
    };
}
module!(Scale, self, x, x.mul(self.factors.variable()), "scale".to_string());
module!(Each, self, x, Ok((self.function)(x)), self.name.to_string());

const FEATURES: usize = 4;
/// Sample 17 of the third batch of 20.
const PLANTED: usize = 57;

/// Samples of positive numbers, with a zero in one place.
fn data() -> Split {
    let mut x: Vec<f64> = (0..80 * FEATURES).map(|i| 0.5 + (i * 37 % 101) as f64 / 101.0).collect();
    x[PLANTED * FEATURES + 2] = 0.0;
    let x = Array::from_vec(x, &[80, FEATURES]).unwrap().to_dtype(DType::F32);
    let t = Array::from_vec((0..80).map(|i| i % 3).collect::<Vec<i64>>(), &[80]).unwrap();
    let train = Dataset::from_arrays("planted", x, t, (0..3).map(|c| c.to_string()).collect()).unwrap();
    Split::new(train.clone(), train.first(20).unwrap())
}

/// Twenty layers, of which number 2 is the given one.
fn network(planted: Each) -> Network {
    let ones = Parameter::new(&[FEATURES], Initializer::Constant(1.0)).unwrap();
    let mut layers = Sequential::new().with(Scale { factors: ones }).with(Activation::new("identity").unwrap()).with(planted);
    for _ in 0..8 {
        layers = layers.with(Linear::new(FEATURES, FEATURES)).with(Activation::new("tanh").unwrap());
    }
    let mut network = Network::from_layers(layers.with(Linear::new(FEATURES, 3)), &[FEATURES]).unwrap();
    network.initialize(3).unwrap();
    assert_eq!(network.layers().layers().len(), 20);
    network
}

fn run(network: &mut Network, iterations: u64, data: &Split) -> Stop {
    let loss = Loss::named("softmax_cross_entropy").unwrap();
    let options = TrainOptions {
        sampling: Sampling::InOrder,
        ..TrainOptions::new(loss, Box::new(Sgd::new(0.1)), 20, Length::Iterations(iterations))
    };
    train(network, data, options, &mut Silent).unwrap().stop
}

/// Trains until it fails; what is kept has to be what two updates make.
fn fail(planted: fn() -> Each) -> Failure {
    let (mut failed, mut sound) = (network(planted()), network(planted()));
    let Stop::Failed(failure) = run(&mut failed, 40, &data()) else { panic!("the training should fail") };
    // The first two batches, without the planted sample.
    let begin = Split::new(data().train.first(40).unwrap(), data().test);
    let stop = run(&mut sound, 2, &begin);
    assert!(matches!(stop, Stop::Finished), "{stop:?}");
    assert!(failed.arrays().iter().zip(sound.arrays()).all(|(a, b)| a.1.same_as(&b.1)), "the weights before the step are kept");
    assert_eq!((failure.iteration, failure.epoch, failure.kept), (3, 1, 2));
    assert_eq!(failure.sample, Some(FailedSample { place: 17, row: 57 }));
    *failure
}

#[test]
fn the_logarithm_of_zero_in_the_forward_pass() {
    let line = line!() + 1;
    let failure = fail(|| Each { name: "log", function: |x| x.log() });
    let origin = failure.origin.as_ref().unwrap();
    assert_eq!((origin.function.as_str(), origin.layer.as_str(), origin.index.as_slice()), ("log", "2.log", &[17, 2][..]));
    assert_eq!((origin.location.file().ends_with("non_finite.rs"), origin.location.line()), (true, line));
    assert_eq!(
        (origin.made_by.as_str(), origin.because.as_str()),
        ("ln(0) = −∞", "0 is the result of `identity` in layer 1.identity: 0")
    );
    let report = failure.report();
    for part in [
        "iteration 3, epoch 1: the update made parameter 0.factors infinite or NaN",
        "`log` in layer 2.log, sample 17 of the batch (row 57 of the",
        "[2] in it",
        "iteration 2 are kept",
    ] {
        assert!(report.contains(part), "{report}");
    }
}

#[test]
fn the_square_root_of_zero_in_the_backward_pass() {
    let line = line!() + 1;
    let failure = fail(|| Each { name: "sqrt", function: |x| x.sqrt() });
    let origin = failure.origin.as_ref().unwrap();
    assert_eq!((origin.function.as_str(), origin.layer.as_str()), ("backward of sqrt", "2.sqrt"));
    assert_eq!((origin.index.as_slice(), origin.value.is_infinite()), (&[17, 2][..], true));
    assert_eq!((origin.location.file().ends_with("non_finite.rs"), origin.location.line()), (true, line));
    assert!(origin.made_by.ends_with("·1/(2·0) = −∞"), "{}", origin.made_by);
    assert_eq!(origin.because, "0 = √0");
    assert_eq!(failure.what, "the update made parameter 0.factors infinite or NaN");
}

/// Functions that are computed in one pass are taken apart, so that the one inside that failed is named.
#[test]
fn overflow_in_a_product_shows_its_largest_terms() {
    let x = Variable::parameter(Array::from([[1e38f32; 20], [3e38; 20]]));
    let mut layers = Sequential::new().with(Linear::new(20, 4)).with(Activation::new("relu").unwrap());
    let weight = Array::ones(&[4, 20], DType::F32).unwrap().scale(0.1);
    let bias = Array::zeros(&[4], DType::F32).unwrap();
    layers.set_arrays(&[("0.weight".into(), weight), ("0.bias".into(), bias)]).unwrap();
    let (_, found) = find_non_finite(|| layers.forward(&(&x * 1.0)).unwrap());
    let origin = found.unwrap();
    assert_eq!((origin.function.as_str(), origin.layer.as_str(), origin.index), ("linear", "0.linear(4)", vec![1, 0]));
    assert_eq!(origin.made_by, "0.1·3e38 + 0.1·3e38 + 0.1·3e38 + … (21 terms, the largest first) = ∞");
}

#[test]
fn what_was_there_before_is_not_blamed_on_the_function() {
    let x = Variable::parameter(Array::from([[1.0f32, f32::NAN]]));
    let found = find_non_finite(|| x.exp()).1.unwrap();
    assert_eq!((found.made_by.as_str(), found.because.as_str()), ("its operand was NaN already at [0, 1]", ""));
    assert!(found.is_in_program() && found.to_string().contains("`exp` first produced NaN at index [0, 1], its operand was NaN"));
}
