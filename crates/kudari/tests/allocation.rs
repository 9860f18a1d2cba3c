//! A training step asks the system for no memory once it has run a few times: everything it needs waits in pools.
#![allow(clippy::unwrap_used)]
// A counting allocator cannot be had without.
#![allow(unsafe_code)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::sync::atomic::{AtomicUsize, Ordering};

use kudari::array::Stream;
use kudari::functions::softmax_cross_entropy;
use kudari::model::{Network, NetworkOptions};
use kudari::optimizers::{Adam, AmsGrad, Momentum, Muon, Optimizer, Sgd};
use kudari::{DType, Precision, Variable, with_precision};

/// The system's allocator, which counts how often it is asked.
struct Counting;

static ASKED: AtomicUsize = AtomicUsize::new(0);

// SAFETY: every call is passed on to the system's allocator as it is.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        ASKED.fetch_add(1, Ordering::Relaxed);
        // SAFETY: forwarded from the caller.
        unsafe { System.alloc(layout) }
    }
    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        // SAFETY: forwarded from the caller.
        unsafe { System.dealloc(place, layout) }
    }
    unsafe fn realloc(&self, place: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        ASKED.fetch_add(1, Ordering::Relaxed);
        // SAFETY: forwarded from the caller.
        unsafe { System.realloc(place, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// Windows of steps that are looked at, at most.
const WINDOWS: usize = 30;

/// The fewest allocations of twenty steps in a row, on two threads. Which thread takes which piece of work depends on what else
/// the machine does, and each has a pool of its own: until both have met every piece a step may ask for a little.
fn allocations(net: &str, sample: &[usize], batch: usize, mut optimizer: Box<dyn Optimizer>) -> usize {
    kudari::set_threads(2);
    let mut stream = Stream::new(1, "allocation");
    let x = Variable::constant(stream.uniform(&[&[batch], sample].concat(), 0.0, 1.0, DType::F32).unwrap());
    let t = stream.integers(batch, 3);
    let mut network = Network::new(net, sample, &NetworkOptions::default()).unwrap();
    let mut step = || {
        let loss = softmax_cross_entropy(&network.forward(&x).unwrap(), &t).unwrap();
        let gradients = loss.backward().unwrap();
        optimizer.step(&mut network, &gradients).unwrap();
    };
    (0..5).for_each(|_| step());
    let mut fewest = usize::MAX;
    for _ in 0..WINDOWS {
        let before = ASKED.load(Ordering::Relaxed);
        (0..20).for_each(|_| step());
        fewest = fewest.min(ASKED.load(Ordering::Relaxed) - before);
        if fewest == 0 {
            break;
        }
    }
    fewest
}

/// One test for all: the counter is the process's.
#[test]
fn a_step_after_the_first_ones_allocates_nothing() {
    assert!(allocations("linear(3)", &[2], 4, Box::new(Sgd::new(0.1))) == 0);
    type Case = (&'static str, &'static [usize], usize, Box<dyn Optimizer>);
    let cases: [Case; 7] = [
        ("linear(8) relu linear(3)", &[2], 4, Box::new(Sgd::new(0.1))),
        ("linear(50) sigmoid linear(10)", &[784], 100, Box::new(Momentum::new(0.1, 0.9))),
        ("linear(200) relu linear(300) tanh linear(3)", &[500], 128, Box::new(Adam::new(1e-3))),
        ("linear(8) gelu linear(4) softplus linear(3)", &[5], 7, Box::new(Adam::new(1e-3))),
        ("linear(70) relu linear(3)", &[60], 9, Box::new(Muon::new(1e-3))),
        ("linear(8) relu linear(3)", &[5], 7, Box::new(AmsGrad::new(1e-3).group("*.bias", |s| s.learning_rate *= 2.0))),
        ("conv(8,3) relu conv(16,3) relu maxpool(2) flatten linear(3)", &[1, 12, 12], 8, Box::new(Momentum::new(0.1, 0.9))),
    ];
    for (net, sample, batch, optimizer) in cases {
        assert_eq!(allocations(net, sample, batch, optimizer), 0, "{net}");
    }
    let net = "conv(8,3) relu conv(16,3,stride=2,padding=1) relu maxpool(2) flatten linear(3)";
    let convolutions = || allocations(net, &[1, 12, 12], 8, Box::new(Sgd::new(0.1)));
    assert_eq!(with_precision(Precision::Bf16, convolutions), 0, "{net} in bf16");
    // The counter does count.
    let before = ASKED.load(Ordering::Relaxed);
    drop(std::hint::black_box(Box::new(1)));
    assert_eq!(ASKED.load(Ordering::Relaxed), before + 1);
}
