//! Weights that are used more than once: one parameter, whose gradient is the sum over its uses.
#![allow(clippy::unwrap_used)] // helpers outside of #[test] functions are tests too

use kudari::check::check_network;
use kudari::functions::{embedding, linear, softmax_cross_entropy};
use kudari::layers::{Embedding, Layer, Linear, Path, parameter_count};
use kudari::optimizers::{Adam, Optimizer, Sgd};
use kudari::{Array, DType, Result, Variable};

/// A word's row of the table, mixed, and compared with all rows.
#[derive(Layer)]
struct Tied {
    words: Embedding,
    mix: Linear,
}

const WORDS: usize = 11;
const SIZE: usize = 4;

impl Tied {
    fn new(seed: u64) -> Tied {
        let mut net = Tied { words: Embedding::new(WORDS, SIZE).unwrap(), mix: Linear::new(SIZE, SIZE) };
        net.initialize(seed).unwrap();
        net.convert(DType::F64).unwrap();
        net
    }

    /// With tables of their own for the input and the output, which may be the same.
    fn through(&self, [first, last]: [&Variable; 2]) -> Result<Variable> {
        let x = embedding(first, &Array::from([3i64, 7, 3]))?;
        let logits = linear(&self.mix.forward(&x)?.tanh(), last, None)?;
        softmax_cross_entropy(&logits, Array::from([7i64, 3, 2]))
    }

    fn loss(&self) -> Result<Variable> {
        self.through([self.words.weight().variable(); 2])
    }
}

#[test]
fn the_gradient_is_the_sum_over_both_uses() {
    let mut net = Tied::new(1);
    let shared = net.loss().unwrap().backward().unwrap();
    let shared = shared.get(net.words.weight().variable()).unwrap().to_f64_vec();
    // The same numbers as two parameters: a clone is one of its own.
    let other = net.words.clone();
    let tables = [&net.words, &other].map(|words| words.weight().variable());
    let apart = net.through(tables).unwrap().backward().unwrap();
    let parts = tables.map(|table| apart.get(table).unwrap().to_f64_vec());
    for (i, sum) in shared.iter().enumerate() {
        let expected = parts[0][i] + parts[1][i];
        assert!((sum - expected).abs() < 1e-15, "{i}: {sum} {expected}");
    }
    assert!(parts.iter().all(|part| part.iter().any(|g| g.abs() > 1e-3)), "both uses have a share");
    let report = check_network(&mut net, Tied::loss, None, 1, 1e-6).unwrap();
    assert!(report.passed && report.checked == WORDS * SIZE + SIZE * SIZE + SIZE, "{report:?}");
}

#[test]
fn it_is_named_counted_saved_and_moved_once() {
    let mut net = Tied::new(2);
    assert_eq!(net.parameter_names(), ["words.weight", "mix.weight", "mix.bias"]);
    assert_eq!(parameter_count(&net), WORDS * SIZE + SIZE * SIZE + SIZE);
    let before = net.words.weight().array().to_f64_vec();
    let gradients = net.loss().unwrap().backward().unwrap();
    let gradient = gradients.get(net.words.weight().variable()).unwrap().to_f64_vec();
    Sgd::new(0.5).step(&mut net, &gradients).unwrap();
    let after = net.words.weight().array().to_f64_vec();
    for ((before, after), g) in before.iter().zip(&after).zip(&gradient) {
        assert!((after - (before - 0.5 * g)).abs() < 1e-15);
    }
    // Loaded elsewhere it is shared there, too.
    let arrays = net.arrays();
    assert_eq!(arrays.iter().filter(|(_, array)| array.shape() == [WORDS, SIZE]).count(), 1);
    let mut copy = Tied::new(3);
    copy.set_arrays(&arrays).unwrap();
    assert_eq!(copy.loss().unwrap().item().unwrap(), net.loss().unwrap().item().unwrap());
    // Frozen, no use of it is trained.
    net.freeze("words.*").unwrap();
    let gradients = net.loss().unwrap().backward().unwrap();
    net.visit(&Path::ROOT, &mut |path, p| {
        assert_eq!(gradients.get(p.variable()).is_some(), path.to_string().starts_with("mix"), "{path}");
    });
}

#[test]
fn it_learns() {
    let mut net = Tied::new(4);
    let mut adam = Adam::new(0.05);
    let first = net.loss().unwrap().item().unwrap();
    for _ in 0..200 {
        let gradients = net.loss().unwrap().backward().unwrap();
        adam.step(&mut net, &gradients).unwrap();
    }
    // The word 3 is followed by 7 and by 2: ln 2 for two of three samples is what no network can fall below.
    let (last, least) = (net.loss().unwrap().item().unwrap(), 2.0 / 3.0 * 2f64.ln());
    assert!(first > 1.0 && last > least - 1e-9 && last < least + 0.05, "{first} {last}");
}
