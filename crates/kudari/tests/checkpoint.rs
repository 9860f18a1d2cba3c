//! A training that is broken off anywhere and resumed from its file has the bits of one that was not.
#![allow(clippy::unwrap_used)] // helpers outside of #[test] functions are tests too

use kudari::array::Stream;
use kudari::data::{Dataset, Split};
use kudari::layers::Layer;
use kudari::model::{Network, NetworkOptions};
use kudari::optimizers::{self, OPTIMIZERS, Schedule};
use kudari::train::{Checkpoint, EpochRecord, Length, Loss, Observer, Outcome, Silent, Stop, TrainOptions, resume, train};
use kudari::{DType, Result};

/// Noisy pictures of three kinds: none can be learnt wholly, so that losses go on changing.
fn pictures(count: usize, seed: u64) -> Dataset {
    let mut stream = Stream::new(seed, "pictures");
    let labels = stream.integers(count, 3);
    let noise = stream.normal(&[count, 1, 6, 6], 0.0, 1.0, DType::F32).unwrap();
    let shift = labels.to_dtype(DType::F32).reshape(&[count as isize, 1, 1, 1]).unwrap();
    let names = ["a", "b", "c"].map(str::to_string).to_vec();
    Dataset::from_arrays("pictures", noise.add(&shift).unwrap(), labels, names).unwrap()
}

fn data() -> Split {
    Split::new(pictures(50, 1), pictures(20, 2)).with_validation(0.2, 1).unwrap()
}

/// Layers with random streams and running statistics of their own.
const NET: &str = "conv(3,3) batchnorm relu maxpool(2) flatten dropout(0.3) linear(8) relu linear(3)";

fn network() -> Network {
    Network::new(NET, &[1, 6, 6], &NetworkOptions { seed: 3, ..Default::default() }).unwrap()
}

fn options(optimizer: &str) -> TrainOptions {
    let loss = Loss::named("softmax_cross_entropy").unwrap();
    let optimizer = optimizers::parse(optimizer, 0.01).unwrap();
    TrainOptions { batch_size: 7, ..TrainOptions::new(loss, optimizer, 7, Length::Epochs(5)) }
}

/// Takes checkpoints as files, at every one of these updates, and may stop after one.
struct Keeper {
    every: u64,
    stop_after: Option<u64>,
    now: u64,
    files: Vec<Vec<u8>>,
}

impl Keeper {
    fn new(every: u64, stop_after: Option<u64>) -> Keeper {
        Keeper { every, stop_after, now: 0, files: Vec::new() }
    }
}

impl Observer for Keeper {
    fn wants_checkpoint(&mut self, iteration: u64) -> bool {
        self.now = iteration;
        iteration.is_multiple_of(self.every)
    }
    fn checkpoint(&mut self, checkpoint: &Checkpoint) -> Result<()> {
        self.files.push(checkpoint.to_bytes()?);
        Ok(())
    }
    fn should_stop(&self) -> bool {
        // Asked before `wants_checkpoint`, so one update later.
        self.stop_after.is_some_and(|last| self.now + 1 >= last)
    }
}

/// All that must be the same: parameters and buffers, measurements without their seconds, how it ended.
fn result(network: &Network, outcome: &Outcome) -> (Vec<u8>, Vec<EpochRecord>, u64, u64) {
    let bits = network.arrays().iter().flat_map(|(_, array)| array.to_le_bytes()).collect();
    let history = outcome.history.iter().map(|record| EpochRecord { seconds: 0.0, ..record.clone() }).collect();
    (bits, history, outcome.iterations, outcome.kept)
}

/// Trains without a break, then goes on from every checkpoint of it, and from breaks in the middle of an epoch.
fn check(name: &str, options: impl Fn() -> TrainOptions) {
    let data = data();
    let (mut whole, mut keeper) = (network(), Keeper::new(4, None));
    let outcome = train(&mut whole, &data, options(), &mut keeper).unwrap();
    let expected = result(&whole, &outcome);
    assert!(keeper.files.len() >= 3, "{name}: {} checkpoints", keeper.files.len());
    for file in &keeper.files {
        let checkpoint = Checkpoint::from_bytes(file).unwrap();
        let (from, mut resumed) = (checkpoint.iteration(), network());
        let outcome = resume(&mut resumed, &data, options(), checkpoint, &mut Silent).unwrap();
        assert!(result(&resumed, &outcome) == expected, "{name}: resumed after {from} updates");
    }
    for stop_after in [1, 5, 11] {
        let (mut net, mut keeper) = (network(), Keeper::new(u64::MAX, Some(stop_after)));
        let outcome = train(&mut net, &data, options(), &mut keeper).unwrap();
        assert!(matches!(outcome.stop, Stop::Interrupted), "{name}: {:?}", outcome.stop);
        let checkpoint = Checkpoint::from_bytes(keeper.files.last().unwrap()).unwrap();
        assert_eq!(checkpoint.iteration(), stop_after);
        let mut resumed = network();
        let outcome = resume(&mut resumed, &data, options(), checkpoint, &mut Silent).unwrap();
        assert!(result(&resumed, &outcome) == expected, "{name}: interrupted after {stop_after} updates");
    }
}

#[test]
fn every_optimizer_goes_on_to_the_same_bits() {
    for name in OPTIMIZERS {
        check(name, || options(name));
    }
}

#[test]
fn averages_accumulation_schedules_and_early_stopping_go_on_too() {
    check("average", || TrainOptions { average: Some(0.9), ..options("momentum(0.9)") });
    check("accumulate", || TrainOptions { accumulate: 4, length: Length::Epochs(8), ..options("adam") });
    let plateau = || Schedule::parse("warmup(3) plateau(0.5,0)").unwrap();
    check("plateau", || TrainOptions { schedule: Some(plateau()), length: Length::Epochs(8), ..options("sgd") });
    check("stopping", || TrainOptions { early_stopping: Some(2), length: Length::Epochs(40), ..options("adam") });
}

#[test]
fn early_stopping_keeps_the_best_parameters() {
    let data = data();
    let mut net = network();
    let options = TrainOptions { early_stopping: Some(3), length: Length::Epochs(90), ..options("adam") };
    let loss = options.loss;
    let outcome = train(&mut net, &data, options, &mut Silent).unwrap();
    assert!(matches!(outcome.stop, Stop::NoLongerBetter), "{:?}", outcome.stop);
    let losses: Vec<f64> = outcome.history.iter().map(|record| record.validation_loss.unwrap()).collect();
    let least = losses.iter().copied().fold(f64::INFINITY, f64::min);
    let best = losses.iter().position(|loss| *loss == least).unwrap();
    assert_eq!(outcome.history[best].iteration, outcome.kept);
    assert_eq!(losses.len(), best + 1 + 3, "three epochs without a smaller loss: {losses:?}");
    let validation = data.validation.as_ref().unwrap();
    assert_eq!(kudari::train::evaluate(&net, validation, loss).unwrap().loss, least);
    let mut last = network();
    last.set_arrays(&outcome.last.unwrap()).unwrap();
    assert_eq!(kudari::train::evaluate(&last, validation, loss).unwrap().loss, *losses.last().unwrap());
}

#[test]
fn an_accumulated_update_is_one_of_a_larger_batch() {
    let run = |batch_size, accumulate| {
        let mut net = Network::new("linear(8) tanh linear(3)", &[1, 6, 6], &NetworkOptions::default()).unwrap();
        let options = TrainOptions { batch_size, accumulate, ..options("sgd") };
        train(&mut net, &Split::new(pictures(50, 1), pictures(20, 2)), options, &mut Silent).unwrap();
        net.arrays()
    };
    // 50 samples in batches of 12 and 2: the last update of an epoch has fewer batches, and they have fewer samples.
    for ((name, one), (_, parts)) in run(12, 1).iter().zip(run(5, 1).iter()) {
        assert!(!one.same_as(parts), "{name}: other batches give other parameters");
    }
    for ((name, one), (_, parts)) in run(12, 1).iter().zip(run(4, 3).iter()) {
        let far = one.sub(parts).unwrap().to_f64_vec().into_iter().fold(0.0f64, |most, d| most.max(d.abs()));
        assert!(far < 1e-5, "{name}: {far}");
    }
}

#[test]
fn what_does_not_belong_together_is_an_error() {
    let data = data();
    let mut keeper = Keeper::new(4, None);
    train(&mut network(), &data, options("adam"), &mut keeper).unwrap();
    let file = &keeper.files[1];
    let again = |network: &mut Network, data: &Split, options: TrainOptions| {
        resume(network, data, options, Checkpoint::from_bytes(file).unwrap(), &mut Silent).unwrap_err().to_string()
    };
    let other = Split { train: pictures(40, 9), ..data.clone() };
    assert!(again(&mut network(), &other, options("adam")).contains("other data"));
    assert!(again(&mut network(), &data, options("sgd")).contains("another optimizer"));
    let mut small = Network::new("linear(3)", &[1, 6, 6], &NetworkOptions::default()).unwrap();
    assert!(again(&mut small, &data, options("adam")).contains("another network"));
    let averaged = TrainOptions { average: Some(0.5), ..options("adam") };
    assert!(again(&mut network(), &data, averaged).contains("other averages"));
    // Cut anywhere or changed anywhere, a file is refused.
    for length in (0..file.len()).step_by(97) {
        assert!(Checkpoint::from_bytes(&file[..length]).is_err(), "{length}");
    }
    for place in (8..file.len()).step_by(61) {
        let mut changed = file.clone();
        changed[place] ^= 1;
        // A changed space in the header is harmless; numbers, names and sizes that were changed are not.
        if let Ok(read) = Checkpoint::from_bytes(&changed) {
            assert_eq!(format!("{read:?}"), format!("{:?}", Checkpoint::from_bytes(file).unwrap()), "{place}");
        }
    }
}
