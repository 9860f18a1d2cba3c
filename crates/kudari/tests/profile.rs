//! Profiles: what is counted, and that counting changes nothing.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic)]

use kudari::array::Stream;
use kudari::autograd::Backward;
use kudari::functions::{Conv2dOptions, conv2d, softmax_cross_entropy};
use kudari::layers::Layer;
use kudari::model::{Network, NetworkOptions};
use kudari::optimizers::{Adam, Optimizer, Sgd};
use kudari::profile::{Pass, Profile, Row, part};
use kudari::{Array, DType, Variable, profile};
use serde_json::Value;

fn random(shape: &[usize], name: &str) -> Array {
    Stream::new(0, name).uniform(shape, -1.0, 1.0, DType::F32).unwrap()
}

fn network(net: &str, input: &[usize]) -> Network {
    Network::new(net, input, &NetworkOptions { seed: 1, ..NetworkOptions::default() }).unwrap()
}

/// Trains on one batch of five samples of three classes.
fn train(network: &mut Network, optimizer: &mut dyn Optimizer, steps: usize) {
    let x = Variable::constant(random(&[&[5], network.input_shape()].concat(), "x"));
    let t = Array::from([0i64, 1, 2, 1, 0]);
    for _ in 0..steps {
        let loss = softmax_cross_entropy(&network.forward(&x).unwrap(), &t).unwrap();
        optimizer.step(network, &loss.backward().unwrap()).unwrap();
    }
}

fn row<'a>(profile: &'a Profile, pass: Pass, name: &str, layer: &str) -> &'a Row {
    let found: Vec<&Row> = profile.rows.iter().filter(|r| (r.pass, r.name, r.layer.as_str()) == (pass, name, layer)).collect();
    assert_eq!(found.len(), 1, "{name} {layer} in {:?}", profile.rows);
    found[0]
}

fn names(profile: &Profile) -> Vec<&str> {
    profile.rows.iter().map(|row| row.name).collect()
}

/// 2·m·k·n operations forward, as many for each gradient, none of them by the network's input.
#[test]
fn calls_operations_and_bytes_of_a_known_network() {
    let mut network = network("linear(7) relu linear(3)", &[4]);
    let ((), profile) = profile(|| train(&mut network, &mut Sgd::new(0.1), 6));
    let (first, second) = (6.0 * 2.0 * 5.0 * 4.0 * 7.0, 6.0 * 2.0 * 5.0 * 7.0 * 3.0);
    let expected = [
        (Pass::Forward, "linear_relu", "0.linear(7)", first, 5 * 4 + 7 * 4 + 7 + 5 * 7),
        (Pass::Forward, "linear", "2.linear(3)", second, 5 * 7 + 3 * 7 + 3 + 5 * 3),
        (Pass::Forward, "softmax_cross_entropy", "", 0.0, 5 * 3 + 1),
        // g, y, x and W, then dW and db.
        (Pass::Backward, "linear_relu", "0.linear(7)", first, 5 * 7 + 5 * 7 + 5 * 4 + 7 * 4 + 7 * 4 + 7),
        (Pass::Backward, "linear", "2.linear(3)", 2.0 * second, 5 * 3 + 5 * 7 + 3 * 7 + 5 * 7 + 3 * 7 + 3),
        (Pass::Backward, "softmax_cross_entropy", "", 0.0, 1 + 5 * 3 + 5 * 3),
        (Pass::Update, "sgd", "", 0.0, 3 * (7 * 4 + 7 + 3 * 7 + 3)),
    ];
    assert_eq!((profile.rows.len(), profile.updates), (expected.len(), 6), "{:?}", profile.rows);
    for (pass, name, layer, operations, numbers) in expected {
        let row = row(&profile, pass, name, layer);
        assert_eq!((row.calls, row.operations, row.bytes), (6, operations, f64::from(6 * 4 * numbers)), "{row:?}");
    }
}

#[test]
fn gradients_that_nobody_wants_are_not_counted() {
    let (x, w, b) = (random(&[2, 3, 6, 5], "x"), random(&[4, 3, 3, 2], "w"), random(&[4], "b"));
    let pair = |wanted: [bool; 2]| {
        let [x, w] = [(&x, wanted[0]), (&w, wanted[1])].map(|(array, wanted)| match wanted {
            true => Variable::parameter(array.clone()),
            false => Variable::constant(array.clone()),
        });
        let b = Variable::parameter(b.clone());
        let ((), profile) = profile(|| {
            let y = conv2d(&x, &w, Some(&b), &Conv2dOptions::default()).unwrap();
            Backward::new().start(Array::ones(y.shape(), DType::F32).unwrap()).run(&y).unwrap();
        });
        [Pass::Forward, Pass::Backward].map(|pass| row(&profile, pass, "conv2d", "").operations)
    };
    // Every number of [2, 4, 4, 4] is a sum of 3·3·2 products.
    let once = 2.0 * (2.0 * 4.0 * 4.0 * 4.0) * 18.0;
    assert_eq!(pair([true, true]), [once, 2.0 * once]);
    assert_eq!(pair([false, true]), [once, once]);
    assert_eq!(pair([true, false]), [once, once]);
    assert_eq!(pair([false, false]), [once, 0.0]);
}

#[test]
fn shares_are_those_of_one_whole() {
    let mut network = network("conv(4,3) relu maxpool(2) flatten linear(3)", &[1, 8, 8]);
    let ((), profile) = profile(|| train(&mut network, &mut Adam::new(0.01), 20));
    let shares: f64 = profile.rows.iter().map(|row| profile.share(row.seconds)).sum();
    assert!((shares + profile.share(profile.outside()) - 1.0).abs() < 1e-9, "{shares}");
    assert!(shares > 0.0 && profile.outside() > 0.0);
    assert!(profile.rows.is_sorted_by(|a, b| a.seconds >= b.seconds));
    // m, v and the parameter are read and written, the gradient is read.
    let parameters: usize = network.arrays().iter().map(|(_, array)| array.len()).sum();
    assert_eq!(row(&profile, Pass::Update, "adam", "").bytes, (20 * 4 * 7 * parameters) as f64);
}

#[test]
fn the_picture_of_the_time_parses_and_nests() {
    let mut network = network("conv(4,3) relu conv(5,3) relu flatten linear(3)", &[1, 8, 8]);
    let ((), profile) = profile(|| part("all", || train(&mut network, &mut Sgd::new(0.1), 3)));
    assert_eq!(profile.rows.len(), 1, "what is inside of a part is counted to it");
    let products: f64 = 2.0 * 5.0 * (2.0 * 36.0 * 4.0 * 9.0 + 3.0 * 16.0 * 5.0 * 36.0 + 3.0 * 80.0 * 3.0);
    assert_eq!((profile.rows[0].calls, profile.rows[0].operations), (1, 3.0 * products));
    let trace: Value = serde_json::from_str(&profile.trace_json()).unwrap();
    let events: Vec<&Value> = trace["traceEvents"].as_array().unwrap().iter().filter(|e| e["ph"] == "X").collect();
    assert_eq!(profile.spans(), (events.len() as u64, events.len() as u64));
    // In the order of their beginnings each lies inside of those that are still open, or behind them.
    let mut open: Vec<(&str, i64)> = Vec::new();
    let mut inside = Vec::new();
    for event in events {
        let nanoseconds = |field: &str| (event[field].as_f64().unwrap() * 1e3).round() as i64;
        let (start, end) = (nanoseconds("ts"), nanoseconds("ts") + nanoseconds("dur"));
        open.retain(|&(_, outer)| start < outer);
        assert!(open.iter().all(|&(_, outer)| end <= outer), "{event} in {open:?}");
        let name = event["name"].as_str().unwrap();
        inside.extend(open.last().map(|outer| (outer.0, name)));
        open.push((name, end));
    }
    let count = |outer: &str, inner: &str| inside.iter().filter(|pair| **pair == (outer, inner)).count();
    assert_eq!(count("all", "backward of conv2d_relu"), 6);
    assert_eq!(count("backward of conv2d_relu", "conv2d_weight_gradient"), 6);
    assert_eq!(count("backward of conv2d_relu", "conv_transpose2d"), 3, "nobody wants the gradient by the pictures");
    assert_eq!(count("all", "update by sgd"), 3);
}

#[test]
fn nothing_is_written_down_outside_or_after_an_error() {
    let x = Variable::parameter(Array::from([[1.0f32, 2.0]]));
    let before = x.exp();
    let (result, failed) = profile(|| x.exp().matmul(&x).map(|_| ()));
    assert!(result.is_err());
    assert_eq!(names(&failed), ["exp"], "only what came to its end");
    let caught = std::panic::catch_unwind(|| profile(|| part("broken", || panic!("planted"))));
    assert!(caught.is_err());
    let after = before.exp();
    let (y, inner) = profile(|| std::thread::scope(|scope| scope.spawn(|| after.exp()).join().unwrap()));
    assert_eq!((inner.rows.len(), inner.spans(), inner.updates), (0, (0, 0), 0), "another thread's functions");
    let (_, outer) = profile(|| (profile(|| y.exp()), y.sin()));
    assert_eq!(names(&outer), ["sin"]);
}

/// A graph belongs to the variables, not to the profile that saw it made.
#[test]
fn a_layer_is_known_to_the_backward_pass_of_another_profile() {
    let network = network("linear(2) sigmoid linear(3)", &[4]);
    let x = Variable::constant(random(&[5, 4], "x"));
    let (loss, _) = profile(|| network.forward(&x).unwrap().sum());
    let (_, profile) = profile(|| loss.backward().unwrap());
    for (name, layer) in [("linear", "0.linear(2)"), ("sigmoid", "1.sigmoid"), ("linear", "2.linear(3)")] {
        assert_eq!(row(&profile, Pass::Backward, name, layer).calls, 1);
    }
}

#[test]
fn the_results_are_the_same_bits() {
    let make = || network("conv(4,3) relu maxpool(2) flatten linear(9) relu linear(3)", &[1, 8, 8]);
    let (mut plain, mut watched) = (make(), make());
    train(&mut plain, &mut Adam::new(0.01), 10);
    let ((), profile) = profile(|| train(&mut watched, &mut Adam::new(0.01), 10));
    assert!(plain.arrays().iter().zip(&watched.arrays()).all(|(a, b)| a.1.same_as(&b.1)));
    // As they run without being watched: fused.
    for (name, layer) in [("conv2d_relu_max_pool2d", "0.conv(4,3)"), ("linear_relu", "4.linear(9)")] {
        assert_eq!(row(&profile, Pass::Forward, name, layer).calls, 10);
    }
}
