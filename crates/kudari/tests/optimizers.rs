//! What optimizers have in common: groups, freezing, both kinds of weight decay, and what is wrong with settings.
#![allow(clippy::unwrap_used)]

use kudari::autograd::Gradients;
use kudari::layers::{Layer, Linear, Parameter};
use kudari::optimizers::{AdaGrad, Adam, AdamW, Lbfgs, Muon, NAdam, OPTIMIZERS, Optimizer, RAdam, Schedule, Sgd, parse};
use kudari::{Array, DType, Result, Variable};

/// Two layers without anything between them.
fn net() -> Vec<Linear> {
    let mut net = vec![Linear::new(2, 3), Linear::new(3, 1)];
    net.initialize(1).unwrap();
    net.convert(DType::F64).unwrap();
    net
}

fn loss(net: &[Linear]) -> Result<Variable> {
    let x = Variable::constant(Array::from([[1.0, 2.0], [-0.5, 0.25]]));
    Ok(net[1].forward(&net[0].forward(&x)?)?.sub(Array::from([[1.0], [2.0]]))?.square().sum())
}

fn gradients(net: &[Linear]) -> Gradients {
    loss(net).unwrap().backward().unwrap()
}

/// How far each parameter moves in one step.
fn moves(mut optimizer: impl Optimizer) -> Vec<(String, Array)> {
    let mut net = net();
    let before = net.arrays();
    let gradients = gradients(&net);
    optimizer.step(&mut net, &gradients).unwrap();
    net.arrays().into_iter().zip(before).map(|((name, after), (_, before))| (name, after.sub(&before).unwrap())).collect()
}

fn close(a: &Array, b: &Array) -> bool {
    a.sub(b).unwrap().sum_of_squares().sqrt() <= 1e-12 * (1e-3 + b.sum_of_squares().sqrt())
}

#[test]
fn groups_have_settings_of_their_own() {
    let plain = moves(Sgd::new(0.1));
    let grouped = moves(Sgd::new(0.1).group("0.*", |s| s.learning_rate *= 0.5).group("*.bias", |s| s.learning_rate *= 4.0));
    for ((name, plain), (_, grouped)) in plain.iter().zip(&grouped) {
        let factor = if name.starts_with("0.") { 0.5 } else { 1.0 } * if name.ends_with("bias") { 4.0 } else { 1.0 };
        assert!(close(grouped, &plain.scale(factor)), "{name}");
    }
    // No decay on biases: they move as without, the weights do not.
    let decayed = moves(Sgd::new(0.1).weight_decay(0.3).group("*.bias", |s| s.weight_decay = 0.0));
    for (((name, plain), (_, decayed)), (_, w)) in plain.iter().zip(&decayed).zip(net().arrays()) {
        let decay = if name.ends_with("bias") { 0.0 } else { -0.1 * 0.3 };
        assert!(close(decayed, &plain.add(&w.scale(decay)).unwrap()), "{name}");
    }
    // A schedule reaches the groups.
    let mut scheduled = Sgd::new(0.1).group("*.bias", |s| s.learning_rate *= 4.0);
    scheduled.set_rate_factor(Schedule::warmup(4).factor(0, 10));
    for ((name, plain), (_, moved)) in plain.iter().zip(moves(scheduled)) {
        assert!(close(&moved, &plain.scale(if name.ends_with("bias") { 1.0 } else { 0.25 })), "{name}");
    }
}

#[test]
fn groups_that_cannot_be_are_told_before_anything_moves() {
    let error = |mut optimizer: Sgd| {
        let mut net = net();
        let (before, gradients) = (net.arrays(), gradients(&net));
        let error = optimizer.step(&mut net, &gradients).unwrap_err().to_string();
        assert!(net.arrays().iter().zip(&before).all(|(a, b)| a.1.same_as(&b.1)));
        error
    };
    assert_eq!(
        error(Sgd::new(0.1).group("*.biass", |s| s.weight_decay = 0.0)),
        "no parameter belongs to the group `*.biass`\n  help: the parameters are 0.weight, 0.bias, 1.weight, 1.bias"
    );
    let rate = error(Sgd::new(0.1).group("*", |s| s.learning_rate = -1.0));
    assert_eq!(rate, "0.weight: group `*`: learning rate -1\n  help: it must be 0 or above and finite");
}

#[test]
fn frozen_parameters_have_no_gradient_and_stay() {
    let mut net = net();
    assert_eq!((net.freeze("0.*").unwrap(), net.freeze("1.bias").unwrap()), (2, 1));
    let before = net.arrays();
    let gradients = gradients(&net);
    assert_eq!(gradients.len(), 1);
    // Decay and clipping leave them alone too, and a copy is as frozen.
    Adam::new(0.1).weight_decay(0.5).clip_norm(1.0).step(&mut net, &gradients).unwrap();
    for ((name, now), (_, before)) in net.arrays().iter().zip(&before) {
        assert_eq!(now.same_as(before), name != "1.weight", "{name}");
    }
    let copy = net.clone();
    assert!(copy[0].weight().is_frozen() && !copy[1].weight().is_frozen());
    assert_eq!(net.unfreeze("*").unwrap(), 4);
    assert_eq!(loss(&net).unwrap().backward().unwrap().len(), 4);
    let error = net.freeze("2.*").unwrap_err().to_string();
    assert_eq!(error, "no parameter matches `2.*`\n  help: the parameters are 0.weight, 0.bias, 1.weight, 1.bias");
    net.freeze("*").unwrap();
    assert!(loss(&net).unwrap().backward().is_err());
}

/// Adam whose decay is decoupled is AdamW, to the bit.
#[test]
fn decoupled_decay_makes_adamw_of_adam() {
    let adam = moves(Adam::new(0.1).decoupled_weight_decay(0.3));
    let adamw = moves(AdamW::new(0.1).weight_decay(0.3));
    assert!(adam.iter().zip(&adamw).all(|(a, b)| a.1.same_as(&b.1)));
    for pair in [
        [moves(NAdam::new(0.1).weight_decay(0.3)), moves(NAdam::new(0.1).decoupled_weight_decay(0.3))],
        [moves(RAdam::new(0.1).weight_decay(0.3)), moves(RAdam::new(0.1).decoupled_weight_decay(0.3))],
        [moves(AdaGrad::new(0.1).weight_decay(0.3)), moves(AdaGrad::new(0.1).decoupled_weight_decay(0.3))],
    ] {
        assert!(!pair[0][0].1.same_as(&pair[1][0].1));
    }
}

#[test]
fn settings_that_make_no_sense_are_errors() {
    let fails = |optimizer: &mut dyn Optimizer| {
        let mut net = net();
        let gradients = gradients(&net);
        optimizer.step(&mut net, &gradients).unwrap_err().what().to_string()
    };
    assert_eq!(fails(&mut Adam::new(0.1).betas(0.9, 1.0)), "beta2 = 1");
    assert_eq!(fails(&mut Muon::new(0.1).momentum(f64::NAN)), "momentum = NaN");
    assert_eq!(fails(&mut Sgd::new(0.0)), "learning rate 0");
    assert_eq!(fails(&mut Sgd::new(0.1).decoupled_weight_decay(-1.0)), "weight decay -1");
    let mut sgd = Sgd::new(0.1);
    sgd.set_rate_factor(f64::INFINITY);
    assert_eq!(fails(&mut sgd), "factor of the learning rate inf");
    // At the end of a schedule the factor is 0, and nothing moves.
    sgd.set_rate_factor(0.0);
    assert!(moves(sgd).iter().all(|(_, moved)| moved.sum_of_squares() == 0.0));
}

/// Matrices of all kinds: rows, columns, kernels of convolutions, and empty ones.
#[test]
fn every_optimizer_takes_every_shape() {
    let shapes: [&[usize]; 8] = [&[], &[1], &[5], &[1, 4], &[4, 1], &[3, 2, 2, 2], &[0], &[0, 3]];
    for word in OPTIMIZERS {
        for dtype in [DType::F32, DType::F64] {
            let mut optimizer = parse(word, 0.01).unwrap();
            let make = |shape: &&[usize]| Parameter::from_array(Array::ones(shape, dtype).unwrap()).unwrap();
            let mut parameters: Vec<Parameter> = shapes.iter().map(make).collect();
            for _ in 0..3 {
                let mut gradients = Gradients::default();
                for parameter in &parameters {
                    gradients.insert(parameter.variable(), parameter.array().scale(2.0));
                }
                optimizer.step(&mut parameters, &gradients).unwrap();
            }
            for (parameter, shape) in parameters.iter().zip(shapes) {
                assert_eq!((parameter.array().shape(), parameter.array().dtype()), (shape, dtype));
                let values = parameter.array().to_f64_vec();
                assert!(values.iter().all(|v| *v < 1.0 && v.is_finite()), "{word} {shape:?}: {values:?}");
            }
        }
    }
}

#[test]
fn gradients_of_several_passes_are_added_and_divided() {
    let net = net();
    let (one, mut sum) = (gradients(&net), gradients(&net));
    sum.add(&one).unwrap();
    sum.add(&one).unwrap();
    sum.divide(3.0).unwrap();
    assert!(sum.arrays().zip(one.arrays()).all(|(a, b)| close(a, b)));
    assert!(sum.divide(0.0).is_err() && sum.divide(f64::NAN).is_err());
}

#[test]
fn lbfgs_says_what_it_needs_and_puts_back_what_failed() {
    let mut start = net();
    let gradients = gradients(&start);
    let mut lbfgs = Lbfgs::new(1.0).strong_wolfe();
    let error = lbfgs.step(&mut start, &gradients).unwrap_err().to_string();
    assert_eq!(
        error,
        "lbfgs computes the loss several times in a step, one gradient is not enough\n  help: call step_with(&mut net, |net| loss) \
         with the calculation of the loss"
    );
    // Two samples and more than two numbers: the loss can be 0.
    let first = lbfgs.step_with(&mut start, |net| loss(net)).unwrap();
    assert!(first > 0.1 && loss(&start).unwrap().item().unwrap() < 1e-9);
    // A frozen parameter stays.
    let mut net = net();
    net.freeze("0.weight").unwrap();
    let before = net.arrays();
    Lbfgs::new(1.0).strong_wolfe().step_with(&mut net, |net| loss(net)).unwrap();
    assert!(net.arrays()[0].1.same_as(&before[0].1) && !net.arrays()[1].1.same_as(&before[1].1));
    // Far too long steps without a search end in infinity.
    net.initialize(2).unwrap();
    let before = net.arrays();
    let error = Lbfgs::new(1e200).iterations(50).step_with(&mut net, |net| loss(net)).unwrap_err();
    assert!(error.what().starts_with("lbfgs: the "), "{error}");
    assert!(net.arrays().iter().zip(&before).all(|(a, b)| a.1.same_as(&b.1)));
    for lbfgs in [Lbfgs::new(1.0).weight_decay(0.1), Lbfgs::new(1.0).clip_norm(1.0), Lbfgs::new(-1.0), Lbfgs::new(1.0).history(0)]
    {
        assert!({ lbfgs }.step_with(&mut net, |net| loss(net)).is_err());
    }
}
