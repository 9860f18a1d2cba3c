//! Floor 7: where the time goes.
//!
//! [`profile`] runs a piece of a program and writes down which functions it applied, forward and backward, in which layer,
//! how long each took, what it calculated and moved, and what memory was asked of the system. [`Profile::table`] shows
//! that beside what the machine can do at best ([`Peak`]), [`Profile::trace_json`] is a picture of the time for
//! `chrome://tracing` and <https://ui.perfetto.dev>. [`function_time`] measures one function of the registry by itself.
//!
//! ```
//! use kudari::optimizers::{Optimizer, Sgd};
//! use kudari::profile::{Pass, profile};
//! use kudari::{Array, DType, Variable, functions::mean_squared_error, layers::Linear};
//!
//! let (mut net, mut sgd) = (Linear::new(3, 2), Sgd::new(0.1));
//! let x = Variable::constant(Array::ones(&[5, 3], DType::F32)?);
//! let t = Array::zeros(&[5, 2], DType::F32)?;
//! let (result, profile) = profile(|| {
//!     let loss = mean_squared_error(&net.forward(&x)?, &t)?;
//!     sgd.step(&mut net, &loss.backward()?)
//! });
//! result?;
//! let linear = profile.rows.iter().find(|row| row.name == "linear" && row.pass == Pass::Forward).unwrap();
//! assert_eq!((linear.calls, linear.operations), (1, 2.0 * 5.0 * 3.0 * 2.0));
//! # Ok::<(), kudari::Error>(())
//! ```

mod function;
mod peak;
mod table;
mod trace;

pub use crate::autograd::{Pass, part};
pub use crate::kernels::memory::Allocations;
pub use function::{FunctionTime, function_time};
pub use peak::Peak;

use crate::autograd::{self, Event, Recorded, Sum, layer_name};
use crate::kernels::threads::threads;

/// So many spans are kept for the picture of the time; more of them fill memory and say nothing new.
const MOST_EVENTS: usize = 100_000;

/// Where the time went.
#[derive(Debug)]
pub struct Profile {
    /// Seconds in all.
    pub seconds: f64,
    /// What took the time, the longest first.
    pub rows: Vec<Row>,
    /// Steps of optimizers.
    pub updates: u64,
    /// The number of threads that calculated.
    pub threads: usize,
    /// What all threads asked of the system.
    pub allocations: Allocations,
    /// Of these, what was asked for after the first step of an optimizer.
    pub after_first_update: Allocations,
    /// The first spans of time.
    events: Vec<Event>,
    /// How many there were.
    spans: u64,
}

/// A function of one layer in one direction, or another part of the program: all its calls together.
#[derive(Debug, Clone, PartialEq)]
pub struct Row {
    /// The name of the function, of the optimizer, or of the part.
    pub name: &'static str,
    /// Which of these it is.
    pub pass: Pass,
    /// The layer, `0.linear(50)`; empty outside of layers.
    pub layer: String,
    /// How often it ran.
    pub calls: u64,
    /// Seconds of all calls.
    pub seconds: f64,
    /// Floating-point operations of products and convolutions, in all calls; 0 if there are none.
    pub operations: f64,
    /// Bytes of the numbers that were read and written, in all calls: each array once, however often the caches had to ask
    /// the memory for it.
    pub bytes: f64,
    /// What was asked of the system meanwhile, also by other threads.
    pub allocations: Allocations,
}

impl Row {
    fn new(sum: Sum) -> Row {
        Row {
            name: sum.total.name,
            pass: sum.total.pass,
            layer: layer_name(sum.total.layer),
            calls: sum.calls,
            seconds: seconds(sum.nanoseconds),
            operations: sum.total.operations,
            bytes: sum.total.bytes,
            allocations: sum.allocations,
        }
    }

    /// Floating-point operations a second, in units of 10⁹; `None` if none are known.
    pub fn gigaflops(&self) -> Option<f64> {
        rate(self.operations, self.seconds)
    }

    /// Bytes a second, in units of 10⁹; `None` if none are known.
    pub fn gigabytes_per_second(&self) -> Option<f64> {
        rate(self.bytes, self.seconds)
    }
}

fn seconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / 1e9
}

fn rate(count: f64, seconds: f64) -> Option<f64> {
    (count > 0.0 && seconds > 0.0).then(|| count / seconds / 1e9)
}

impl Profile {
    fn new(recorded: Recorded) -> Profile {
        let mut rows: Vec<Row> = recorded.sums.into_iter().map(Row::new).collect();
        rows.sort_by(|a, b| b.seconds.total_cmp(&a.seconds));
        Profile {
            seconds: seconds(recorded.nanoseconds),
            rows,
            updates: recorded.updates,
            threads: threads(),
            allocations: recorded.allocations,
            after_first_update: recorded.after_first_update,
            events: recorded.events,
            spans: recorded.spans,
        }
    }

    /// Seconds that no row accounts for: between functions, in the program that applied them, and in recording.
    pub fn outside(&self) -> f64 {
        (self.seconds - self.rows.iter().map(|row| row.seconds).sum::<f64>()).max(0.0)
    }

    /// The share of some seconds in all of them, 0 to 1.
    pub fn share(&self, seconds: f64) -> f64 {
        if self.seconds > 0.0 { seconds / self.seconds } else { 0.0 }
    }
}

/// Runs `body` and tells where its time went. Functions that a backward rule or a [`part`] applies are counted to it, so no
/// time is counted twice. Only the calling thread is watched, with all that its kernels do on others; what a profile inside
/// `body` sees is missing in this one. The results of `body` are the same bits as without.
pub fn profile<R>(body: impl FnOnce() -> R) -> (R, Profile) {
    let (result, recorded) = autograd::record(MOST_EVENTS, body);
    (result, Profile::new(recorded))
}
