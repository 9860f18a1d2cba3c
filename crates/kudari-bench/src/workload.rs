//! The workloads: the same networks, batches and optimizers for every framework.

use kudari::array::Stream;
use kudari::functions::softmax_cross_entropy;
use kudari::layers::Layer;
use kudari::model::{Network, NetworkOptions};
use kudari::optimizers::{Adam, AdamW, Momentum, Optimizer, Sgd};
use kudari::{Array, DType, Error, ErrorKind, Precision, Result, Variable, with_precision};
use serde_json::json;

use crate::gpt::{Gpt, PLACES};
use crate::measure::{Repetitions, measure, peak_memory};

/// A network, the batch it learns by heart, and what moves it.
struct Workload {
    name: &'static str,
    net: Net,
    /// Shape of one sample.
    input: &'static [usize],
    classes: usize,
    batch: usize,
    optimizer: fn() -> Box<dyn Optimizer>,
}

/// What learns.
enum Net {
    /// A network of the notation; its inputs are uniform in 0..1.
    Notation(&'static str),
    /// Whole numbers below the number of classes go in, and every place has a target.
    Gpt,
}

/// A network that can be trained.
trait Learner: Layer {
    fn logits(&self, x: &Variable) -> Result<Variable>;
}

impl Learner for Network {
    fn logits(&self, x: &Variable) -> Result<Variable> {
        self.forward(x)
    }
}

impl Learner for Gpt {
    fn logits(&self, x: &Variable) -> Result<Variable> {
        self.forward(x)
    }
}

const WORKLOADS: &[Workload] = &[
    Workload {
        name: "xor",
        net: Net::Notation("linear(8) relu linear(2)"),
        input: &[2],
        classes: 2,
        batch: 4,
        optimizer: || Box::new(Sgd::new(0.1)),
    },
    Workload {
        name: "seed",
        net: Net::Notation("linear(50) sigmoid linear(10)"),
        input: &[784],
        classes: 10,
        batch: 100,
        optimizer: || Box::new(Sgd::new(0.1)),
    },
    Workload {
        name: "mlp",
        net: Net::Notation("linear(1024) relu linear(1024) relu linear(10)"),
        input: &[784],
        classes: 10,
        batch: 128,
        optimizer: || Box::new(Adam::new(1e-4)),
    },
    Workload {
        name: "cnn",
        net: Net::Notation("conv(32,3) relu conv(64,3) relu maxpool(2) flatten linear(128) relu linear(10)"),
        input: &[1, 28, 28],
        classes: 10,
        batch: 64,
        optimizer: || Box::new(Momentum::new(0.01, 0.9)),
    },
    Workload {
        name: "gpt",
        net: Net::Gpt,
        input: &[PLACES],
        classes: 65,
        batch: 12,
        optimizer: || Box::new(AdamW::new(1e-4).weight_decay(0.1)),
    },
    Workload {
        name: "resnet",
        net: Net::Notation("resnet18(10)"),
        input: &[3, 32, 32],
        classes: 10,
        batch: 32,
        optimizer: || Box::new(Momentum::new(0.01, 0.9)),
    },
];

/// The names of all workloads.
pub fn names() -> impl Iterator<Item = &'static str> {
    WORKLOADS.iter().map(|w| w.name)
}

/// Trains the workload of this name and prints one line of JSON.
pub fn run(name: &str, threads: usize, precision: Precision, repetitions: &Repetitions) -> Result<()> {
    let workload = WORKLOADS.iter().find(|w| w.name == name).ok_or_else(|| {
        let names: Vec<_> = names().collect();
        Error::new(ErrorKind::Value, format!("unknown workload `{name}`")).help(format!("the workloads are {}", names.join(", ")))
    })?;
    let mut stream = Stream::new(42, "bench");
    let shape = [&[workload.batch], workload.input].concat();
    let (x, mut network, targets): (Array, Box<dyn Learner>, usize) = match workload.net {
        Net::Notation(text) => {
            let network = Network::new(text, workload.input, &NetworkOptions { seed: 1, ..NetworkOptions::default() })?;
            (stream.uniform(&shape, 0.0, 1.0, DType::F32)?, Box::new(network), workload.batch)
        }
        Net::Gpt => {
            let count = shape.iter().product();
            let sizes: Vec<isize> = shape.iter().map(|&size| size as isize).collect();
            (stream.integers(count, workload.classes).reshape(&sizes)?, Box::new(Gpt::new(1)?), count)
        }
    };
    let x = Variable::constant(x);
    let t: Array = stream.integers(targets, workload.classes);
    let mut optimizer = (workload.optimizer)();
    let mut step = |wanted: bool| {
        let loss = softmax_cross_entropy(&network.logits(&x)?, &t)?;
        let gradients = loss.backward()?;
        optimizer.step(&mut *network, &gradients)?;
        if wanted { loss.item() } else { Ok(f64::NAN) }
    };
    let measured = with_precision(precision, || measure(repetitions, &mut step))?;
    let [first, last] = measured.losses;
    let line = json!({
        "kind": "train", "peer": "kudari", "dtype": precision.name(), "version": env!("CARGO_PKG_VERSION"), "workload": name, "threads": threads,
        "steps_per_s": measured.median(), "min": measured.rates.first(), "max": measured.rates.last(),
        "first_step_s": measured.first_step, "rss_mb": peak_memory(), "cpu_per_wall": measured.processors,
        "steps": measured.steps, "loss0": first, "loss1": last, "sane": last.is_finite() && last < first,
    });
    println!("{line}");
    Ok(())
}
